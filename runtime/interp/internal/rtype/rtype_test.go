package rtype

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"unsafe"
)

func TestNamed(t *testing.T) {
	ty := New("main", "main.Status", reflect.TypeFor[string]())
	m := Method{Name: "Error", Type: reflect.TypeFor[func() string](), Func: reflect.ValueOf(func(p unsafe.Pointer) string { return "status " + *(*string)(p) })}
	m.Func = reflect.MakeFunc(m.Func.Type(), m.Func.Call)
	if err := ty.Methods([]Method{m}, []Method{m}); err != nil {
		t.Fatal(err)
	}
	v := Retype("open", ty.Type)
	if got := fmt.Sprintf("%v %T %d", v, v, 1); got != "status open main.Status 1" {
		t.Error(got)
	}
	err, ok := v.(error)
	if !ok || err.Error() != "status open" {
		t.Error(ok, err)
	}
	s := New("main", "main.Node", reflect.TypeFor[struct {
		A int
		N unsafe.Pointer
		S string
	}]())
	s.Fields([]Field{{"a", "", false, false, reflect.TypeFor[int]()}, {"Next", `json:"next"`, true, false, s.Pointer}, {"Status", "", true, false, ty.Type}})
	if err := s.Methods(nil, nil); err != nil {
		t.Fatal(err)
	}
	if reflect.PointerTo(s.Type) != s.Pointer || reflect.PointerTo(ty.Type) != ty.Pointer {
		t.Error("pointer types differ")
	}
	n := Retype(struct {
		A int
		N unsafe.Pointer
		S string
	}{1, nil, "x"}, s.Type)
	if got := fmt.Sprintf("%+v %T", n, n); got != "{a:1 Next:<nil> Status:status x} main.Node" {
		t.Error(got)
	}
	b, e := json.Marshal(map[string]any{"k": n, "l": reflect.Zero(reflect.SliceOf(s.Type)).Interface()})
	if string(b) != `{"k":{"next":null,"Status":"x"},"l":null}` || e != nil {
		t.Error(string(b), e)
	}
	runtime.GC()
	target := reflect.New(ty.Type)
	if !errors.As(fmt.Errorf("w: %w", err), target.Interface()) || target.Elem().String() != "open" {
		t.Error("errors.As")
	}
}
