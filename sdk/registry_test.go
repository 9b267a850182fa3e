package sdk_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// TestEveryMessageRoundTripsInJSON: no member of any message or event is lost on
// the way through JSON, and none that was not there comes.
func TestEveryMessageRoundTripsInJSON(t *testing.T) {
	registry := sdk.Registry()
	for _, name := range registry.Names() {
		for _, full := range []bool{true, false} {
			message, _ := registry.New(name)
			if full {
				fill(t, reflect.ValueOf(message).Elem(), name, 0)
			}
			b, err := json.Marshal(message)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got, _ := registry.New(name)
			if err := json.Unmarshal(b, got); err != nil {
				t.Errorf("%s: %v\n%s", name, err, b)
				continue
			}
			if want, got := wire(t, message), wire(t, got); !slices.Equal(want, got) {
				t.Errorf("%s does not come back from %s", name, b)
			}
		}
	}
}

func wire(t *testing.T, m slnet.Message) []byte {
	t.Helper()
	b, err := slnet.AppendMessages(nil, []slnet.Message{m})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var object = func() slnet.Raw {
	raw, err := dom.EncodeObject(dom.NewInstance(dom.NewDefinitionID()))
	if err != nil {
		panic(err)
	}
	return raw
}()

// special are values of types that are not told by their shape.
var special = map[reflect.Type]any{
	reflect.TypeFor[time.Time]():      time.Date(2024, 5, 1, 12, 0, 0, 100, time.UTC),
	reflect.TypeFor[dom.Value]():      dom.ValueOf("text"),
	reflect.TypeFor[slnet.JSON]():     slnet.JSON(`{"a":[1]}`),
	reflect.TypeFor[slnet.Raw]():      object,
	reflect.TypeFor[dom.ObjectKind](): dom.KindInstance,
	reflect.TypeFor[uuid.UUID]():      uuid.MustParse("6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e"),
}

// fill gives every member of a value another one than zero.
func fill(t *testing.T, v reflect.Value, path string, depth int) {
	t.Helper()
	if known, ok := special[v.Type()]; ok {
		v.Set(reflect.ValueOf(known))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1.5)
	case reflect.String:
		v.SetString("text")
	case reflect.Pointer:
		if depth < 6 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem(), path, depth+1)
		}
	case reflect.Slice:
		if depth < 6 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(t, v.Index(0), path, depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), path, depth)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, path, depth+1)
		fill(t, value, path, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), path+"."+v.Type().Field(i).Name, depth)
		}
	default:
		t.Fatalf("%s is a %v, which this test cannot fill", path, v.Type())
	}
}
