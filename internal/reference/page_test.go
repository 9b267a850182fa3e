package reference_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"domovoi.dev/internal/godoc"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/slnet"
)

// root is the folder of the repository.
const root = "../.."

// page is a page that is written line by line.
type page struct{ bytes.Buffer }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// row writes a row of a table.
func (p *page) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(c, "|", `\|`), "\n", " ")
	}
	p.line("| %s |", strings.Join(cells, " | "))
}

// table begins a table.
func (p *page) table(heads ...string) {
	p.row(heads...)
	p.line("|%s", strings.Repeat("---|", len(heads)))
}

// hold compares a page with the file in docs. With DOMOVOI_UPDATE=1 it writes it.
func (p *page) hold(t *testing.T, name string) {
	t.Helper()
	file := filepath.Join(root, "docs", name)
	want := append(bytes.TrimRight(p.Bytes(), "\n"), '\n')
	if os.Getenv("DOMOVOI_UPDATE") == "1" {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/%s is not what the source says: DOMOVOI_UPDATE=1 go test ./internal/reference", name)
	}
}

// sdk are the declarations of the SDK.
func sdk(t *testing.T) map[string]*godoc.Type {
	t.Helper()
	types, err := godoc.Read(filepath.Join(root, "sdk", "slnet"), filepath.Join(root, "sdk", "dom"))
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// paragraphs are those of a comment, each on one line.
func paragraphs(doc string) []string {
	list := strings.Split(doc, "\n\n")
	for i := range list {
		list[i] = plain(strings.Join(strings.Fields(list[i]), " "))
	}
	return list
}

// marks are what would be read as tags or emphasis.
var marks = strings.NewReplacer("<", "&lt;", ">", "&gt;", "*", `\*`)

// plain keeps a text, code in it excepted, from being read as anything but text.
func plain(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = marks.Replace(parts[i])
	}
	return strings.Join(parts, "`")
}

// TestPortedScript: the script that docs/from-dataminer.md shows can be deployed.
func TestPortedScript(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "from-dataminer.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```go\n")
	source, _, ended := strings.Cut(block, "```\n")
	if !found || !ended {
		t.Fatal("the page has no script")
	}
	if _, err := script.Check([]slnet.ScriptFile{{Name: "script.go", Content: source}}); err != nil {
		t.Error(err)
	}
}
