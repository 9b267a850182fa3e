package script

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// LibraryPrefix is what the name of a library begins with. The name is also the
// path by which scripts import it, and what follows the prefix is the name of its
// package.
const LibraryPrefix = "lib/"

// IsLibrary reports whether a name, or an import path, is that of a library.
func IsLibrary(name string) bool { return strings.HasPrefix(name, LibraryPrefix) }

// CheckLibraryName returns what is wrong with the name of a library after
// LibraryPrefix, "" when it can be one.
func CheckLibraryName(name string) (refusal string) {
	base := strings.TrimPrefix(name, LibraryPrefix)
	switch {
	case base == "main" || base == "_" || !token.IsIdentifier(base) || strings.ToLower(base) != base:
		return fmt.Sprintf("what follows %s is the name of its package: a Go identifier without capitals, and not main", LibraryPrefix)
	case types.Universe.Lookup(base) != nil:
		return fmt.Sprintf("%s is a name of the language, which a package of this name would hide", base)
	}
	return ""
}

// LibraryFiles returns the files of a library as they go with those of a script
// that uses it: the name of the library stands as a folder before their own.
func LibraryFiles(library string, files []slnet.ScriptFile) []slnet.ScriptFile {
	list := make([]slnet.ScriptFile, len(files))
	for i, f := range files {
		list[i] = slnet.ScriptFile{Name: library + "/" + f.Name, Content: f.Content}
	}
	return list
}

// LibraryImports returns the libraries that files import, sorted. It reads no
// further than the imports, in time proportional to the source, and ignores what
// is wrong: Check finds it.
func LibraryImports(files []slnet.ScriptFile) []string {
	var paths []string
	for _, f := range files {
		file, _ := parser.ParseFile(token.NewFileSet(), f.Name, f.Content, parser.ImportsOnly|parser.SkipObjectResolution)
		if file == nil {
			continue
		}
		for _, spec := range file.Imports {
			if path := ImportPath(spec); IsLibrary(path) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// Library is a checked package that a script uses.
type Library struct {
	// Path is the import path, which is the library's name.
	Path    string
	Syntax  []*ast.File
	Package *types.Package
	Info    *types.Info
}

// source are the files of one package, in the order of their names.
type source struct {
	path   string // "main", or the name of a library
	files  []slnet.ScriptFile
	syntax []*ast.File
}

func (s *source) isLibrary() bool { return IsLibrary(s.path) }

// packages sorts files by the packages they belong to: the script's own, if there
// are any, come last.
func packages(files []slnet.ScriptFile) []*source {
	own := &source{path: "main"}
	libraries := make(map[string]*source)
	for _, f := range files {
		path, ok := libraryOf(f.Name)
		if !ok {
			own.files = append(own.files, f)
			continue
		}
		if libraries[path] == nil {
			libraries[path] = &source{path: path}
		}
		libraries[path].files = append(libraries[path].files, f)
	}
	list := make([]*source, 0, len(libraries)+1)
	for _, library := range libraries {
		list = append(list, library)
	}
	slices.SortFunc(list, func(a, b *source) int { return cmp.Compare(a.path, b.path) })
	if len(own.files) > 0 || len(list) == 0 {
		list = append(list, own)
	}
	for _, s := range list {
		slices.SortStableFunc(s.files, func(a, b slnet.ScriptFile) int { return strings.Compare(a.Name, b.Name) })
	}
	return list
}

// libraryOf returns the library that a file of this name belongs to.
func libraryOf(name string) (path string, ok bool) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 || !IsLibrary(name) || CheckLibraryName(name[:i]) != "" {
		return "", false
	}
	return name[:i], true
}

// ordered returns the packages so that each stands behind what it imports, and
// notes imports that go in a circle. The script stands last, and without one the
// library that no other imports.
func (c *checker) ordered(list []*source) []*source {
	byPath := make(map[string]*source)
	for _, s := range list {
		byPath[s.path] = s
	}
	const visiting, done = 1, 2
	state := make(map[*source]int)
	var path []string
	var order []*source
	var visit func(s *source)
	visit = func(s *source) {
		state[s] = visiting
		path = append(path, s.path)
		for _, f := range s.syntax {
			for _, spec := range f.Imports {
				imported := byPath[ImportPath(spec)]
				switch {
				case imported == nil || !imported.isLibrary():
				case state[imported] == visiting:
					circle := append(path[slices.Index(path, imported.path):len(path):len(path)], imported.path)
					c.errorf(spec.Path.Pos(), "libraries cannot import each other in a circle: %s", strings.Join(circle, " imports "))
				case state[imported] == 0:
					visit(imported)
				}
			}
		}
		path = path[:len(path)-1]
		state[s] = done
		order = append(order, s)
	}
	imported := make(map[string]bool)
	for _, s := range list {
		for _, name := range LibraryImports(s.files) {
			imported[name] = imported[name] || name != s.path
		}
	}
	for _, s := range list { // those that others import first, so that the root is last
		if imported[s.path] && state[s] == 0 {
			visit(s)
		}
	}
	for _, s := range list {
		if state[s] == 0 {
			visit(s)
		}
	}
	return order
}

// imports is an importer of what a script can import: the packages of the
// platform and the libraries checked so far.
type imports map[string]*types.Package

// Import implements types.Importer.
func (i imports) Import(path string) (*types.Package, error) {
	if pkg := i[path]; pkg != nil {
		return pkg, nil
	}
	if IsLibrary(path) {
		return nil, fmt.Errorf("library %q is not there", path)
	}
	return exports().Import(path)
}
