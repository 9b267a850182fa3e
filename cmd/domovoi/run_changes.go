package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) runChanges(ctx context.Context, args []string) error {
	id, err := parseRunID(args[0])
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if !a.forPrograms() {
		return a.showChanges(ctx, c, id)
	}
	changes, err := ask[*dom.RunChangesResponse](ctx, c, &dom.GetRunChangesMessage{RunID: id})
	if err != nil {
		return err
	}
	return a.printDocument(changes)
}

// printDryRun prints a run with what it would have changed.
func (a *app) printDryRun(ctx context.Context, c *client.Client, run slnet.Run) error {
	changes, err := ask[*dom.RunChangesResponse](ctx, c, &dom.GetRunChangesMessage{RunID: run.ID})
	if err != nil {
		return err
	}
	return a.printDocument(struct {
		Run     slnet.Run               `json:"Run"`
		Changes *dom.RunChangesResponse `json:"Changes"`
	}{run, changes})
}

// showChanges prints what a run would have changed as a diff: + for what would be
// there, - for what would not be there any more, ~ for what would be another.
func (a *app) showChanges(ctx context.Context, c *client.Client, id uuid.UUID) error {
	changes, err := ask[*dom.RunChangesResponse](ctx, c, &dom.GetRunChangesMessage{RunID: id})
	if err != nil {
		return err
	}
	d := differ{w: a.stdout}
	for i := range changes.Changes {
		d.object(&changes.Changes[i])
	}
	for _, e := range changes.Information {
		d.line("", "+", "information event: "+e.Text)
	}
	if more := changes.InformationTotal - int64(len(changes.Information)); more > 0 {
		d.line("", " ", fmt.Sprintf("and %d more information events", more))
	}
	if changes.Hidden > 0 {
		d.line("", " ", fmt.Sprintf("and %d objects that you may not read", changes.Hidden))
	}
	if more := changes.Total - changes.Hidden - int64(len(changes.Changes)); more > 0 {
		d.line("", " ", fmt.Sprintf("and %d more objects", more))
	}
	if changes.Total == 0 && changes.InformationTotal == 0 {
		d.line("", " ", "nothing would change")
	}
	return d.err
}

// differ prints a diff.
type differ struct {
	w   io.Writer
	err error
}

func (d *differ) line(indent, sign, text string) {
	if _, err := fmt.Fprintf(d.w, "%s%s %s\n", indent, sign, oneLine(text)); err != nil {
		d.err = err
	}
}

// signs are the signs of what happened to something.
var signs = map[dom.CrudType]string{dom.CrudCreate: "+", dom.CrudUpdate: "~", dom.CrudDelete: "-"}

func (d *differ) object(c *dom.ObjectChange) {
	title := string(c.Kind)
	if c.ModuleID != "" {
		title += " " + c.ModuleID + "/" + c.Key
	} else {
		title += " " + c.Key
	}
	if c.Name != "" {
		title += " " + fmt.Sprintf("%q", c.Name)
	}
	d.line("", signs[c.CrudType], title)
	const within = "    "
	if s := c.StatusChange; s != nil {
		d.value(within, "status", s.StatusIDBefore, s.StatusIDAfter)
	}
	for _, s := range c.Sections {
		d.line(within, signs[s.CrudType], "section "+nameOr(s.Name, s.SectionDefinitionID.String()))
		for _, f := range s.Fields {
			d.value(within+within, nameOr(f.Name, f.FieldDescriptorID.String()), valueText(f.ValueBefore), valueText(f.ValueAfter))
		}
	}
	for _, p := range c.Properties {
		d.value(within, p.Path, p.Before, p.After)
	}
	for _, f := range c.Attachments {
		d.line(within, signs[f.CrudType], fmt.Sprintf("attachment %s (%s)", f.FileName, bytesize.Rounded(f.Size)))
	}
}

// value prints a value that came, went or changed.
func (d *differ) value(indent, name, before, after string) {
	switch {
	case before == "":
		d.line(indent, "+", name+": "+shorten(after, maxDiffText))
	case after == "":
		d.line(indent, "-", name+": "+shorten(before, maxDiffText))
	default:
		d.line(indent, "~", name+": "+shorten(before, maxDiffText)+" -> "+shorten(after, maxDiffText))
	}
}

// maxDiffText is the most characters of a value in a diff for people.
const maxDiffText = 200

func valueText(v *dom.Value) string {
	if v == nil {
		return ""
	}
	if text := v.String(); strings.TrimSpace(text) == text && text != "" {
		return text
	}
	return fmt.Sprintf("%q", v.String())
}
