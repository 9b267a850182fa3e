package dom

// Template is a prepared instance to begin from. Its data is not validated.
// (DOC:DomTemplate)
type Template struct {
	// ID is made by NewTemplate and stays.
	ID TemplateID `json:"Id"`
	// ModuleID is filled in by the server.
	ModuleID string `json:"ModuleId,omitempty"`
	// Name is for people.
	Name string `json:"Name,omitempty"`
	// TemplateData is the prepared instance.
	TemplateData *Instance `json:"TemplateData,omitempty"`
	Tracking     `json:",flatten"`
}

// NewTemplate returns a template with a new id.
func NewTemplate(name string, data *Instance) *Template {
	return &Template{ID: NewTemplateID(), Name: name, TemplateData: data}
}

// Kind implements Object.
func (t *Template) Kind() ObjectKind { return KindTemplate }

// Key implements Object.
func (t *Template) Key() string { return t.ID.String() }

func (t *Template) expose(e Exposer) []Value {
	switch e.Name {
	case exposeID:
		return []Value{ValueOf(t.ID)}
	case exposeName:
		return []Value{ValueOf(t.Name)}
	}
	return t.Tracking.expose(e)
}
