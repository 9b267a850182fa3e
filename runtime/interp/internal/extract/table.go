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
	Wrappers   []wrapper

	imports map[string]bool
}

// symbol is one entry: a name and the expression of its reflect value.
type symbol struct {
	Name, Value string
}

// wrapper lets a type of a script implement an interface.
type wrapper struct {
	Interface, Type string
	Methods         []method
}

// method is one method of a wrapper, as pieces of source.
type method struct {
	Name, Params, Args, Results string
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
		if i, ok := o.Type().Underlying().(*types.Interface); ok {
			t.addWrapper(o.Name(), i)
		}
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

// addWrapper adds the wrapper of an interface that types outside its package
// can implement. An interface without methods needs none.
func (t *table) addWrapper(name string, i *types.Interface) {
	if i.NumMethods() == 0 {
		return
	}
	w := wrapper{Interface: name, Type: "_" + identifier(t.Path) + "_" + name}
	for f := range i.Methods() {
		if !f.Exported() {
			return
		}
	}
	for f := range i.Methods() {
		w.Methods = append(w.Methods, t.method(f))
	}
	t.Wrappers = append(t.Wrappers, w)
}

func (t *table) method(f *types.Func) method {
	s := f.Signature()
	var params, args, results []string
	for i := range s.Params().Len() {
		typ := t.typeString(s.Params().At(i).Type())
		arg := fmt.Sprintf("a%d", i)
		args = append(args, arg)
		if s.Variadic() && i == s.Params().Len()-1 {
			typ = "..." + strings.TrimPrefix(typ, "[]")
			args[i] += "..."
		}
		params = append(params, arg+" "+typ)
	}
	for v := range s.Results().Variables() {
		results = append(results, t.typeString(v.Type()))
	}
	return method{
		Name:    f.Name(),
		Params:  strings.Join(params, ", "),
		Args:    strings.Join(args, ", "),
		Results: strings.Join(results, ", "),
	}
}

// typeString writes a type as the generated file must, and notes the imports it
// needs.
func (t *table) typeString(typ types.Type) string {
	return types.TypeString(typ, func(pkg *types.Package) string {
		t.imports[pkg.Path()] = true
		return pkg.Name()
	})
}

// Imports are the packages the generated file imports.
func (t *table) Imports() []string { return sortedKeys(t.imports) }

// Identifier is the name of the package's functions in package symbols.
func (t *table) Identifier() string { return identifier(t.Path) }

func (t *table) fileName() string { return t.Identifier() + "_gen.go" }
