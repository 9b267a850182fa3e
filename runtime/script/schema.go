package script

import (
	"errors"
	"go/token"
	"go/types"
	"reflect"

	"domovoi.dev/sdk/schema"
)

// checkedType is a type that was checked, not compiled, as package schema needs
// it.
type checkedType struct{ types.Type }

func (t checkedType) String() string {
	return types.TypeString(t.Type, func(p *types.Package) string { return p.Name() })
}

func (t checkedType) Name() (path, name string) {
	named, ok := types.Unalias(t.Type).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return "", ""
	}
	return named.Obj().Pkg().Path(), named.Obj().Name()
}

var kinds = map[types.BasicKind]reflect.Kind{
	types.Bool: reflect.Bool, types.String: reflect.String,
	types.Int: reflect.Int, types.Int8: reflect.Int8, types.Int16: reflect.Int16, types.Int32: reflect.Int32, types.Int64: reflect.Int64,
	types.Uint: reflect.Uint, types.Uint8: reflect.Uint8, types.Uint16: reflect.Uint16, types.Uint32: reflect.Uint32, types.Uint64: reflect.Uint64,
	types.Uintptr: reflect.Uintptr, types.Float32: reflect.Float32, types.Float64: reflect.Float64,
	types.Complex64: reflect.Complex64, types.Complex128: reflect.Complex128, types.UnsafePointer: reflect.UnsafePointer,
}

func (t checkedType) Kind() reflect.Kind {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return kinds[u.Kind()]
	case *types.Pointer:
		return reflect.Pointer
	case *types.Slice:
		return reflect.Slice
	case *types.Array:
		return reflect.Array
	case *types.Map:
		return reflect.Map
	case *types.Struct:
		return reflect.Struct
	case *types.Chan:
		return reflect.Chan
	case *types.Signature:
		return reflect.Func
	case *types.Interface:
		return reflect.Interface
	}
	return reflect.Invalid
}

func (t checkedType) Elem() schema.Type {
	return checkedType{t.Underlying().(interface{ Elem() types.Type }).Elem()}
}

func (t checkedType) Key() schema.Type { return checkedType{t.Underlying().(*types.Map).Key()} }

func (t checkedType) HasMethod(name string) bool {
	object, _, _ := types.LookupFieldOrMethod(t.Type, true, nil, name)
	_, ok := object.(*types.Func)
	return ok
}

func (t checkedType) Fields() []schema.Field {
	s := t.Underlying().(*types.Struct)
	fields := make([]schema.Field, s.NumFields())
	for i := range fields {
		f := s.Field(i)
		fields[i] = schema.Field{
			Name: f.Name(), Type: checkedType{f.Type()}, Tag: reflect.StructTag(s.Tag(i)),
			Exported: f.Exported(), Embedded: f.Embedded(), Pos: int(f.Pos()),
		}
	}
	return fields
}

// describe makes the schema of a parameter or result of Run, and notes what
// cannot be described where it stands.
func (c *checker) describe(v *types.Var, what string, at token.Pos) *schema.Schema {
	s, err := schema.Of(checkedType{v.Type()})
	var problems schema.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			pos := at
			if p.Pos != 0 {
				pos = token.Pos(p.Pos)
			}
			c.errorf(pos, "the %s of Run: %s", what, p)
		}
	}
	return s
}
