package lower

import "go/types"

// subst puts the type arguments of the function in place of its parameters.
func (f *fn) subst(t types.Type) types.Type {
	if len(f.args) == 0 || t == nil {
		return t
	}
	switch t := t.(type) {
	case *types.TypeParam:
		if a, ok := f.args[t]; ok {
			return a
		}
	case *types.Alias:
		return f.subst(types.Unalias(t))
	case *types.Named:
		args := t.TypeArgs()
		if args.Len() == 0 {
			return t
		}
		var list []types.Type
		for i := range args.Len() {
			list = append(list, f.subst(args.At(i)))
		}
		if n, err := types.Instantiate(nil, t.Origin(), list, false); err == nil {
			return n
		}
	case *types.Pointer:
		return types.NewPointer(f.subst(t.Elem()))
	case *types.Slice:
		return types.NewSlice(f.subst(t.Elem()))
	case *types.Array:
		return types.NewArray(f.subst(t.Elem()), t.Len())
	case *types.Chan:
		return types.NewChan(t.Dir(), f.subst(t.Elem()))
	case *types.Map:
		return types.NewMap(f.subst(t.Key()), f.subst(t.Elem()))
	case *types.Tuple:
		return f.tuple(t)
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, f.tuple(t.Params()), f.tuple(t.Results()), t.Variadic())
	case *types.Struct:
		var vars []*types.Var
		var tags []string
		for i := range t.NumFields() {
			v := t.Field(i)
			vars = append(vars, types.NewField(v.Pos(), v.Pkg(), v.Name(), f.subst(v.Type()), v.Embedded()))
			tags = append(tags, t.Tag(i))
		}
		return types.NewStruct(vars, tags)
	case *types.Interface:
		if t.NumMethods() == 0 {
			return t
		}
		var methods []*types.Func
		for i := range t.NumMethods() {
			m := t.Method(i)
			methods = append(methods, types.NewFunc(m.Pos(), m.Pkg(), m.Name(), f.subst(m.Signature()).(*types.Signature)))
		}
		return types.NewInterfaceType(methods, nil).Complete()
	}
	return t
}

func (f *fn) tuple(t *types.Tuple) *types.Tuple {
	if t == nil {
		return nil
	}
	var vars []*types.Var
	for i := range t.Len() {
		v := t.At(i)
		vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), v.Name(), f.subst(v.Type())))
	}
	return types.NewTuple(vars...)
}
