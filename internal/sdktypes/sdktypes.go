// Package sdktypes reads from the source of the SDK how its types are declared,
// with what their documentation says, for programs that describe the messages in
// another language.
package sdktypes

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Types are the exported types of some folders by name.
type Types map[string]*Type

// Type is the declaration of a type. Constants are those of the type that have a
// literal value, in the order of the source.
type Type struct {
	Name, Doc string
	Of        ast.Expr
	Constants []Constant
}

// Constant is one value of an enumeration. Value is a Go literal.
type Constant struct{ Name, Value, Doc string }

// Property is a field as it stands in JSON.
type Property struct {
	Name, Doc string
	Type      ast.Expr
	// Optional says that it is left out where it is empty, Nullable that it is null
	// there if it is not left out.
	Optional, Nullable bool
}

// Read returns the types of the folders. Tests and generated files are left out.
func Read(folders ...string) (Types, error) {
	types := make(Types)
	for _, folder := range folders {
		if err := types.read(folder); err != nil {
			return nil, err
		}
	}
	return types, nil
}

func (types Types) read(folder string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	var constants []*ast.GenDecl
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_gen.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			switch {
			case ok && decl.Tok == token.TYPE:
				types.addTypes(decl)
			case ok && decl.Tok == token.CONST:
				constants = append(constants, decl)
			}
		}
	}
	for _, decl := range constants {
		types.addConstants(decl)
	}
	return nil
}

func (types Types) addTypes(decl *ast.GenDecl) {
	for _, s := range decl.Specs {
		spec := s.(*ast.TypeSpec)
		if spec.Name.IsExported() {
			types[spec.Name.Name] = &Type{Name: spec.Name.Name, Of: spec.Type, Doc: cmp.Or(text(spec.Doc), text(decl.Doc))}
		}
	}
}

func (types Types) addConstants(decl *ast.GenDecl) {
	for _, s := range decl.Specs {
		spec := s.(*ast.ValueSpec)
		owner := types[Last(spec.Type)]
		if owner == nil || len(spec.Values) != 1 {
			continue
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			continue
		}
		value := literal.Value
		if literal.Kind != token.STRING {
			value = strings.ReplaceAll(value, "_", "")
		}
		owner.Constants = append(owner.Constants, Constant{spec.Names[0].Name, value, cmp.Or(text(spec.Doc), text(spec.Comment))})
	}
}

func text(doc *ast.CommentGroup) string { return strings.TrimSpace(doc.Text()) }

// Last is the name of a type without its package, empty where it has none.
func Last(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// IsText reports whether the constants of an enumeration are texts.
func (t *Type) IsText() bool {
	return len(t.Constants) > 0 && strings.HasPrefix(t.Constants[0].Value, `"`)
}

// Properties are the fields of a struct as they stand in JSON, and the types it
// embeds, whose properties it has too.
func Properties(s *ast.StructType) (own []Property, embedded []ast.Expr) {
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 {
			embedded = append(embedded, f.Type)
			continue
		}
		if !f.Names[0].IsExported() {
			continue
		}
		if p := property(f); p.Name != "-" {
			own = append(own, p)
		}
	}
	return own, embedded
}

func property(f *ast.Field) Property {
	p := Property{Name: f.Names[0].Name, Type: f.Type, Doc: cmp.Or(text(f.Doc), text(f.Comment))}
	if f.Tag != nil {
		literal, _ := strconv.Unquote(f.Tag.Value)
		parts := strings.Split(reflect.StructTag(literal).Get("json"), ",")
		p.Name = cmp.Or(parts[0], p.Name)
		p.Optional = slices.Contains(parts, "omitempty") || slices.Contains(parts, "omitzero")
	}
	switch t := f.Type.(type) {
	case *ast.StarExpr, *ast.MapType:
		p.Nullable = true
	case *ast.ArrayType:
		p.Nullable = t.Len == nil
	}
	return p
}

var answered = regexp.MustCompile(`[Aa]nswered\s+with\s+(?:a\s+|an\s+)?(?:slnet\.)?(\w+)`)

// Answer is the type with which a request is answered, as its documentation says,
// empty where it says nothing.
func (t *Type) Answer() string {
	if found := answered.FindStringSubmatch(t.Doc); found != nil {
		return found[1]
	}
	return ""
}
