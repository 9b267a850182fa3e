package script_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
)

// The types below stand here twice: compiled, and as the source of a script.

type everything struct {
	Text     string        `doc:"a \"text\"" default:"x" enum:"x, y"`
	Number   int           `default:"-3" min:"-10" max:"10"`
	Small    int8          `json:"small,omitempty"`
	Big      uint64        `max:"18446744073709551615"`
	Half     float32       `min:"0.5"`
	Real     float64       `required:"true" enum:"1,2.5"`
	Yes      bool          `default:"true"`
	When     time.Time     `default:"2026-01-31T12:00:00Z"`
	Long     time.Duration `default:"1h30m"`
	ID       uuid.UUID
	Instance dom.InstanceID
	Kind     dom.CrudType
	Ref      dom.InstanceReference
	Color    color
	Data     []byte
	Maybe    *int `default:"7"`
	List     []inner
	Named    map[color]*inner
	Hidden   string `json:"-"`
	lower    chan int
}

type color string

type inner struct {
	A int `default:"1"`
	B []map[string]bool
}

const everythingSource = `package main

import (
	"context"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"github.com/google/uuid"
)

func Run(ctx context.Context, engine *sdk.Engine, p everything) ([]*everything, error) { return nil, nil }

`

// TestSchemasOfBothEnginesAreEqual compares the schema of checked source with
// that of the same types compiled.
func TestSchemasOfBothEnginesAreEqual(t *testing.T) {
	_ = everything{}.lower // the field is here to be left out
	own, err := os.ReadFile("schema_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(own), "\ntype everything struct")
	types, _, _ := strings.Cut(rest, "\nconst ")
	checked, err := script.Check([]slnet.ScriptFile{file("script.go", everythingSource+"type everything struct"+types)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		got  *schema.Schema
		want reflect.Type
	}{
		{checked.Parameters, reflect.TypeFor[everything]()},
		{checked.Result, reflect.TypeFor[[]*everything]()},
	} {
		want, err := schema.Of(schema.Compiled(c.want))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(c.got, want) {
			t.Errorf("the source has the schema\n%s\ncompiled it is\n%s", inJSON(t, c.got), inJSON(t, want))
		}
		read, err := schema.Read([]byte(inJSON(t, want)))
		if err != nil || inJSON(t, read) != inJSON(t, want) {
			t.Errorf("read again the schema is\n%s, %v\nwant\n%s", inJSON(t, read), err, inJSON(t, want))
		}
	}
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestShippedScripts checks that what is shipped can be deployed.
func TestShippedScripts(t *testing.T) {
	scripts, err := filepath.Glob("../../scripts/*/script.go")
	if err != nil || len(scripts) < 4 {
		t.Fatalf("found %v, %v", scripts, err)
	}
	for _, path := range scripts {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := script.Check([]slnet.ScriptFile{file("script.go", string(source))}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestDocumentedScript checks the script in the documentation.
func TestDocumentedScript(t *testing.T) {
	page, err := os.ReadFile("../../docs/scripts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```go invoice/script.go\npackage main\n")
	source, _, _ := strings.Cut(rest, "```")
	s, err := script.Check([]slnet.ScriptFile{file("script.go", "package main\n"+source)})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(s.Parameters.Properties); got != 6 {
		t.Errorf("it has %d parameters, want 6", got)
	}
}

// TestDocumentedImports: the page lists what scripts may import, and nothing else.
func TestDocumentedImports(t *testing.T) {
	page, err := os.ReadFile("../../docs/scripts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```text\n")
	list, _, _ := strings.Cut(after, "```")
	if got := strings.Fields(list); !slices.Equal(got, script.AllowedImports) {
		t.Errorf("the page lists %v, want %v", got, script.AllowedImports)
	}
}

// TestTypesThatCannotBeDescribed checks that each is refused where it stands.
func TestTypesThatCannotBeDescribed(t *testing.T) {
	for _, c := range []struct{ field, want string }{
		{"A chan int", "A: chan int cannot be described: there is no JSON for a chan"},
		{"A any", "A: any cannot be described: there is no JSON for a interface"},
		{"A func()", "A: func() cannot be described"},
		{"A [3]int", "A: [3]int cannot be described"},
		{"A complex128", "A: complex128 cannot be described"},
		{"A **int", "A: **int cannot be described: it points to a pointer"},
		{"A map[int]string", "A: map[int]string cannot be described: the keys of a map must be strings"},
		{"A dom.Value", "A: dom.Value cannot be described: it has a method MarshalJSON"},
		{"A *Params", "A: main.Params cannot be described: it contains itself"},
		{"A []struct{ B chan int }", "A.B: chan int cannot be described"},
		{"dom.InstanceReference", "InstanceReference: an embedded field cannot be described; give it a name"},
		{"A, B int `json:\"a\"`", "B: two fields have the name a"},
		{"A int `json:\",string\"`", `A: the option "string" of its json tag is not supported`},
		{"A int `doc:x`", "A: the tag `doc:x` is not of the form key:\"value\""},
		{"A int `default:\"x\"`", `A: default "x": must be a number, not x`},
		{"A int `default:\"1.5\"`", `A: default "1.5": 1.5 is no whole number of the format int64`},
		{"A int8 `max:\"300\"`", `A: max "300": 300 is no whole number of the format int8`},
		{"A string `min:\"1\"`", "A: min is for numbers"},
		{"A int `min:\"2\" max:\"1\"`", "A: min 2 is above max 1"},
		{"A int `default:\"5\" max:\"1\"`", `A: default "5": must be at most 1`},
		{"A int `enum:\"1,two\"`", `A: enum "two": must be a number`},
		{"A bool `enum:\"true\"`", "A: enum is for text and numbers"},
		{"A string `enum:\"a,b\" default:\"c\"`", `A: default "c": c is not one of a, b`},
		{"A time.Duration `default:\"soon\"`", `A: default "soon": "soon" is no duration`},
		{"A bool `default:\"maybe\"`", `A: default "maybe": must be true or false, not "maybe"`},
		{"A []int `default:\"1\"`", "A: there are no defaults for lists and objects"},
		{"A int `required:\"true\" default:\"1\"`", "A: a required field has no default"},
		{"A int `required:\"yes\"`", `A: required is "yes"; want true or false`},
	} {
		source := "package main\nimport (\"context\"; \"time\"; \"domovoi.dev/sdk\"; \"domovoi.dev/sdk/dom\")\nvar _ time.Time; var _ dom.Value\ntype Params struct {\n" + c.field +
			"\n}\nfunc Run(ctx context.Context, engine *sdk.Engine, p Params) error { return nil }\n"
		_, err := script.Check([]slnet.ScriptFile{file("script.go", source)})
		var got plugin.CompileErrors
		if !errors.As(err, &got) || len(got) != 1 || got[0].Line != 5 || !strings.HasPrefix(got[0].Message, "the parameters of Run: "+c.want) {
			t.Errorf("%s: got %v, want %s", c.field, err, c.want)
		}
	}
}
