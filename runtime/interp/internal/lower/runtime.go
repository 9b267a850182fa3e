package lower

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"domovoi.dev/runtime/interp/internal/rtype"
)

// The helper functions that programs call. Each is made for the types it is
// used with.

func makeFunc(in, out []reflect.Type, f func([]reflect.Value) []reflect.Value) reflect.Value {
	return reflect.MakeFunc(reflect.FuncOf(in, out, false), f)
}

func one(v reflect.Value) []reflect.Value { return []reflect.Value{v} }

var (
	boolType   = reflect.TypeFor[bool]()
	intType    = reflect.TypeFor[int]()
	stringType = reflect.TypeFor[string]()
)

// boxFunc makes a value an interface, with the face of its type.
func boxFunc(work, face reflect.Type) any {
	return makeFunc([]reflect.Type{work}, []reflect.Type{anyType}, func(in []reflect.Value) []reflect.Value {
		v := rtype.Retype(in[0].Interface(), face)
		return one(reflect.ValueOf(&v).Elem())
	})
}

func retypeFunc(from, to reflect.Type) any {
	return makeFunc([]reflect.Type{from}, []reflect.Type{to}, func(in []reflect.Value) []reflect.Value { return one(rtype.As(in[0], to)) })
}

func convertFunc(from, to reflect.Type) any {
	return makeFunc([]reflect.Type{from}, []reflect.Type{to}, func(in []reflect.Value) []reflect.Value {
		if size, ok := arrayLen(to); ok && from.Kind() == reflect.Slice && in[0].Len() < size {
			panic(Error{fmt.Sprintf("runtime error: cannot convert slice with length %d to array or pointer to array with length %d", in[0].Len(), size)})
		}
		return one(in[0].Convert(to))
	})
}

func arrayLen(t reflect.Type) (int, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Array {
		return 0, false
	}
	return t.Len(), true
}

// toInterfaceFunc makes an interface with methods of one without.
func toInterfaceFunc(to reflect.Type) any {
	return makeFunc([]reflect.Type{anyType}, []reflect.Type{to}, func(in []reflect.Value) []reflect.Value {
		v := reflect.New(to).Elem()
		if !in[0].IsNil() {
			v.Set(in[0].Elem())
		}
		return one(v)
	})
}

// inner is the value in an any, as a value of its working type.
func inner(v reflect.Value, face, work reflect.Type) (reflect.Value, bool) {
	if v.IsNil() || v.Elem().Type() != face {
		return reflect.Zero(work), false
	}
	x := rtype.Retype(v.Interface(), work)
	return reflect.ValueOf(x), true
}

func knownFunc(face, work reflect.Type) any {
	return makeFunc([]reflect.Type{anyType}, []reflect.Type{work}, func(in []reflect.Value) []reflect.Value {
		v, _ := inner(in[0], face, work)
		return one(v)
	})
}

// Error is a runtime error that only compiled code could make.
type Error struct{ text string }

func (e Error) Error() string { return e.text }

// RuntimeError implements runtime.Error.
func (Error) RuntimeError() {}

func assertFunc(face, work reflect.Type, comma bool, iface string) any {
	if comma {
		return makeFunc([]reflect.Type{anyType}, []reflect.Type{work, boolType}, func(in []reflect.Value) []reflect.Value {
			v, ok := inner(in[0], face, work)
			return []reflect.Value{v, reflect.ValueOf(ok)}
		})
	}
	return makeFunc([]reflect.Type{anyType}, []reflect.Type{work}, func(in []reflect.Value) []reflect.Value {
		v, ok := inner(in[0], face, work)
		if !ok {
			have := "nil"
			if !in[0].IsNil() {
				have = in[0].Elem().Type().String()
			}
			panic(Error{"interface conversion: " + iface + " is " + have + ", not " + face.String()})
		}
		return one(v)
	})
}

