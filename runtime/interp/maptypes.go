package interp

import (
	"encoding"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"
)

// mapTypes says which interfaces a value of a script's own type keeps when it
// is passed to a function that takes any value. Only the outermost value does:
// what lies in maps, slices and fields has no methods in compiled code.
var mapTypes = func() map[reflect.Value][]reflect.Type {
	types := make(map[reflect.Value][]reflect.Type)
	add := func(interfaces []reflect.Type, functions ...any) {
		for _, f := range functions {
			types[reflect.ValueOf(f)] = interfaces
		}
	}
	add([]reflect.Type{
		reflect.TypeFor[fmt.Formatter](), reflect.TypeFor[error](), reflect.TypeFor[fmt.Stringer](),
	},
		fmt.Append, fmt.Appendf, fmt.Appendln, fmt.Errorf, fmt.Fprint, fmt.Fprintf, fmt.Fprintln,
		fmt.Print, fmt.Printf, fmt.Println, fmt.Sprint, fmt.Sprintf, fmt.Sprintln)
	add([]reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()},
		json.Marshal, json.MarshalIndent)
	add([]reflect.Type{reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()},
		json.Unmarshal)
	add([]reflect.Type{reflect.TypeFor[xml.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()},
		xml.Marshal, xml.MarshalIndent)
	add([]reflect.Type{reflect.TypeFor[xml.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()},
		xml.Unmarshal)
	return types
}()
