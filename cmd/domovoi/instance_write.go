package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/rows"
	"domovoi.dev/sdk/slnet"
)

// instanceValues are the flags that say what an instance shall hold.
type instanceValues struct {
	file       string
	definition string
	set        []string
	unset      []string
}

func (v *instanceValues) flags(c *cobra.Command) {
	c.Flags().StringVarP(&v.file, "file", "f", "", "read the instance from this `file` of YAML; - is the standard input")
	c.Flags().StringArrayVar(&v.set, "set", nil, "`FIELD=VALUE` to set; a field is given by its name, or Section/Field. May be repeated")
	c.MarkFlagFilename("file")
	c.RegisterFlagCompletionFunc("set", cobra.NoFileCompletions)
}

const sheetHelp = `
The YAML has the form that "instance edit" shows:

	definition: Invoice
	status: draft
	sections:
	  - section: Invoice info
	    values:
	      Customer: Ann
	      Tags: [new, large]`

func (a *app) instanceCreateCommand() *cobra.Command {
	var v instanceValues
	c := a.leaf("create MODULE", "Create an instance", func(ctx context.Context, args []string) error {
		return a.withNames(ctx, args[0], func(helper *dom.DomHelper, n *names) error { return a.instanceCreate(ctx, helper, n, v) })
	})
	c.Long = "Create an instance, of a file or of flags, and print it.\n" + sheetHelp
	c.Example = `  domovoi instance create invoices --definition Invoice --set Customer=Ann --set Amount=12.5`
	v.flags(c)
	c.Flags().StringVar(&v.definition, "definition", "", "make an instance of this definition, given by `name or id`")
	c.RegisterFlagCompletionFunc("definition", cobra.NoFileCompletions)
	return a.completes(c, moduleNames)
}

func (a *app) instanceUpdateCommand() *cobra.Command {
	var v instanceValues
	c := a.leaf("update MODULE ID", "Change values of an instance", func(ctx context.Context, args []string) error {
		return a.withInstance(ctx, args, func(helper *dom.DomHelper, n *names, i *dom.Instance) error {
			return a.instanceUpdate(ctx, helper, n, i, v)
		})
	})
	c.Long = `Change values of an instance, and print it. With flags the other values stay; a file
replaces them all. It fails when somebody else changed the instance meanwhile.
` + sheetHelp
	c.Example = `  domovoi instance update invoices 0c2a... --set Amount=13 --unset Note`
	v.flags(c)
	c.Flags().StringArrayVar(&v.unset, "unset", nil, "`field` to take the value away from. May be repeated")
	return a.completesInstance(c)
}

func (a *app) instanceCreate(ctx context.Context, helper *dom.DomHelper, n *names, v instanceValues) error {
	i := dom.NewInstance(dom.DefinitionID{})
	if v.definition != "" {
		id, err := n.findDefinition(v.definition)
		if err != nil {
			return err
		}
		i.DomDefinitionID = id
	}
	if v.definition == "" && v.file == "" {
		return slnet.Errorf(slnet.KindInvalid, "an instance of what? Give --definition or --file")
	}
	if err := a.fill(n, i, v); err != nil {
		return err
	}
	created, err := helper.DomInstances.Create(ctx, i)
	if err != nil {
		return err
	}
	return a.answer(created, func(t *table) { n.show(t, created) })
}

func (a *app) instanceUpdate(ctx context.Context, helper *dom.DomHelper, n *names, i *dom.Instance, v instanceValues) error {
	if v.file == "" && len(v.set)+len(v.unset) == 0 {
		return slnet.Errorf(slnet.KindInvalid, "there is nothing to change; give --set, --unset or --file")
	}
	if err := a.fill(n, i, v); err != nil {
		return err
	}
	updated, err := helper.DomInstances.UpdateIfUnchanged(ctx, i)
	if err != nil {
		return err
	}
	return a.answer(updated, func(t *table) { n.show(t, updated) })
}

