package lint_test

import (
	"regexp"
	"strings"
)

var targetLine = regexp.MustCompile(`^([A-Za-z][\w-]*(?: +[A-Za-z][\w-]*)*) *:(?:[^=].*)?$`)

// A target is a name people may type after make.
type target struct {
	line int
	help string
}

func targets(makefile *file) map[string]target {
	all := make(map[string]target)
	line := 0
	for text := range strings.Lines(string(makefile.data)) {
		line++
		rule, help, _ := strings.Cut(strings.TrimSpace(text), "##")
		if strings.HasPrefix(text, "\t") {
			continue
		}
		m := targetLine.FindStringSubmatch(strings.TrimSpace(rule))
		if m == nil {
			continue
		}
		for name := range strings.FieldsSeq(m[1]) {
			if all[name].help == "" {
				all[name] = target{line, strings.TrimSpace(help)}
			}
		}
	}
	return all
}

func checkMakeHelp(t *tree) (found []finding) {
	makefile := t.named["Makefile"]
	if makefile == nil {
		return []finding{{"Makefile", 0, "is missing; people start with make"}}
	}
	all := targets(makefile)
	for _, name := range sortedKeys(all) {
		if all[name].help == "" {
			found = append(found, makefile.at(all[name].line, "target %s has no help text; add ## and what it does", name))
		}
	}
	return found
}

// checkMakeNamed wants the README to name the two commands a newcomer needs,
// and every make command on a page to exist.
func checkMakeNamed(t *tree) (found []finding) {
	readme, makefile := t.named["README.md"], t.named["Makefile"]
	if readme == nil {
		return []finding{{"README.md", 0, "is missing; it is the first thing a newcomer reads"}}
	}
	for _, command := range []string{"make demo", "make test"} {
		if !strings.Contains(string(readme.data), command) {
			found = append(found, finding{readme.path, 0, "does not name `" + command + "`; a newcomer starts there"})
		}
	}
	if makefile == nil {
		return found
	}
	all := targets(makefile)
	for _, p := range t.pages() {
		for _, at := range makeCommand.FindAllSubmatchIndex(p.code, -1) {
			for name := range strings.FieldsSeq(string(p.code[at[2]:at[3]])) {
				if _, ok := all[name]; !ok {
					found = append(found, p.at(p.lineAt(at[2]), "make %s: the Makefile has no such target; name one it has", name))
				}
			}
		}
	}
	return found
}
