package extract

import (
	"fmt"
	"go/constant"
	"go/types"
	"math/big"
	"strings"

	"domovoi.dev/runtime/script"
)

// table is what a generated file holds: the symbols of one package.
type table struct {
	Path, Name string
	Symbols    []symbol

	imports map[string]bool
}

// symbol is one entry: a name and the expression of its reflect value.
type symbol struct {
	Name, Value string
}

func newTable(pkg *types.Package) (*table, error) {
	t := &table{Path: pkg.Path(), Name: pkg.Name(), imports: make(map[string]bool)}
	for _, name := range pkg.Scope().Names() {
		o := pkg.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		switch {
		case script.Withheld(o) == "" && !script.Generic(o):
		case !strings.HasPrefix(t.Path, sdkPrefix):
			continue
		default:
			return nil, fmt.Errorf("%s.%s is generic: the interpreter would not see it, export an instantiated alias or a function with any", t.Path, name)
		}
		t.add(o)
	}
	return t, nil
}

func (t *table) add(o types.Object) {
	name := t.Name + "." + o.Name()
	if r, ok := replaced[t.Path][o.Name()]; ok {
		name = r
	} else {
		t.imports[t.Path] = true
	}
	value := "reflect.ValueOf(" + name + ")"
	switch o := o.(type) {
	case *types.Const:
		value = t.constant(o, name)
	case *types.Var:
		value = "variable(" + name + ")"
	case *types.TypeName:
		value = "reflect.ValueOf((*" + name + ")(nil))"
	}
	t.Symbols = append(t.Symbols, symbol{o.Name(), value})
}

// constant keeps untyped constants exact, as the interpreter expects them.
func (t *table) constant(c *types.Const, name string) string {
	b, ok := c.Type().(*types.Basic)
	if !ok || b.Info()&types.IsUntyped == 0 {
		return "reflect.ValueOf(" + name + ")"
	}
	var kind, text string
	switch v := c.Val(); v.Kind() {
	case constant.String:
		kind, text = "STRING", v.ExactString()
	case constant.Int:
		kind, text = "INT", v.ExactString()
	case constant.Float:
		f, ok := constant.Val(v).(*big.Float)
		if !ok {
			f = new(big.Float).SetRat(constant.Val(v).(*big.Rat))
		}
		kind, text = "FLOAT", f.Text('g', int(f.Prec()))
	default:
		return "reflect.ValueOf(" + name + ")"
	}
	t.imports["go/constant"], t.imports["go/token"] = true, true
	return fmt.Sprintf("reflect.ValueOf(constant.MakeFromLiteral(%q, token.%s, 0))", text, kind)
}

// Imports are the packages the generated file imports.
func (t *table) Imports() []string { return sortedKeys(t.imports) }

// Identifier is the name of the package's functions in package symbols.
func (t *table) Identifier() string { return identifier(t.Path) }

func (t *table) fileName() string { return t.Identifier() + "_gen.go" }
