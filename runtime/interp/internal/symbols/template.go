package symbols

import (
	"io"
	"text/template"
)

// templateTemplate stands for template.Template in scripts. It has the methods
// that compute and lacks those that read files.
type templateTemplate struct{ t *template.Template }

func templateNew(name string) *templateTemplate { return &templateTemplate{template.New(name)} }

func templateMust(t *templateTemplate, err error) *templateTemplate {
	if err != nil {
		panic(err)
	}
	return t
}

// wrap keeps the receiver where the standard method returns its own.
func (t *templateTemplate) wrap(r *template.Template) *templateTemplate {
	switch r {
	case nil:
		return nil
	case t.t:
		return t
	}
	return &templateTemplate{r}
}

func (t *templateTemplate) Name() string             { return t.t.Name() }
func (t *templateTemplate) DefinedTemplates() string { return t.t.DefinedTemplates() }

func (t *templateTemplate) New(name string) *templateTemplate    { return t.wrap(t.t.New(name)) }
func (t *templateTemplate) Lookup(name string) *templateTemplate { return t.wrap(t.t.Lookup(name)) }

func (t *templateTemplate) Delims(left, right string) *templateTemplate {
	return t.wrap(t.t.Delims(left, right))
}

func (t *templateTemplate) Funcs(funcs template.FuncMap) *templateTemplate {
	return t.wrap(t.t.Funcs(funcs))
}

func (t *templateTemplate) Option(options ...string) *templateTemplate {
	return t.wrap(t.t.Option(options...))
}

func (t *templateTemplate) Parse(text string) (*templateTemplate, error) {
	r, err := t.t.Parse(text)
	return t.wrap(r), err
}

func (t *templateTemplate) Clone() (*templateTemplate, error) {
	r, err := t.t.Clone()
	return t.wrap(r), err
}

func (t *templateTemplate) Templates() []*templateTemplate {
	var list []*templateTemplate
	for _, r := range t.t.Templates() {
		list = append(list, t.wrap(r))
	}
	return list
}

func (t *templateTemplate) Execute(w io.Writer, data any) error { return t.t.Execute(w, data) }

func (t *templateTemplate) ExecuteTemplate(w io.Writer, name string, data any) error {
	return t.t.ExecuteTemplate(w, name, data)
}
