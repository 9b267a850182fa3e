package interp_test

import (
	"strings"
	"testing"
)

// program makes a script of the body of Run and further declarations. In the
// body, emit(values...) makes the output.
func program(imports []string, decls, body string) string {
	return header(append(imports, "fmt")...) + decls + `
func Run(ctx context.Context, engine *sdk.Engine) error {
	out := ""
	emit := func(values ...any) { out += fmt.Sprintln(values...) }
` + body + `
	engine.AddOrUpdateScriptOutput("out", out)
	return nil
}
`
}

// TestLanguage holds what scripts rely on, among it what versions of the
// interpreter got wrong without a word. What is wanted is what the Go compiler
// makes of the same source.
func TestLanguage(t *testing.T) {
	tests := []struct {
		name    string
		imports []string
		decls   string
		body    string
		want    string
	}{
		{
			name: "each iteration has its own variable",
			body: `var fs []func() int
for i := 0; i < 3; i++ { fs = append(fs, func() int { return i }) }
for _, f := range fs { emit(f()) }`,
			want: "0\n1\n2\n",
		},
		{
			name: "range variables are per iteration",
			body: `var fs []func() string
for _, s := range []string{"a", "b", "c"} { fs = append(fs, func() string { return s }) }
for _, f := range fs { emit(f()) }`,
			want: "a\nb\nc\n",
		},
		{
			name: "arguments of defer are evaluated in the loop",
			decls: `func sum() (n int) {
	for i := 1; i < 4; i++ { defer func(k int) { n = n*2 + k }(i) }
	return 1
}`,
			body: `emit(sum())`,
			want: "25\n", // ((1*2+3)*2+2)*2+1
		},
		{
			name: "deferred calls use closures of their function",
			decls: `func closures() (out string, err error) {
	add := func(s string) { out += s }
	defer add("!")
	for i := range 3 { f := func() { add(fmt.Sprint(i)) }; defer f() }
	defer func() { if v := recover(); v != nil { add("recovered "); err = fmt.Errorf("%v", v) } }()
	panic("boom")
}
func recursive() (n int) {
	var factorial func(int) int
	factorial = func(n int) int { if n < 2 { return 1 }; return n * factorial(n-1) }
	defer func() { n = factorial(5) }()
	return 0
}`,
			body: "emit(closures())\nemit(recursive())",
			want: "recovered 210! boom\n120\n",
		},
		{
			name: "range over an integer",
			body: `for i := range 3 { emit(i) }`,
			want: "0\n1\n2\n",
		},
		{
			name:    "method values of compiled types",
			imports: []string{"domovoi.dev/sdk/dom", "domovoi.dev/sdk/slnet", "strings"},
			decls: `type service struct { engine *sdk.Engine }
func (s *service) helper() *dom.ModuleSettingsHelper { return dom.NewModuleSettingsHelper(s.engine.SendSLNetMessages) }
func get(f func(string) string) string { return f("name") }`,
			body: `var send slnet.SendFunc = engine.SendSLNetMessages
_, err := slnet.Send1(ctx, send, &slnet.WhoAmIMessage{})
emit(err)
_, err = (&service{engine}).helper().ModuleSettings.Count(ctx, dom.True())
emit(err)
param := engine.GetScriptParam
emit(get(engine.GetScriptParam), param("name"), get(strings.NewReplacer("a", "b").Replace))`,
			want: "there is no daemon in this test\nthere is no daemon in this test\nvalue value nbme\n",
		},
		{
			name:    "values of the script's own types as any",
			imports: []string{"domovoi.dev/sdk/dom"},
			decls: `type status string
func (s status) Valid() bool { return s != "" }
type point struct { X, Y int }
func (p point) Sum() int { return p.X + p.Y }
func logf(format string, args ...any) string { return fmt.Sprintf(format, args...) }`,
			body: `emit(status("open"), point{1, 2}, &point{3, 4}, []any{status("a")}, map[string]any{"k": point{5, 6}})
emit(logf("%s %v %+v %d", status("b"), point{1, 2}, point{3, 4}, 7))
emit(dom.ValueOf(status("c")).String())`,
			want: "open {1 2} &{3 4} [a] map[k:{5 6}]\nb {1 2} {X:3 Y:4} 7\n\n",
		},
		{
			name: "labels",
			body: `outer:
for i := 0; i < 3; i++ {
	for j := 0; j < 3; j++ {
		if j == 1 { continue outer }
		if i == 2 { break outer }
		emit(i, j)
	}
}`,
			want: "0 0\n1 0\n",
		},
		{
			name:  "generic functions with explicit type arguments",
			decls: `func mapped[T, U any](xs []T, f func(T) U) (out []U) { for _, x := range xs { out = append(out, f(x)) }; return out }`,
			body:  `emit(mapped[int, string]([]int{1, 2}, func(i int) string { return fmt.Sprint(i, "!") }))`,
			want:  "[1! 2!]\n",
		},
		{
			name:  "generic types",
			decls: "type stack[T any] struct { items []T }\nfunc (s *stack[T]) push(x T) { s.items = append(s.items, x) }",
			body:  "s := &stack[int]{}\ns.push(4)\nemit(s.items)",
			want:  "[4]\n",
		},
		{
			name: "type switch without assignment",
			body: `for _, v := range []any{map[string]any{}, []any{1}, "s", 5, nil, 2.5} {
	switch v.(type) {
	case map[string]any: emit("map")
	case []any: emit("list")
	case string, int: emit("scalar")
	case nil: emit("nil")
	default: emit("other")
	}
}`,
			want: "map\nlist\nscalar\nscalar\nnil\nother\n",
		},
		{
			name:    "type switch with error",
			imports: []string{"errors", "io"},
			body: `for _, v := range []any{errors.New("e"), io.EOF, "s"} {
	switch x := v.(type) {
	case error: emit("error", x.Error(), x == io.EOF)
	case string: emit("string", x)
	}
}`,
			want: "error e false\nerror EOF true\nstring s\n",
		},
		{
			name: "type switch on the script's own interface",
			decls: `type shape interface { area() int }
type square struct { n int }
func (s square) area() int { return s.n * s.n }
type line struct { n int }
func (l *line) area() int { return 0 }
type number int
func (n number) area() int { return int(n) }
func kind(s shape) string {
	switch x := s.(type) {
	case square: return fmt.Sprint("square ", x.n)
	case *line: return fmt.Sprint("line ", x.n)
	case number: return fmt.Sprint("number ", int(x))
	}
	return "nothing"
}`,
			body: `for _, s := range []shape{square{2}, &line{3}, number(4), nil} { emit(kind(s)) }`,
			want: "square 2\nline 3\nnumber 4\nnothing\n",
		},
		{
			name:    "types of the script in compiled interfaces",
			imports: []string{"sort", "strings", "encoding/json"},
			decls: `type upper struct { b *strings.Builder }
func (u upper) Write(p []byte) (int, error) { return u.b.WriteString(strings.ToUpper(string(p))) }
type byLength []string
func (s byLength) Len() int { return len(s) }
func (s byLength) Less(i, j int) bool { return len(s[i]) < len(s[j]) }
func (s byLength) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
type celsius float64
func (c celsius) String() string { return fmt.Sprintf("%.1f °C", float64(c)) }
type secret string
func (secret) MarshalJSON() ([]byte, error) { return []byte(` + "`\"hidden\"`" + `), nil }`,
			body: `var b strings.Builder
fmt.Fprintf(upper{&b}, "hello %d", 5)
words := byLength{"ccc", "a", "bb"}
sort.Sort(words)
j, err := json.Marshal(secret("x"))
emit(b.String(), words, fmt.Sprint(celsius(21.5)), string(j), err)
emit(fmt.Sprintf("%v|%8s|%+v|%.0f|%q", celsius(1), celsius(2), celsius(3), celsius(4), celsius(5)))`,
			want: "HELLO 5 [a bb ccc] 21.5 °C \"hidden\" <nil>\n1.0 °C|  2.0 °C|3.0 °C|4|\"5.0 °C\"\n",
		},
		{
			name:    "goroutines",
			imports: []string{"sync", "sync/atomic", "time"},
			body: `var wg sync.WaitGroup
var mu sync.Mutex
var calls atomic.Int64
n := 0
for i := range 8 {
	wg.Add(1)
	go func() { defer wg.Done(); mu.Lock(); defer mu.Unlock(); n += i; calls.Add(1) }()
}
wg.Wait()
ch := make(chan int)
go func() { defer close(ch); for i := range 3 { ch <- i } }()
for v := range ch { n += v }
select {
case <-time.After(time.Minute): n = -1
case <-ctx.Done(): n = -2
default: n++
}
emit(n, calls.Load())`,
			want: "32 8\n",
		},
		{
			name:    "time",
			imports: []string{"time"},
			body: `at := time.Date(2026, time.March, 1, 2, 3, 4, 0, time.UTC).Add(90 * time.Minute)
emit(at.Format(time.RFC3339), at.Weekday() == time.Sunday, at.Location() == time.UTC)`,
			want: "2026-03-01T03:33:04Z true true\n",
		},
		{
			name:    "json",
			imports: []string{"encoding/json"},
			decls:   "type customer struct { Name string `json:\"name\"`; Tags []string `json:\"tags,omitempty\"`; Days *int }",
			body: "var c customer\nerr := json.Unmarshal([]byte(`{\"name\":\"x\",\"tags\":[\"a\"],\"Days\":3}`), &c)\n" +
				"emit(c.Name, c.Tags, *c.Days, err)\nb, err := json.Marshal(customer{Name: \"y\"})\nemit(string(b), err)\n" +
				"var v any\nerr = json.Unmarshal([]byte(`{\"k\":[1,\"a\",true,null]}`), &v)\nemit(v.(map[string]any)[\"k\"].([]any)[0], err)",
			want: "x [a] 3 <nil>\n{\"name\":\"y\",\"Days\":null} <nil>\n1 <nil>\n",
		},
		{
			name:    "text/template",
			imports: []string{"strings", "text/template"},
			decls:   "type item struct { Name string; Price float64 }",
			body: `t := template.Must(template.New("x").Funcs(template.FuncMap{"up": strings.ToUpper}).Parse("{{range .}}{{.Name | up}}={{printf \"%.2f\" .Price}};{{end}}"))
var b strings.Builder
err := t.Execute(&b, []item{{"a", 1.5}, {"b", 2}})
emit(b.String(), err)`,
			want: "A=1.50;B=2.00; <nil>\n",
		},
		{
			name:    "numbers and identifiers",
			imports: []string{"math", "math/big", "github.com/google/uuid", "strconv", "unicode"},
			body: `id := uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
_, err := strconv.Atoi("x")
emit(id, id == uuid.NameSpaceDNS, uint64(math.MaxUint64), math.Pi, new(big.Int).Lsh(big.NewInt(1), 100), unicode.Is(unicode.Greek, 'α'), err)`,
			want: "6ba7b810-9dad-11d1-80b4-00c04fd430c8 true 18446744073709551615 3.141592653589793 1267650600228229401496703205376 true strconv.Atoi: parsing \"x\": invalid syntax\n",
		},
		{
			name:    "a local name hides an import",
			imports: []string{"path", "strings"},
			body:    `path := strings.ToUpper(path.Base("a/b")); emit(path)`,
			want:    "B\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := output(t, program(test.imports, test.decls, test.body)); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestErrors is about what a script does with errors of the SDK and its own.
func TestErrors(t *testing.T) {
	decls := `type wrapped struct { op string; err error }
func (w *wrapped) Error() string { return w.op + ": " + w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }
type conflict struct{}
func (conflict) Error() string { return "it conflicts" }
func (conflict) Is(target error) bool { return target == slnet.KindConflict }
type text string
func (t text) Error() string { return string(t) }
const errText = text("constant")
var errSentinel = errors.New("sentinel")
`
	body := `
request := slnet.Errorf(slnet.KindNotFound, "no such thing").WithReason("ObjectDidNotExist")
outer := fmt.Errorf("read: %w", request)
var found *slnet.Error
emit(outer, errors.Is(outer, slnet.KindNotFound), errors.Is(outer, slnet.Reason("ObjectDidNotExist")), errors.Is(outer, slnet.KindConflict))
emit(errors.As(outer, &found), found.Kind)
own := &wrapped{"op", errSentinel}
emit(fmt.Sprint(own), errors.Is(own, errSentinel), errors.Is(fmt.Errorf("x: %w", own), own), errors.Is(own, request))
emit(errors.Is(conflict{}, slnet.KindConflict), errors.Is(conflict{}, slnet.KindInvalid))
emit(errors.Is(fmt.Errorf("x: %w", errText), errText), errors.Is(errText, text("other")))
emit(errors.Is(errors.Join(errSentinel, outer), slnet.KindNotFound), errors.Is(nil, errSentinel), errors.Is(errSentinel, nil))
_, err := engine.ModuleSettingsHelper().ModuleSettings.Count(ctx, dom.True())
emit(err, errors.Is(err, slnet.KindUnavailable))
emit(errors.Is(dom.ErrNoPermission, dom.ErrNoPermission), errors.Is(dom.ErrNoPermission, slnet.KindNotFound))
`
	want := strings.Join([]string{
		"read: no such thing true true false",
		"true NotFound",
		"op: sentinel true true false",
		"true false",
		"true false",
		"true false false",
		"there is no daemon in this test true",
		"true false",
		"",
	}, "\n")
	got := output(t, program([]string{"errors", "domovoi.dev/sdk/dom", "domovoi.dev/sdk/slnet"}, decls, body))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
