package interchange

import (
	"cmp"
	"encoding/json"
	"slices"

	"domovoi.dev/sdk/dom"
)

// Module is a whole module.
type Module struct {
	// ID is the module's id.
	ID string
	// Settings may be nil: then an import leaves those of the module alone.
	Settings            *dom.ModuleSettings
	SectionDefinitions  []*dom.SectionDefinition
	BehaviorDefinitions []*dom.BehaviorDefinition
	Definitions         []*dom.Definition
	Templates           []*dom.Template
	Instances           []*dom.Instance
	// Unknown is what the files hold beside these.
	Unknown []Unknown
}

// Unknown is content that the objects have no place for.
type Unknown struct {
	// Kind and Key name the object it belongs to. Kind is empty for a member of
	// the module itself, or a file in its folder.
	Kind dom.ObjectKind `json:"Kind,omitempty"`
	Key  string         `json:"Key,omitempty"`
	// Path leads to the content inside the object, such as
	// FieldDescriptors[2].Validators[0]. An item of a list stands at its place
	// among all items, the known ones included.
	Path string `json:"Path"`
	// Value is the content.
	Value json.RawMessage `json:"Value"`
}

// String says where the content is.
func (u Unknown) String() string {
	if u.Kind == "" {
		return u.Path
	}
	return string(u.Kind) + " " + u.Key + " " + u.Path
}

// Objects are all objects of the module, in the order in which a module is built
// up; those of one kind by their ids.
func (m *Module) Objects() []dom.Object {
	var all []dom.Object
	if m.Settings != nil {
		all = append(all, m.Settings)
	}
	for _, shape := range shapes {
		all = append(all, m.objects(shape.kind)...)
	}
	return all
}

// objects are those of one kind, by their ids.
func (m *Module) objects(kind dom.ObjectKind) []dom.Object {
	var list []dom.Object
	switch kind {
	case dom.KindSectionDefinition:
		list = asObjects(m.SectionDefinitions)
	case dom.KindBehaviorDefinition:
		list = asObjects(m.BehaviorDefinitions)
	case dom.KindDefinition:
		list = asObjects(m.Definitions)
	case dom.KindTemplate:
		list = asObjects(m.Templates)
	case dom.KindInstance:
		list = asObjects(m.Instances)
	}
	slices.SortStableFunc(list, func(a, b dom.Object) int { return cmp.Compare(a.Key(), b.Key()) })
	return list
}

func asObjects[T dom.Object](list []T) []dom.Object {
	objects := make([]dom.Object, len(list))
	for i, o := range list {
		objects[i] = o
	}
	return objects
}

func (m *Module) add(o dom.Object) {
	switch o := o.(type) {
	case *dom.ModuleSettings:
		m.Settings = o
	case *dom.SectionDefinition:
		m.SectionDefinitions = append(m.SectionDefinitions, o)
	case *dom.BehaviorDefinition:
		m.BehaviorDefinitions = append(m.BehaviorDefinitions, o)
	case *dom.Definition:
		m.Definitions = append(m.Definitions, o)
	case *dom.Template:
		m.Templates = append(m.Templates, o)
	case *dom.Instance:
		m.Instances = append(m.Instances, o)
	}
}

// Rename gives the module another id. Fields that refer to instances of the
// module by its name refer to the renamed one.
func (m *Module) Rename(id string) {
	old := m.ID
	m.ID = id
	for _, o := range m.Objects() {
		switch o := o.(type) {
		case *dom.ModuleSettings:
			o.ModuleID = id
			continue
		case *dom.SectionDefinition:
			for _, fd := range o.FieldDescriptors {
				if fd.Reference != nil && fd.Reference.ModuleID == old && old != "" {
					fd.Reference.ModuleID = id
				}
			}
		case *dom.Template:
			if o.TemplateData != nil {
				o.TemplateData.ModuleID = id
			}
		}
		*moduleOf(o) = id
	}
	for i := range m.Unknown {
		if m.Unknown[i].Kind == dom.KindModuleSettings {
			m.Unknown[i].Key = id
		}
	}
}

// moduleOf is where an object names its module; nil for settings, which are the
// module.
func moduleOf(o dom.Object) *string {
	switch o := o.(type) {
	case *dom.SectionDefinition:
		return &o.ModuleID
	case *dom.BehaviorDefinition:
		return &o.ModuleID
	case *dom.Definition:
		return &o.ModuleID
	case *dom.Template:
		return &o.ModuleID
	case *dom.Instance:
		return &o.ModuleID
	}
	return nil
}

// fieldTypes are the types of the module's fields.
func (m *Module) fieldTypes() map[dom.FieldDescriptorID]dom.FieldType {
	types := make(map[dom.FieldDescriptorID]dom.FieldType)
	for _, s := range m.SectionDefinitions {
		for _, fd := range s.FieldDescriptors {
			types[fd.ID] = fd.FieldType
		}
	}
	return types
}

// restore puts what is unknown back into the form of an object.
func (m *Module) restore(root tree, kind dom.ObjectKind, key string) error {
	type place struct {
		steps []path
		u     Unknown
	}
	var places []place
	for _, u := range m.Unknown {
		if u.Kind != kind || u.Key != key {
			continue
		}
		p, ok := parsePath(u.Path)
		if !ok {
			return errorAt("", u.String(), "this is no path of unknown content")
		}
		places = append(places, place{p.steps(), u})
	}
	slices.SortStableFunc(places, func(a, b place) int { return comparePaths(a.steps, b.steps) })
	for _, place := range places {
		v, err := parseTree(place.u.Value)
		if err != nil {
			return errorAt("", place.u.String(), "the unknown content is no JSON: %v", err)
		}
		if !insert(root, place.steps, v) {
			return errorAt("", place.u.String(), "there is no such place for unknown content")
		}
	}
	return nil
}

// checkUnknown refuses unknown content of objects that the module does not have.
func (m *Module) checkUnknown() error {
	type name struct {
		kind dom.ObjectKind
		key  string
	}
	known := map[name]bool{{}: true}
	for _, o := range m.Objects() {
		known[name{o.Kind(), o.Key()}] = true
	}
	for _, u := range m.Unknown {
		if !known[name{u.Kind, u.Key}] {
			return errorAt("", u.String(), "the module has no such object for unknown content")
		}
	}
	return nil
}