func implementsFunc(to reflect.Type, test func(any) (string, bool), comma bool, iface, text string) any {
	convert := func(in reflect.Value) reflect.Value {
		v := reflect.New(to).Elem()
		if !in.IsNil() {
			v.Set(in.Elem())
		}
		return v
	}
	if comma {
		return makeFunc([]reflect.Type{anyType}, []reflect.Type{to, boolType}, func(in []reflect.Value) []reflect.Value {
			if _, ok := test(in[0].Interface()); !ok {
				return []reflect.Value{reflect.Zero(to), reflect.ValueOf(false)}
			}
			return []reflect.Value{convert(in[0]), reflect.ValueOf(true)}
		})
	}
	return makeFunc([]reflect.Type{anyType}, []reflect.Type{to}, func(in []reflect.Value) []reflect.Value {
		missing, ok := test(in[0].Interface())
		if !ok {
			if in[0].IsNil() {
				panic(Error{"interface conversion: interface is nil, not " + text})
			}
			panic(Error{"interface conversion: " + in[0].Elem().Type().String() + " is not " + text + ": missing method " + missing})
		}
		return one(convert(in[0]))
	})
}

// otherFunc calls a method of a value that is not of the script's types.
func otherFunc(name string, face, work reflect.Type) any {
	in := []reflect.Type{anyType}
	for i := range work.NumIn() {
		in = append(in, work.In(i))
	}
	var out []reflect.Type
	for i := range work.NumOut() {
		out = append(out, work.Out(i))
	}
	return makeFunc(in, out, func(in []reflect.Value) []reflect.Value {
		if in[0].IsNil() {
			panic(nilPointer())
		}
		m := in[0].Elem().MethodByName(name)
		args := in[1:]
		for i := range args {
			args[i] = rtype.As(args[i], face.In(i))
		}
		var results []reflect.Value
		if face.IsVariadic() {
			results = m.CallSlice(args)
		} else {
			results = m.Call(args)
		}
		for i := range results {
			results[i] = rtype.As(results[i], work.Out(i))
		}
		return results
	})
}

// nilPointer is the runtime's own error.
func nilPointer() (err any) {
	defer func() { err = recover() }()
	var p *int
	return *p
}

// binding is a method that compiled code may call.
type binding struct {
	face, work reflect.Type // without the receiver
	recv, of   reflect.Type // pointer to the working type; the face
	fn         reflect.Value
}

func bindings(slots map[string]*binding, names map[string]bool, value bool) []rtype.Method {
	var list []rtype.Method
	for name, b := range slots {
		if !names[name] {
			continue
		}
		in := []reflect.Type{reflect.TypeFor[unsafe.Pointer]()}
		for i := range b.face.NumIn() {
			in = append(in, b.face.In(i))
		}
		var out []reflect.Type
		for i := range b.face.NumOut() {
			out = append(out, b.face.Out(i))
		}
		list = append(list, rtype.Method{Name: name, Type: b.face, Func: makeFunc(in, out, func(in []reflect.Value) []reflect.Value { return b.call(in, value) })})
	}
	return list
}

func (b *binding) call(in []reflect.Value, value bool) []reflect.Value {
	defer func() {
		if v := recover(); v != nil {
			panic(Recovered(v))
		}
	}()
	p := in[0].UnsafePointer()
	if value {
		p = rtype.Copy(p, b.recv.Elem())
	}
	args := []reflect.Value{reflect.NewAt(b.recv.Elem(), p)}
	for i, v := range in[1:] {
		args = append(args, rtype.As(v, b.work.In(i)))
	}
	out := b.fn.Call(args)
	for i := range out {
		out[i] = rtype.As(out[i], b.face.Out(i))
	}
	return out
}

func checkIndex(i, n int) int {
	if uint(i) >= uint(n) {
		_ = make([]struct{}, n)[i]
	}
	return i
}

func arraySliceFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{reflect.PointerTo(w)}, []reflect.Type{reflect.SliceOf(w.Elem())}, func(in []reflect.Value) []reflect.Value {
		if in[0].IsNil() {
			panic(nilPointer())
		}
		return one(in[0].Elem().Slice(0, w.Len()))
	})
}

