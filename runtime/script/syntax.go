package script

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"strconv"
	"strings"

	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// maxSyntaxErrors bounds the errors reported for one file.
const maxSyntaxErrors = 50

// parse parses one file and notes its syntax errors, one for each line.
func (c *checker) parse(f slnet.ScriptFile) *ast.File {
	file, err := parser.ParseFile(c.fset, f.Name, f.Content, parser.AllErrors|parser.DeclarationErrors|parser.ParseComments)
	var list scanner.ErrorList
	switch {
	case err == nil:
	case errors.As(err, &list):
		list.RemoveMultiples() // further errors on a line mostly follow from the first
		for _, e := range list[:min(len(list), maxSyntaxErrors)] {
			c.errs = append(c.errs, plugin.CompileError{File: f.Name, Line: e.Pos.Line, Column: e.Pos.Column, Message: e.Msg})
		}
	default:
		c.fileErrorf(f.Name, "%v", err)
	}
	return file
}

func (c *checker) checkPackage(f *ast.File) {
	if f.Name.Name != "main" {
		c.errorf(f.Name.Pos(), "the files of a script are of package main, not %s", f.Name.Name)
	}
}

// checkDirectives refuses line directives: they would make the positions of
// errors point elsewhere than into the author's files.
func (c *checker) checkDirectives(f *ast.File) {
	for _, group := range f.Comments {
		for _, comment := range group.List {
			if strings.HasPrefix(comment.Text, "//line ") || strings.HasPrefix(comment.Text, "/*line ") {
				c.errorf(comment.Pos(), "a script has no line directives; remove this comment")
			}
		}
	}
}

func (c *checker) checkImports(f *ast.File) {
	names := make(map[string]bool)
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			c.errorf(spec.Path.Pos(), "malformed import path %s", spec.Path.Value)
			continue
		}
		if refusal := importable(path); refusal != "" {
			c.errorf(spec.Path.Pos(), "%s", refusal)
			continue
		}
		name := ImportName(spec)
		switch {
		case name == ".":
			c.errorf(spec.Pos(), "a script cannot import into its own scope; write import %q", path)
		case name == "_":
		case names[name]:
			c.errorf(spec.Pos(), "%s is imported twice in this file", name)
		}
		names[name] = true
	}
}

// ImportName returns the name an import has in its file.
func ImportName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return packageName(ImportPath(spec))
}

// ImportPath returns the path of an import of a source that passed Parse.
func ImportPath(spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return path
}
