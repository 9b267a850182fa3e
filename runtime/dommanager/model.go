package dommanager

import (
	"context"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// model is what instances are validated against: the section definitions,
// definitions and behavior definitions of a module at one version. It does not change.
type model struct {
	version     uint64
	seen        slnet.Cursor // the commit it was loaded at
	sections    map[dom.SectionDefinitionID]*dom.SectionDefinition
	definitions map[dom.DefinitionID]*dom.Definition
	behaviors   map[dom.BehaviorDefinitionID]*dom.BehaviorDefinition
	fields      map[dom.FieldDescriptorID]*dom.FieldDescriptor
	// fieldsOf are the fields of each section definition. Two of them may have
	// fields of the same id (row SD-22).
	fieldsOf map[dom.SectionDefinitionID]map[dom.FieldDescriptorID]*dom.FieldDescriptor
	// moduleSections are those of the settings the manager runs with.
	moduleSections []dom.SectionDefinitionID
	// listener is told of changes, nil for nobody.
	listener   Listener
	systems    map[dom.BehaviorDefinitionID]*behavior
	validators map[*dom.FieldDescriptor][]validator
}

// model returns the model as r sees it. Reading its version makes the
// transaction conflict with every change of the model, so that an instance is
// never stored under a model it was not validated against.
func (m *manager) model(r *storage.Reader) (*model, error) {
	cached := m.cached.Load()
	if cached != nil {
		if same, err := r.ModelUnchangedSince(m.moduleID, cached.seen); err != nil || same {
			return cached, err
		}
	}
	version, err := r.ModelVersion(m.moduleID)
	if err != nil {
		return nil, err
	}
	if cached != nil && cached.version == version {
		return cached, nil
	}
	loaded := &model{
		version:     version,
		seen:        r.Version(),
		sections:    make(map[dom.SectionDefinitionID]*dom.SectionDefinition),
		definitions: make(map[dom.DefinitionID]*dom.Definition),
		behaviors:   make(map[dom.BehaviorDefinitionID]*dom.BehaviorDefinition),
		fields:      make(map[dom.FieldDescriptorID]*dom.FieldDescriptor),
		fieldsOf:    make(map[dom.SectionDefinitionID]map[dom.FieldDescriptorID]*dom.FieldDescriptor),

		moduleSections: m.settings.DomManagerSettings.ModuleSections,
	}
	for _, kind := range []dom.ObjectKind{dom.KindSectionDefinition, dom.KindBehaviorDefinition, dom.KindDefinition} {
		if err := r.Each(context.Background(), kind, m.moduleID, loaded.add); err != nil {
			return nil, err
		}
	}
	loaded.resolve()
	if m.triggers.Listener != nil {
		if loaded.listener, err = m.triggers.Listener(r, m.moduleID); err != nil {
			return nil, err
		}
	}
	if !r.ModelTouched(m.moduleID) {
		m.cached.Store(loaded)
	}
	return loaded, nil
}

func (m *model) add(o dom.Object) {
	switch o := o.(type) {
	case *dom.SectionDefinition:
		m.sections[o.ID] = o
		fields := make(map[dom.FieldDescriptorID]*dom.FieldDescriptor, len(o.FieldDescriptors))
		for _, fd := range o.FieldDescriptors {
			m.fields[fd.ID], fields[fd.ID] = fd, fd
		}
		m.fieldsOf[o.ID] = fields
	case *dom.BehaviorDefinition:
		m.behaviors[o.ID] = o
	case *dom.Definition:
		m.definitions[o.ID] = o
	}
}

// isModuleSection reports whether every definition without a status system has a
// section.
func (m *model) isModuleSection(id dom.SectionDefinitionID) bool {
	return slices.Contains(m.moduleSections, id)
}

// fieldType is the type of a field of any section, "" when there is none.
func (m *model) fieldType(id dom.FieldDescriptorID) dom.FieldType {
	if fd := m.fields[id]; fd != nil {
		return fd.FieldType
	}
	return ""
}
