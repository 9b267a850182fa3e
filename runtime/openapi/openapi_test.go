package openapi_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/openapi"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

type object = map[string]any

func open(t *testing.T) (document, schemas object) {
	t.Helper()
	if err := json.Unmarshal(openapi.Document(), &document); err != nil {
		t.Fatal(err)
	}
	return document, document["components"].(object)["schemas"].(object)
}

// resolve follows a reference within the document, nil where it leads nowhere.
func resolve(document object, ref string) any {
	var node any = document
	for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		inner, ok := node.(object)
		if !ok {
			return nil
		}
		node = inner[part]
	}
	return node
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	document, schemas := open(t)
	used := make(map[string]bool)
	var walk func(at string, node any)
	walk = func(at string, node any) {
		switch node := node.(type) {
		case object:
			for key, inner := range node {
				target, isText := inner.(string)
				if (key == "$ref" || strings.HasSuffix(at, "/mapping")) && isText {
					used[target] = true
					if !strings.HasPrefix(target, "#/") || resolve(document, target) == nil {
						t.Errorf("%s refers to %s, which is not there", at, target)
					}
				}
				walk(at+"/"+key, inner)
			}
		case []any:
			for i, inner := range node {
				walk(fmt.Sprint(at, "/", i), inner)
			}
		}
	}
	walk("", document)
	name := regexp.MustCompile(`^[A-Za-z0-9._-]+$`) // what OpenAPI allows
	for key := range schemas {
		if !name.MatchString(key) {
			t.Errorf("a schema cannot have the name %q", key)
		}
		if !used["#/components/schemas/"+key] {
			t.Errorf("nothing refers to the schema %s", key)
		}
	}
	operations := make(map[any]bool)
	for path, item := range document["paths"].(object) {
		for method, o := range item.(object) {
			if method == "parameters" {
				continue
			}
			id := o.(object)["operationId"]
			if id == nil || operations[id] || o.(object)["responses"] == nil {
				t.Errorf("%s %s has no operationId, that of another, or no responses", method, path)
			}
			operations[id] = true
		}
	}
}

// checker compares values with schemas. It knows the words the document uses, and
// fails on others.
type checker struct {
	document object
	problems []string
}

func (c *checker) problem(at, format string, args ...any) {
	c.problems = append(c.problems, at+": "+fmt.Sprintf(format, args...))
}

func (c *checker) fits(s, v any) bool {
	inner := &checker{document: c.document}
	inner.check("", s, v)
	return len(inner.problems) == 0
}

func (c *checker) check(at string, node, v any) {
	s := node.(object)
	for word, arg := range s {
		switch word {
		case "$ref":
			c.check(at, resolve(c.document, arg.(string)), v)
		case "type":
			kinds, ok := arg.([]any)
			if !ok {
				kinds = []any{arg}
			}
			if !slices.ContainsFunc(kinds, func(kind any) bool { return isKind(kind, v) }) {
				c.problem(at, "%v is not of the type %v", v, arg)
			}
		case "const":
			if v != arg {
				c.problem(at, "%v is not %v", v, arg)
			}
		case "anyOf", "oneOf":
			count := 0
			for _, of := range arg.([]any) {
				if c.fits(of, v) {
					count++
				}
			}
			if count == 0 || word == "oneOf" && count > 1 {
				c.problem(at, "%.200v fits %d of %s", v, count, word)
			}
		case "items":
			list, _ := v.([]any)
			for i, item := range list {
				c.check(fmt.Sprintf("%s[%d]", at, i), arg, item)
			}
		case "required":
			for _, name := range arg.([]any) {
				if o, ok := v.(object); ok && o[name.(string)] == nil {
					if _, there := o[name.(string)]; !there {
						c.problem(at, "there is no %s", name)
					}
				}
			}
		case "format":
			text, ok := v.(string)
			_, notGuid := uuid.Parse(text)
			_, notTime := time.Parse(time.RFC3339Nano, text)
			if ok && (arg == "uuid" && notGuid != nil || arg == "date-time" && notTime != nil) {
				c.problem(at, "%q is no %s", v, arg)
			}
		case "properties", "additionalProperties", "minimum", "maxItems", "description", "examples", "contentEncoding", "discriminator", "x-values", "x-answer":
		default:
			c.problem(at, "the schema has the word %q, which the test does not know", word)
		}
	}
	o, ok := v.(object)
	if !ok {
		return
	}
	properties, _ := s["properties"].(object)
	for name, inner := range o {
		if p, ok := properties[name]; ok {
			c.check(at+"."+name, p, inner)
		} else if more, ok := s["additionalProperties"].(object); ok {
			c.check(at+"."+name, more, inner)
		} else if s["additionalProperties"] == false || properties != nil {
			c.problem(at, "the schema does not have the property %s", name)
		}
	}
}

func isKind(kind, v any) bool {
	switch v := v.(type) {
	case nil:
		return kind == "null"
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	}
	return kind == "object"
}

// values are of each kind, and filled is how many fill has used.
var (
	values = []dom.Value{
		dom.ValueOf("x"), dom.ValueOf(int64(1)), dom.ValueOf(int32(1)), dom.ValueOf(1.5), dom.ValueOf(math.Inf(1)), dom.ValueOf(true),
		dom.ValueOf(time.Hour), dom.ValueOf(time.Unix(1, 0)), dom.ValueOf(uuid.Max), dom.ValueOf([]dom.Value{dom.ValueOf("x")}), {},
	}
	filled int
)

