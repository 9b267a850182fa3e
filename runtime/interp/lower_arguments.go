package interp

import (
	"go/ast"
	"go/types"

	"domovoi.dev/runtime/script"
)

// method is a method that compiled functions look for in a value of any type,
// and the function of builtin that makes it visible.
type method struct{ name, as string }

var (
	printing       = []method{{"Format", "AsFormatter"}, {"Error", "AsError"}, {"String", "AsStringer"}}
	marshalJSON    = []method{{"MarshalJSON", "AsJSONMarshaler"}, {"MarshalText", "AsTextMarshaler"}}
	unmarshalJSON  = []method{{"UnmarshalJSON", "AsJSONUnmarshaler"}, {"UnmarshalText", "AsTextUnmarshaler"}}
	marshalXML     = []method{{"MarshalXML", "AsXMLMarshaler"}, {"MarshalText", "AsTextMarshaler"}}
	unmarshalXML   = []method{{"UnmarshalXML", "AsXMLUnmarshaler"}, {"UnmarshalText", "AsTextUnmarshaler"}}
	lookingForThem = map[string]map[string][]method{
		"fmt": {
			"Append": printing, "Appendf": printing, "Appendln": printing, "Errorf": printing,
			"Fprint": printing, "Fprintf": printing, "Fprintln": printing,
			"Print": printing, "Printf": printing, "Println": printing,
			"Sprint": printing, "Sprintf": printing, "Sprintln": printing,
		},
		"encoding/json": {"Marshal": marshalJSON, "MarshalIndent": marshalJSON, "Unmarshal": unmarshalJSON},
		"encoding/xml":  {"Marshal": marshalXML, "MarshalIndent": marshalXML, "Unmarshal": unmarshalXML},
	}
)

// lowerArguments converts values of the script's own types to the interfaces
// that the called function will look for: compiled code sees the methods of a
// script only in an interface. So fmt.Println(x) becomes
// fmt.Println(builtin#.AsStringer(x)) where x has a method String. What lies
// within the value stays without methods.
//
// And panic(x) becomes builtin#.Panic(x), because the runtime cannot print the
// form in which yaegi panics.
//
// yaegi has a way to do this itself, but with a value held in an any it prints
// another one.
func lowerArguments(file *ast.File, pkg *types.Package, info *types.Info) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		path, name := script.ImportedName(call.Fun, info)
		methods := lookingForThem[path][name]
		if isPanic(call, info) {
			methods, call.Fun = printing, fromBuiltin(call.Pos(), "Panic")
		}
		for i, arg := range call.Args {
			if call.Ellipsis.IsValid() && i == len(call.Args)-1 {
				break
			}
			if m, ok := find(methods, info.TypeOf(arg), pkg); ok {
				call.Args[i] = &ast.CallExpr{
					Fun: fromBuiltin(arg.Pos(), m.as), Lparen: arg.Pos(), Args: []ast.Expr{arg}, Rparen: arg.End(),
				}
			}
		}
		return true
	})
}

func isPanic(call *ast.CallExpr, info *types.Info) bool {
	ident, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || ident.Name != "panic" {
		return false
	}
	_, ok = info.Uses[ident].(*types.Builtin)
	return ok
}

// find returns the first of the methods that a type of the script has.
func find(methods []method, t types.Type, pkg *types.Package) (method, bool) {
	if len(methods) == 0 || t == nil || types.IsInterface(t) {
		return method{}, false
	}
	set := types.NewMethodSet(t)
	for _, m := range methods {
		if s := set.Lookup(pkg, m.name); s != nil && s.Obj().Pkg() == pkg {
			return m, true
		}
	}
	return method{}, false
}
