package reference_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	rowLine = regexp.MustCompile(`^\| ([A-Z]{2,3}-[0-9]{2}) \|`)
	// rowCase are the rows that begin the name of a case or what a test says of it,
	// rowFunc one in the name of a test, and rowName one in its comment.
	rowCase = regexp.MustCompile("^[\"`]((?:[A-Z]{2,3}-[0-9]{2}\\b,? ?)+)")
	rowName = regexp.MustCompile(`\b([A-Z]{2,3}-[0-9]{2})\b`)
	rowFunc = regexp.MustCompile(`^Test_?([A-Z]{2,3})_?([0-9]{2})`)
)

// rows writes the rows of behaviour with the tests that show each.
func rows(t *testing.T, p *page) {
	t.Helper()
	shown := showings(t)
	data, err := os.ReadFile(filepath.Join("testdata", "rows.md"))
	if err != nil {
		t.Fatal(err)
	}
	p.line(`## Behavior, row by row

What must hold, as given, when, then. "Same" is the given of the row before. The numbers stay; a gap in them means
nothing. The last column has the tests that show a row: the folder, and the function or the file in which a case has
the number of the row as its name.
`)
	all := make(map[string]bool)
	var without []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		found := rowLine.FindStringSubmatch(line)
		switch {
		case found != nil:
			all[found[1]] = true
			tests := slices.Sorted(maps.Keys(shown[found[1]]))
			if len(tests) == 0 {
				without = append(without, found[1])
				tests = []string{"none by its number"}
			}
			p.line("%s %s |", plain(line), strings.Join(tests, ", "))
		case strings.HasPrefix(line, "## "):
			p.line("\n###%s\n\n| row | given | when | then | shown by |\n|---|---|---|---|---|", strings.TrimPrefix(line, "##"))
		case strings.HasPrefix(line, "> "):
			p.line("\n%s", strings.TrimPrefix(line, "> "))
		}
	}
	if len(without) > 0 {
		p.line("\n### Rows that no test names\n\n%s.", strings.Join(without, ", "))
	}
	for row := range shown {
		if !all[row] {
			t.Errorf("tests show the row %s, which testdata/rows.md does not have: %v", row, slices.Sorted(maps.Keys(shown[row])))
		}
	}
	if len(all) < 300 {
		t.Errorf("only %d rows are found", len(all))
	}
}

// showings are the tests that show each row: those that have it in their name or their
// comment, and the files with a case of that name.
func showings(t *testing.T) map[string]map[string]bool {
	t.Helper()
	shown := make(map[string]map[string]bool)
	for _, folder := range []string{"runtime", "sdk", "storage", "internal", "scripts"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, filepath.Join(root, "internal", "reference")) {
				return err
			}
			return scan(shown, path)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return shown
}

// scan notes what a file shows.
func scan(shown map[string]map[string]bool, path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	folder, _ := filepath.Rel(root, filepath.Dir(path))
	note := func(row, where string) {
		if shown[row] == nil {
			shown[row] = make(map[string]bool)
		}
		shown[row]["`"+filepath.ToSlash(filepath.Join(folder, where))+"`"] = true
	}
	for _, d := range file.Decls {
		where := filepath.Base(path)
		if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
			where = f.Name.Name
			if found := rowFunc.FindStringSubmatch(where); found != nil {
				note(found[1]+"-"+found[2], where)
			}
			for _, row := range rowName.FindAllString(f.Doc.Text(), -1) {
				note(row, where)
			}
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				for _, row := range rowName.FindAllString(rowCase.FindString(text.Value), -1) {
					note(row, where)
				}
			}
			return true
		})
	}
	return nil
}
