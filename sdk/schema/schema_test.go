package schema_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"domovoi.dev/sdk/schema"
)

type order struct {
	Name  string `required:"true"`
	Count uint8  `default:"2" max:"9"`
	Price float32
	Tags  map[string][]int
	Inner struct {
		On bool `default:"true"`
	}
	Maybe *string
}

func schemaOf(t *testing.T, v any) *schema.Schema {
	t.Helper()
	s, err := schema.Of(schema.Compiled(reflect.TypeOf(v)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCheckAndDecode takes values in and out again.
func TestCheckAndDecode(t *testing.T) {
	s := schemaOf(t, order{})
	value, err := schema.Parse([]byte(`{"Name": "x", "Price": 0.1, "Tags": {"a": [1, 2]}, "Maybe": null}`))
	if err != nil {
		t.Fatal(err)
	}
	if value, err = s.Check(value); err != nil {
		t.Fatal(err)
	}
	var got order
	if err := s.Decode(reflect.ValueOf(&got).Elem(), value); err != nil {
		t.Fatal(err)
	}
	want := order{Name: "x", Count: 2, Price: 0.1, Tags: map[string][]int{"a": {1, 2}}}
	want.Inner.On = true
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	out, err := s.Encode(reflect.ValueOf(got))
	if object, ok := out.(map[string]any); err != nil || !ok || object["Price"] != 0.1 || object["Count"] != uint64(2) {
		t.Errorf("got %v, %v", out, err)
	}
	got.Price = float32(math.NaN())
	if _, err := s.Encode(reflect.ValueOf(got)); err == nil || err.Error() != "Price: NaN is no number in JSON" {
		t.Errorf("NaN: %v", err)
	}
}

// TestCheckTellsAll checks that all mistakes are told, each with its place.
func TestCheckTellsAll(t *testing.T) {
	value, err := schema.Parse([]byte(`{"Count": 256, "Price": "1", "Tags": {"a": [true, 1.5], "b": 1}, "Inner": {"Off": 1}, "name": "x"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = schemaOf(t, order{}).Check(value)
	want := `Name: is required
Count: 256 is no whole number of the format uint8
Price: must be a number, not text
Tags["a"][0]: must be a number, not true
Tags["a"][1]: 1.5 is no whole number of the format int64
Tags["b"]: must be a list, not the number 1
Inner: there is no "Off"; there are On
there is no "name"; there are Name, Count, Price, Tags, Inner, Maybe`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestReadRefusesHarm reads what no schema of ours says.
func TestReadRefusesHarm(t *testing.T) {
	for _, text := range []string{
		`{"type": "array"}`, `{"type": "thing"}`, `{}`, `null`, `[]`, `{"type": "integer", "minimum": "x"}`,
		`{"type": "integer", "default": 1.5}`, `{"type": "object", "properties": []}`,
		strings.Repeat(`{"type":"array","items":`, 300) + `{"type":"string"}` + strings.Repeat("}", 300),
	} {
		if s, err := schema.Read([]byte(text)); err == nil {
			t.Errorf("%.60s is read as %+v", text, s)
		}
	}
}

// FuzzRead reads any schema and checks any value by it.
func FuzzRead(f *testing.F) {
	f.Add(`{"type":"object","properties":{"A":{"type":["integer","null"],"default":1,"minimum":0}},"required":["A"]}`, `{"A":2}`)
	f.Add(`{"type":"object","additionalProperties":{"type":"array","items":{"type":"string","format":"date-time"}}}`, `{"x":["y"]}`)
	f.Add(`{"type":"number","format":"float","enum":[1,2.5]}`, `1e400`)
	f.Add(`{"type":"string","contentEncoding":"base64"}`, `"eA=="`)
	f.Fuzz(func(t *testing.T, text, json string) {
		s, err := schema.Read([]byte(text))
		if err != nil {
			return
		}
		value, err := schema.Parse([]byte(json))
		if err != nil {
			return
		}
		_, _ = s.Check(value)
		_, _ = s.MarshalJSON()
	})
}
