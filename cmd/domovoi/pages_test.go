package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// A page is a Markdown file, by its path from the root of the source.
type page struct {
	path   string
	blocks []block
}

// A block is what stands between two fences.
type block struct {
	// place is page:line of its first line.
	place string
	// language is the first word behind the opening fence, and file the second: what
	// the reader is to call the file.
	language, file string
	// remark is the text of the HTML comment in the line above the fence.
	remark string
	lines  []string
}

// consoleBlock is the language of blocks with commands and what they print.
const consoleBlock = "console"

// awaiting begins a comment that waits, see TestPageStories.
const awaiting = "await "

func (b block) text() string { return strings.Join(b.lines, "\n") + "\n" }

// readPages reads the pages that people follow, by path.
func readPages(t *testing.T) []page {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../README.md", "../../CONTRIBUTING.md")
	var pages []page
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := page{path: filepath.ToSlash(strings.TrimPrefix(filepath.Clean(file), "../../"))}
		if p.blocks, err = readBlocks(p.path, string(text)); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, p)
	}
	return pages
}

func readBlocks(path, text string) (blocks []block, err error) {
	var within *block
	previous := ""
	for i, line := range strings.Split(text, "\n") {
		fence, ok := strings.CutPrefix(line, "```")
		switch {
		case within == nil && ok:
			within = &block{place: fmt.Sprintf("%s:%d", path, i+2)}
			within.language, within.file, _ = strings.Cut(fence, " ")
			if remark, ok := strings.CutPrefix(previous, "<!-- "); ok {
				within.remark = strings.TrimSuffix(remark, " -->")
			}
		case within == nil:
			if command, ok := strings.CutPrefix(line, "<!-- "); ok && (strings.HasPrefix(command, "$ ") || strings.HasPrefix(command, awaiting)) {
				command = strings.TrimSuffix(command, " -->")
				blocks = append(blocks, block{place: fmt.Sprintf("%s:%d", path, i+1), language: consoleBlock, lines: []string{command}})
			}
		case ok:
			blocks = append(blocks, *within)
			within = nil
		default:
			within.lines = append(within.lines, line)
		}
		previous = line
	}
	if within != nil {
		return nil, fmt.Errorf("%s: the block does not end", within.place)
	}
	return blocks, nil
}

// readByOthers are the languages of a page whose blocks another test reads: its
// file and name.
var readByOthers = map[string][2]string{
	"docs/cli.md text":             {"cmd/domovoi/reference_test.go", "TestReference"},
	"docs/filters.md filter":       {"sdk/dom/filtertext/docs_test.go", "TestPage"},
	"docs/filters.md order":        {"sdk/dom/filtertext/docs_test.go", "TestPage"},
	"docs/manifest.md yaml":        {"runtime/automation/manifest_page_test.go", "TestManifestPage"},
	"docs/plugin-protocol.md text": {"plugins/hellojs/plugin_test.go", "TestSpeaksTheProtocol"},
	"docs/scripts.md output":       {"runtime/engine_test.go", "TestDocumentedOutput"},
	"docs/scripts.md text":         {"runtime/script/schema_test.go", "TestDocumentedImports"},
	"README.md sh":                 {"internal/demo/readme_test.go", "TestReadme"},
	"README.md text":               {"internal/demo/readme_test.go", "TestReadme"},
}

// notRun says, by page and first line, why commands are not run, and what a text is
// that no test can read.
var notRun = map[string]string{
	"docs/architecture.md: interpreted script    plugin binary      Go program, command line":                            "a picture",
	"docs/concepts.md: MODEL                        DATA                       AUTOMATION":                               "a picture",
	"docs/backup.md:domovoi serve --backup-dir /backups --backup-every 6h --backup-keep 28 --backup-recipients keys.txt": "the story has a daemon already",
	"docs/backup.md:domovoi backup restore FILE --data-dir look":                                                         "it starts a second daemon beside the first",
	"docs/filters.md:line 1, column 28: there is no property or field Amont; did you mean Amount?":                       "TestPage of sdk/dom/filtertext compares it",
	"docs/filters.md:filter     = chain":                                                                                 "a grammar",
	"docs/network.md:domovoi serve --address :7411 --tls-cert fullchain.pem --tls-key key.pem":                           "testdata/tls.txtar starts such a daemon, at a port that is free",
	"docs/network.md:domovoi serve --address :443 --autocert domovoi.example.com":                                        "it needs a name on the internet",
	"docs/network.md:domovoi whoami --address https://domovoi.example.com:7411 --token-file ann.token":                   "it needs a second machine",
	"docs/tutorial.md:make build":                             "it builds the program that the story runs",
	"docs/network.md:domovoi serve --trusted-proxy 127.0.0.1": "the story has a daemon already",
}

