package lint_test

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	referenceLink = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)`)
	heading       = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)[ #]*$`)
	codeSpan      = regexp.MustCompile("`[^`\n]+`")
	makeCommand   = regexp.MustCompile("(?m)(?:^|[`$;&|])[ \t]*make((?: +[a-z][a-z-]*)+)")
)

// A page is a Markdown file, its prose and its code apart. Both are as long as
// the file, with blanks where the other is, so that offsets stay.
type page struct {
	*file
	prose, code []byte
}

// pages are the Markdown files that are no test data.
func (t *tree) pages() (all []page) {
	for _, f := range t.files {
		if path.Ext(f.path) == ".md" && !f.isTestdata() {
			all = append(all, newPage(f))
		}
	}
	return all
}

func newPage(f *file) page {
	p := page{file: f}
	fence := ""
	for line := range strings.Lines(string(f.data)) {
		blank := strings.Repeat(" ", len(line)-1) + line[len(line)-1:]
		start := strings.TrimLeft(line, " ")
		marks := start[:len(start)-len(strings.TrimLeft(start, "`~"))]
		switch {
		case fence == "" && len(marks) >= 3:
			fence = marks
			p.prose, p.code = append(p.prose, blank...), append(p.code, blank...)
		case fence != "" && marks == fence:
			fence = ""
			p.prose, p.code = append(p.prose, blank...), append(p.code, blank...)
		case fence != "":
			p.prose, p.code = append(p.prose, blank...), append(p.code, line...)
		default:
			prose, code := []byte(line), []byte(blank)
			for _, at := range codeSpan.FindAllStringIndex(line, -1) {
				copy(code[at[0]:at[1]], line[at[0]:at[1]])
				copy(prose[at[0]:at[1]], blank)
			}
			p.prose, p.code = append(p.prose, prose...), append(p.code, code...)
		}
	}
	return p
}

// sections are the anchors of a page's headings, made as code hosts make them.
func (p page) sections() (anchors []string) {
	for _, at := range heading.FindAllSubmatchIndex(p.prose, -1) {
		text := string(p.data[at[2]:min(at[3], len(p.data))])
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, text))
	}
	return anchors
}

// checkLinks follows the relative links of all pages, and the sections they name.
func checkLinks(t *tree) (found []finding) {
	for _, p := range t.pages() {
		for _, pattern := range []*regexp.Regexp{inlineLink, referenceLink} {
			for _, at := range pattern.FindAllSubmatchIndex(p.prose, -1) {
				link := string(p.prose[at[2]:at[3]])
				if problem := t.follow(p.file, link); problem != "" {
					found = append(found, p.at(p.lineAt(at[2]), "link to %s: %s; mend the link or add what it names", link, problem))
				}
			}
		}
	}
	return found
}

// follow says what is wrong with a link, or nothing.
func (t *tree) follow(from *file, link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "" || u.Host != "":
		return ""
	case strings.HasPrefix(u.Path, "/"):
		return "absolute, so it leads nowhere in a clone"
	}
	to := from
	if u.Path != "" {
		name := path.Join(from.dir(), u.Path)
		if to = t.named[name]; to == nil && !t.dirs[name] {
			return "no such file in the repository"
		}
	}
	if to != nil && u.Fragment != "" && path.Ext(to.path) == ".md" && !slices.Contains(newPage(to).sections(), u.Fragment) {
		return "no such section in " + to.path
	}
	return ""
}