// fill gives an instance the values of the flags, the file first.
func (a *app) fill(n *names, i *dom.Instance, v instanceValues) error {
	if v.file != "" {
		content, err := a.readFile(v.file)
		if err != nil {
			return err
		}
		if err := n.readSheet(content, i); err != nil {
			return fmt.Errorf("%s: %w", v.file, err)
		}
	}
	fields, err := n.fieldsOf(i.DomDefinitionID)
	if err != nil {
		return err
	}
	for _, pair := range v.set {
		name, text, found := strings.Cut(pair, "=")
		if !found {
			return slnet.Errorf(slnet.KindInvalid, "--set %q: want FIELD=VALUE", pair)
		}
		field, err := fields.Named(name)
		if err != nil {
			return err
		}
		value, err := rows.Style{}.Value(field.FieldDescriptor, text)
		if err != nil {
			return slnet.Errorf(slnet.KindInvalid, "--set %s: %v", name, err)
		}
		i.AddOrUpdateFieldValue(field.Section.ID, field.ID, value)
	}
	for _, name := range v.unset {
		field, err := fields.Named(name)
		if err != nil {
			return err
		}
		i.RemoveFieldValue(field.Section.ID, field.ID)
	}
	return nil
}

// readFile reads a file, or for "-" the standard input.
func (a *app) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.stdin)
	}
	return os.ReadFile(name)
}

func (a *app) withNames(ctx context.Context, module string, do func(*dom.DomHelper, *names) error) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	helper := dom.NewDomHelper(c.SendSLNetMessages, module)
	n, err := readNames(ctx, helper)
	if err != nil {
		return err
	}
	return do(helper, n)
}

// withInstance does something with the instance of the arguments MODULE ID.
func (a *app) withInstance(ctx context.Context, args []string, do func(*dom.DomHelper, *names, *dom.Instance) error) error {
	id, err := dom.ParseInstanceID(args[1])
	if err != nil {
		return err
	}
	return a.withNames(ctx, args[0], func(helper *dom.DomHelper, n *names) error {
		i, err := readInstance(ctx, helper, id)
		if err != nil {
			return err
		}
		return do(helper, n, i)
	})
}

func readInstance(ctx context.Context, helper *dom.DomHelper, id dom.InstanceID) (*dom.Instance, error) {
	instances, err := helper.DomInstances.Read(ctx, dom.InstanceExposers.ID.Equal(id))
	if err != nil {
		return nil, err
	}
	if len(instances) == 0 {
		return nil, slnet.Errorf(slnet.KindNotFound, "the module %q has no instance %s", helper.ModuleID, id)
	}
	return instances[0], nil
}

func (a *app) instanceEditCommand() *cobra.Command {
	c := a.leaf("edit MODULE ID", "Change an instance in an editor", func(ctx context.Context, args []string) error {
		return a.withInstance(ctx, args, func(helper *dom.DomHelper, n *names, i *dom.Instance) error {
			return a.instanceEdit(ctx, helper, n, i)
		})
	})
	c.Long = `Change an instance in the editor of VISUAL or EDITOR (vi without them). When the text
is wrong, or the daemon refuses it, the editor shows it again with the reasons above
it. Leaving the text as it is ends the command. What was typed and could not be
stored stays in a file that is named.`
	return a.completesInstance(c)
}

func (a *app) instanceEdit(ctx context.Context, helper *dom.DomHelper, n *names, i *dom.Instance) error {
	sheet, err := n.sheet(i)
	if err != nil {
		return err
	}
	intro := fmt.Sprintf("The instance %s of the module %s. Lines like this one are left out.", i.ID, helper.ModuleID)
	var updated *dom.Instance
	changed, err := a.edit(ctx, "domovoi-instance-*.yaml", intro, sheet, func(content []byte) error {
		edited := *i
		if err := n.readSheet(content, &edited); err != nil {
			return err
		}
		var err error
		updated, err = helper.DomInstances.UpdateIfUnchanged(ctx, &edited)
		return err
	})
	if err != nil {
		return err
	}
	if !changed {
		fmt.Fprintln(a.stderr, "nothing was changed")
		return nil
	}
	return a.answer(updated, func(t *table) { n.show(t, updated) })
}

// remark begins the lines of an edited text that are the command's own.
const remark = "# "

