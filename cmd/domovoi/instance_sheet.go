package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/rows"
	"domovoi.dev/sdk/slnet"
)

// The members of a sheet, the form in which people read and write an instance:
//
//	definition: Invoice
//	status: draft
//	sections:
//	  - section: Invoice info
//	    id: 5f0c...
//	    values:
//	      Customer: Ann
//	      Tags: [new, large]
const (
	sheetDefinition = "definition"
	sheetStatus     = "status"
	sheetSections   = "sections"
	sheetSection    = "section"
	sheetID         = "id"
	sheetValues     = "values"
)

// sheetProblems are what is wrong with a sheet, all of it.
type sheetProblems []string

func (p *sheetProblems) add(n *yaml.Node, format string, args ...any) {
	*p = append(*p, fmt.Sprintf("line %d: %s", n.Line, fmt.Sprintf(format, args...)))
}

func (p sheetProblems) err() error {
	if len(p) == 0 {
		return nil
	}
	return slnet.Errorf(slnet.KindInvalid, "%s", strings.Join(p, "\n"))
}

// fieldsOf are the fields of a definition.
func (n *names) fieldsOf(id dom.DefinitionID) (*rows.Fields, error) {
	var sections []*dom.SectionDefinition
	for _, s := range n.sections {
		sections = append(sections, s)
	}
	for _, d := range n.definitions {
		if d.ID == id {
			return rows.ReadFields(sections, d), nil
		}
	}
	return nil, slnet.Errorf(slnet.KindNotFound, "the module %q has no definition %s", n.moduleID, id)
}

// sheet writes an instance as a sheet.
func (n *names) sheet(i *dom.Instance) ([]byte, error) {
	root := mapping()
	put(root, sheetDefinition, text(n.definition(i.DomDefinitionID)))
	if i.StatusID != "" {
		put(root, sheetStatus, text(i.StatusID))
	}
	sections := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range i.Sections {
		section, values := mapping(), mapping()
		name := s.SectionDefinitionID.String()
		definition := n.sections[s.SectionDefinitionID]
		if definition != nil {
			name = nameOr(definition.Name, name)
		}
		put(section, sheetSection, text(name))
		put(section, sheetID, text(s.ID.String()))
		for _, v := range s.FieldValues {
			var field *dom.FieldDescriptor
			if definition != nil {
				field = definition.GetFieldDescriptorByID(v.FieldDescriptorID)
			}
			if field == nil {
				return nil, slnet.Errorf(slnet.KindInvalid, "the instance has a value of a field that its section does not have: %s", v.FieldDescriptorID)
			}
			put(values, nameOr(field.Name, field.ID.String()), valueNode(field, v.Value))
		}
		put(section, sheetValues, values)
		sections.Content = append(sections.Content, section)
	}
	put(root, sheetSections, sections)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	err := e.Encode(root)
	return out.Bytes(), err
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func text(s string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(s)
	return n
}

func put(m *yaml.Node, key string, value *yaml.Node) {
	m.Content = append(m.Content, text(key), value)
}

// valueNode is a value in YAML.
func valueNode(f *dom.FieldDescriptor, v dom.Value) *yaml.Node {
	if v.Kind() == dom.KindList {
		list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, item := range rows.Items(f, v) {
			list.Content = append(list.Content, text(item))
		}
		return list
	}
	written := rows.Text(f, v)
	switch v.Kind() {
	case dom.KindLong, dom.KindDouble, dom.KindBool:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: written}
	}
	return text(written)
}

// readSheet reads a sheet into an instance: what it does not have is taken away.
func (n *names) readSheet(content []byte, i *dom.Instance) error {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return slnet.Errorf(slnet.KindInvalid, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		return slnet.Errorf(slnet.KindInvalid, "there is nothing in it; want %s and %s", sheetDefinition, sheetSections)
	}
	var problems sheetProblems
	root := members(document.Content[0], &problems, "an instance", sheetDefinition, sheetStatus, sheetSections)
	if name := root[sheetDefinition]; name != nil {
		id, err := n.findDefinition(name.Value)
		switch {
		case err != nil:
			problems.add(name, "%v", err)
		case i.DomDefinitionID != (dom.DefinitionID{}) && i.DomDefinitionID != id:
			problems.add(name, "an instance stays with its definition, which is %s", n.definition(i.DomDefinitionID))
		}
		i.DomDefinitionID = id
	} else if i.DomDefinitionID == (dom.DefinitionID{}) {
		problems.add(document.Content[0], "%s is missing", sheetDefinition)
	}
	i.StatusID = ""
	if status := root[sheetStatus]; status != nil {
		i.StatusID = status.Value
	}
	i.Sections = nil
	if list := root[sheetSections]; list != nil {
		if list.Kind != yaml.SequenceNode {
			problems.add(list, "%s is no list", sheetSections)
		}
		for _, node := range list.Content {
			if s := n.readSection(node, &problems); s != nil {
				i.Sections = append(i.Sections, s)
			}
		}
	}
	return problems.err()
}

