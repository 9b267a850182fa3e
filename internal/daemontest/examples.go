package daemontest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"domovoi.dev/internal/leak"
	"domovoi.dev/sdk/slnet"
)

// Examples collects the errors that the tests of a package meet, by their name.
// testdata/errors.json has one text of each, from which docs/errors.md is made. A
// test package that keeps such a file has
//
//	var examples daemontest.Examples
//
//	func TestMain(m *testing.M) { daemontest.Main(examples.Of(m)) }
type Examples struct {
	mu   sync.Mutex
	seen map[string]*example // guarded by mu
}

// example is what was seen of one error. In the file Texts has one item.
type example struct {
	Texts      []string `json:"Texts"`
	Properties []string `json:"Properties,omitempty"`
}

var (
	anyGUID   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anyModule = regexp.MustCompile(`\bmodule_[0-9]+\b`)
)

// Note takes down all errors and warnings of a TraceData, inner ones too.
func (x *Examples) Note(trace *slnet.TraceData) {
	if trace == nil {
		return
	}
	for _, e := range slices.Concat(trace.ErrorData, trace.WarningData) {
		x.NoteText(string(e.Type)+" "+string(e.Reason), e.Message, properties(&e.Properties)...)
		x.Note(e.Properties.InnerTraceData)
	}
}

// NoteText takes down the text of an error and the names of its properties. Ids are
// left out, for they are others each time.
func (x *Examples) NoteText(name, text string, properties ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.seen == nil {
		x.seen = make(map[string]*example)
	}
	e := x.seen[name]
	if e == nil {
		e = new(example)
		x.seen[name] = e
	}
	text = anyModule.ReplaceAllString(anyGUID.ReplaceAllString(text, "…"), "jobs")
	if !slices.Contains(e.Texts, text) {
		e.Texts = append(e.Texts, text)
	}
	for _, p := range properties {
		if !slices.Contains(e.Properties, p) {
			e.Properties = append(e.Properties, p)
		}
	}
	slices.Sort(e.Properties)
}

// properties are the names of those that are not empty, as they are in JSON.
func properties(p *slnet.ErrorProperties) (names []string) {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	return names
}

// Of returns tests that, when all of them have passed, hold what they met against
// the file. With DOMOVOI_UPDATE=1 they write it.
func (x *Examples) Of(tests leak.Tests) leak.Tests { return noted{tests, x} }

type noted struct {
	tests leak.Tests
	*Examples
}

// Run implements Tests. The file and the environment are read first: what is read
// after the tests the cache of go test knows nothing of.
func (n noted) Run() int {
	file := filepath.Join("testdata", "errors.json")
	update := os.Getenv("DOMOVOI_UPDATE") == "1"
	stored, err := read(file)
	code := n.tests.Run()
	if code != 0 || !all() {
		return code
	}
	if err == nil {
		err = n.compare(file, stored, update)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// all reports whether no test was left out.
func all() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}

// read returns what a file has, nothing when there is none.
func read(file string) (stored map[string]*example, err error) {
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &stored)
	}
	return stored, err
}

// compare holds what was seen against what a file has, or writes the file.
func (x *Examples) compare(file string, stored map[string]*example, update bool) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	want := make(map[string]*example)
	for name, e := range x.seen {
		text := best(e.Texts)
		if old := stored[name]; old != nil && len(old.Texts) == 1 && slices.Contains(e.Texts, old.Texts[0]) {
			text = old.Texts[0]
		}
		want[name] = &example{[]string{text}, e.Properties}
	}
	if update {
		return write(file, want)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !reflect.DeepEqual(want[name], stored[name]) {
			return fmt.Errorf("%s has not what the tests met of %s: %s %v; run them with DOMOVOI_UPDATE=1", file, name, want[name].Texts[0], want[name].Properties)
		}
	}
	for name := range stored {
		if want[name] == nil {
			return fmt.Errorf("%s has %s, which no test met; run them with DOMOVOI_UPDATE=1", file, name)
		}
	}
	return nil
}

// best is the text that says most in one line.
func best(texts []string) string {
	const line = 120
	return slices.MinFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(max(len(a), line), max(len(b), line)), cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
}

func write(file string, examples map[string]*example) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(examples); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), fs.FileMode(0o644))
}
