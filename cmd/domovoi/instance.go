package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
	"domovoi.dev/sdk/slnet"
)

func (a *app) instanceCommand() *cobra.Command {
	return a.group("instance", "Look at DOM instances, change them, and execute their actions",
		a.instanceListCommand(),
		a.instanceCountCommand(),
		a.instanceExplainCommand(),
		a.completesInstance(a.leaf("get MODULE ID", "Show an instance with its values", a.instanceGet)),
		a.instanceCreateCommand(), a.instanceUpdateCommand(), a.instanceEditCommand(),
		a.completesInstance(a.leaf("delete MODULE ID...", "Delete instances", a.instanceDelete)),
		a.completesInstance(a.leaf("transition MODULE ID TRANSITION", "Move an instance to another status", a.instanceTransition)),
		a.completesInstance(a.leaf("history MODULE ID", "List the changes of an instance", a.instanceHistory)),
		a.instanceExportCommand(), a.instanceImportCommand(),
		a.instanceAttachmentCommand(), a.instanceActionCommand())
}

// selection is which instances a command is about, as its flags say.
type selection struct{ definition, filter, order string }

// flags adds the flags that say which instances are meant.
func (s *selection) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.definition, "definition", "", "only instances of this definition, given by `name or id`")
	c.Flags().StringVar(&s.filter, "filter", "", "only instances this `text` selects, such as 'Amount > 100 and status = \"draft\"'")
	c.RegisterFlagCompletionFunc("definition", cobra.NoFileCompletions)
	c.RegisterFlagCompletionFunc("filter", cobra.NoFileCompletions)
}

func (a *app) instanceListCommand() *cobra.Command {
	var s selection
	var limit int64
	c := a.leaf("list MODULE", "List the instances of a module", func(ctx context.Context, args []string) error {
		if limit < 1 {
			return slnet.Errorf(slnet.KindInvalid, "--limit is %d, want at least 1", limit)
		}
		return a.instanceList(ctx, args[0], s, limit)
	})
	s.flags(c)
	c.Flags().StringVar(&s.order, "order", "", "list by this `text`, such as 'Amount desc, name'; by id without it")
	c.Flags().Int64Var(&limit, "limit", 100, "the most instances to list")
	c.RegisterFlagCompletionFunc("order", cobra.NoFileCompletions)
	return a.completes(c, moduleNames)
}

func (a *app) instanceCountCommand() *cobra.Command {
	var s selection
	c := a.leaf("count MODULE", "Count the instances of a module", func(ctx context.Context, args []string) error {
		return a.instanceCount(ctx, args[0], s)
	})
	s.flags(c)
	return a.completes(c, moduleNames)
}

func (a *app) instanceExplainCommand() *cobra.Command {
	var s selection
	var limit int64
	c := a.leaf("explain MODULE", "Carry out a query and show how it was done", func(ctx context.Context, args []string) error {
		return a.instanceExplain(ctx, args[0], s, limit)
	})
	s.flags(c)
	c.Flags().StringVar(&s.order, "order", "", "as in \"instance list\"")
	c.Flags().Int64Var(&limit, "limit", 0, "the most instances to look for; all without it")
	c.RegisterFlagCompletionFunc("order", cobra.NoFileCompletions)
	return a.completes(c, moduleNames)
}

func (a *app) instanceExplain(ctx context.Context, moduleID string, s selection, limit int64) error {
	return a.withNames(ctx, moduleID, func(helper *dom.DomHelper, names *names) error {
		query, err := names.query(s)
		if err != nil {
			return err
		}
		if limit > 0 {
			query = query.Limit(limit)
		}
		explanation, err := helper.DomInstances.Explain(ctx, query)
		if err != nil {
			return err
		}
		return a.answer(explanation, func(t *table) { fmt.Fprintln(t.w, explanation) })
	})
}

func (a *app) instanceList(ctx context.Context, moduleID string, s selection, limit int64) error {
	return a.withNames(ctx, moduleID, func(helper *dom.DomHelper, names *names) error {
		query, err := names.query(s)
		if err != nil {
			return err
		}
		// One more than wanted tells whether there are more.
		instances, err := helper.DomInstances.ReadQuery(ctx, query.Limit(limit+1))
		if err != nil {
			return err
		}
		if int64(len(instances)) > limit {
			instances = instances[:limit]
			fmt.Fprintf(a.stderr, "only the first %d are listed; --limit lists more\n", limit)
		}
		return a.answer(objects{dom.KindInstance, instances}, func(t *table) {
			t.header("ID", "NAME", "DEFINITION", "STATUS", "CHANGED", "VALUES")
			for _, i := range instances {
				t.row(i.ID.String(), nameOf(i), names.definition(i.DomDefinitionID), i.StatusID, timeText(i.LastModified), t.shorten(names.values(i), 80))
			}
		})
	})
}

func (a *app) instanceCount(ctx context.Context, moduleID string, s selection) error {
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
	query, err := names.query(s)
	if err != nil {
		return err
	}
	count, err := helper.DomInstances.Count(ctx, query.Filter)
	if err != nil {
		return err
	}
	return a.answer(&dom.ManagerStoreCountResponse{Count: count}, func(t *table) { t.row(fmt.Sprint(count)) })
}

func (a *app) instanceGet(ctx context.Context, args []string) error {
	return a.withInstance(ctx, args, func(_ *dom.DomHelper, n *names, i *dom.Instance) error {
		return a.answer(i, func(t *table) { n.show(t, i) })
	})
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

// query is what a selection asks for.
func (n *names) query(s selection) (dom.Query, error) {
	var parts []dom.Filter
	query := dom.NewQuery(dom.True())
	if s.definition != "" {
		id, err := n.findDefinition(s.definition)
		if err != nil {
			return query, err
		}
		parts = append(parts, dom.InstanceExposers.DomDefinitionID.Equal(id))
	}
	words := n.words()
	if s.filter != "" {
		filter, err := filtertext.Parse(s.filter, words)
		if err != nil {
			return query, textError("--filter", err)
		}
		parts = append(parts, filter)
	}
	orders, err := filtertext.ParseOrder(s.order, words)
	if err != nil {
		return query, textError("--order", err)
	}
	if len(parts) > 0 {
		query.Filter = dom.And(parts...)
	}
	query.Orders = orders
	return query, nil
}

// words are the names as filters know them. Times are local, as those listed.
func (n *names) words() filtertext.Names {
	words := filtertext.NewNames(slices.Collect(maps.Values(n.sections)), n.definitions)
	words.Now, words.Location = time.Now, time.Local
	return words
}

// textError shows where the text of a flag is wrong.
func textError(flag string, err error) error {
	var e *filtertext.Error
	if !errors.As(err, &e) {
		return err
	}
	return slnet.Errorf(slnet.KindInvalid, "%s: %v\n%s", flag, e, e.Caret())
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