// fill gives everything in a message a value. Types that refer to themselves end at
// a depth.
func fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)))
		return
	case dom.Value:
		v.Set(reflect.ValueOf(values[filled%len(values)]))
		filled++
		return
	case slnet.JSON:
		v.Set(reflect.ValueOf(slnet.JSON(`{"a": [1]}`)))
		return
	case slnet.Raw:
		raw, err := dom.EncodeObject(dom.NewInstance(dom.NewDefinitionID()))
		if err != nil {
			panic(err)
		}
		v.Set(reflect.ValueOf(raw))
		return
	case dom.ObjectKind:
		v.Set(reflect.ValueOf(dom.KindInstance))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), depth)
		}
	case reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), depth-1)
		}
	case reflect.Map:
		if depth > 0 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, depth-1)
			fill(value, depth-1)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), depth)
			}
		}
	case reflect.Interface:
		v.Set(reflect.ValueOf("x"))
	}
}

// TestSchemasAreThoseOfTheMessages encodes every message there is, empty and with
// all it can have: its schema takes it, and the message takes what was encoded.
func TestSchemasAreThoseOfTheMessages(t *testing.T) {
	document, schemas := open(t)
	registry := sdk.Registry()
	events := document["paths"].(object)["/slnet/events"].(object)["get"].(object)["x-events"].(object)
	for _, name := range registry.Names() {
		empty, err := registry.New(name)
		if err != nil {
			t.Fatal(err)
		}
		full, _ := registry.New(name)
		fill(reflect.ValueOf(full).Elem(), 5)
		for what, message := range map[string]slnet.Message{"empty": empty, "full": full} {
			encoded, err := slnet.AppendJSON(nil, []slnet.Message{message})
			if err != nil {
				if what == "full" {
					t.Errorf("%s %s: %v", what, name, err)
				}
				continue
			}
			again, err := registry.DecodeJSON(encoded)
			if err != nil {
				t.Errorf("%s %s is not read again: %v\n%.300s", what, name, err, encoded)
				continue
			}
			if second, err := slnet.AppendJSON(nil, again); err != nil || string(second) != string(encoded) {
				t.Errorf("%s %s changes: %s, then %s, %v", what, name, encoded, second, err)
			}
			var list []object
			if err := json.Unmarshal(encoded, &list); err != nil {
				t.Fatal(err)
			}
			c := &checker{document: document}
			switch {
			case schemas["Request."+name] != nil:
				c.check(name, schemas["Request."+name], list[0])
			case schemas["Response."+name] != nil:
				c.check(name, schemas["Response."+name], list[0])
			case events[name] != nil:
				c.check(name, events[name], list[0]["message"])
			default:
				t.Errorf("%s is not described", name)
			}
			if len(c.problems) > 0 {
				t.Errorf("%s %s:\n%s", what, name, strings.Join(c.problems[:min(len(c.problems), 5)], "\n"))
			}
		}
	}
}

// TestExamplesAreRequests: what the document shows can be sent.
func TestExamplesAreRequests(t *testing.T) {
	document, _ := open(t)
	post := document["paths"].(object)["/slnet"].(object)["post"].(object)
	examples := post["requestBody"].(object)["content"].(object)["application/json"].(object)["examples"].(object)
	for name, example := range examples {
		raw, err := json.Marshal(example.(object)["value"])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sdk.Registry().DecodeJSON(raw); err != nil {
			t.Errorf("the example %s: %v", name, err)
		}
	}
}

// TestPage: the page has every message, and each of its links leads to a place that
// is there once.
func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	openapi.Handler().ServeHTTP(w, httptest.NewRequest("GET", openapi.PagePath, nil))
	page := w.Body.String()
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("got %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	for _, text := range []string{"<p>Is the daemon alive?</p>", "<code>POST /slnet</code>"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	places := make(map[string]int)
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if places[id[1]]++; places[id[1]] > 1 {
			t.Errorf("the place %s is there twice", id[1])
		}
	}
	for _, name := range sdk.Registry().Names() {
		if places[name] == 0 {
			t.Errorf("the page does not have %s", name)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if places[link[1]] == 0 {
			t.Errorf("the page has a link to %s, which is not there", link[1])
		}
	}
	for _, forbidden := range []string{"<script", " style=", "<style", " onclick", "src=", `href="http`} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %q, which its policy does not allow or which leads elsewhere", forbidden)
		}
	}
}

func TestKnownFilesAreNotSentAgain(t *testing.T) {
	get := func(path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		openapi.Handler().ServeHTTP(w, r)
		return w
	}
	plain := get(openapi.DocumentPath)
	packed := get(openapi.DocumentPath, "Accept-Encoding", "gzip")
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() > plain.Body.Len()/3 || packed.Header().Get("ETag") == plain.Header().Get("ETag") {
		t.Errorf("compressed: %d of %d bytes, %v", packed.Body.Len(), plain.Body.Len(), packed.Header())
	}
	if again := get(openapi.DocumentPath, "If-None-Match", plain.Header().Get("ETag")); again.Code != 304 || again.Body.Len() > 0 {
		t.Errorf("asked for again: %d with %d bytes, want 304 with none", again.Code, again.Body.Len())
	}
}
