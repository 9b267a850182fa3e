package script

import (
	"go/ast"
	"go/printer"
	"go/types"
	"slices"
	"strings"
)

const (
	contextPath = "context"
	sdkPath     = "domovoi.dev/sdk"
)

// entryPoint is a function that the platform calls by its name.
type entryPoint struct {
	name string
	// params and results are the types of the signature, where package names
	// stand as "<import path>.". A nil params leaves the signature unchecked.
	params, results []string
	// want shows the signature to people.
	want string
}

// entryPoints are all entry points of the platform. Those without a signature
// are known by name and cannot be called yet.
var entryPoints = []entryPoint{
	{
		name:   "Run",
		params: []string{contextPath + ".Context", "*" + sdkPath + ".Engine"}, results: []string{"error"},
		want: "func Run(ctx context.Context, engine *sdk.Engine) error",
	},
	{name: "OnDomInstanceCrud"},
	{name: "OnDomInstanceCrudWithFullMeta"},
	{name: "OnDomAction"},
	{name: "OnApiTrigger"},
	{name: "OnRequestScriptInfo"},
	{name: "OnDestroy"},
}

// findEntryPoints returns the names of the script's entry points and notes what
// is wrong with them.
func (c *checker) findEntryPoints(files []*ast.File, info *types.Info) []string {
	found := make(map[string]bool)
	for _, f := range files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if decl.Body == nil {
				c.errorf(decl.Name.Pos(), "%s has no body", decl.Name.Name)
			}
			if decl.Recv != nil {
				continue
			}
			name := decl.Name.Name
			if name == "main" {
				c.errorf(decl.Name.Pos(), "a script has no func main: the platform calls func Run, a plugin binary has its func main in a file that is not deployed, see plugins/hello")
			}
			for _, e := range entryPoints {
				if e.name == name && !found[name] {
					found[name] = true
					c.checkSignature(e, decl, info)
				}
			}
		}
	}
	var names []string
	for _, e := range entryPoints {
		if found[e.name] {
			names = append(names, e.name)
		}
	}
	if len(files) > 0 && !found["Run"] {
		c.fileErrorf(c.fset.PositionFor(files[0].Package, false).Filename, "the script has no entry point; write %s", entryPoints[0].want)
	}
	return names
}

func (c *checker) checkSignature(e entryPoint, decl *ast.FuncDecl, info *types.Info) {
	if e.params == nil {
		return
	}
	fn, ok := info.Defs[decl.Name].(*types.Func)
	if !ok {
		return
	}
	s := fn.Signature()
	if s.TypeParams() == nil && !s.Variadic() && sameTypes(s.Params(), e.params) && sameTypes(s.Results(), e.results) {
		return
	}
	if unknownTypes(s.Params()) || unknownTypes(s.Results()) {
		return // the type checker has said so
	}
	c.errorf(decl.Name.Pos(), "got %s, want %s", c.signature(decl), e.want)
}

// signature prints the declaration without its body.
func (c *checker) signature(decl *ast.FuncDecl) string {
	var b strings.Builder
	if err := printer.Fprint(&b, c.fset, &ast.FuncDecl{Name: decl.Name, Type: decl.Type}); err != nil {
		return "func " + decl.Name.Name
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// sameTypes reports whether the variables have exactly these types.
func sameTypes(vars *types.Tuple, want []string) bool {
	var got []string
	for v := range vars.Variables() {
		got = append(got, types.TypeString(types.Unalias(v.Type()), nil))
	}
	return slices.Equal(got, want)
}

func unknownTypes(vars *types.Tuple) bool {
	for v := range vars.Variables() {
		if v.Type() == types.Typ[types.Invalid] {
			return true
		}
	}
	return false
}
