package interp_test
import ("testing"; "fmt"; "errors"; "strings"; "domovoi.dev/runtime/interp"; "domovoi.dev/sdk/slnet")
var _ = errors.New
func TestZZ(t *testing.T) {
	decls := `
var _ = dom.True
type status string
type point struct{ x int }
type st struct{ a int }
func (s st) String() string { return "st!" }
func through(v any) dom.Value { return dom.ValueOf(v) }
func spread(vs ...any) string { return fmt.Sprint(vs...) }
func one(v any) string { return fmt.Sprint(v) }
`
	for _, body := range strings.Split(`
emit(dom.ValueOf(status("x")).String(), dom.ValueOf(status("lit")).String(), through(status("x")).String())
var a any = status("x"); emit(dom.ValueOf(a).String())
emit(spread(status("x"), 5))
emit(spread(point{1}))
emit(one(status("x")))
emit(one(point{1}))
emit(one(&point{1}))
emit(one(st{1}))
emit(one(fmt.Errorf("x")))
emit(one([]point{{1}}))
emit(one(map[string]point{"a": {1}}))
p := point{1}; var a any = p; emit(fmt.Sprint(a))
emit(dom.InstanceExposers.Name.Equal(status("x")).Value.String())
xs := []any{status("x"), 5, point{1}}; emit(fmt.Sprint(xs...))
xs := []any{status("x"), point{1}}; emit(fmt.Sprint(xs), fmt.Sprint(map[string]any{"a": status("x"), "b": point{2}}))
xs := []any{status("x"), point{1}}; emit(fmt.Sprintf("%v %s", xs[0], xs[0]))
engine.Log.Info("m", "k", status("x"), "p", point{1}, "st", st{1})
in := dom.NewInstance(dom.NewDefinitionID()); f, sec := dom.NewFieldDescriptorID(), dom.NewSectionDefinitionID(); in.AddOrUpdateFieldValue(sec, f, status("x")); v, ok := in.GetFieldValue(sec, f); emit(v.String(), ok)
var v any = status("x"); b, err := json.Marshal(map[string]any{"a": v, "p": st{1}, "l": []any{status("x")}}); emit(string(b), err)
var v any = point{3}; b, err := json.Marshal(v); emit(string(b), err)
var v any = &point{3}; b, err := json.Marshal([]any{v}); emit(string(b), err)
m := map[string]any{}; m["a"] = status("x"); emit(m["a"] == any(status("x")), m)
engine.Log.Info(fmt.Sprintf("%v", status("x")))
defer func() { emit(recover()) }(); panic(status("x"))
`, "\n") {
		if body == "" { continue }
		fmt.Println("##", body)
		s, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: program([]string{"domovoi.dev/sdk/dom", "encoding/json"}, decls + "var _ = json.Marshal\n", body)}})
		if err != nil { fmt.Println("LOAD", err); continue }
		e := newEngine()
		err = s.Run.(runFunc)(t.Context(), e)
		if err != nil { fmt.Println("ERR", err) }
		fmt.Print(e.GetScriptOutput("out"))
	}
}
