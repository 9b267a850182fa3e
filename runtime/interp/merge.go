package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"

	"domovoi.dev/runtime/script"
)

// merge makes one file of the files of a script, because yaegi compiles file by
// file and a file could not use what a later one declares. All nodes keep their
// positions.
//
// Imports belong to their file in Go. Where two files use one name for
// different packages, the name is changed in the later file.
func merge(files []*ast.File) *ast.File {
	merged := &ast.File{Package: files[0].Package, Name: files[0].Name, FileStart: files[0].FileStart, FileEnd: files[len(files)-1].FileEnd}
	imports := &ast.GenDecl{Tok: token.IMPORT, TokPos: files[0].Package, Lparen: files[0].Package, Rparen: files[0].Package}
	paths := make(map[string]string) // by name
	var decls []ast.Decl
	for number, file := range files {
		for _, spec := range file.Imports {
			name, path := script.ImportName(spec), script.ImportPath(spec)
			if name == "_" {
				continue
			}
			if other, ok := paths[name]; ok && other != path {
				alias := fmt.Sprintf("%s·%d", name, number)
				renameImport(file, name, alias)
				name = alias
			}
			if _, ok := paths[name]; ok {
				continue
			}
			paths[name] = path
			imports.Specs = append(imports.Specs, &ast.ImportSpec{
				Name: &ast.Ident{NamePos: spec.Pos(), Name: name},
				Path: &ast.BasicLit{ValuePos: spec.Path.Pos(), Kind: token.STRING, Value: strconv.Quote(path)},
			})
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); !ok || g.Tok != token.IMPORT {
				decls = append(decls, d)
			}
		}
	}
	if len(imports.Specs) > 0 {
		merged.Decls = append(merged.Decls, imports)
	}
	merged.Decls = append(merged.Decls, decls...)
	return merged
}

// renameImport changes the name of an import wherever the file uses it. The
// parser has resolved the names declared in the file; a selector on a name it
// could not resolve is one on a package.
func renameImport(file *ast.File, from, to string) {
	unresolved := make(map[*ast.Ident]bool)
	for _, ident := range file.Unresolved {
		unresolved[ident] = ident.Name == from
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if ident, ok := s.X.(*ast.Ident); ok && unresolved[ident] {
				ident.Name = to
			}
		}
		return true
	})
}
