package automation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// maxLibraries is how many libraries a script may be built with, and
	// maxLibraryBytes how much source they may have together.
	maxLibraries    = 50
	maxLibraryBytes = 4 << 20
	// maxLibraryDepth is how many libraries may stand between a script and one
	// that it uses through the others.
	maxLibraryDepth = 16
)

// libraries returns the libraries that the source of a script imports, directly
// and through others, in their newest versions, by name. A program can have only
// one version of each, so those that a library was itself checked with do not
// count. One that is not there, or that the caller may not execute, is left out:
// the check of the source says where it is imported.
func (a *Automation) libraries(ctx context.Context, caller security.Caller, s *slnet.Script) (list []slnet.ScriptLibrary, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		g := gathering{r: r, found: make(map[string]bool)}
		if err := g.imports([]string{s.Name}, s.Files, func(name string) bool { return a.MayExecute(caller, name) }); err != nil {
			return err
		}
		list = g.list
		return nil
	})
	slices.SortFunc(list, func(a, b slnet.ScriptLibrary) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// gathering collects the libraries of a script.
type gathering struct {
	r     *storage.Reader
	found map[string]bool
	list  []slnet.ScriptLibrary
	bytes int
}

// imports gathers what files import, of the script or library at the end of path.
func (g *gathering) imports(path []string, files []slnet.ScriptFile, may func(name string) bool) error {
	for _, name := range script.LibraryImports(files) {
		if i := slices.Index(path, name); i >= 0 {
			return slnet.Errorf(slnet.KindInvalid, "libraries cannot import each other in a circle: %s", strings.Join(append(path[i:len(path):len(path)], name), " imports "))
		}
		if g.found[name] || !may(name) {
			continue
		}
		library, err := named(g.r, name)
		if errors.Is(err, slnet.KindNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := g.add(path, library); err != nil {
			return err
		}
		if err := g.imports(append(path[:len(path):len(path)], name), library.Files, func(string) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) add(path []string, library *slnet.Script) error {
	for _, f := range library.Files {
		g.bytes += len(f.Content)
	}
	g.found[library.Name] = true
	g.list = append(g.list, slnet.ScriptLibrary{Name: library.Name, Version: library.Version, Hash: library.Hash, Files: library.Files})
	switch {
	case len(g.list) > maxLibraries:
		return slnet.Errorf(slnet.KindInvalid, "it uses more than %d libraries", maxLibraries)
	case len(path) > maxLibraryDepth:
		return slnet.Errorf(slnet.KindInvalid, "%s stands more than %d imports away: %s", library.Name, maxLibraryDepth, strings.Join(path, " imports "))
	case g.bytes > maxLibraryBytes:
		return slnet.Errorf(slnet.KindInvalid, "the libraries it uses have more than %d bytes of source together", maxLibraryBytes)
	}
	return nil
}

// sources are the files that a process loads for a script: its own and those of
// its libraries.
func sources(s *slnet.Script) []slnet.ScriptFile {
	files := s.Files
	if script.IsLibrary(s.Name) {
		files = script.LibraryFiles(s.Name, files)
	}
	files = slices.Clip(files)
	for _, l := range s.Libraries {
		files = append(files, script.LibraryFiles(l.Name, l.Files)...)
	}
	return files
}

// sameLibraries reports whether two scripts are built with the same libraries.
func sameLibraries(a, b *slnet.Script) bool {
	return slices.EqualFunc(a.Libraries, b.Libraries, func(a, b slnet.ScriptLibrary) bool {
		return a.Name == b.Name && a.Version == b.Version && a.Hash == b.Hash
	})
}