// readers read YAML and JSON of the kinds that pages show, by the remark above.
var readers = map[string]func(text string) error{
	"configuration": func(text string) error {
		a := &app{env: func(string) string { return "" }}
		a.rootCommand()
		_, errs := a.readConfig("domovoi.yaml", []byte(text))
		return errors.Join(errs...)
	},
	"LinkSecurity": func(text string) error {
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		return d.Decode(new(dom.LinkSecuritySettings))
	},
	// Nothing of Domovoi reads it.
	"of another program": func(text string) error { return yaml.Unmarshal([]byte(text), new(any)) },
}

// TestPages holds every block of every page against what it shows. The language of
// a block says how:
//
//	console  commands behind "$ " are run as a story, see TestPageStories
//	go       is found in the file of the remark <!-- from FILE -->, or passes the
//	         check of a deployed script; package clause and imports may be left out
//	yaml     is read by the reader that the remark names; JSON too
//	sh, text are listed in notRun
//
// A block with the name of a file behind its language is a file of the page's
// story, whose commands read it. The blocks in readByOthers have a test elsewhere.
func TestPages(t *testing.T) {
	used := make(map[string]bool)
	for _, p := range readPages(t) {
		story := slices.ContainsFunc(p.blocks, func(b block) bool { return b.language == consoleBlock })
		for _, b := range p.blocks {
			if err := b.check(p, story, used); err != nil {
				t.Errorf("%s: %v", b.place, err)
			}
		}
	}
	for _, key := range slices.Concat(slices.Collect(maps.Keys(readByOthers)), slices.Collect(maps.Keys(notRun))) {
		if !used[key] {
			t.Errorf("there is no block %q any more; take it out of the table", key)
		}
	}
}

func (b block) check(p page, story bool, used map[string]bool) error {
	key := p.path + " " + b.language
	if test, ok := readByOthers[key]; ok {
		used[key] = true
		return hasTest(test[0], test[1])
	}
	switch {
	case len(b.lines) == 0:
		return errors.New("the block is empty")
	case b.language == consoleBlock:
		if !strings.HasPrefix(b.lines[0], "$ ") && !strings.HasPrefix(b.lines[0], awaiting) {
			return errors.New(`a block of console begins with a command, "$ domovoi ..."`)
		}
		return nil
	case b.file != "":
		if !story {
			return fmt.Errorf("%s is a file for commands, and the page has none", b.file)
		}
		return nil
	}
	switch b.language {
	case "go":
		return b.checkGo()
	case "yaml", "json":
		read := readers[b.remark]
		if read == nil {
			return fmt.Errorf("say what it is, <!-- %s -->", strings.Join(slices.Sorted(maps.Keys(readers)), " -->, <!-- "))
		}
		return read(b.text())
	case "sh", "text":
		key := p.path + ":" + b.lines[0]
		if notRun[key] == "" {
			return fmt.Errorf("make it a block of console, which is run, or give the reason why not: notRun[%q]", key)
		}
		used[key] = true
		return nil
	}
	return fmt.Errorf("there is no rule for the language %q", b.language)
}

// checkGo looks for Go in the file it is from, or checks it as a script.
func (b block) checkGo() error {
	if from, ok := strings.CutPrefix(b.remark, "from "); ok {
		text, err := os.ReadFile(filepath.Join("..", "..", from))
		if err != nil {
			return err
		}
		if !bytes.Contains(undented(text), undented([]byte(b.text()))) {
			return fmt.Errorf("%s does not have it", from)
		}
		return nil
	}
	_, err := script.Check([]slnet.ScriptFile{{Name: "script.go", Content: scripttest.Whole(b.text())}})
	return err
}

// undented is a text without the blanks its lines begin with.
func undented(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		out = append(out, bytes.TrimLeft(line, "\t ")...)
	}
	return out
}

func hasTest(file, name string) error {
	syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", file), nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range syntax.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == name {
			return nil
		}
	}
	return fmt.Errorf("%s has no test %s", file, name)
}
