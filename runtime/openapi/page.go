package openapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"prose": prose, "sentence": sentence}).Parse(pageText))

// openAPI is what the page shows of the document.
type openAPI struct {
	Info  struct{ Title, Summary, Description string }
	Paths map[string]map[string]json.RawMessage

	Components struct{ Schemas map[string]*schema }
}

type operation struct {
	Summary, Description string
	Events               map[string]*schema `json:"x-events"`
}

type schema struct {
	Ref         string    `json:"$ref"`
	Type        typeNames `json:"type"`
	Format      string
	Encoding    string `json:"contentEncoding"`
	Description string
	Items       *schema
	// Values are those of an object that has no properties of its own.
	Values     additional `json:"additionalProperties"`
	Properties map[string]*schema
	AnyOf      []*schema
	Constants  []string `json:"x-values"`
	Answer     string   `json:"x-answer"`
}

// typeNames are the types of a schema, given as one or as a list.
type typeNames []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *typeNames) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(t))
	}
	*t = make([]string, 1)
	return json.Unmarshal(b, &(*t)[0])
}

// additional is the schema of properties without a name, nil where only says which
// there are.
type additional struct{ *schema }

// UnmarshalJSON implements json.Unmarshaler.
func (a *additional) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return nil
	}
	return json.Unmarshal(b, &a.schema)
}

// What the page is made of.
type (
	view struct {
		Title, Summary string
		Description    []string
		Routes         []route
		Requests       []entry
		Responses      []entry
		Events         []entry
		Types          []entry
		DocumentPath   string
		StylePath      string
	}
	route struct {
		Method, Path, Summary string
		Description           []string
	}
	entry struct {
		Name, Anchor string
		Description  []string
		Answer       string // the name of the message that answers
		Type         string // the type of a message, where it has another name
		Is           typeText
		Properties   []property
		Constants    []string
	}
	property struct {
		Name        string
		Type        typeText
		Description []string
	}
	// typeText is a type in words, with at most one link in it.
	typeText struct{ Before, Link, After string }
)

// page renders the page. That it cannot be is a mistake in the program.
func page() []byte {
	var doc openAPI
	var b bytes.Buffer
	err := json.Unmarshal(document, &doc)
	if err == nil {
		var v *view
		if v, err = doc.view(); err == nil {
			err = pageTemplate.Execute(&b, v)
		}
	}
	if err != nil {
		panic("openapi: " + err.Error())
	}
	return b.Bytes()
}

func (doc *openAPI) view() (*view, error) {
	v := &view{
		Title: doc.Info.Title, Summary: doc.Info.Summary, Description: paragraphs(doc.Info.Description),
		DocumentPath: DocumentPath, StylePath: StylePath,
	}
	shown := make(map[string]bool)
	for _, path := range sortedKeys(doc.Paths) {
		for _, method := range []string{"get", "put", "post"} {
			raw, ok := doc.Paths[path][method]
			if !ok {
				continue
			}
			var o operation
			if err := json.Unmarshal(raw, &o); err != nil {
				return nil, err
			}
			v.Routes = append(v.Routes, route{strings.ToUpper(method), path, o.Summary, paragraphs(o.Description)})
			for _, name := range sortedKeys(o.Events) {
				v.Events = append(v.Events, doc.message(name, o.Events[name].target(), "", shown))
			}
		}
	}
	for _, name := range sortedKeys(doc.Components.Schemas) {
		s := doc.Components.Schemas[name]
		if message, ok := strings.CutPrefix(name, "Request."); ok {
			v.Requests = append(v.Requests, doc.message(message, s.Properties["message"].target(), s.Answer, shown))
		} else if message, ok := strings.CutPrefix(name, "Response."); ok {
			v.Responses = append(v.Responses, doc.message(message, s.Properties["message"].target(), "", shown))
		}
	}
	for _, name := range sortedKeys(doc.Components.Schemas) {
		if !shown[name] && name != "Request" && name != "Response" && !strings.Contains(name, ".") {
			v.Types = append(v.Types, doc.entry(name, name))
		}
	}
	return v, nil
}

// message is the entry of a message. One whose type is another's stands for itself
// and refers to the type.
func (doc *openAPI) message(name, of, answer string, shown map[string]bool) entry {
	if name != of {
		return entry{Name: name, Anchor: name, Type: of, Answer: answer, Description: paragraphs(doc.Components.Schemas[of].Description)}
	}
	shown[of] = true
	e := doc.entry(name, of)
	e.Answer = answer
	return e
}

func (doc *openAPI) entry(name, of string) entry {
	s := doc.Components.Schemas[of]
	e := entry{Name: name, Anchor: name, Description: paragraphs(s.Description), Constants: s.Constants}
	if s.Properties == nil {
		e.Is = s.words()
	}
	for _, key := range sortedKeys(s.Properties) {
		p := s.Properties[key]
		e.Properties = append(e.Properties, property{key, p.words(), paragraphs(p.Description)})
	}
	return e
}

func (s *schema) target() string { return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:] }

// words says what a schema takes.
func (s *schema) words() typeText {
	switch {
	case s.Ref != "":
		return typeText{Link: s.target()}
	case s.Items != nil:
		return s.Items.words().after("list of ")
	case s.Values.schema != nil:
		return s.Values.words().after("map of texts to ")
	case len(s.AnyOf) == 2 && slices.Equal(s.AnyOf[1].Type, []string{"null"}):
		return s.AnyOf[0].words()
	case len(s.AnyOf) > 0:
		return typeText{Before: "one of several forms"}
	case s.Encoding != "":
		return typeText{Before: "bytes in " + s.Encoding}
	case s.Format == "date-time":
		return typeText{Before: "time"}
	case s.Format == "uuid":
		return typeText{Before: "GUID"}
	case len(s.Type) == 0:
		return typeText{Before: "any JSON"}
	}
	return typeText{Before: strings.NewReplacer("string", "text").Replace(s.Type[0])}
}

func (t typeText) after(before string) typeText {
	t.Before = before + t.Before
	return t
}

// prose is a text in which words between backquotes are code.
func prose(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if part = template.HTMLEscapeString(part); i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}

// sentence ends a text with a full stop, unless it has an end.
func sentence(text string) string {
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

func paragraphs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n\n")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
