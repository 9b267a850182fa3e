package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"domovoi.dev/internal/godoc"
	"domovoi.dev/sdk/slnet"
)

// schema is a schema of JSON Schema 2020-12, which is that of OpenAPI 3.1.
type schema map[string]any

// written are types whose JSON form is not what their declaration says.
var written = map[string]schema{
	"string": {"type": "string"}, "bool": {"type": "boolean"}, "any": {},
	"byte": {"type": "integer"}, "int": {"type": "integer"}, "int32": {"type": "integer", "format": "int32"},
	"int64": {"type": "integer", "format": "int64"}, "uint64": {"type": "integer", "minimum": 0}, "float64": {"type": "number"},
	"time.Time": {"type": "string", "format": "date-time"}, "uuid.UUID": {"type": "string", "format": "uuid"},
	"time.Duration": {"type": "integer", "format": "int64", "description": "A length of time in nanoseconds."},
	"JSON":          {"description": "Any JSON."}, "slnet.JSON": {"description": "Any JSON."},
	"Raw": ref("Object"), "slnet.Raw": ref("Object"),
}

// objects are the kinds of what stands in a message as an object of a module.
var objects = []string{"ModuleSettings", "SectionDefinition", "BehaviorDefinition", "Definition", "Template", "Instance", "HistoryChange"}

func ref(name string) schema { return schema{"$ref": "#/components/schemas/" + name} }

func refs(names []string) (list []schema) {
	for _, name := range names {
		list = append(list, ref(name))
	}
	return list
}

// describer makes schemas of declarations, those that are asked for and those they
// mention.
type describer struct {
	types   map[string]*godoc.Type
	schemas map[string]schema
	queue   []string
}

// describe returns the document: routes, which is one without the messages, with
// the messages of a registry.
func describe(registry *slnet.Registry, routes []byte, folders ...string) ([]byte, error) {
	types, err := godoc.Read(folders...)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := json.Unmarshal(routes, &document); err != nil {
		return nil, fmt.Errorf("routes: %w", err)
	}
	d := &describer{types: types, schemas: map[string]schema{
		"Object": {"anyOf": append(refs(objects), schema{"type": "null"}), "description": "An object of a module, or its settings. Its kind stands beside it."},
		"Value":  value(types["Value"].Doc),
	}}
	m, err := d.sort(registry)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat([]string{"Error", "CreateTokenResponse", "Token"}, objects) {
		d.want(name)
	}
	if err := d.declareAll(); err != nil {
		return nil, err
	}
	d.close(m)
	components := document["components"].(map[string]any)
	given := components["schemas"].(map[string]any)
	for name, s := range d.schemas {
		if _, ok := given[name]; ok {
			return nil, fmt.Errorf("routes.json has a schema %s, which is a type of the SDK", name)
		}
		given[name] = s
	}
	m.addCalls(given)
	stream := document["paths"].(map[string]any)["/slnet/events"].(map[string]any)["get"].(map[string]any)
	stream["x-events"] = m.byName(m.events)
	return encode(document)
}

// encode writes JSON that people can read and compare.
func encode(document map[string]any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(document)
	return b.Bytes(), err
}

// messages are the messages of a registry by what they are for.
type messages struct {
	typeOf                      map[string]string // by the name of the message
	requests, responses, events []string
	answers                     map[string]string // of a request
}

// sort tells requests, which say what they are answered with, from events, whose
// names say that they are, and from answers, which are the rest.
func (d *describer) sort(registry *slnet.Registry) (*messages, error) {
	m := &messages{typeOf: make(map[string]string), answers: make(map[string]string)}
	for _, name := range registry.Names() {
		message, err := registry.New(name)
		if err != nil {
			return nil, err
		}
		typeName := reflect.TypeOf(message).Elem().Name()
		m.typeOf[name] = typeName
		declared := d.types[typeName]
		if declared == nil {
			return nil, fmt.Errorf("there is no declaration of %s", typeName)
		}
		d.want(typeName)
		switch answer := declared.Answer(); {
		case answer != "":
			m.requests = append(m.requests, name)
			m.answers[name] = answer
		case strings.HasSuffix(name, "EventMessage"):
			m.events = append(m.events, name)
		default:
			m.responses = append(m.responses, name)
		}
	}
	for request, answer := range m.answers {
		if m.typeOf[answer] == "" {
			return nil, fmt.Errorf("%s is answered with %s, which is no message", request, answer)
		}
	}
	return m, nil
}

