package lint_test

import "regexp"

// The patterns are written so that they do not match their own source.
var (
	// A mark of unfinished work anywhere in a Go file, and the words for it in
	// a comment.
	unfinishedMark = regexp.MustCompile(`\b(?:TOD[O]|FIXM[E]|XX[X])\b|(?i:not (?:yet )?implemented)`)
	unfinishedWord = regexp.MustCompile(`(?i)\b(?:todo|fixme|xxx|unimplemented|for now|placeholder|stub)\b`)

	// Folders of the machine somebody worked on, and the hosts of registries,
	// which a clone of the project cannot count on.
	machineFolder = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.])/(?:(?:work|farm|Users/[A-Za-z]\w*|home/[a-z]\w*)/|root/go\b)`)
	registryHost  = regexp.MustCompile(`proxy[.]golang|sum[.]golang|deb[.]debian|registry[.]npm`)
)

func checkUnfinished(t *tree) (found []finding) {
	const way = "; finish it, or say in plain words what holds today and why"
	for _, f := range t.goFiles() {
		if f.generated {
			continue
		}
		said := make(map[int]bool)
		say := func(line int, word []byte) {
			if !said[line] {
				said[line] = true
				found = append(found, f.at(line, "%q reads like unfinished work%s", word, way))
			}
		}
		for _, at := range unfinishedMark.FindAllIndex(f.data, -1) {
			say(f.lineAt(at[0]), f.data[at[0]:at[1]])
		}
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				first := f.fset.Position(c.Pos()).Offset
				for _, at := range unfinishedWord.FindAllIndex(f.data[first:first+len(c.Text)], -1) {
					say(f.lineAt(first+at[0]), f.data[first+at[0]:first+at[1]])
				}
			}
		}
	}
	return found
}

func checkMachine(t *tree) (found []finding) {
	for _, f := range t.files {
		if !f.text() {
			continue
		}
		for _, at := range machineFolder.FindAllIndex(f.data, -1) {
			found = append(found, f.at(f.lineAt(at[1]-1), "a folder of somebody's machine; use a path relative to the repository, or a temporary one"))
		}
		for _, at := range registryHost.FindAllIndex(f.data, -1) {
			found = append(found, f.at(f.lineAt(at[0]), "names the host of a package registry; leave the choice to the tools' own settings"))
		}
	}
	return found
}
