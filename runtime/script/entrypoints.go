package script

import (
	"go/ast"
	"go/printer"
	"go/types"
	"reflect"
	"strings"

	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

const sdkPath = "domovoi.dev/sdk"

// findEntryPoints returns the names of the script's entry points and notes what
// is wrong with them.
func (c *checker) findEntryPoints(files []*ast.File, info *types.Info) []string {
	points := plugin.EntryPoints()
	found := make(map[string]bool)
	for _, f := range files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.FuncDecl)
			if !ok || decl.Recv != nil {
				continue
			}
			name := decl.Name.Name
			if name == "main" {
				c.errorf(decl.Name.Pos(), "a script has no func main: the platform calls func Run, a plugin binary has its func main in a file that is not deployed, see plugins/hello")
			}
			for _, e := range points {
				if e.Name == name && !found[name] {
					found[name] = true
					c.checkSignature(e, decl, info)
				}
			}
		}
	}
	var names []string
	for _, e := range points {
		if found[e.Name] {
			names = append(names, e.Name)
		}
	}
	if len(files) > 0 && (len(names) == 0 || names[0] == slnet.EntryPointOnDestroy) {
		c.fileErrorf(c.fset.PositionFor(files[0].Package, false).Filename, "the script has no entry point; write %s, or another one", points[0].Signature)
	}
	return names
}

func (c *checker) checkSignature(e plugin.EntryPoint, decl *ast.FuncDecl, info *types.Info) {
	fn, ok := info.Defs[decl.Name].(*types.Func)
	if !ok {
		return
	}
	s := fn.Signature()
	if unknownTypes(s.Params()) || unknownTypes(s.Results()) {
		return // the type checker has said so
	}
	if e.Type == nil {
		if !c.checkRun(s, decl) {
			c.errorf(decl.Name.Pos(), "got %s, want %s", c.signature(decl), e.Signature)
		}
		return
	}
	if !sameSignature(s, e.Type) {
		c.errorf(decl.Name.Pos(), "got %s, want %s", c.signature(decl), e.Signature)
	}
}

// checkRun checks the signature of Run, and describes its parameters and result.
func (c *checker) checkRun(s *types.Signature, decl *ast.FuncDecl) bool {
	in, out := s.Params(), s.Results()
	if s.TypeParams() != nil || s.Variadic() || in.Len() < 2 || in.Len() > 3 || out.Len() < 1 || out.Len() > 2 ||
		typeName(in.At(0)) != "context.Context" || typeName(in.At(1)) != "*"+sdkPath+".Engine" || typeName(out.At(out.Len()-1)) != "error" {
		return false
	}
	if in.Len() == 3 {
		if (checkedType{in.At(2).Type()}).Kind() != reflect.Struct {
			return false
		}
		c.params = c.describe(in.At(2), "parameters", decl.Name.Pos())
	}
	if out.Len() == 2 {
		c.result = c.describe(out.At(0), "result", decl.Name.Pos())
	}
	return true
}

// sameSignature reports whether a function of the script has the type that the
// platform calls.
func sameSignature(s *types.Signature, want reflect.Type) bool {
	if s.TypeParams() != nil || s.Variadic() || s.Params().Len() != want.NumIn() || s.Results().Len() != want.NumOut() {
		return false
	}
	for i := range want.NumIn() {
		if typeName(s.Params().At(i)) != compiledName(want.In(i)) {
			return false
		}
	}
	for i := range want.NumOut() {
		if typeName(s.Results().At(i)) != compiledName(want.Out(i)) {
			return false
		}
	}
	return true
}

func typeName(v *types.Var) string { return types.TypeString(types.Unalias(v.Type()), nil) }

// compiledName writes a named type, or a pointer to one, as typeName does.
func compiledName(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return "*" + compiledName(t.Elem())
	case t.PkgPath() == "":
		return t.Name()
	}
	return t.PkgPath() + "." + t.Name()
}

// signature prints the declaration without its body.
func (c *checker) signature(decl *ast.FuncDecl) string {
	var b strings.Builder
	if err := printer.Fprint(&b, c.fset, &ast.FuncDecl{Name: decl.Name, Type: decl.Type}); err != nil {
		return "func " + decl.Name.Name
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func unknownTypes(vars *types.Tuple) bool {
	for v := range vars.Variables() {
		if v.Type() == types.Typ[types.Invalid] {
			return true
		}
	}
	return false
}
