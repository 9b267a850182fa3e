package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// errNotDir is why there is no file below what is no directory.
var errNotDir = syscall.ENOTDIR

// An entry is what a configuration file says of one setting.
type entry struct {
	path         string
	line, column int
	values       []string
}

func (e entry) place() string { return fmt.Sprintf("%s:%d:%d", e.path, e.line, e.column) }

func (e entry) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %w", e.place(), fmt.Errorf(format, args...))
}

// readConfig reads a configuration file: a mapping of the names of settings to
// values. It returns all that is wrong, with the places.
func (a *app) readConfig(path string, text []byte) (map[string]entry, []error) {
	at := func(node *yaml.Node) entry { return entry{path: path, line: node.Line, column: node.Column} }
	var document, another yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // nothing but comments
	} else if err != nil {
		return nil, []error{syntaxError(path, err)}
	}
	if err := decoder.Decode(&another); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, []error{syntaxError(path, err)}
		}
		return nil, []error{at(&another).errorf("a second document; a configuration is one")}
	}
	top := document.Content[0]
	if top.Tag == "!!null" {
		return nil, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, []error{at(top).errorf("want settings, each as \"name: value\"")}
	}
	var errs []error
	entries := make(map[string]entry)
	scratch := a.newSettings()
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		name := key.Value
		f := scratch.lookup(name)
		before, twice := entries[name]
		switch {
		case f == nil:
			errs = append(errs, at(key).errorf("there is no setting %q%s", shorten(name, 40), scratch.near(name)))
			continue
		case twice:
			errs = append(errs, at(key).errorf("%s is said a second time, after line %d", name, before.line))
			continue
		}
		e := at(value)
		var err error
		if e.values, err = valuesOf(f, value); err == nil && f.Name != dataDirKey {
			err = give(f, e.values)
		}
		if err != nil {
			errs = append(errs, e.errorf("%s: %w", name, err))
		}
		entries[name] = e
	}
	return entries, errs
}

// valuesOf are the values of a setting as texts. Only a setting that is a list has
// more than one.
func valuesOf(f *pflag.Flag, node *yaml.Node) ([]string, error) {
	want := wanted[f.Value.Type()]
	nodes := []*yaml.Node{node}
	if _, ok := f.Value.(pflag.SliceValue); ok && node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	values := []string{}
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode || !slices.Contains(want.tags, n.ShortTag()) {
			return nil, fmt.Errorf("%s is not %s", nodeText(n), want.text)
		}
		values = append(values, n.Value)
	}
	return values, nil
}

// wanted are the YAML tags that settings of a type take, and what to call them.
var wanted = map[string]struct {
	tags []string
	text string
}{
	"bool":        {[]string{"!!bool"}, "true or false"},
	"int":         {[]string{"!!int"}, "a whole number"},
	"int64":       {[]string{"!!int"}, "a whole number"},
	"string":      {[]string{"!!str"}, "a text"},
	"stringArray": {[]string{"!!str"}, "a list of texts"},
	"level":       {[]string{"!!str"}, "a level such as info"},
	"duration":    {[]string{"!!str"}, "a duration such as 12h or 30d"},
	"size":        {[]string{"!!str", "!!int", "!!bool"}, "a size such as 512KiB, 64MiB or 1.5GiB"}, // off is a bool to some
}

// nodeText is a value in an error.
func nodeText(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.Tag == "!!null":
		return "nothing"
	}
	return strconv.Quote(shorten(n.Value, 60))
}

// near suggests what somebody may have meant who wrote name.
func (s *settings) near(name string) string {
	plain := func(text string) string {
		return strings.Map(func(r rune) rune {
			if r == '-' || r == '_' {
				return -1
			}
			return r
		}, strings.ToLower(text))
	}
	best, least := "", 3 // more differences are no mistake in writing
	s.each(func(f *pflag.Flag) {
		if d := distance(plain(name), plain(f.Name)); d < least {
			best, least = f.Name, d
		}
	})
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is how many letters must be put in, left out or replaced to make one
// word of another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

var yamlPlace = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError is an error of the YAML itself, of which only the line is known.
func syntaxError(path string, err error) error {
	found := yamlPlace.FindStringSubmatch(err.Error())
	if found == nil || found[1] == "" {
		return fmt.Errorf("%s: no YAML: %w", path, err)
	}
	return fmt.Errorf("%s:%s: no YAML: %s", path, found[1], found[2])
}
