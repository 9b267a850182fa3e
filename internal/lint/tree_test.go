package lint_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A tree is what a clone of the repository would hold: all files that
// .gitignore does not name, the Go files parsed.
type tree struct {
	files []*file // sorted by path
	named map[string]*file
	dirs  map[string]bool
}

type file struct {
	path string
	data []byte

	// Of Go files that are no test data:
	fset      *token.FileSet
	syntax    *ast.File
	generated bool
	// outside: part of another module, or of no package (go:build ignore).
	outside bool
}

func (f *file) dir() string      { return path.Dir(f.path) }
func (f *file) isTest() bool     { return strings.HasSuffix(f.path, "_test.go") }
func (f *file) isTestdata() bool { return strings.Contains("/"+f.path, "/testdata/") }

// text reports whether the file is for people: git's test, no NUL near the start.
func (f *file) text() bool { return bytes.IndexByte(f.data[:min(len(f.data), 8000)], 0) < 0 }

func (f *file) line(pos token.Pos) int { return f.fset.Position(pos).Line }

// lineAt is the line of a byte offset.
func (f *file) lineAt(offset int) int { return 1 + bytes.Count(f.data[:offset], []byte("\n")) }

func (f *file) at(line int, format string, args ...any) finding {
	return finding{f.path, line, fmt.Sprintf(format, args...)}
}

// goFiles are the parsed Go files, generated ones included.
func (t *tree) goFiles() []*file {
	return slices.DeleteFunc(slices.Clone(t.files), func(f *file) bool { return f.syntax == nil })
}

// packages are the Go files of this module by folder.
func (t *tree) packages() map[string][]*file {
	folders := make(map[string][]*file)
	for _, f := range t.goFiles() {
		if !f.outside {
			folders[f.dir()] = append(folders[f.dir()], f)
		}
	}
	return folders
}

func loadTree(fsys fs.FS) (*tree, error) {
	ignore, err := readIgnore(fsys)
	if err != nil {
		return nil, err
	}
	t := &tree{named: make(map[string]*file), dirs: make(map[string]bool)}
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			t.dirs[name] = true
		case entry.IsDir() && (name == ".git" || ignore.match(name, true)):
			return fs.SkipDir
		case name == ".git":
			return nil // of a worktree, a file that names the repository
		case entry.IsDir():
			t.dirs[name] = true
		case entry.Type().IsRegular() && !ignore.match(name, false):
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			f := &file{path: name, data: data}
			t.files = append(t.files, f)
			t.named[name] = f
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, t.parse()
}

// parse fills in the Go part of files, on all processors.
func (t *tree) parse() error {
	work := make(chan *file)
	var workers sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for f := range work {
				if err := f.parse(); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
				f.outside = f.outside || t.inOtherModule(f)
			}
		})
	}
	for _, f := range t.files {
		if strings.HasSuffix(f.path, ".go") && !f.isTestdata() {
			work <- f
		}
	}
	close(work)
	workers.Wait()
	return failed
}

func (f *file) parse() (err error) {
	f.fset = token.NewFileSet()
	f.syntax, err = parser.ParseFile(f.fset, f.path, f.data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f.generated = ast.IsGenerated(f.syntax)
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			f.outside = f.outside || c.Pos() < f.syntax.Package && c.Text == "//go:build ignore"
		}
	}
	return nil
}

func (t *tree) inOtherModule(f *file) bool {
	for dir := f.dir(); dir != "."; dir = path.Dir(dir) {
		if t.named[dir+"/go.mod"] != nil {
			return true
		}
	}
	return false
}

// ignorePatterns are the lines of .gitignore, so that there is one list of
// what is not part of the project.
type ignorePatterns []string

func readIgnore(fsys fs.FS) (ignorePatterns, error) {
	data, err := fs.ReadFile(fsys, ".gitignore")
	if err != nil {
		return nil, err
	}
	var patterns ignorePatterns
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		inner := strings.Trim(line, "/")
		if strings.HasPrefix(line, "!") || strings.Contains(inner, "**") ||
			strings.Contains(inner, "/") && !strings.HasPrefix(line, "/") {
			return nil, fmt.Errorf(".gitignore: %q: internal/lint knows only name, name/, /path and /path/ with * and ?", line)
		}
		if _, err := path.Match(inner, ""); err != nil {
			return nil, fmt.Errorf(".gitignore: %q: %w", line, err)
		}
		patterns = append(patterns, line)
	}
	return patterns, nil
}

func (patterns ignorePatterns) match(name string, isDir bool) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if strings.HasSuffix(p, "/") && !isDir {
			return false
		}
		subject := path.Base(name)
		if strings.HasPrefix(p, "/") {
			subject = name
		}
		ok, _ := path.Match(strings.Trim(p, "/"), subject)
		return ok
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
