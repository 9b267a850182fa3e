// Package script is the front end of the scripting language, which is Go: it
// parses the source files of a script, checks what can be checked without
// running it, and finds its entry points. Nothing in it executes a script.
package script

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode/utf8"

	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
)

// MaxSourceBytes is the most source a script may have in all its files.
const MaxSourceBytes = 1 << 20

// maxFiles is the most files a script may have.
const maxFiles = 100

// Checked is a script that passed Check.
type Checked struct {
	// Files are the source files in the order of their names, those of libraries
	// excepted.
	Files []slnet.ScriptFile
	// Fset has the positions of all that follows.
	Fset *token.FileSet
	// Libraries are the packages that came with the script, each behind those it
	// imports.
	Libraries []*Library
	// Syntax are the syntax trees of Files, in their order, with comments.
	Syntax []*ast.File
	// Package and Info are what Go's own type checker found. All maps of Info
	// are filled but InitOrder.
	Package *types.Package
	Info    *types.Info
	// EntryPoints are the names of the entry points, in the order of the
	// platform's own list.
	EntryPoints []string
	// Parameters and Result describe what Run takes and returns, nil where it
	// has no typed parameters, or no result.
	Parameters, Result *schema.Schema
	// Traces are what a run may leave behind in its process, also in its
	// libraries.
	Traces Traces
	// Hash is Hash(Files).
	Hash string
	// Tests are the names of the functions of its tests, in the order of the source,
	// where CheckTests was asked for them.
	Tests []string
}

// Check parses the files of a script, checks its types as Go's compiler does,
// and everything else that makes a script one: its size and names, its package
// and imports, the entry points and their signatures. Its error is a
// plugin.CompileErrors with all that was found, in the order of the source.
//
// Files whose names begin with that of a library, as LibraryFiles makes them,
// are of that library, which the script can import. Without a file of the script
// itself the library that no other imports is what is checked: it has no entry
// points.
//
// Build constraints in the files are comments to a script: all files given
// belong to it, and all are of GoVersion.
//
// Time and memory are bounded only as those of Go's type checker are, which are
// not for source made to harm. So source of others is checked in a process that
// can be ended.
func Check(files []slnet.ScriptFile) (*Checked, error) {
	return new(checker).check(files)
}

func (c *checker) check(files []slnet.ScriptFile) (*Checked, error) {
	list := packages(files)
	c.fset, c.imports = token.NewFileSet(), make(imports)
	for _, s := range list {
		c.checkFiles(s)
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	for _, s := range list {
		for _, f := range s.files {
			s.syntax = append(s.syntax, c.parse(f))
		}
	}
	if len(c.errs) > 0 {
		return nil, c.found()
	}
	for _, s := range list {
		c.imports[s.path] = nil // it is there, though not checked
	}
	list = c.ordered(list)
	if len(c.errs) > 0 {
		return nil, c.found()
	}
	checked := &Checked{Fset: c.fset}
	for i, s := range list {
		l := c.checkSource(s)
		if i == len(list)-1 {
			checked.Files, checked.Hash = s.files, Hash(s.files)
			checked.Syntax, checked.Package, checked.Info = l.Syntax, l.Package, l.Info
			continue
		}
		checked.Libraries = append(checked.Libraries, l)
	}
	if root := list[len(list)-1]; !root.isLibrary() {
		checked.EntryPoints = c.findEntryPoints(checked.Syntax, checked.Info)
	}
	checked.Parameters, checked.Result = c.params, c.result
	checked.Tests = c.findTests(checked.Syntax, checked.Info)
	if len(c.errs) > 0 {
		return nil, c.found()
	}
	checked.Traces = findTraces(checked.Syntax, checked.Package, checked.Info)
	for _, l := range checked.Libraries {
		traces := findTraces(l.Syntax, l.Package, l.Info)
		checked.Traces.State = checked.Traces.State || traces.State
		checked.Traces.Goroutines = checked.Traces.Goroutines || traces.Goroutines
	}
	return checked, nil
}

// checkSource checks a package whose imports have been checked.
func (c *checker) checkSource(s *source) *Library {
	for _, f := range s.syntax {
		c.checkPackage(s, f)
		c.checkDirectives(f)
		c.checkImports(f)
		c.checkBodies(f)
	}
	l := &Library{Path: s.path, Syntax: s.syntax}
	l.Package, l.Info = c.checkTypes(s)
	c.imports[s.path] = l.Package
	c.checkAvailable(s.syntax, l.Info)
	c.checkVariables(s.syntax, l.Info)
	return l
}

// Files returns the files of a script in the order of their names, after
// checking what can be told without reading them: how many and how large they
// are, their names and encoding. Its error is a plugin.CompileErrors.
func Files(files []slnet.ScriptFile) ([]slnet.ScriptFile, error) {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b slnet.ScriptFile) int { return strings.Compare(a.Name, b.Name) })
	c := new(checker)
	c.checkFiles(&source{path: "main", files: files})
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return files, nil
}

