package main

import (
	"context"
	"errors"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// moduleLink is one reference of a group link, with what can be said about it.
type moduleLink struct {
	GroupName       string
	DomDefinitionID dom.DefinitionID
	// DomDefinition is its name, empty when there is none.
	DomDefinition string `json:",omitempty"`
	// FieldValueReference is there when access is by value, and Field is the name
	// of its field.
	FieldValueReference *dom.FieldValueReference `json:",omitempty"`
	Field               string                   `json:",omitempty"`
	ReadOnly            bool
	// Problems say why the reference gives nobody access.
	Problems []string `json:",omitempty"`
}

// moduleSecurity are the links of a module.
type moduleSecurity struct {
	ModuleID     string
	IsRestricted bool
	Links        []moduleLink
	// GroupsUnknown says that the groups were not looked at, for want of the
	// permission to.
	GroupsUnknown bool
}

func (a *app) moduleSecurity(ctx context.Context, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	settings, err := readSettings(ctx, c.SendSLNetMessages, args[0])
	if err != nil {
		return err
	}
	l := linkReader{definitions: make(map[dom.DefinitionID]string), fields: make(map[dom.FieldDescriptorID]string)}
	if err := l.readModel(ctx, dom.NewDomHelper(c.SendSLNetMessages, args[0])); err != nil {
		return err
	}
	groups, err := slnet.Send1(ctx, c.SendSLNetMessages, &slnet.GetGroupsMessage{})
	switch {
	case err == nil:
		l.groups = make(map[string]bool)
		for _, g := range groups.(*slnet.GroupsResponse).Groups {
			l.groups[strings.ToLower(g.Name)] = true
		}
	case !errors.Is(err, slnet.KindPermissionDenied):
		return err
	}
	links := settings.DomManagerSettings.SecuritySettings.GroupLinks()
	s := moduleSecurity{ModuleID: args[0], IsRestricted: len(links) > 0, GroupsUnknown: l.groups == nil}
	for i := range links {
		s.Links = append(s.Links, l.references(&links[i])...)
	}
	return a.answer(s, s.show)
}

// linkReader finds out about what links refer to.
type linkReader struct {
	definitions map[dom.DefinitionID]string
	fields      map[dom.FieldDescriptorID]string
	groups      map[string]bool // by name in lower case; nil when they are not known
}

func (l *linkReader) readModel(ctx context.Context, helper *dom.DomHelper) error {
	definitions, err := helper.DomDefinitions.Read(ctx, dom.True())
	if err != nil {
		return err
	}
	for _, d := range definitions {
		l.definitions[d.ID] = nameOr(d.Name, d.Key())
	}
	sections, err := helper.SectionDefinitions.Read(ctx, dom.True())
	for _, s := range sections {
		for _, fd := range s.FieldDescriptors {
			l.fields[fd.ID] = nameOr(fd.Name, fd.ID.String())
		}
	}
	return err
}

// references are the rows of one link. One without references has a row too.
func (l *linkReader) references(link *dom.GroupLink) []moduleLink {
	var rows []moduleLink
	for _, r := range link.DomDefinitionReferences {
		rows = append(rows, l.reference(link.GroupName, r.DomDefinitionID, r.ReadOnly))
	}
	for i := range link.FieldValueReferences {
		r := &link.FieldValueReferences[i]
		row := l.reference(link.GroupName, r.DomDefinitionID, r.ReadOnly)
		row.FieldValueReference, row.Field = r, l.fields[r.FieldDescriptorID]
		if row.Field == "" {
			row.Problems = append(row.Problems, "there is no such field")
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return []moduleLink{{GroupName: link.GroupName, Problems: append(l.groupProblems(link.GroupName), "the link has no references")}}
	}
	return rows
}

func (l *linkReader) reference(group string, id dom.DefinitionID, readOnly bool) moduleLink {
	row := moduleLink{GroupName: group, DomDefinitionID: id, DomDefinition: l.definitions[id], ReadOnly: readOnly, Problems: l.groupProblems(group)}
	if row.DomDefinition == "" {
		row.Problems = append(row.Problems, "there is no such definition")
	}
	return row
}

func (l *linkReader) groupProblems(name string) []string {
	if l.groups == nil || l.groups[strings.ToLower(name)] {
		return nil
	}
	return []string{"there is no such group"}
}

func (s moduleSecurity) show(t *table) {
	if !s.IsRestricted {
		t.field("Access", "every user has access to all instances; the module has no group links")
		return
	}
	t.field("Access", "restricted to the linked groups, and users with "+dom.PermissionModuleSettingsConfiguration.String())
	if s.GroupsUnknown {
		t.field("Groups", "not looked at, which needs "+slnet.PermissionSecurityAdministration.String())
	}
	t.w.Flush()
	t.header("GROUP", "DEFINITION", "INSTANCES", "ACCESS", "PROBLEMS")
	for _, l := range s.Links {
		definition, instances, access := l.DomDefinition, "all", "read and write"
		if definition == "" && !l.DomDefinitionID.IsZero() {
			definition = l.DomDefinitionID.String()
		}
		if r := l.FieldValueReference; r != nil {
			values := make([]string, len(r.Values))
			for i, v := range r.Values {
				values[i] = v.String()
			}
			instances = nameOr(l.Field, r.FieldDescriptorID.String()) + " = " + strings.Join(values, " or ")
		}
		if l.ReadOnly {
			access = "read"
		}
		if definition == "" {
			instances, access = "none", "none"
		}
		t.row(l.GroupName, definition, instances, access, strings.Join(l.Problems, "; "))
	}
}
