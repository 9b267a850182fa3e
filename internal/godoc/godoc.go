// Package godoc reads what Go packages declare, with its documentation, for
// what is generated from it: the types of the console and the reference pages.
package godoc

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

// Type is a declared type.
type Type struct {
	Name, Doc string
	// File is the name of the file it stands in.
	File string
	// Of is what it is declared as.
	Of ast.Expr
	// Constants are its constants with a literal value, in the order of the source.
	Constants []Constant
}

// Constant is one value of an enumeration. Value is a literal of Go.
type Constant struct{ Name, Value, Doc string }

// Text is the value of a constant that is a text.
func (c Constant) Text() string {
	text, _ := strconv.Unquote(c.Value)
	return text
}

// IsText reports whether the constants of an enumeration are texts.
func (t *Type) IsText() bool {
	return len(t.Constants) > 0 && strings.HasPrefix(t.Constants[0].Value, `"`)
}

// Field is a field of a struct as JSON has it.
type Field struct {
	Name, Doc string
	Of        ast.Expr
	// Optional fields may be left out; Nullable ones are null where they are empty.
	Optional, Nullable bool
}

// Read returns the exported types of the packages in some folders by name, without
// tests and generated files.
func Read(folders ...string) (map[string]*Type, error) {
	types := make(map[string]*Type)
	for _, folder := range folders {
		if err := read(types, folder); err != nil {
			return nil, err
		}
	}
	return types, nil
}

func read(types map[string]*Type, folder string) error {
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
				readTypes(types, decl, filepath.Base(path))
			case ok && decl.Tok == token.CONST:
				constants = append(constants, decl)
			}
		}
	}
	for _, decl := range constants {
		readConstants(types, decl)
	}
	return nil
}

func readTypes(types map[string]*Type, decl *ast.GenDecl, file string) {
	for _, s := range decl.Specs {
		spec := s.(*ast.TypeSpec)
		if spec.Name.IsExported() {
			types[spec.Name.Name] = &Type{Name: spec.Name.Name, Of: spec.Type, File: file, Doc: cmp.Or(text(spec.Doc), text(decl.Doc))}
		}
	}
}

// readConstants notes the constants that have a type and a literal value.
func readConstants(types map[string]*Type, decl *ast.GenDecl) {
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

// Last is the name of a type without its package.
func Last(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func text(doc *ast.CommentGroup) string { return strings.TrimSpace(doc.Text()) }

// Fields are the fields of a struct that JSON has, and the embedded types. ok is
// false when the type is no struct.
func (t *Type) Fields() (fields []Field, embedded []string, ok bool) {
	s, ok := t.Of.(*ast.StructType)
	if !ok {
		return nil, nil, false
	}
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 {
			embedded = append(embedded, Last(f.Type))
			continue
		}
		if !f.Names[0].IsExported() {
			continue
		}
		if field := property(f); field.Name != "-" {
			fields = append(fields, field)
		}
	}
	return fields, embedded, true
}

// property reads the JSON tag of a field.
func property(f *ast.Field) Field {
	field := Field{Name: f.Names[0].Name, Of: f.Type, Doc: cmp.Or(text(f.Doc), text(f.Comment))}
	if f.Tag != nil {
		literal, _ := strconv.Unquote(f.Tag.Value)
		parts := strings.Split(reflect.StructTag(literal).Get("json"), ",")
		field.Name = cmp.Or(parts[0], field.Name)
		field.Optional = slices.Contains(parts, "omitempty") || slices.Contains(parts, "omitzero")
	}
	switch t := f.Type.(type) {
	case *ast.StarExpr, *ast.MapType:
		field.Nullable = true
	case *ast.ArrayType:
		field.Nullable = t.Len == nil
	}
	return field
}

var answered = regexp.MustCompile(`[Aa]nswered\s+with\s+(?:a\s+|an\s+)?(?:slnet\.)?(\w+)`)

// Answer is the type a message is answered with, as its documentation says; "" when
// it does not.
func (t *Type) Answer() string {
	if found := answered.FindStringSubmatch(t.Doc); found != nil {
		return found[1]
	}
	return ""
}
