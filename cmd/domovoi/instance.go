package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) instanceCommand() *cobra.Command {
	return a.group("instance", "Look at DOM instances",
		a.instanceListCommand(),
		a.completes(a.leaf("get MODULE ID", "Show an instance with its values", a.instanceGet), moduleNames))
}

func (a *app) instanceListCommand() *cobra.Command {
	var definition string
	var limit int64
	c := a.leaf("list MODULE", "List the instances of a module", func(ctx context.Context, args []string) error {
		if limit < 1 {
			return slnet.Errorf(slnet.KindInvalid, "--limit is %d, want at least 1", limit)
		}
		return a.instanceList(ctx, args[0], definition, limit)
	})
	c.Flags().StringVar(&definition, "definition", "", "only instances of this definition, given by `name or id`")
	c.Flags().Int64Var(&limit, "limit", 100, "the most instances to list")
	c.RegisterFlagCompletionFunc("definition", cobra.NoFileCompletions)
	return a.completes(c, moduleNames)
}

func (a *app) instanceList(ctx context.Context, moduleID, definition string, limit int64) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	helper := dom.NewDomHelper(c.SendSLNetMessages, moduleID)
	names, err := readNames(ctx, helper)
	if err != nil {
		return err
	}
	filter := dom.True()
	if definition != "" {
		id, err := names.findDefinition(definition)
		if err != nil {
			return err
		}
		filter = dom.InstanceExposers.DomDefinitionID.Equal(id)
	}
	// One more than wanted tells whether there are more.
	instances, err := helper.DomInstances.ReadQuery(ctx, dom.NewQuery(filter).Limit(limit+1))
	if err != nil {
		return err
	}
	if int64(len(instances)) > limit {
		instances = instances[:limit]
		fmt.Fprintf(a.stderr, "only the first %d are listed; --limit lists more\n", limit)
	}
	return a.answer(objects{dom.KindInstance, instances}, func(t *table) {
		t.row("ID", "NAME", "DEFINITION", "STATUS", "CHANGED", "VALUES")
		for _, i := range instances {
			t.row(i.ID.String(), nameOf(i), names.definition(i.DomDefinitionID), i.StatusID, timeText(i.LastModified), shorten(names.values(i), 80))
		}
	})
}

func (a *app) instanceGet(ctx context.Context, args []string) error {
	id, err := dom.ParseInstanceID(args[1])
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	helper := dom.NewDomHelper(c.SendSLNetMessages, args[0])
	instances, err := helper.DomInstances.Read(ctx, dom.InstanceExposers.ID.Equal(id))
	if err != nil {
		return err
	}
	if len(instances) == 0 {
		return slnet.Errorf(slnet.KindNotFound, "the module %q has no instance %s", args[0], id)
	}
	names, err := readNames(ctx, helper)
	if err != nil {
		return err
	}
	return a.answer(instances[0], func(t *table) { names.show(t, instances[0]) })
}

// names are the names of the things a module's instances refer to by id.
type names struct {
	moduleID    string
	definitions []*dom.Definition
	sections    map[dom.SectionDefinitionID]*dom.SectionDefinition
}

func readNames(ctx context.Context, helper *dom.DomHelper) (*names, error) {
	definitions, err := helper.DomDefinitions.Read(ctx, dom.True())
	if err != nil {
		return nil, err
	}
	sections, err := helper.SectionDefinitions.Read(ctx, dom.True())
	if err != nil {
		return nil, err
	}
	n := &names{helper.ModuleID, definitions, make(map[dom.SectionDefinitionID]*dom.SectionDefinition)}
	for _, section := range sections {
		n.sections[section.ID] = section
	}
	return n, nil
}

// findDefinition finds a definition by id or name.
func (n *names) findDefinition(text string) (dom.DefinitionID, error) {
	var found []dom.DefinitionID
	var known []string
	for _, d := range n.definitions {
		if strings.EqualFold(d.ID.String(), text) {
			return d.ID, nil
		}
		if strings.EqualFold(d.Name, text) {
			found = append(found, d.ID)
		}
		known = append(known, nameOr(d.Name, d.ID.String()))
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return dom.DefinitionID{}, slnet.Errorf(slnet.KindInvalid, "%d definitions are called %q; give the id of one: %v", len(found), text, found)
	case len(known) == 0:
		return dom.DefinitionID{}, slnet.Errorf(slnet.KindNotFound, "the module %q has no definitions", n.moduleID)
	}
	return dom.DefinitionID{}, slnet.Errorf(slnet.KindNotFound,
		"the module %q has no definition %q; it has %s", n.moduleID, text, strings.Join(known, ", "))
}

func (n *names) definition(id dom.DefinitionID) string {
	for _, d := range n.definitions {
		if d.ID == id {
			return nameOr(d.Name, id.String())
		}
	}
	return id.String()
}

func (n *names) field(section dom.SectionDefinitionID, field dom.FieldDescriptorID) string {
	if s := n.sections[section]; s != nil {
		if fd := s.GetFieldDescriptorByID(field); fd != nil {
			return nameOr(fd.Name, field.String())
		}
	}
	return field.String()
}

// nameOf is the instance's name, where it has another than its id.
func nameOf(i *dom.Instance) string {
	if i.Name == i.ID.String() {
		return ""
	}
	return i.Name
}

// values are the values of an instance in one line.
func (n *names) values(i *dom.Instance) string {
	var values []string
	for _, s := range i.Sections {
		for _, v := range s.FieldValues {
			values = append(values, n.field(s.SectionDefinitionID, v.FieldDescriptorID)+"="+v.Value.String())
		}
	}
	return strings.Join(values, ", ")
}

func (n *names) show(t *table, i *dom.Instance) {
	t.field("Instance", i.ID.String())
	t.field("Name", nameOf(i))
	t.field("Definition", n.definition(i.DomDefinitionID))
	t.field("Status", i.StatusID)
	t.field("Created", timeText(i.CreatedAt)+" by "+i.CreatedBy)
	if i.Revision > 1 {
		t.field("Changed", timeText(i.LastModified)+" by "+i.LastModifiedBy)
	}
	t.field("Revision", fmt.Sprint(i.Revision))
	t.w.Flush()
	for _, s := range i.Sections {
		section := s.SectionDefinitionID.String()
		if d := n.sections[s.SectionDefinitionID]; d != nil {
			section = nameOr(d.Name, section)
		}
		fmt.Fprintf(t.w, "\n%s\n", oneLine(section))
		for _, v := range s.FieldValues {
			t.row("  "+n.field(s.SectionDefinitionID, v.FieldDescriptorID), v.Value.String())
		}
		t.w.Flush()
	}
}
