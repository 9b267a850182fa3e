package lint_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

func checkPackageComments(t *tree) (found []finding) {
	folders := t.packages()
	for _, folder := range sortedKeys(folders) {
		files := slices.DeleteFunc(slices.Clone(folders[folder]), (*file).isTest)
		documented := func(f *file) bool { return f.syntax.Doc != nil }
		if len(files) > 0 && !slices.ContainsFunc(files, documented) {
			found = append(found, files[0].at(files[0].line(files[0].syntax.Package), "package %s has no package comment; say what lives here and for whom", files[0].syntax.Name.Name))
		}
	}
	return found
}

// knownMethods have their contract in the standard library or in msgp.
var knownMethods = []string{
	"Error", "Unwrap", "Is", "As", "String", "GoString", "Format", "LogValue",
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "AppendText", "Len", "Less", "Swap",
	"MarshalMsg", "UnmarshalMsg", "Msgsize",
}

// checkDocComments wants a comment for every exported type, function, method,
// constant and variable that script authors see; one on a group of constants or
// variables counts for all of them. Struct fields are left to the reader.
func checkDocComments(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		if !under("sdk", f.dir()) || f.outside || f.generated || f.isTest() || f.syntax.Name.Name == "main" {
			continue
		}
		missing := func(pos token.Pos, name string) {
			found = append(found, f.at(f.line(pos), "%s is exported and has no doc comment; say what it does, its units, and when it fails", name))
		}
		for _, decl := range f.syntax.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if name, ok := exportedFunc(d); ok && d.Doc == nil {
					missing(d.Pos(), name)
				}
			case *ast.GenDecl:
				undocumented(d, missing)
			}
		}
	}
	return found
}

// exportedFunc returns the name of a function or method that needs a comment.
func exportedFunc(d *ast.FuncDecl) (name string, ok bool) {
	if !d.Name.IsExported() {
		return "", false
	}
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name, true
	}
	receiver := d.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.Name + "." + d.Name.Name, r.IsExported() && !slices.Contains(knownMethods, d.Name.Name)
		default:
			return "", false
		}
	}
}

func undocumented(d *ast.GenDecl, missing func(token.Pos, string)) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			if s.Doc == nil && s.Comment == nil && (d.Doc == nil || d.Lparen.IsValid()) {
				missing(s.Pos(), s.Name.Name)
			}
			methodsUndocumented(s, missing)
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					missing(name.Pos(), name.Name)
				}
			}
		}
	}
}

func methodsUndocumented(s *ast.TypeSpec, missing func(token.Pos, string)) {
	contract, ok := s.Type.(*ast.InterfaceType)
	if !ok {
		return
	}
	for _, method := range contract.Methods.List {
		for _, name := range method.Names {
			if name.IsExported() && method.Doc == nil && method.Comment == nil && !slices.Contains(knownMethods, name.Name) {
				missing(name.Pos(), s.Name.Name+"."+name.Name)
			}
		}
	}
}

// noNouns say nothing about this field, so they collect whatever is at hand.
var noNouns = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "base", "misc"}

func checkPackageNames(t *tree) (found []finding) {
	folders := t.packages()
	for _, folder := range sortedKeys(folders) {
		f := folders[folder][0]
		name := strings.TrimSuffix(f.syntax.Name.Name, "_test")
		last := folder[strings.LastIndex(folder, "/")+1:]
		if slices.Contains(noNouns, name) || slices.Contains(noNouns, last) {
			found = append(found, f.at(f.line(f.syntax.Name.Pos()), "package %s says nothing about what is in it; name it after a noun of this field, or move its parts to those who use them", name))
		}
	}
	return found
}
