package script

import (
	"go/ast"
	"go/types"
	"strings"
)

// lowered are the generic functions and types that yaegi lacks and lowering
// replaces, by import path and name.
var lowered = map[string]map[string]bool{
	"cmp": {
		"Compare": true,
		"Less":    true,
		"Or":      true,
		"Ordered": true,
	},
	"maps": {
		"Clone":      true,
		"Copy":       true,
		"DeleteFunc": true,
		"Equal":      true,
		"EqualFunc":  true,
	},
	"slices": {
		"BinarySearch":     true,
		"BinarySearchFunc": true,
		"Clip":             true,
		"Clone":            true,
		"Compact":          true,
		"CompactFunc":      true,
		"Compare":          true,
		"CompareFunc":      true,
		"Concat":           true,
		"Contains":         true,
		"ContainsFunc":     true,
		"Delete":           true,
		"DeleteFunc":       true,
		"Equal":            true,
		"EqualFunc":        true,
		"Grow":             true,
		"Index":            true,
		"IndexFunc":        true,
		"Insert":           true,
		"IsSorted":         true,
		"IsSortedFunc":     true,
		"Max":              true,
		"MaxFunc":          true,
		"Min":              true,
		"MinFunc":          true,
		"Repeat":           true,
		"Replace":          true,
		"Reverse":          true,
		"Sort":             true,
		"SortFunc":         true,
		"SortStableFunc":   true,
	},
	"sync": {
		"OnceValue":  true,
		"OnceValues": true,
	},
}

// withheld are symbols of the packages in AllowedImports that a script does
// without, with the reason. Methods and fields have the name of their type in
// front. The interpreter's symbol tables are generated without the symbols
// named here; methods and fields have hand-written replacements there.
var withheld = map[string]map[string]string{
	"fmt": {
		"Scan": standardInput, "Scanf": standardInput, "Scanln": standardInput,
	},
	"log/slog": {
		"SetDefault": processState, "SetLogLoggerLevel": processState,
		"NewLogLogger": "its Fatal ends the process",
	},
	"math/rand": {"Seed": processState},
	"text/template": {
		"ParseFiles": readsFiles, "ParseGlob": readsFiles, "ParseFS": readsFiles,
		"Template.ParseFiles": readsFiles, "Template.ParseGlob": readsFiles, "Template.ParseFS": readsFiles,
		"Template.AddParseTree": parseTrees, "Template.Tree": parseTrees,
	},
	"github.com/google/uuid": {
		"SetRand": processState, "SetNodeID": processState, "SetNodeInterface": processState, "SetClockSequence": processState,
		"EnableRandPool": processState, "DisableRandPool": processState,
	},
}

const (
	readsFiles    = "reads files"
	processState  = "changes the state of the process"
	sharedState   = "a script could change it for the whole process"
	standardInput = "reads the standard input of the process"
	parseTrees    = "scripts have no package text/template/parse"
)

// Withheld says why a script does without an exported symbol of a package in
// AllowedImports, and returns "" for those it may use.
func Withheld(o types.Object) (reason string) {
	path := o.Pkg().Path()
	if lowered[path][o.Name()] || IsLibrary(path) {
		return ""
	}
	if reason, ok := withheld[path][o.Name()]; ok {
		return reason
	}
	switch {
	case Generic(o):
		return "the interpreter has no generic symbols of other packages"
	case strings.HasPrefix(path, sdkPath):
		return ""
	}
	switch o := o.(type) {
	case *types.Var:
		// A copy of a variable still shares what a map or slice holds, and a
		// function variable is there to be replaced.
		switch o.Type().Underlying().(type) {
		case *types.Map, *types.Slice, *types.Chan, *types.Signature:
			return sharedState
		}
	case *types.Func:
		if strings.Contains(types.TypeString(o.Type(), nil), "iter.Seq") {
			return "the interpreter cannot range over functions"
		}
	}
	return ""
}

// Generic reports whether a package-level symbol has type parameters left open,
// or only bounds some.
func Generic(o types.Object) bool {
	switch o := o.(type) {
	case *types.Func:
		return o.Signature().TypeParams().Len() > 0
	case *types.TypeName:
		if i, ok := o.Type().Underlying().(*types.Interface); ok && !i.IsMethodSet() {
			return true
		}
		switch t := o.Type().(type) {
		case *types.Named:
			return t.TypeParams().Len() > 0 && t.TypeArgs().Len() == 0
		case *types.Alias:
			return t.TypeParams().Len() > 0
		}
	}
	return false
}

// checkAvailable refuses the use of what is withheld.
func (c *checker) checkAvailable(files []*ast.File, info *types.Info) {
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			name, reason := withheldSelector(s, info)
			if reason != "" {
				c.errorf(s.Sel.Pos(), "%s is not available to scripts: %s", name, reason)
			}
			return true
		})
	}
}

// withheldSelector says what a selector selects and why a script may not, ""
// when it may.
func withheldSelector(s *ast.SelectorExpr, info *types.Info) (name, reason string) {
	o := info.Uses[s.Sel]
	if o == nil || o.Pkg() == nil {
		return "", ""
	}
	name = o.Pkg().Name() + "." + o.Name()
	if _, imported := ImportedName(s, info); imported != "" {
		return name, Withheld(o)
	}
	selection := info.Selections[s]
	if selection == nil {
		return "", ""
	}
	named := namedType(selection.Recv())
	if named == nil || named.Obj().Pkg() == nil {
		return "", ""
	}
	return named.Obj().Pkg().Name() + "." + named.Obj().Name() + "." + o.Name(), WithheldMember(named.Obj(), o)
}

// WithheldMember says why a script does without a method or field of a type,
// and returns "" for those it may use.
func WithheldMember(t, member types.Object) (reason string) {
	if member.Pkg().Path() == "text/template/parse" {
		return parseTrees
	}
	return withheld[t.Pkg().Path()][t.Name()+"."+member.Name()]
}

// namedType returns the named type that t is or points to, nil when there is
// none.
func namedType(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	named, _ := t.(*types.Named)
	return named
}
