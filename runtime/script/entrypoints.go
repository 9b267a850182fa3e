package script

import (
	"go/ast"
	"go/printer"
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
func (c *checker) findEntryPoints(files []*ast.File) []string {
	found := make(map[string]bool)
	declared := make(map[string]bool)
	for _, f := range files {
		imports := importNames(f)
		for _, d := range f.Decls {
			decl, ok := d.(*ast.FuncDecl)
			if !ok || decl.Recv != nil {
				continue
			}
			name := decl.Name.Name
			if name != "init" && name != "_" && declared[name] {
				c.errorf(decl.Name.Pos(), "%s is declared twice in this script", name)
			}
			declared[name] = true
			if name == "main" {
				c.errorf(decl.Name.Pos(), "a script has no func main: the platform calls func Run, a plugin binary has its func main in a file that is not deployed, see plugins/hello")
			}
			for _, e := range entryPoints {
				if e.name == name {
					found[name] = true
					c.checkSignature(e, decl, imports)
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

func (c *checker) checkSignature(e entryPoint, decl *ast.FuncDecl, imports map[string]string) {
	if decl.Body == nil {
		c.errorf(decl.Name.Pos(), "%s has no body", e.name)
	}
	if e.params == nil {
		return
	}
	t := decl.Type
	if t.TypeParams == nil && sameTypes(t.Params, e.params, imports) && sameTypes(t.Results, e.results, imports) {
		return
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

// sameTypes reports whether the fields have exactly these types.
func sameTypes(fields *ast.FieldList, want []string, imports map[string]string) bool {
	var got []string
	if fields != nil {
		for _, f := range fields.List {
			for range max(1, len(f.Names)) {
				got = append(got, typeName(f.Type, imports))
			}
		}
	}
	return slices.Equal(got, want)
}

// typeName writes a named type, or a pointer to one, with the import path of
// its package. Other types have no name.
func typeName(e ast.Expr, imports map[string]string) string {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return typeName(e.X, imports)
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return "*" + typeName(e.X, imports)
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); ok {
			return imports[pkg.Name] + "." + e.Sel.Name
		}
	}
	return "?"
}

// importNames maps the names of a file's imports to their paths.
func importNames(f *ast.File) map[string]string {
	names := make(map[string]string)
	for _, spec := range f.Imports {
		names[ImportName(spec)] = ImportPath(spec)
	}
	return names
}