// byName are references to the types of messages by the names of these.
func (m *messages) byName(names []string) map[string]schema {
	all := make(map[string]schema)
	for _, name := range names {
		all[name] = ref(m.typeOf[name])
	}
	return all
}

// addCalls adds the schemas of what is sent to /slnet and comes back: a message with
// its name beside it.
func (m *messages) addCalls(schemas map[string]any) {
	for what, names := range map[string][]string{"Request": m.requests, "Response": m.responses} {
		mapping := make(map[string]string)
		var of []string
		for _, name := range names {
			call := what + "." + name
			s := schema{
				"type": "object", "required": []string{"type", "message"}, "additionalProperties": false,
				"properties": schema{"type": schema{"const": name}, "message": ref(m.typeOf[name])},
			}
			if answer := m.answers[name]; answer != "" {
				s["required"] = []string{"type"}
				s["description"] = "Answered with Response." + answer + "."
				s["x-answer"] = answer
			}
			schemas[call] = s
			of = append(of, call)
			mapping[name] = "#/components/schemas/" + call
		}
		schemas[what] = schema{
			"oneOf": refs(of), "discriminator": schema{"propertyName": "type", "mapping": mapping},
		}
	}
}

// want makes sure that there will be a schema of a type.
func (d *describer) want(name string) {
	if _, ok := d.schemas[name]; !ok {
		d.schemas[name] = nil
		d.queue = append(d.queue, name)
	}
}

func (d *describer) declareAll() error {
	for len(d.queue) > 0 {
		name := d.queue[0]
		d.queue = d.queue[1:]
		s, err := d.declare(name)
		if err != nil {
			return err
		}
		if doc := d.types[name].Doc; doc != "" {
			s["description"] = doc
		}
		d.schemas[name] = s
	}
	return nil
}

// declare is the schema of a type of the SDK.
func (d *describer) declare(name string) (schema, error) {
	t := d.types[name]
	if t == nil {
		return nil, fmt.Errorf("there is no declaration of %s", name)
	}
	if _, ok := t.Of.(*ast.StructType); ok {
		return d.object(t)
	}
	if list, ok := t.Of.(*ast.ArrayType); ok && list.Len != nil {
		return maps.Clone(written["uuid.UUID"]), nil
	}
	s, err := d.expression(t.Of)
	if err != nil || len(t.Constants) == 0 {
		return s, err
	}
	var lines []string
	var values []any
	for _, c := range t.Constants {
		if t.IsText() {
			if text, _ := strconv.Unquote(c.Value); !slices.Contains(values, any(text)) {
				values = append(values, text)
			}
		}
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s %s: %s", c.Value, c.Name, c.Doc), ": "))
	}
	s["x-values"] = lines
	if t.IsText() {
		s["examples"] = values
	}
	return s, nil
}

// object is the schema of a struct, with the properties of those it embeds.
func (d *describer) object(t *godoc.Type) (schema, error) {
	own, embedded, ok := t.Fields()
	if !ok {
		return nil, fmt.Errorf("%s is no struct", t.Name)
	}
	properties, required := schema{}, []string{}
	for _, name := range embedded {
		base := d.types[name]
		if base == nil {
			return nil, fmt.Errorf("%s embeds %s, which is not declared", t.Name, name)
		}
		s, err := d.object(base)
		if err != nil {
			return nil, err
		}
		maps.Copy(properties, s["properties"].(schema))
		required = append(required, s["required"].([]string)...)
	}
	for _, p := range own {
		s, err := d.expression(p.Of)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.Name, p.Name, err)
		}
		if p.Nullable {
			s = nullable(s)
		}
		if p.Doc != "" {
			s["description"] = p.Doc
		}
		properties[p.Name] = s
		if !p.Optional {
			required = append(required, p.Name)
		}
	}
	slices.Sort(required)
	return schema{"type": "object", "properties": properties, "required": required}, nil
}

