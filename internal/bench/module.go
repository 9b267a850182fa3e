package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// module is a module with one definition, whose fields are texts.
type module struct {
	helper     *dom.DomHelper
	section    dom.SectionDefinitionID
	definition dom.DefinitionID
	fields     []dom.FieldDescriptorID
	texts      []string // the values of the fields
}

// newModule makes a module whose instances have a number of fields with texts
// of a number of characters. Its settings are the defaults, but for the number of
// fields that have an index, where that is not 0.
func newModule(ctx context.Context, send slnet.SendFunc, id string, fields, characters, indexed int) (*module, error) {
	m := &module{helper: dom.NewDomHelper(send, id)}
	descriptors := make([]*dom.FieldDescriptor, fields)
	for i := range descriptors {
		descriptors[i] = dom.NewFieldDescriptor(fmt.Sprint("Field ", i), dom.TypeString)
		m.fields = append(m.fields, descriptors[i].ID)
		m.texts = append(m.texts, text(characters))
	}
	settings := &dom.ModuleSettings{ModuleID: id}
	settings.DomManagerSettings.StorageSettings.IndexedFields = m.fields[:indexed]
	if _, err := dom.NewModuleSettingsHelper(send).ModuleSettings.Create(ctx, settings); err != nil {
		return nil, err
	}
	section := dom.NewSectionDefinition("Section", descriptors...)
	definition := dom.NewDefinition("Definition", dom.SectionDefinitionLink{SectionDefinitionID: section.ID})
	m.section, m.definition = section.ID, definition.ID
	if _, err := m.helper.SectionDefinitions.Create(ctx, section); err != nil {
		return nil, err
	}
	_, err := m.helper.DomDefinitions.Create(ctx, definition)
	return m, err
}

// text returns random letters, which compress as badly as names and notes do.
func text(characters int) string {
	b := make([]byte, characters)
	for i := range b {
		b[i] = byte('a' + rand.IntN(26))
	}
	return string(b)
}

// instance returns a new instance with all its values.
func (m *module) instance() *dom.Instance {
	i := dom.NewInstance(m.definition)
	for n, field := range m.fields {
		i.AddOrUpdateFieldValue(m.section, field, m.texts[n])
	}
	return i
}

// create stores a new instance through a helper for the module.
func (m *module) create(ctx context.Context, helper *dom.DomHelper) (*dom.Instance, error) {
	return helper.DomInstances.Create(ctx, m.instance())
}

// size is how many bytes an instance has in the store.
func (m *module) size(ctx context.Context) (int, error) {
	stored, err := m.create(ctx, m.helper)
	if err != nil {
		return 0, err
	}
	raw, err := dom.EncodeObject(stored)
	return len(raw), err
}
