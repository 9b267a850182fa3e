package script

import (
	"errors"
	"go/ast"
	"go/types"
	"strings"

	"domovoi.dev/sdk/plugin"
)

// GoVersion is the version of the language of scripts.
const GoVersion = "go1.22"

// checkTypes checks the types of a package and notes all mistakes.
func (c *checker) checkTypes(s *source) (*types.Package, *types.Info) {
	info := &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Instances:    make(map[*ast.Ident]types.Instance),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		Scopes:       make(map[ast.Node]*types.Scope),
		FileVersions: make(map[*ast.File]string),
	}
	config := types.Config{
		GoVersion: GoVersion,
		Importer:  c.imports,
		Sizes:     types.SizesFor("gc", "amd64"), // the same mistakes on every machine
		Error:     c.typeError,
	}
	pkg, _ := config.Check(s.path, c.fset, s.syntax, info) // typeError has noted the error
	return pkg, info
}

// typeError notes an error of the type checker.
func (c *checker) typeError(err error) {
	var e types.Error
	if !errors.As(err, &e) {
		c.fileErrorf("", "%v", err)
		return
	}
	p := e.Fset.PositionFor(e.Pos, false)
	detail, ok := strings.CutPrefix(e.Msg, "\t")
	switch {
	case strings.HasPrefix(e.Msg, "could not import "):
		// checkImports says why.
	case ok && len(c.errs) > 0:
		// It says more about the error before it.
		last := &c.errs[len(c.errs)-1]
		last.Message += "; " + plugin.CompileError{File: p.Filename, Line: p.Line, Column: p.Column, Message: detail}.Error()
	default:
		c.errorf(e.Pos, "%s", e.Msg)
	}
}