// nullable is a schema that takes null too.
func nullable(s schema) schema {
	if kind, ok := s["type"].(string); ok {
		s["type"] = []string{kind, "null"}
		return s
	}
	if len(s) == 0 {
		return s
	}
	return schema{"anyOf": []schema{s, {"type": "null"}}}
}

// expression is the schema of a type as a field has it. It is the caller's own.
func (d *describer) expression(e ast.Expr) (schema, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		return d.expression(e.X)
	case *ast.ArrayType:
		if godoc.Last(e.Elt) == "byte" {
			return schema{"type": "string", "contentEncoding": "base64"}, nil
		}
		items, err := d.expression(e.Elt)
		return schema{"type": "array", "items": items}, err
	case *ast.MapType:
		values, err := d.expression(e.Value)
		return schema{"type": "object", "additionalProperties": values}, err
	case *ast.Ident, *ast.SelectorExpr:
		name := godoc.Last(e)
		full := name
		if selector, ok := e.(*ast.SelectorExpr); ok {
			full = godoc.Last(selector.X) + "." + name
		}
		if s, ok := written[full]; ok {
			return maps.Clone(s), nil
		}
		d.want(name)
		return ref(name), nil
	}
	return nil, fmt.Errorf("%T has no form in JSON", e)
}

// close says what is particular to either direction. Of what is only sent to the
// daemon everything may be left out, and nothing may be added; of what also comes
// from it neither holds. What only comes from it is always complete.
func (d *describer) close(m *messages) {
	sent, received := d.reach(m, m.requests), d.reach(m, slices.Concat(m.responses, m.events))
	for name, s := range d.schemas {
		if s["properties"] == nil {
			continue
		}
		if sent[name] {
			delete(s, "required")
			if !received[name] {
				s["additionalProperties"] = false
			}
		}
	}
}

// reach returns the types that messages consist of.
func (d *describer) reach(m *messages, names []string) map[string]bool {
	reached := make(map[string]bool)
	var follow func(node any)
	follow = func(node any) {
		switch node := node.(type) {
		case schema:
			if target, ok := node["$ref"].(string); ok {
				name := target[strings.LastIndexByte(target, '/')+1:]
				if !reached[name] {
					reached[name] = true
					follow(d.schemas[name])
				}
			}
			for _, inner := range node {
				follow(inner)
			}
		case []schema:
			for _, inner := range node {
				follow(inner)
			}
		}
	}
	for _, name := range names {
		follow(ref(m.typeOf[name]))
	}
	return reached
}

// value is the schema of dom.Value, which has a form of its own.
func value(doc string) schema {
	one := func(name string, of schema) schema {
		return schema{"type": "object", "properties": schema{name: of}, "required": []string{name}, "additionalProperties": false}
	}
	text := func(format string) schema { return schema{"type": "string", "format": format} }
	return schema{
		"description": doc + "\n\nTexts, booleans and longs stand as they are and lists as arrays; of other kinds the name stands before the value.",
		"anyOf": []schema{
			{"type": []string{"string", "boolean", "integer", "null"}},
			{"type": "number", "description": "A double that is no integer, in what is sent."},
			{"type": "array", "items": ref("Value")},
			one("Int", schema{"type": "integer", "format": "int32"}),
			one("Long", schema{"type": []string{"string", "integer"}}),
			one("Double", schema{"type": []string{"number", "string"}, "description": "NaN and the infinities are texts."}),
			one("DateTime", text("date-time")), one("TimeSpan", schema{"type": "string", "description": "As [-][d.]hh:mm:ss[.fffffff]."}), one("Guid", text("uuid")),
		},
	}
}
