package script_test

import (
	"strings"
	"testing"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/slnet"
)

// TestTraces tells scripts whose package is after a run as it was before from
// those of which that is not certain.
func TestTraces(t *testing.T) {
	const none, state, goroutines = "", "state", "goroutines"
	tests := []struct {
		imports, decls, body string
		want                 string
	}{
		{body: "x := 1; x++; _ = x", want: none},
		{decls: "const a = 1\nvar b = a + 2\nvar zero int", body: "_ = b + zero", want: none},
		{decls: "var n int", body: "n++", want: state},
		{decls: "var n int", body: "n = 2", want: state},
		{decls: "var n int", body: "for n = range 3 {}", want: state},
		{decls: "var n int", body: "p := &n; *p = 3", want: state},
		{decls: "type c struct{ n int }\nfunc (x *c) inc() { x.n++ }\nvar v c", body: "v.inc()", want: state},
		{decls: "type c struct{ n int }\nfunc (x c) get() int { return x.n }\nvar v = c{3}", body: "_ = v.get() + v.n", want: none},
		{decls: "var v struct{ n int }", body: "v.n = 3", want: state},
		{decls: "var p = new(int)", body: "_ = p", want: state},
		{decls: "var p = &struct{ n int }{}", body: "_ = p", want: state},
		{decls: "var i any = 3", body: "_ = i", want: state},
		{decls: "var c = make(chan int, 1)", body: "c <- 1", want: state},
		{decls: "func init() {}", want: state},
		// Texts, errors, expressions: what scripts have at the top.
		{imports: `"errors"; "fmt"`, decls: "var errA = errors.New(\"a\")\nvar errB = fmt.Errorf(\"b: %w\", errA)", body: "_ = errors.Is(errB, errA)", want: none},
		{decls: "type e struct{ s []int }\nfunc (e) Error() string { return \"\" }\nvar err error = e{[]int{1}}", body: "_ = err", want: state},
		{imports: `"regexp"`, decls: "var re = regexp.MustCompile(\"a+\")", body: "_ = re.MatchString(\"a\")", want: none},
		{imports: `"regexp"`, decls: "var re = regexp.MustCompile(\"a+\")", body: "re.Longest()", want: state},
		{imports: `"time"`, decls: "var day = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)", body: "_ = day.Year()", want: none},
		{imports: `"github.com/google/uuid"`, decls: "var id = uuid.MustParse(\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\")", body: "_ = id.String()", want: none},
		// What is different in each process.
		{imports: `"time"`, decls: "var began = time.Now()", body: "_ = began", want: state},
		{imports: `"github.com/google/uuid"`, decls: "var id = uuid.New()", body: "_ = id", want: state},
		{decls: "func f() int { return 1 }\nvar n = f()", body: "_ = n", want: state},
		// Functions.
		{decls: "func f() {}\nvar g = f\nvar h = func() int { return 1 }", body: "g(); _ = h()", want: none},
		{decls: "var next = func() func() int { i := 0; return func() int { i++; return i } }()", body: "_ = next()", want: state},
		{imports: `"sync"`, decls: "var once sync.Once", body: "once.Do(func() {})", want: state},
		{imports: `"sync"`, decls: "var once = sync.OnceFunc(func() {})", body: "once()", want: state},
		{imports: `"sync/atomic"`, decls: "var n atomic.Int64", body: "n.Add(1)", want: state},
		// Tables.
		{decls: "var m = map[string]int{\"a\": 1}\nvar l = []string{\"a\"}", body: "_ = m[\"a\"] + len(l)\nfor range l {}\nfor k, v := range m { _, _ = k, v }", want: none},
		{decls: "var m = map[string]int{}", body: "m[\"a\"] = 1", want: state},
		{decls: "var m = map[string]int{}", body: "m[\"a\"]++", want: state},
		{decls: "var m = map[string]int{}", body: "delete(m, \"a\")", want: state},
		{decls: "var l = []int{1}", body: "x := l; x[0] = 2", want: state},
		{decls: "var l = []int{1}", body: "x := l[:]; x[0] = 2", want: state},
		{decls: "var l = []int{1}", body: "p := &l[0]; *p = 2", want: state},
		{decls: "var l = []int{1}\nfunc f(x []int) { x[0]++ }", body: "f(l)", want: state},
		{decls: "var l = []int{1}", body: "x := append([]int(nil), l...); x[0] = 2", want: none},
		{decls: "var l = []int{1}", body: "_ = append(l, 2)", want: state},
		{decls: "var l = [][]int{{1}}", body: "_ = l", want: state},
		{decls: "var a = [2]int{1, 2}", body: "_ = a[1]", want: none},
		{decls: "var a = [2]int{1, 2}", body: "x := a[:]; x[0] = 3", want: state},
		// What belongs to other packages.
		{imports: `"time"`, body: "_ = time.Now().In(time.UTC)", want: none},
		{imports: `"time"`, body: "*time.UTC = *time.Local", want: state},
		{imports: `"hash/crc32"`, body: "crc32.MakeTable(crc32.IEEE)[0] = 5", want: state},
		{imports: `"unicode"`, body: "unicode.Latin.R16[0].Lo = 5", want: state},
		{imports: `"io"`, body: "_ = io.EOF", want: none},
		// What goes on.
		{body: "go func() {}()", want: goroutines},
		{imports: `"time"`, body: "time.AfterFunc(time.Hour, func() {})", want: state},
		{body: "context.AfterFunc(ctx, func() {})", want: state},
		{body: "_, cancel := context.WithCancel(ctx); cancel()", want: goroutines},
		{imports: `"sync"`, body: "var wg sync.WaitGroup; wg.Go(func() {})", want: goroutines},
	}
	for _, tt := range tests {
		source := "package main\nimport (\"context\"; \"domovoi.dev/sdk\"; " + tt.imports + ")\n" + tt.decls +
			"\nfunc Run(ctx context.Context, engine *sdk.Engine) error {\n" + tt.body + "\nreturn nil\n}\n"
		checked, err := script.Check([]slnet.ScriptFile{{Name: "script.go", Content: strings.ReplaceAll(source, "; )", ")")}})
		if err != nil {
			t.Errorf("%v in\n%s", err, source)
			continue
		}
		got := none
		if checked.Traces.Goroutines {
			got = goroutines
		}
		if checked.Traces.State {
			got = state
		}
		if got != tt.want {
			t.Errorf("got %q, want %q, for %s { %s }", got, tt.want, tt.decls, tt.body)
		}
	}
}
