package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
	"domovoi.dev/sdk/slnet"
)

func (a *app) triggerCommand() *cobra.Command {
	return a.group("trigger", "Start scripts for changes of instances",
		a.triggerCreateCommand(),
		a.triggerListCommand(),
		a.completes(a.leaf("show NAME", "Show a trigger and what it has done", a.triggerShow), triggerNames),
		a.triggerUpdateCommand(),
		a.completes(a.leaf("pause NAME", "Let a trigger start nothing until it is resumed", a.triggerPause(true)), triggerNames),
		a.completes(a.leaf("resume NAME", "Let a paused trigger go on", a.triggerPause(false)), triggerNames),
		a.completes(a.leaf("delete NAME", "Delete a trigger; its runs stay", a.triggerDelete), triggerNames),
		a.triggerSkippedCommand())
}

// triggerFlags are the flags that say what a trigger is.
type triggerFlags struct {
	dom.Trigger
	definition, filter, previous, input, rename string
	on, fields, parameters, fill                []string
}

// eventWords are the events as they are written on the command line.
var eventWords = map[string]dom.TriggerEvent{
	"created": dom.TriggerCreated, "updated": dom.TriggerUpdated, "deleted": dom.TriggerDeleted, "status": dom.TriggerStatusChanged,
}

func (a *app) triggerFlags(c *cobra.Command, f *triggerFlags) {
	flags := c.Flags()
	flags.StringVar(&f.definition, "definition", "", "only instances of the definition of this `name` or id; empty for all")
	flags.StringSliceVar(&f.on, "on", nil, "`events`: created, updated, deleted, status; several with commas")
	flags.StringVarP(&f.filter, "filter", "f", "", "only instances that fulfil this `filter` after the change, such as \"Priority > 3\"; empty for all")
	flags.StringVar(&f.previous, "previous-filter", "", "only updates of instances that fulfilled this `filter` before; empty for all")
	flags.StringSliceVar(&f.fields, "field", nil, "only updates of the field of this `name` or id; may be repeated")
	flags.StringVar(&f.FromStatus, "from", "", "only transitions from the `status`")
	flags.StringVar(&f.ToStatus, "to", "", "only transitions to the `status`")
	flags.StringVar(&f.Script, "script", "", "`name` of the script to start")
	flags.Int64Var(&f.ScriptVersion, "script-version", 0, "`version` of the script; 0 means the newest of the time")
	flags.StringVar(&f.EntryPoint, "entry-point", "", "`function` to call: OnDomInstanceCrud (default), OnDomInstanceCrudWithFullMeta or Run")
	flags.StringArrayVarP(&f.parameters, "param", "p", nil, "a parameter of Run as `key=value`; may be repeated")
	flags.StringVar(&f.input, "input", "", "`file` with the parameters of Run as a JSON object; - is the standard input")
	flags.StringArrayVar(&f.fill, "fill", nil, "a parameter of Run that the change fills, as `key=what`: InstanceId, ModuleId, Name, CrudType, Status, StatusBefore or User")
	flags.BoolVar(&f.InOrder, "in-order", false, "execute the runs for an instance one after the other, in the order of its changes")
	flags.StringVar(&f.Description, "description", "", "`text` for people")
	flags.StringVar(&f.Owner, "owner", "", "`user` whose rights the runs have; oneself by default")
	c.RegisterFlagCompletionFunc("on", cobra.FixedCompletions(slices.Sorted(maps.Keys(eventWords)), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("entry-point", cobra.FixedCompletions([]string{
		slnet.EntryPointOnDomInstanceCrud, slnet.EntryPointOnDomInstanceCrudWithFullMeta, slnet.EntryPointRun,
	}, cobra.ShellCompDirectiveNoFileComp))
	a.completesFlag(c, "script", scriptNames)
}

// applyTrigger sets what was given on the command line of a trigger. names are those
// of its module.
func (a *app) applyTrigger(c *cobra.Command, f *triggerFlags, names *names, t *dom.Trigger) error {
	for _, field := range []struct {
		flag string
		set  func() error
	}{
		{"definition", func() (err error) {
			if t.DomDefinitionID = (dom.DefinitionID{}); f.definition != "" {
				t.DomDefinitionID, err = names.findDefinition(f.definition)
			}
			return err
		}},
		{"on", func() error { return f.events(t) }},
		{"filter", func() (err error) { t.Filter, err = names.filter("--filter", f.filter); return err }},
		{"previous-filter", func() (err error) {
			t.PreviousFilter, err = names.filter("--previous-filter", f.previous)
			return err
		}},
		{"field", func() (err error) { t.Fields, err = names.findFields(f.fields); return err }},
		{"from", func() error { t.FromStatus = f.FromStatus; return nil }},
		{"to", func() error { t.ToStatus = f.ToStatus; return nil }},
		{"script", func() error { t.Script = f.Script; return nil }},
		{"script-version", func() error { t.ScriptVersion = f.ScriptVersion; return nil }},
		{"entry-point", func() error { t.EntryPoint = f.EntryPoint; return nil }},
		{"param", func() (err error) { t.Parameters, err = parseParameters(f.parameters); return err }},
		{"input", func() (err error) { t.Input, err = a.readInput(f.input, nil); return err }},
		{"fill", func() error { return f.values(t) }},
		{"in-order", func() error { t.InOrder = f.InOrder; return nil }},
		{"description", func() error { t.Description = f.Description; return nil }},
		{"owner", func() error { t.Owner, t.OwnerID = f.Owner, uuid.Nil; return nil }},
		{"rename", func() error { t.Name = f.rename; return nil }},
	} {
		if c.Flags().Changed(field.flag) {
			if err := field.set(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *triggerFlags) events(t *dom.Trigger) error {
	t.Events = nil
	for _, word := range f.on {
		event, ok := eventWords[word]
		if !ok {
			return slnet.Errorf(slnet.KindInvalid, "--on %q is no event; there are %s", word, strings.Join(slices.Sorted(maps.Keys(eventWords)), ", "))
		}
		t.Events = append(t.Events, event)
	}
	return nil
}

func (f *triggerFlags) values(t *dom.Trigger) error {
	values, err := parseParameters(f.fill)
	t.Values = make(map[string]dom.TriggerValue, len(values))
	for name, value := range values {
		t.Values[name] = dom.TriggerValue(value)
	}
	return err
}

// filter reads the text of a flag; empty is no filter.
func (n *names) filter(flag, text string) (dom.Filter, error) {
	if text == "" {
		return dom.Filter{}, nil
	}
	filter, err := filtertext.Parse(text, n.words())
	if err != nil {
		return filter, textError(flag, err)
	}
	return filter, nil
}

// findFields finds fields by id or name.
func (n *names) findFields(texts []string) (ids []dom.FieldDescriptorID, err error) {
	for _, text := range texts {
		var found []dom.FieldDescriptorID
		for _, section := range n.sections {
			for _, fd := range section.FieldDescriptors {
				if strings.EqualFold(fd.Name, text) || strings.EqualFold(fd.ID.String(), text) {
					found = append(found, fd.ID)
				}
			}
		}
		switch len(found) {
		case 0:
			return nil, slnet.Errorf(slnet.KindNotFound, "the module %q has no field %q", n.moduleID, text)
		case 1:
			ids = append(ids, found[0])
		default:
			return nil, slnet.Errorf(slnet.KindInvalid, "%d fields are called %q; give the id of one: %v", len(found), text, found)
		}
	}
	return ids, nil
}

// fieldName is the name of a field of any section.
func (n *names) fieldName(id dom.FieldDescriptorID) string {
	for section := range n.sections {
		if name := n.field(section, id); name != id.String() {
			return name
		}
	}
	return id.String()
}

func (a *app) triggerCreateCommand() *cobra.Command {
	f := new(triggerFlags)
	var c *cobra.Command
	c = a.leaf("create NAME", "Create a trigger", func(ctx context.Context, args []string) error {
		conn, err := a.connect()
		if err != nil {
			return err
		}
		defer conn.Close()
		names, err := readNames(ctx, dom.NewDomHelper(conn.SendSLNetMessages, f.ModuleID))
		if err != nil {
			return err
		}
		trigger := dom.Trigger{Name: args[0], ModuleID: f.ModuleID}
		if err := a.applyTrigger(c, f, names, &trigger); err != nil {
			return err
		}
		response, err := ask[*dom.TriggerResponse](ctx, conn, &dom.CreateTriggerMessage{Trigger: trigger})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { names.showTrigger(t, response) })
	})
	c.Long = `Create a trigger, which starts runs of a script with the rights of its owner when
instances of a module change.

	domovoi trigger create escalate --module issues --script notify --on created,updated --filter "Priority > 3"`
	a.triggerFlags(c, f)
	c.Flags().StringVar(&f.ModuleID, "module", "", "`id` of the module")
	a.completesFlag(c, "module", moduleNames)
	for _, flag := range []string{"module", "script", "on"} {
		c.MarkFlagRequired(flag)
	}
	return c
}

func (a *app) triggerUpdateCommand() *cobra.Command {
	f := new(triggerFlags)
	var c *cobra.Command
	c = a.leaf("update NAME", "Change what is given of a trigger", func(ctx context.Context, args []string) error {
		return a.withTrigger(ctx, args[0], func(conn *client.Client, names *names, found *dom.TriggerResponse) error {
			trigger := found.Trigger
			if err := a.applyTrigger(c, f, names, &trigger); err != nil {
				return err
			}
			response, err := ask[*dom.TriggerResponse](ctx, conn, &dom.UpdateTriggerMessage{Trigger: trigger})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { names.showTrigger(t, response) })
		})
	})
	a.triggerFlags(c, f)
	c.Flags().StringVar(&f.rename, "rename", "", "the new `name`")
	return a.completes(c, triggerNames)
}

// withTrigger calls fn with the trigger of a name or id, and the names of its
// module.
func (a *app) withTrigger(ctx context.Context, name string, fn func(conn *client.Client, names *names, found *dom.TriggerResponse) error) error {
	conn, err := a.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	id, name := idOrName(name)
	found, err := ask[*dom.TriggerResponse](ctx, conn, &dom.GetTriggerMessage{ID: id, Name: name})
	if err != nil {
		return err
	}
	names, err := readNames(ctx, dom.NewDomHelper(conn.SendSLNetMessages, found.Trigger.ModuleID))
	if err != nil {
		return err
	}
	return fn(conn, names, found)
}

func (a *app) triggerListCommand() *cobra.Command {
	message := new(dom.GetTriggersMessage)
	c := a.leaf("list", "List triggers", func(ctx context.Context, _ []string) error {
		response, err := request[*dom.TriggersResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			t.header("NAME", "MODULE", "EVENTS", "SCRIPT", "OWNER", "STATE")
			for i := range response.Triggers {
				trigger := &response.Triggers[i]
				t.row(trigger.Name, trigger.ModuleID, eventsText(trigger), trigger.Script, trigger.Owner, triggerState(trigger))
			}
		})
	})
	c.Flags().StringVar(&message.ModuleID, "module", "", "only triggers of the module of this `id`")
	c.Flags().StringVar(&message.Script, "script", "", "only triggers of the script of this `name`")
	c.Flags().StringVar(&message.After, "after", "", "go on behind the trigger of this `name`")
	c.Flags().Int64Var(&message.Limit, "limit", 100, "the most triggers to list")
	a.completesFlag(c, "script", scriptNames)
	a.completesFlag(c, "module", moduleNames)
	return c
}

func eventsText(t *dom.Trigger) string {
	texts := make([]string, len(t.Events))
	for i, event := range t.Events {
		texts[i] = string(event)
	}
	return strings.Join(texts, ", ")
}

func triggerState(t *dom.Trigger) string {
	switch {
	case t.PausedReason != "":
		return "paused: " + t.PausedReason
	case t.Paused:
		return "paused"
	}
	return ""
}

func (n *names) showTrigger(t *table, found *dom.TriggerResponse) {
	trigger := &found.Trigger
	t.field("Trigger", trigger.Name)
	t.field("ID", trigger.ID.String())
	t.field("Description", trigger.Description)
	t.field("Module", trigger.ModuleID)
	if !trigger.DomDefinitionID.IsZero() {
		t.field("Definition", n.definition(trigger.DomDefinitionID))
	}
	t.field("Events", eventsText(trigger))
	for _, f := range []struct {
		name   string
		filter dom.Filter
	}{{"Filter", trigger.Filter}, {"Previous filter", trigger.PreviousFilter}} {
		if f.filter.Operator != "" {
			t.field(f.name, filtertext.Format(f.filter, n.words()))
		}
	}
	fields := make([]string, len(trigger.Fields))
	for i, id := range trigger.Fields {
		fields[i] = n.fieldName(id)
	}
	t.field("Fields", strings.Join(fields, ", "))
	t.field("From status", trigger.FromStatus)
	t.field("To status", trigger.ToStatus)
	t.field("Script", trigger.Script)
	if trigger.ScriptVersion > 0 {
		t.field("Version", fmt.Sprint(trigger.ScriptVersion))
	}
	t.field("Entry point", trigger.EntryPoint)
	showPairs(t, "Parameters", trigger.Parameters)
	t.field("Input", string(trigger.Input))
	values := make(map[string]string, len(trigger.Values))
	for name, value := range trigger.Values {
		values[name] = string(value)
	}
	showPairs(t, "Filled", values)
	if trigger.InOrder {
		t.field("In order", "for each instance")
	}
	t.field("Owner", trigger.Owner)
	t.field("State", triggerState(trigger))
	t.field("Since the start", fmt.Sprintf("%s; condition not met %s; no run for another reason %s",
		quantity(found.Counts.Started, "run"), quantity(found.Counts.NotMet, "time"), quantity(found.Counts.NotStarted, "time")))
}

func (a *app) triggerShow(ctx context.Context, args []string) error {
	return a.withTrigger(ctx, args[0], func(_ *client.Client, names *names, found *dom.TriggerResponse) error {
		return a.answer(found, func(t *table) { names.showTrigger(t, found) })
	})
}

func (a *app) triggerPause(paused bool) action {
	return func(ctx context.Context, args []string) error {
		return a.withTrigger(ctx, args[0], func(conn *client.Client, names *names, found *dom.TriggerResponse) error {
			response, err := ask[*dom.TriggerResponse](ctx, conn, &dom.PauseTriggerMessage{ID: found.Trigger.ID, Paused: paused})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { names.showTrigger(t, response) })
		})
	}
}

func (a *app) triggerDelete(ctx context.Context, args []string) error {
	return a.withTrigger(ctx, args[0], func(conn *client.Client, _ *names, found *dom.TriggerResponse) error {
		_, err := ask[*slnet.Empty](ctx, conn, &dom.DeleteTriggerMessage{ID: found.Trigger.ID})
		return err
	})
}

func (a *app) triggerSkippedCommand() *cobra.Command {
	var module string
	c := a.leaf("skipped [NAME]", "Show when and why a trigger started no run", func(ctx context.Context, args []string) error {
		switch {
		case len(args) == 0 && module == "":
			return slnet.Errorf(slnet.KindInvalid, "give the NAME of a trigger, or --module for the scripts of the settings of a module")
		case len(args) == 0:
			response, err := request[*dom.SkippedTriggersResponse](ctx, a, &dom.GetSkippedTriggersMessage{ModuleID: module})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { showSkipped(t, response) })
		}
		return a.withTrigger(ctx, args[0], func(conn *client.Client, _ *names, found *dom.TriggerResponse) error {
			response, err := ask[*dom.SkippedTriggersResponse](ctx, conn, &dom.GetSkippedTriggersMessage{TriggerID: found.Trigger.ID})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { showSkipped(t, response) })
		})
	})
	c.Flags().StringVar(&module, "module", "", "instead of a trigger, the scripts named by the settings of the module of this `id`")
	a.completesFlag(c, "module", moduleNames)
	return a.completes(c, triggerNames)
}

func showSkipped(t *table, response *dom.SkippedTriggersResponse) {
	t.header("TIME", "COUNT", "CHANGE", "INSTANCE", "SCRIPT", "REASON")
	for _, s := range response.Skipped {
		t.row(timeText(s.Time), fmt.Sprint(s.Count), s.CrudType.String(), s.InstanceID.String(), s.Script, s.Reason)
	}
}
