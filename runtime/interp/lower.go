package interp

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"sync"

	"github.com/traefik/yaegi/interp"

	"domovoi.dev/runtime/interp/internal/lower"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/plugin"
)

// lowerProgram makes the program that the interpreter runs of a script that has
// been checked, and gives the interpreter what the program uses.
func lowerProgram(i *interp.Interpreter, source *script.Checked, watch lower.Watch, table func(path string) (name string, symbols map[string]reflect.Value)) (*lower.Program, []lower.Refusal, error) {
	tables := make(map[string]map[string]reflect.Value)
	names := make(map[string]string)
	lookup := func(path string) map[string]reflect.Value {
		if _, ok := tables[path]; !ok {
			names[path], tables[path] = table(path)
		}
		return tables[path]
	}
	main := &lower.Unit{Files: source.Syntax, Package: source.Package, Info: source.Info}
	imported := source.Package.Imports()
	var packages []*lower.Unit
	for _, l := range source.Libraries {
		packages = append(packages, &lower.Unit{Files: l.Syntax, Package: l.Package, Info: l.Info})
		imported = append(imported, l.Package.Imports()...)
	}
	units, err := library(source.Fset, imported)
	if err != nil {
		return nil, nil, err
	}
	p, refusals := lower.Lower(lower.Config{
		FileSet: source.Fset, Script: main, Packages: packages, Library: units, LibraryFunctions: libraryFunctions,
		EntryPoints: slices.Concat(source.EntryPoints, source.Tests), Watch: watch,
		Symbol: func(path, name string) reflect.Value { return lookup(path)[name] },
	})
	if len(refusals) > 0 {
		return nil, refusals, nil
	}
	exports := interp.Exports{exportKey(lower.Package, lower.Package): p.Symbols}
	for path, symbols := range tables {
		if symbols != nil {
			exports[exportKey(path, names[path])] = symbols
		}
	}
	return p, nil, i.Use(exports)
}

// inPlugin is what to do with a script that cannot be interpreted.
const inPlugin = "; build it as a plugin: domovoi script build"

func compileErrors(fset *token.FileSet, refusals []lower.Refusal) plugin.CompileErrors {
	var list plugin.CompileErrors
	for _, r := range refusals {
		p := fset.Position(r.Pos)
		list = append(list, plugin.CompileError{File: p.Filename, Line: p.Line, Column: p.Column, Message: fmt.Sprint(r.Message, inPlugin)})
	}
	return list
}

// copyPositions makes the positions of one file set valid in another, with
// other names for the files.
func copyPositions(to, from *token.FileSet, rename func(string) string) {
	from.Iterate(func(f *token.File) bool {
		g := to.AddFile(rename(f.Name()), f.Base(), f.Size())
		g.SetLines(f.Lines())
		return true
	})
}

// librarySource are implementations of generic functions of the standard
// library, which have no compiled form that an interpreter could call.
//
//go:embed library/*.txt
var librarySource embed.FS

// library checks the implementations of packages that a script imports. Their
// positions are in fset.
func library(fset *token.FileSet, imports []*types.Package) (map[string]*lower.Unit, error) {
	units := make(map[string]*lower.Unit)
	for _, pkg := range imports {
		source, err := librarySource.ReadFile("library/" + pkg.Path() + ".txt")
		if err != nil || units[pkg.Path()] != nil {
			continue
		}
		file, err := parser.ParseFile(fset, pkg.Path(), source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		info := &types.Info{
			Types: make(map[ast.Expr]types.TypeAndValue), Instances: make(map[*ast.Ident]types.Instance), Defs: make(map[*ast.Ident]types.Object),
			Uses: make(map[*ast.Ident]types.Object), Implicits: make(map[ast.Node]types.Object), Selections: make(map[*ast.SelectorExpr]*types.Selection),
		}
		config := types.Config{GoVersion: script.GoVersion}
		checked, err := config.Check(pkg.Path(), fset, []*ast.File{file}, info)
		if err != nil {
			return nil, err
		}
		units[pkg.Path()] = &lower.Unit{Files: []*ast.File{file}, Package: checked, Info: info}
	}
	return units, nil
}

// libraryFunctions are what those implementations do not do themselves.
var libraryFunctions = map[string]any{
	"sortIndexes":       func(n int, cmp func(i, j int) int) []int { return sortedIndexes(n, slices.SortFunc, cmp) },
	"sortStableIndexes": func(n int, cmp func(i, j int) int) []int { return sortedIndexes(n, slices.SortStableFunc, cmp) },
	"onceFunc":          sync.OnceFunc,
}

// sortedIndexes sorts as package slices does, which takes equal elements in an
// order of its own.
func sortedIndexes(n int, sort func([]int, func(i, j int) int), cmp func(i, j int) int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	sort(order, cmp)
	return order
}
