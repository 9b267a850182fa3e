package script

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// maxDepth is how deep the parts of a source file may nest. The type checker
// and the interpreter recurse as deep, and a process has only so much stack.
const maxDepth = 1000

// parse parses one file and notes its syntax errors, one for each line.
func (c *checker) parse(f slnet.ScriptFile) *ast.File {
	file, err := parser.ParseFile(c.fset, f.Name, f.Content, parser.AllErrors|parser.SkipObjectResolution|parser.ParseComments)
	var list scanner.ErrorList
	switch {
	case err == nil:
	case errors.As(err, &list):
		list.RemoveMultiples() // further errors on a line mostly follow from the first
		for _, e := range list {
			c.errs = append(c.errs, plugin.CompileError{File: f.Name, Line: e.Pos.Line, Column: e.Pos.Column, Message: e.Msg})
		}
	default:
		c.fileErrorf(f.Name, "%v", err)
	}
	if pos := tooDeep(file); pos.IsValid() {
		c.errorf(pos, "the source nests more than %d levels deep here; name its parts", maxDepth)
	}
	file.GoVersion = "" // of a build constraint, which is a comment here
	return file
}

// tooDeep returns where a file nests deeper than maxDepth, if it does.
func tooDeep(file *ast.File) token.Pos {
	depth, pos := 0, token.NoPos
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			depth--
			return false
		}
		if depth++; depth <= maxDepth {
			return true
		}
		if !pos.IsValid() {
			pos = n.Pos()
		}
		depth--
		return false
	})
	return pos
}

func (c *checker) checkPackage(s *source, f *ast.File) {
	switch {
	case s.isLibrary() && f.Name.Name != packageName(s.path):
		c.errorf(f.Name.Pos(), "the files of library %s are of package %s, not %s", s.path, packageName(s.path), f.Name.Name)
	case !s.isLibrary() && f.Name.Name != "main":
		c.errorf(f.Name.Pos(), "the files of a script are of package main, not %s", f.Name.Name)
	}
}

// checkBodies refuses functions that are declared only.
func (c *checker) checkBodies(f *ast.File) {
	for _, d := range f.Decls {
		if decl, ok := d.(*ast.FuncDecl); ok && decl.Body == nil {
			c.errorf(decl.Name.Pos(), "%s has no body", decl.Name.Name)
		}
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

// checkImports refuses the imports that the type checker cannot tell about: it
// says what to do instead.
func (c *checker) checkImports(f *ast.File) {
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			c.errorf(spec.Path.Pos(), "malformed import path %s", spec.Path.Value)
			continue
		}
		if c.tests && slices.Contains(TestImports, path) && IsTest(c.fset.File(f.Package).Name()) {
			continue
		}
		if refusal := c.importable(path); refusal != "" {
			c.errorf(spec.Path.Pos(), "%s", refusal)
		} else if ImportName(spec) == "." {
			c.errorf(spec.Pos(), "a script cannot import into its own scope; write import %q", path)
		}
	}
}

// ImportName returns the name an import has in its file.
func ImportName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return packageName(ImportPath(spec))
}

// ImportPath returns the path of an import of a source that passed Check.
func ImportPath(spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return path
}
