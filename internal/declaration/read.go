package declaration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"domovoi.dev/sdk/slnet"
)

// maxFile is the most bytes of a file of documents.
const maxFile = 64 << 20

// Options say how files are read.
type Options struct {
	// Stdin is what the name - stands for.
	Stdin io.Reader
	// ReadScript reads the source of a script: a folder or a Go file.
	ReadScript func(path string) ([]slnet.ScriptFile, error)
	// Upload sends the binary of a plugin and returns the id of the upload and the
	// SHA-256 of what was sent, in hexadecimal digits.
	Upload func(ctx context.Context, send slnet.SendFunc, binary io.Reader) (uuid.UUID, string, error)
}

// Declaration is what files declare, as far as it could be read.
type Declaration struct {
	documents []*document
	problems  Problems
}

// Err is what is wrong with the files: Problems, or nil.
func (d *Declaration) Err() error { return d.problems.err() }

// Read reads files, and folders with all below them whose names end in .yaml, .yml
// or .json. In folders, what a document names as its Source is passed over, and so
// is what begins with a dot.
func Read(names []string, options Options) *Declaration {
	r := &reader{Options: options}
	for _, name := range names {
		r.read(name)
	}
	r.passOverSources()
	for _, d := range r.documents {
		if d.content == nil {
			continue
		}
		before := len(r.problems)
		if d.complete(d, r); len(r.problems) > before {
			d.content = nil
		}
	}
	r.twice()
	documents := r.inOrder()
	if len(documents) == 0 && len(r.problems) == 0 {
		r.problems = append(r.problems, Problem{File: strings.Join(names, ", "), Message: "there is no document"})
	}
	return &Declaration{documents, r.problems}
}

// reader reads documents and collects what is wrong with them.
type reader struct {
	Options
	documents []*document
	problems  Problems
	walked    map[string]bool // files that were found in folders
}

func (r *reader) problem(file, message string) {
	r.problems = append(r.problems, Problem{File: file, Message: message})
}

func (r *reader) read(name string) {
	if name == "-" {
		content, err := io.ReadAll(io.LimitReader(r.Stdin, maxFile+1))
		r.file(name, ".", content, err)
		return
	}
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		content, err := readFile(name)
		r.file(name, filepath.Dir(name), content, err)
		return
	}
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != name && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			return nil
		}
		if r.walked == nil {
			r.walked = make(map[string]bool)
		}
		r.walked[path] = true
		content, err := readFile(path)
		r.file(path, filepath.Dir(path), content, err)
		return nil
	})
	if err != nil {
		r.problem(name, "the folder cannot be read: "+reason(err))
	}
}

// reason is an error of the file system without the path.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// file reads the documents of one file.
func (r *reader) file(name, dir string, content []byte, err error) {
	switch {
	case err != nil:
		r.problem(name, "the file cannot be read: "+reason(err))
		return
	case len(content) > maxFile:
		r.problem(name, "the file has more than 64 MiB")
		return
	}
	if json.Valid(content) {
		content = bytes.ReplaceAll(content, []byte("\t"), []byte(" ")) // between tokens, where YAML has no tabs
	}
	decode := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var n yaml.Node
		switch err := decode.Decode(&n); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			r.syntax(name, err)
			return
		}
		var whole any // finds what aliases make endless
		var types *yaml.TypeError
		if err := n.Decode(&whole); err != nil && !errors.As(err, &types) { // members that are there twice are told below
			r.syntax(name, err)
			continue
		}
		if len(n.Content) > 0 && n.Content[0].Tag != "!!null" {
			r.document(n.Content[0], name, dir)
		}
	}
}

// syntax notes what a YAML reader found. Its errors begin with the line.
func (r *reader) syntax(file string, err error) {
	p := Problem{File: file, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if at, rest, ok := strings.Cut(p.Message, ": "); ok {
		if n, err := strconv.Atoi(strings.TrimPrefix(at, "line ")); err == nil {
			p.Line, p.Message = n, rest
		}
	}
	p.Message = "this is no YAML: " + p.Message
	r.problems = append(r.problems, p)
}

// passOverSources takes out what was found in a folder and belongs to the source of
// a document: the manifest of a script, the files of a module.
func (r *reader) passOverSources() {
	var sources []string
	for _, d := range r.documents {
		for _, source := range d.sources() {
			if source != "" {
				sources = append(sources, source)
			}
		}
	}
	part := func(file string) bool {
		return r.walked[file] && slices.ContainsFunc(sources, func(source string) bool {
			relative, err := filepath.Rel(source, file)
			return err == nil && filepath.IsLocal(relative) && !r.declares(file, source)
		})
	}
	r.documents = slices.DeleteFunc(r.documents, func(d *document) bool { return part(d.file) })
	r.problems = slices.DeleteFunc(r.problems, func(p Problem) bool { return part(p.File) })
}

// declares reports whether a file has the document of a source: one may lie in the
// folder it names.
func (r *reader) declares(file, source string) bool {
	return slices.ContainsFunc(r.documents, func(d *document) bool {
		return d.file == file && slices.Contains(d.sources(), source)
	})
}

// twice refuses two documents about one object.
func (r *reader) twice() {
	first := make(map[string]*document)
	for _, d := range r.documents {
		kind := d.kind
		if kind == KindPlugin || kind == KindLibrary {
			kind = KindScript // they share their names
		}
		if d.name == "" {
			continue
		}
		key := string(kind) + "/" + strings.ToLower(d.name)
		if was := first[key]; was != nil {
			r.problems = append(r.problems, d.problem("Name", "it is declared twice, first at %s:%d", was.file, was.line))
			continue
		}
		first[key] = d
	}
}

// inOrder are the documents in the order in which they are applied; libraries after
// those they import.
func (r *reader) inOrder() []*document {
	documents := slices.Clone(r.documents)
	rank := func(d *document) int { return slices.Index(Kinds(), d.kind) }
	slices.SortStableFunc(documents, func(a, b *document) int { return rank(a) - rank(b) })
	return r.importedFirst(documents)
}

// path is a path that a document gives, "" for none.
func (d *document) path(given string) string {
	if given == "" || filepath.IsAbs(given) {
		return given
	}
	return filepath.Join(d.dir, filepath.FromSlash(given))
}