// sliceFunc slices with the runtime's own errors.
func sliceFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w, intType, intType, intType}, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		const missing = -1 << 31
		low, high, most := int(in[1].Int()), int(in[2].Int()), int(in[3].Int())
		x := in[0]
		if low == missing {
			low = 0
		}
		if high == missing {
			high = x.Len()
		}
		if w.Kind() == reflect.String {
			return one(reflect.ValueOf(x.String()[low:high]).Convert(w))
		}
		probe := make([]struct{}, x.Len(), x.Cap())
		if most == missing {
			_ = probe[low:high]
			return one(x.Slice(low, high))
		}
		_ = probe[low:high:most]
		return one(x.Slice3(low, high, most))
	})
}

func newFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w}, []reflect.Type{reflect.PointerTo(w)}, func(in []reflect.Value) []reflect.Value {
		p := reflect.New(w)
		p.Elem().Set(in[0])
		return one(p)
	})
}

func notNilFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w}, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		if in[0].IsNil() {
			panic(nilPointer())
		}
		return in
	})
}

func atFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w, intType}, []reflect.Type{reflect.PointerTo(w.Elem())}, func(in []reflect.Value) []reflect.Value {
		return one(in[0].Index(checkIndex(int(in[1].Int()), in[0].Len())).Addr())
	})
}

func atArrayFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{reflect.PointerTo(w), intType}, []reflect.Type{reflect.PointerTo(w.Elem())}, func(in []reflect.Value) []reflect.Value {
		if in[0].IsNil() {
			panic(nilPointer())
		}
		return one(in[0].Elem().Index(checkIndex(int(in[1].Int()), w.Len())).Addr())
	})
}

func fieldFunc(w reflect.Type, i int) any {
	t := w.Field(i).Type
	offset := w.Field(i).Offset
	return makeFunc([]reflect.Type{reflect.PointerTo(w)}, []reflect.Type{reflect.PointerTo(t)}, func(in []reflect.Value) []reflect.Value {
		if in[0].IsNil() {
			panic(nilPointer())
		}
		return one(reflect.NewAt(t, unsafe.Add(in[0].UnsafePointer(), offset)))
	})
}

func equalFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w, w}, []reflect.Type{boolType}, func(in []reflect.Value) []reflect.Value {
		return one(reflect.ValueOf(in[0].Interface() == in[1].Interface()))
	})
}

func isInt(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Int64 }

// shiftCount is how far to shift.
func shiftCount(n int64) uint64 {
	if n < 0 {
		_ = 1 << n // the runtime's own error
	}
	return uint64(n)
}

func complexFunc(op string, small bool) any {
	if small {
		switch op {
		case "Neg":
			return func(x complex64) complex64 { return -x }
		case "Add":
			return func(x, y complex64) complex64 { return x + y }
		case "Sub":
			return func(x, y complex64) complex64 { return x - y }
		case "Mul":
			return func(x, y complex64) complex64 { return x * y }
		}
		return func(x, y complex64) complex64 { return x / y }
	}
	switch op {
	case "Neg":
		return func(x complex128) complex128 { return -x }
	case "Add":
		return func(x, y complex128) complex128 { return x + y }
	case "Sub":
		return func(x, y complex128) complex128 { return x - y }
	case "Mul":
		return func(x, y complex128) complex128 { return x * y }
	}
	return func(x, y complex128) complex128 { return x / y }
}