// members are the members of a mapping by name.
func members(n *yaml.Node, problems *sheetProblems, what string, known ...string) map[string]*yaml.Node {
	found := make(map[string]*yaml.Node)
	if n.Kind != yaml.MappingNode {
		problems.add(n, "%s has members: %s", what, strings.Join(known, ", "))
		return found
	}
	for at := 0; at+1 < len(n.Content); at += 2 {
		key, value := n.Content[at], n.Content[at+1]
		if len(known) > 0 && !slices.Contains(known, key.Value) {
			problems.add(key, "%s has no member %q; it has %s", what, key.Value, strings.Join(known, ", "))
		}
		if found[key.Value] != nil {
			problems.add(key, "%q is there twice", key.Value)
		}
		found[key.Value] = value
	}
	return found
}

func (n *names) readSection(node *yaml.Node, problems *sheetProblems) *dom.Section {
	parts := members(node, problems, "a section", sheetSection, sheetID, sheetValues)
	name := parts[sheetSection]
	if name == nil {
		problems.add(node, "%s is missing: the name or id of the section definition", sheetSection)
		return nil
	}
	definition, err := n.findSection(name.Value)
	if err != nil {
		problems.add(name, "%v", err)
		return nil
	}
	s := dom.NewSection(definition.ID)
	if id := parts[sheetID]; id != nil {
		if s.ID, err = dom.ParseSectionID(id.Value); err != nil {
			problems.add(id, "%v", err)
		}
	}
	values := parts[sheetValues]
	if values == nil || values.Tag == "!!null" {
		return s
	}
	members(values, problems, "the values of a section")
	for at := 0; values.Kind == yaml.MappingNode && at+1 < len(values.Content); at += 2 {
		key, value := values.Content[at], values.Content[at+1]
		field, err := fieldOf(definition, key.Value)
		if err != nil {
			problems.add(key, "%v", err)
			continue
		}
		if value.Tag == "!!null" {
			continue
		}
		read, err := readNode(field, value)
		if err != nil {
			problems.add(value, "%s: %v", key.Value, err)
			continue
		}
		s.AddOrReplaceFieldValue(field.ID, read)
	}
	return s
}

// readNode reads a value from YAML. A scalar is read as the field wants it,
// whatever YAML takes it for: 007 stays 007 in a field of texts.
func readNode(f *dom.FieldDescriptor, n *yaml.Node) (dom.Value, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return rows.Style{}.Value(f, n.Value)
	case yaml.SequenceNode:
		if !f.FieldType.IsList() {
			return dom.Value{}, errors.New("the field has one value, no list")
		}
		var items []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return dom.Value{}, errors.New("the items of a list are plain values")
			}
			items = append(items, item.Value)
		}
		return rows.Style{}.List(f, items)
	}
	return dom.Value{}, errors.New("want a value, or a list of values")
}

// findSection finds a section definition by id or name.
func (n *names) findSection(text string) (*dom.SectionDefinition, error) {
	var found []*dom.SectionDefinition
	var known []string
	for _, s := range n.sections {
		if strings.EqualFold(s.ID.String(), text) {
			return s, nil
		}
		if strings.EqualFold(s.Name, text) {
			found = append(found, s)
		}
		known = append(known, nameOr(s.Name, s.ID.String()))
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, slnet.Errorf(slnet.KindInvalid, "the module has no section %q; it has %s", text, strings.Join(slices.Sorted(slices.Values(known)), ", "))
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "%d sections are called %q; give the id of one", len(found), text)
}

// fieldOf finds a field of a section by id or name.
func fieldOf(s *dom.SectionDefinition, text string) (*dom.FieldDescriptor, error) {
	var known []string
	for _, f := range s.FieldDescriptors {
		if f.Name == text || strings.EqualFold(f.ID.String(), text) {
			return f, nil
		}
		known = append(known, nameOr(f.Name, f.ID.String()))
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "the section %s has no field %q; it has %s", s.Name, text, strings.Join(slices.Sorted(slices.Values(known)), ", "))
}