// Hash is the SHA-256 of the names and contents of files that are in the order
// of their names, in hexadecimal digits. It covers lengths as well, so that no
// two different scripts look the same.
func Hash(files []slnet.ScriptFile) string {
	h := sha256.New()
	for _, f := range files {
		for _, s := range []string{f.Name, f.Content} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
			h.Write([]byte(s))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// checker collects what is wrong with a script.
type checker struct {
	fset    *token.FileSet
	imports imports // the libraries there are; nil before they are checked
	errs    plugin.CompileErrors
	tests   bool // whether the files of tests belong to the script

	params, result *schema.Schema // of Run
}

// errorf notes an error at a position.
func (c *checker) errorf(pos token.Pos, format string, args ...any) {
	p := c.fset.PositionFor(pos, false)
	c.errs = append(c.errs, plugin.CompileError{
		File: p.Filename, Line: p.Line, Column: p.Column, Message: fmt.Sprintf(format, args...),
	})
}

// fileErrorf notes an error of a file as a whole; name is empty when it is one
// of the script as a whole.
func (c *checker) fileErrorf(name, format string, args ...any) {
	c.errs = append(c.errs, plugin.CompileError{File: name, Message: fmt.Sprintf(format, args...)})
}

// maxErrors is how many mistakes are told of one script.
const maxErrors = 50

// found returns the errors in the order of the source, each once.
func (c *checker) found() plugin.CompileErrors {
	slices.SortStableFunc(c.errs, func(a, b plugin.CompileError) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	errs := slices.Compact(c.errs)
	if len(errs) > maxErrors {
		errs = append(errs[:maxErrors:maxErrors], plugin.CompileError{
			Message: fmt.Sprintf("too many errors; these are the first %d of %d", maxErrors, len(errs)),
		})
	}
	return errs
}

// checkFiles checks what stands outside the language.
func (c *checker) checkFiles(s *source) {
	what, folder := "the script", ""
	if s.isLibrary() {
		what, folder = "library "+s.path, s.path+"/"
	}
	switch {
	case len(s.files) == 0:
		c.fileErrorf("", "%s has no files; give it at least one .go file", what)
	case len(s.files) > maxFiles:
		c.fileErrorf("", "%s has %d files, at most %d are allowed", what, len(s.files), maxFiles)
		return
	}
	size := 0
	for i, f := range s.files {
		size += len(f.Content)
		switch {
		case !plainName(strings.TrimPrefix(f.Name, folder)):
			c.fileErrorf("", "%q is not a name for a source file; want one like script.go, without folders", f.Name)
		case i > 0 && s.files[i-1].Name == f.Name:
			c.fileErrorf(f.Name, "%s has two files of this name", what)
		case IsTest(f.Name) && !c.tests:
			c.fileErrorf(f.Name, "tests are not part of a script; leave the file out")
		case !utf8.ValidString(f.Content):
			c.fileErrorf(f.Name, "the file is not UTF-8 text")
		}
	}
	if size > MaxSourceBytes {
		c.fileErrorf("", "%s has %d bytes of source, at most %d are allowed", what, size, MaxSourceBytes)
	}
}

// plainName reports whether a file name is safe wherever it is written: in
// folders, messages and positions.
func plainName(name string) bool {
	base, ok := strings.CutSuffix(name, ".go")
	if !ok || base == "" || len(name) > 100 || strings.HasPrefix(base, ".") {
		return false
	}
	return !strings.ContainsFunc(base, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\:*?"<>|`, r)
	})
}