// extremeFunc is min or max of values of a type.
func extremeFunc(w reflect.Type, least bool) any {
	return makeFunc([]reflect.Type{w, w}, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		x, y := in[0], in[1]
		less := false
		switch k := w.Kind(); {
		case isInt(k):
			less = x.Int() < y.Int()
		case k == reflect.String:
			less = x.String() < y.String()
		case k == reflect.Float32 || k == reflect.Float64:
			r := reflect.New(w).Elem()
			if least {
				r.SetFloat(math.Min(x.Float(), y.Float()))
				if math.IsNaN(x.Float()) || math.IsNaN(y.Float()) {
					r.SetFloat(math.NaN())
				}
			} else {
				r.SetFloat(math.Max(x.Float(), y.Float()))
				if math.IsNaN(x.Float()) || math.IsNaN(y.Float()) {
					r.SetFloat(math.NaN())
				}
			}
			return one(r)
		default:
			less = x.Uint() < y.Uint()
		}
		if less == least {
			return one(x)
		}
		return one(y)
	})
}

func clearFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w}, nil, func(in []reflect.Value) []reflect.Value { in[0].Clear(); return nil })
}

// nextRune returns the rune of a string at an offset, and the offset behind.
func nextRune(s string, i int) (rune, int) {
	r, n := utf8.DecodeRuneInString(s[i:])
	return r, i + n
}

func mapRangeFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w}, []reflect.Type{reflect.TypeFor[*reflect.MapIter]()}, func(in []reflect.Value) []reflect.Value {
		return one(reflect.ValueOf(in[0].MapRange()))
	})
}

func mapKeyFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{reflect.TypeFor[*reflect.MapIter]()}, []reflect.Type{w.Key()}, func(in []reflect.Value) []reflect.Value {
		return one(in[0].Interface().(*reflect.MapIter).Key())
	})
}

func mapValueFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{reflect.TypeFor[*reflect.MapIter]()}, []reflect.Type{w.Elem()}, func(in []reflect.Value) []reflect.Value {
		return one(in[0].Interface().(*reflect.MapIter).Value())
	})
}

func mapNext(i *reflect.MapIter) bool { return i.Next() }

// selectCase is a case of a select statement.
type selectCase struct{ c reflect.SelectCase }

func sendCaseFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w, w.Elem()}, []reflect.Type{anyType}, func(in []reflect.Value) []reflect.Value {
		return one(anyOf(selectCase{reflect.SelectCase{Dir: reflect.SelectSend, Chan: in[0], Send: in[1]}}))
	})
}

func recvCaseFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w}, []reflect.Type{anyType}, func(in []reflect.Value) []reflect.Value {
		return one(anyOf(selectCase{reflect.SelectCase{Dir: reflect.SelectRecv, Chan: in[0]}}))
	})
}

func anyOf(v any) reflect.Value { return reflect.ValueOf(&v).Elem() }

type selected struct {
	v  reflect.Value
	ok bool
}

func selectFrom(wait bool, cases ...any) (int, any) {
	var list []reflect.SelectCase
	for _, c := range cases {
		list = append(list, c.(selectCase).c)
	}
	if !wait {
		list = append(list, reflect.SelectCase{Dir: reflect.SelectDefault})
	}
	if len(list) == 0 {
		select {}
	}
	i, v, ok := reflect.Select(list)
	return i, selected{v, ok}
}

func selectedFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{anyType}, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		return one(in[0].Interface().(selected).v)
	})
}

func selectedOk(v any) bool { return v.(selected).ok }

func panicWith(v any) { panic(v) }

// Recovered says in the words of Go what the interpreter and package reflect
// panic with.
func Recovered(v any) any {
	if r, ok := v.(reflect.Value); ok {
		if !r.IsValid() {
			return nil
		}
		v = r.Interface()
	}
	switch e := v.(type) {
	case *reflect.ValueError:
		if e.Kind == reflect.Invalid {
			return nilPointer()
		}
	case string:
		switch e {
		case "reflect: Call using zero Value argument", "reflect: Method on nil interface value", "reflect.Value.Call: call of nil function":
			return nilPointer()
		}
	case error:
		if t, ok := strings.CutPrefix(e.Error(), "hash of unhashable type: "); ok {
			return Error{"runtime error: hash of unhashable type " + t}
		}
	}
	return v
}

