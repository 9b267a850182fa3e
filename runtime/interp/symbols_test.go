package interp_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/runtime/interp/internal/extract"
	"domovoi.dev/runtime/interp/internal/symbols"
	"domovoi.dev/runtime/script"
)

// TestSymbolsOfSDK checks that scripts see all that the SDK exports, by its
// source.
func TestSymbolsOfSDK(t *testing.T) {
	for path, dir := range map[string]string{
		"domovoi.dev/sdk":       "../../sdk",
		"domovoi.dev/sdk/slnet": "../../sdk/slnet",
		"domovoi.dev/sdk/dom":   "../../sdk/dom",
	} {
		table := symbols.Packages[path].Symbols()
		names := exportedNames(t, dir)
		if len(names) < 5 {
			t.Errorf("%s: found only the names %v", path, names)
		}
		for _, name := range names {
			if _, ok := table[name]; !ok {
				t.Errorf("%s.%s is missing; run go generate ./runtime/interp", path, name)
			}
		}
		for name := range table {
			if !slices.Contains(names, name) {
				t.Errorf("%s.%s is in the table, but not in the package", path, name)
			}
		}
	}
}

// exportedNames are the exported package-level names in a folder.
func exportedNames(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	add := func(ident *ast.Ident) {
		if ident.IsExported() {
			names = append(names, ident.Name)
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						add(s.Name)
					case *ast.ValueSpec:
						for _, ident := range s.Names {
							add(ident)
						}
					}
				}
			}
		}
	}
	return names
}

// TestSymbolsAreUpToDate generates the tables again and compares.
func TestSymbolsAreUpToDate(t *testing.T) {
	want, err := extract.Files(".", script.AllowedImports)
	if err != nil {
		t.Fatal(err)
	}
	const dir = "internal/symbols"
	have, err := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, source) {
			t.Errorf("%s is not up to date; run go generate ./runtime/interp", name)
		}
	}
	for _, name := range have {
		if _, ok := want[filepath.Base(name)]; !ok {
			t.Errorf("%s is not generated any more; run go generate ./runtime/interp", name)
		}
	}
}

func TestPackagesAreTheAllowedOnes(t *testing.T) {
	if got := slices.Sorted(maps.Keys(symbols.Packages)); !slices.Equal(got, script.AllowedImports) {
		t.Errorf("got packages %v, want %v", got, script.AllowedImports)
	}
}

// TestVariablesAreCopies checks that what a script can take the address of is
// its own.
func TestVariablesAreCopies(t *testing.T) {
	first, second := symbols.Packages["io"].Symbols()["EOF"], symbols.Packages["io"].Symbols()["EOF"]
	if first.Interface() != io.EOF {
		t.Error("io.EOF is another error in scripts")
	}
	first.Set(reflect.ValueOf(io.ErrClosedPipe))
	if io.EOF == io.ErrClosedPipe || second.Interface() != io.EOF {
		t.Error("a script can change io.EOF for others")
	}
	for path, pkg := range symbols.Packages {
		if strings.HasPrefix(path, "domovoi.dev/") {
			continue
		}
		for name, v := range pkg.Symbols() {
			if !v.CanAddr() {
				continue
			}
			switch v.Kind() {
			case reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
				t.Errorf("%s.%s is a %s that scripts share with the process", path, name, v.Kind())
			}
		}
	}
}

// TestSymbolsAreWhatTheCheckerSees checks that a script that passes the type
// checker finds all it uses in the interpreter: the packages' own symbols, and
// the methods and fields of their types.
func TestSymbolsAreWhatTheCheckerSees(t *testing.T) {
	for path, pkg := range symbols.Packages {
		table := pkg.Symbols()
		exports, err := script.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range exports.Scope().Names() {
			o := exports.Scope().Lookup(name)
			if !o.Exported() || script.Withheld(o) != "" {
				continue
			}
			if script.Generic(o) {
				if !interp.HasGeneric(path, name) {
					t.Errorf("%s.%s passes the type checker, and the library lacks it", path, name)
				}
				continue
			}
			v, ok := table[name]
			if !ok {
				t.Errorf("%s.%s passes the type checker, and the interpreter lacks it", path, name)
				continue
			}
			if _, ok := o.(*types.TypeName); !ok || v.Kind() != reflect.Pointer || types.IsInterface(o.Type()) {
				continue
			}
			for m := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
				if !m.Obj().Exported() || script.WithheldMember(o, m.Obj()) != "" {
					continue
				}
				if _, ok := v.Type().MethodByName(m.Obj().Name()); !ok {
					t.Errorf("%s.%s has no method %s in the interpreter", path, name, m.Obj().Name())
				}
			}
		}
	}
}
