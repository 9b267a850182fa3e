package interchange

import (
	"domovoi.dev/sdk/dom"
)

// shapes are the kinds of objects beside the settings, in the order in which a
// module is built up. member names the list in module.json and the folder.
var shapes = []struct {
	kind   dom.ObjectKind
	member string
	typed  bool
}{
	{dom.KindSectionDefinition, "SectionDefinitions", true},
	{dom.KindBehaviorDefinition, "DomBehaviorDefinitions", false},
	{dom.KindDefinition, "DomDefinitions", false},
	{dom.KindTemplate, "DomTemplates", false},
	{dom.KindInstance, "DomInstances", false},
}

// describe carries an object of any kind over.
func (r *record) describe(o dom.Object) {
	switch o := o.(type) {
	case *dom.ModuleSettings:
		r.moduleSettings(o)
	case *dom.SectionDefinition:
		r.sectionDefinition(o)
	case *dom.BehaviorDefinition:
		r.behaviorDefinition(o)
	case *dom.Definition:
		r.definition(o)
	case *dom.Template:
		r.template(o)
	case *dom.Instance:
		r.instance(o)
	}
}

// tracking is who made and changed an object and when; modified is the name of
// the time of the last change. A server sets all of it, so it does not count in
// a comparison.
func (r *record) tracking(t *dom.Tracking, modified string) {
	if r.c.mode == comparing {
		return
	}
	r.time(modified, &t.LastModified)
	r.user("LastModifiedBy", &t.LastModifiedBy)
	r.time("CreatedAt", &t.CreatedAt)
	r.user("CreatedBy", &t.CreatedBy)
}

func (r *record) user(name string, s *string) {
	if r.reading() || *s != "" {
		r.text(name, s)
	}
}

// The names of the time of the last change.
const (
	syncLastModified  = "SyncLastModified"
	trackLastModified = "TrackLastModified"
)

// decodeObject reads an object. module is the module it belongs to, "" when
// that is not known, and fieldTypes are the types of its fields.
func decodeObject(kind dom.ObjectKind, v tree, module string, fieldTypes map[dom.FieldDescriptorID]dom.FieldType) (dom.Object, []Unknown, error) {
	o, err := dom.NewObject(kind)
	if err != nil {
		return nil, nil, err
	}
	c := &codec{mode: reading, module: module, fieldTypes: fieldTypes}
	if r := c.open(nil, v); r != nil {
		r.describe(o)
		r.close()
	}
	for i := range c.unknown {
		c.unknown[i].Kind, c.unknown[i].Key = kind, o.Key()
	}
	return o, c.unknown, c.err
}

// encodeObject is the form of an object in a file, with what is unknown put
// back.
func (m *Module) encodeObject(o dom.Object, typed bool, fieldTypes map[dom.FieldDescriptorID]dom.FieldType) (tree, error) {
	c := &codec{mode: writing, typed: typed, module: m.ID, fieldTypes: fieldTypes}
	r := c.create(nil)
	r.describe(o)
	if c.err != nil {
		err := c.err.(*Error)
		return nil, errorAt("", string(o.Kind())+" "+o.Key()+" "+err.Path, "%s", err.Message)
	}
	return r.out, m.restore(r.out, o.Kind(), o.Key())
}