// builtinPrint is print and println, which write to the standard error in the
// form of the runtime.
func builtinPrint(line bool) any {
	return func(args ...any) {
		var b []byte
		for i, a := range args {
			if line && i > 0 {
				b = append(b, ' ')
			}
			b = append(b, printed(a)...)
		}
		if line {
			b = append(b, '\n')
		}
		os.Stderr.Write(b)
	}
}

// printed is a value as the builtin println writes it.
func printed(a any) string {
	v := reflect.ValueOf(a)
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.String:
		return v.String()
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		return strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits())
	case reflect.Slice:
		return fmt.Sprintf("[%d/%d]%#x", v.Len(), v.Cap(), v.Pointer())
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Sprintf("%#x", v.Pointer())
	case reflect.Invalid:
		return "(0x0,0x0)"
	}
	return fmt.Sprint(a)
}

func runeStringFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w}, []reflect.Type{stringType}, func(in []reflect.Value) []reflect.Value {
		return one(in[0].Convert(stringType))
	})
}

func copyFunc(w, from reflect.Type) any {
	return makeFunc([]reflect.Type{w, from}, []reflect.Type{intType}, func(in []reflect.Value) []reflect.Value {
		return one(reflect.ValueOf(reflect.Copy(in[0], in[1])))
	})
}

func deleteFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w, w.Key()}, nil, func(in []reflect.Value) []reflect.Value {
		if !in[0].IsNil() {
			in[0].SetMapIndex(in[1], reflect.Value{})
		}
		return nil
	})
}

func makeFuncOf(w reflect.Type, n int) any {
	in := []reflect.Type{intType, intType}[:n]
	return makeFunc(in, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		size, capacity := 0, 0
		if n > 0 {
			size = int(in[0].Int())
			capacity = size
		}
		if n > 1 {
			capacity = int(in[1].Int())
		}
		switch w.Kind() {
		case reflect.Slice:
			if size < 0 || capacity < size {
				_ = make([]struct{}, size, capacity) // the runtime's own error
			}
			return one(reflect.MakeSlice(w, size, capacity))
		case reflect.Map:
			return one(reflect.MakeMapWithSize(w, max(size, 0)))
		}
		if size < 0 {
			_ = make(chan struct{}, size)
		}
		if w.ChanDir() != reflect.BothDir {
			return one(reflect.MakeChan(reflect.ChanOf(reflect.BothDir, w.Elem()), size).Convert(w))
		}
		return one(reflect.MakeChan(w, size))
	})
}

func appendFunc(w, from reflect.Type) any {
	return makeFunc([]reflect.Type{w, from}, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		if from.Kind() == reflect.String {
			return one(reflect.AppendSlice(in[0], reflect.ValueOf([]byte(in[1].String())).Convert(reflect.SliceOf(w.Elem()))))
		}
		return one(reflect.AppendSlice(in[0], in[1]))
	})
}

func appendOneFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w, w.Elem()}, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		return one(reflect.Append(in[0], in[1]))
	})
}

func makeComplexFunc(small bool) any {
	if small {
		return func(r, i float32) complex64 { return complex(r, i) }
	}
	return func(r, i float64) complex128 { return complex(r, i) }
}

func partFunc(w reflect.Type, re bool) any {
	t := reflect.TypeFor[float64]()
	if w.Kind() == reflect.Complex64 {
		t = reflect.TypeFor[float32]()
	}
	return makeFunc([]reflect.Type{w}, []reflect.Type{t}, func(in []reflect.Value) []reflect.Value {
		x := real(in[0].Complex())
		if !re {
			x = imag(in[0].Complex())
		}
		return one(reflect.ValueOf(x).Convert(t))
	})
}

func closeFunc(w reflect.Type) any {
	return makeFunc([]reflect.Type{w}, nil, func(in []reflect.Value) []reflect.Value { in[0].Close(); return nil })
}

func lenFunc(w reflect.Type, n int) any {
	return makeFunc([]reflect.Type{w}, []reflect.Type{intType}, func([]reflect.Value) []reflect.Value { return one(reflect.ValueOf(n)) })
}
