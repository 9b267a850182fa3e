package interp

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/traefik/yaegi/interp"

	"domovoi.dev/runtime/interp/internal/lower"
	"domovoi.dev/runtime/interp/internal/symbols"
	"domovoi.dev/runtime/script"
)

// corpusSymbols are what the programs of GOROOT/test need besides what scripts
// have.
func corpusSymbols() interp.Exports {
	return interp.Exports{
		"os//os": {
			"Exit": reflect.ValueOf(os.Exit), "Args": reflect.ValueOf(&[]string{"program"}).Elem(), "Stdout": reflect.ValueOf(&os.Stdout).Elem(), "Stderr": reflect.ValueOf(&os.Stderr).Elem(),
			"Getenv": reflect.ValueOf(os.Getenv),
		},
		"runtime//runtime": {
			"GC": reflect.ValueOf(runtime.GC), "Gosched": reflect.ValueOf(runtime.Gosched), "GOMAXPROCS": reflect.ValueOf(runtime.GOMAXPROCS),
			"GOARCH": reflect.ValueOf(runtime.GOARCH), "GOOS": reflect.ValueOf(runtime.GOOS), "Compiler": reflect.ValueOf(runtime.Compiler), "NumGoroutine": reflect.ValueOf(runtime.NumGoroutine),
			"Error":     reflect.ValueOf((*runtime.Error)(nil)),
			"KeepAlive": reflect.ValueOf(runtime.KeepAlive), "NumCPU": reflect.ValueOf(runtime.NumCPU),
		},
	}
}

// TestGorootProgram runs one of those programs, in a process of its own.
func TestGorootProgram(t *testing.T) {
	path := os.Getenv("DOMOVOI_GOROOT_PROGRAM")
	if path == "" {
		t.Skip("run by TestGoroot")
	}
	i := interp.New(interp.Options{Stdout: os.Stdout, Stderr: io.Discard, SourcecodeFilesystem: noFiles{}})
	fset := i.FileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		fmt.Println("REFUSED parse", err)
		os.Exit(3)
	}
	exports := interp.Exports{}
	for _, s := range file.Imports {
		p := script.ImportPath(s)
		if pkg, ok := symbols.Packages[p]; ok {
			exports[exportKey(p, pkg.Name)] = pkg.Symbols()
		} else if e, ok := corpusSymbols()[p+"//"+p]; ok {
			exports[exportKey(p, p)] = e
		} else {
			fmt.Println("REFUSED import", p)
			os.Exit(3)
		}
	}
	i.Use(exports)
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Instances: make(map[*ast.Ident]types.Instance), Defs: make(map[*ast.Ident]types.Object),
		Uses: make(map[*ast.Ident]types.Object), Implicits: make(map[ast.Node]types.Object), Selections: make(map[*ast.SelectorExpr]*types.Selection),
	}
	conf := types.Config{GoVersion: "go1.22", Importer: importer.Default(), Sizes: types.SizesFor("gc", "amd64")}
	pkg, err := conf.Check("main", fset, []*ast.File{file}, info)
	if err != nil {
		fmt.Println("REFUSED types", err)
		os.Exit(3)
	}
	lowered, refusals, err := lowerProgram(i, &script.Checked{Fset: fset, Syntax: []*ast.File{file}, Package: pkg, Info: info}, lower.Watch{}, func(p string) (string, map[string]reflect.Value) {
		if pkg, ok := symbols.Packages[p]; ok {
			return pkg.Name, pkg.Symbols()
		}
		return p, corpusSymbols()[p+"//"+p]
	})
	for _, r := range refusals {
		fmt.Println("REFUSED", fset.Position(r.Pos), r.Message)
	}
	if len(refusals) > 0 {
		os.Exit(3)
	}
	if err != nil {
		panic(err)
	}
	file = lowered.File
	file.Decls = append(file.Decls, callMain(file))
	func() {
		defer func() {
			if v := recover(); v != nil {
				fmt.Println("COMPILE panic", v)
				os.Exit(4)
			}
		}()
		p, err := i.CompileAST(file)
		if err != nil {
			fmt.Println("COMPILE", err)
			os.Exit(4)
		}
		if _, err := i.Execute(p); err != nil {
			fmt.Println("EXEC", err)
			os.Exit(5)
		}
	}()
	os.Exit(0)
}

// TestGoroot runs the programs with which the Go project tests its compiler, in
// the long form. None may do something else than it should; what the
// interpreter does not have must be refused.
func TestGoroot(t *testing.T) {
	patterns := os.Getenv("DOMOVOI_GOROOT")
	if patterns == "" && os.Getenv("DOMOVOI_STRESS") == "" {
		t.Skip("the programs of GOROOT/test run with DOMOVOI_STRESS=1")
	}
	if patterns == "" {
		patterns = "*.go,ken/*.go,chan/*.go,interface/*.go"
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("there is no toolchain: ", err)
	}
	root := strings.TrimSpace(string(out))
	var files []string
	for _, pattern := range strings.Split(patterns, ",") {
		list, _ := filepath.Glob(filepath.Join(root, "test", pattern))
		files = append(files, list...)
	}
	counts := map[string]int{}
	var lines []string
	type res struct{ line, class string }
	results := make(chan res)
	sem := make(chan bool, 2)
	n := 0
	for _, f := range files {
		b, _ := os.ReadFile(f)
		first, _, _ := bytes.Cut(b, []byte("\n"))
		if string(first) != "// run" {
			continue
		}
		n++
		go func() {
			sem <- true
			defer func() { <-sem }()
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestGorootProgram$")
			cmd.Env = append(os.Environ(), "DOMOVOI_GOROOT_PROGRAM="+f)
			out, err := cmd.CombinedOutput()
			want, _ := os.ReadFile(strings.TrimSuffix(f, ".go") + ".out")
			class := "right"
			switch {
			case ctx.Err() != nil:
				class = "slow"
			case bytes.HasPrefix(out, []byte("REFUSED import")):
				class = "import"
			case bytes.HasPrefix(out, []byte("REFUSED")):
				class = "refused"
			case bytes.Contains(out, []byte("COMPILE")):
				class = "compile"
			case err != nil:
				class = "error"
			case !bytes.Equal(out, want):
				class = "different"
			}
			s := strings.ReplaceAll(string(out), root+"/test/", "")
			if len(s) > 300 {
				s = s[:300]
			}
			results <- res{fmt.Sprintf("%s %s: %s", class, strings.TrimPrefix(f, root+"/test/"), strings.ReplaceAll(s, "\n", " | ")), class}
		}()
	}
	for range n {
		r := <-results
		counts[r.class]++
		if r.class != "right" {
			lines = append(lines, r.line)
		}
	}
	sort.Strings(lines)
	t.Logf("%s\n%d programs: %v", strings.Join(lines, "\n"), n, counts)
	for _, class := range []string{"different", "error", "compile"} {
		if counts[class] > 0 {
			t.Errorf("%d programs: %s", counts[class], class)
		}
	}
}

// callMain is a declaration that calls the program's func main.
func callMain(file *ast.File) ast.Decl {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "main#") && !strings.Contains(f.Name.Name, ".") {
			return &ast.FuncDecl{Name: ast.NewIdent("init"), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: &ast.CallExpr{Fun: ast.NewIdent(f.Name.Name)}}}}}
		}
	}
	panic("no main")
}