// edit lets a person edit a text until apply takes it, and reports whether it was
// changed. The reasons why it was not taken are shown above the text. When the
// person gives up by leaving a refused text as it is, the error is the last
// refusal, and names the file in which the text stays.
func (a *app) edit(ctx context.Context, pattern, intro string, content []byte, apply func([]byte) error) (changed bool, err error) {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return false, err
	}
	name := file.Name()
	file.Close()
	original := content
	var refusal error
	for {
		// Line numbers in reasons are those of the text below the remarks.
		head := remarks(intro)
		if refusal != nil {
			head += remarks("It was not taken, lines counted from below this:\n" + refusal.Error())
		}
		if err := os.WriteFile(name, append([]byte(head), content...), 0o600); err != nil {
			return false, err
		}
		if err := a.runEditor(ctx, name); err != nil {
			return false, fmt.Errorf("%w; the text is in %s", err, name)
		}
		edited, err := os.ReadFile(name)
		if err != nil {
			return false, err
		}
		edited = withoutRemarks(edited)
		switch {
		case bytes.Equal(edited, original):
			return false, os.Remove(name)
		case refusal != nil && bytes.Equal(edited, content):
			return false, fmt.Errorf("%w\nthe text is in %s", refusal, name)
		}
		if refusal = apply(edited); refusal == nil {
			return true, os.Remove(name)
		}
		if errors.Is(refusal, context.Canceled) {
			return false, fmt.Errorf("%w; the text is in %s", refusal, name)
		}
		content = edited
	}
}

func remarks(text string) string {
	return remark + strings.ReplaceAll(text, "\n", "\n"+remark) + "\n"
}

// withoutRemarks leaves out the remarks at the begin of a text.
func withoutRemarks(content []byte) []byte {
	for bytes.HasPrefix(content, []byte(strings.TrimSpace(remark))) {
		_, rest, _ := bytes.Cut(content, []byte("\n"))
		content = rest
	}
	return content
}

// runEditor edits a file. EDITOR may have arguments, as the shell reads them.
func (a *app) runEditor(ctx context.Context, name string) error {
	editor := a.env("VISUAL")
	if editor == "" {
		editor = a.env("EDITOR")
	}
	if editor == "" {
		editor = "vi"
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$1"`, "sh", name)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout, a.stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the editor %q: %w", editor, err)
	}
	return nil
}

func (a *app) instanceDelete(ctx context.Context, args []string) error {
	var ids []*dom.Instance
	for _, text := range args[1:] {
		id, err := dom.ParseInstanceID(text)
		if err != nil {
			return err
		}
		ids = append(ids, &dom.Instance{ID: id})
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	instances := dom.NewDomHelper(c.SendSLNetMessages, args[0]).DomInstances
	if len(ids) == 1 {
		return instances.Delete(ctx, ids[0])
	}
	_, err = instances.DeleteMany(ctx, ids)
	return err
}

func (a *app) instanceTransition(ctx context.Context, args []string) error {
	return a.withInstance(ctx, args, func(helper *dom.DomHelper, n *names, i *dom.Instance) error {
		moved, err := helper.DomInstances.DoStatusTransition(ctx, i.ID, args[2])
		if err != nil {
			return err
		}
		return a.answer(moved, func(t *table) { n.show(t, moved) })
	})
}

func (a *app) instanceHistory(ctx context.Context, args []string) error {
	id, err := dom.ParseInstanceID(args[1])
	if err != nil {
		return err
	}
	return a.withNames(ctx, args[0], func(helper *dom.DomHelper, n *names) error {
		changes, err := helper.DomInstanceHistory.Read(ctx, dom.HistoryExposers.SubjectID.Equal(id.ToFileFriendlyString()))
		if err != nil {
			return err
		}
		return a.answer(objects{dom.KindHistoryChange, changes}, func(t *table) {
			t.header("REVISION", "TIME", "BY", "RUN", "CHANGES")
			for _, change := range changes {
				run := ""
				if change.RunID != [16]byte{} {
					run = change.RunID.String()
				}
				t.row(fmt.Sprint(change.Revision), timeText(change.Time), change.FullUsername, run, n.changes(change))
			}
		})
	})
}

// changes are what a change was about, in one line.
func (n *names) changes(h *dom.HistoryChange) string {
	var parts []string
	if s := h.StatusChange; s != nil {
		parts = append(parts, "status: "+nameOr(s.StatusIDBefore, "none")+" -> "+nameOr(s.StatusIDAfter, "none"))
	}
	for _, s := range h.SectionChanges {
		for _, v := range s.FieldValueChanges {
			before, after := "none", "none"
			if v.ValueBefore != nil {
				before = v.ValueBefore.String()
			}
			if v.ValueAfter != nil {
				after = v.ValueAfter.String()
			}
			parts = append(parts, n.field(s.SectionDefinitionID, v.FieldDescriptorID)+": "+before+" -> "+after)
		}
	}
	return strings.Join(parts, ", ")
}
