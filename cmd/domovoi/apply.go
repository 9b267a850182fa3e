package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/declaration"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// declared is one invocation of apply or diff.
type declared struct {
	*app
	files  []string
	dryRun bool
}

func (a *app) applyCommand() *cobra.Command {
	d := &declared{app: a}
	c := a.leaf("apply", "Make the daemon have what files declare", func(ctx context.Context, _ []string) error {
		if d.dryRun {
			return d.diff(ctx)
		}
		return d.apply(ctx)
	})
	c.Long = `Make the daemon have what files declare: groups, users, modules, libraries,
scripts, plugins, triggers, schedules, webhooks and API definitions. See docs/apply.md.

All that is wrong with the files is told before anything is done. Then what differs
is created and updated, in the order in which things refer to each other. The first
refusal ends it, and what was done is told. A second apply changes nothing. What no
file names is left alone.`
	d.fileFlag(c)
	c.Flags().BoolVar(&d.dryRun, "dry-run", false, "only show what would be done, as diff does")
	return c
}

func (a *app) diffCommand() *cobra.Command {
	d := &declared{app: a}
	c := a.leaf("diff", "Show what apply would do", func(ctx context.Context, _ []string) error { return d.diff(ctx) })
	c.Long = `Show what "domovoi apply" would create and update, and leave as it is. The exit
code is 0 when it would do nothing, 1 when it would do something, and 2 when it
could not be found out.`
	d.fileFlag(c)
	return c
}

func (d *declared) fileFlag(c *cobra.Command) {
	c.Flags().StringArrayVarP(&d.files, "file", "f", nil, "`file` of YAML or JSON, or a folder with such files; - is the standard input; may be repeated")
	c.MarkFlagRequired("file")
	c.MarkFlagFilename("file", "yaml", "yml", "json")
}

// plan reads the files and compares them with what the daemon has.
func (d *declared) plan(ctx context.Context, do func(*declaration.Plan) error) error {
	files := declaration.Read(d.files, declaration.Options{
		Stdin: d.stdin,
		ReadScript: func(path string) ([]slnet.ScriptFile, error) {
			_, files, err := readScript(path)
			return files, err
		},
		Upload: upload,
	})
	c, err := d.connect()
	if err != nil {
		return errors.Join(d.wrong(files.Err()), err)
	}
	defer c.Close()
	plan, err := d.compare(ctx, c, files)
	if err != nil {
		return err
	}
	return do(plan)
}

func (d *declared) compare(ctx context.Context, c *client.Client, files *declaration.Declaration) (*declaration.Plan, error) {
	plan, err := declaration.NewPlan(ctx, c.SendSLNetMessages, files)
	return plan, d.wrong(err)
}

// wrong tells problems one a line, each with its place, and how many there are.
func (d *declared) wrong(err error) error {
	var problems declaration.Problems
	if !errors.As(err, &problems) {
		return err
	}
	return slnet.Errorf(slnet.KindInvalid, "nothing was done; wrong in the files:\n%v", err)
}

func (d *declared) diff(ctx context.Context) error {
	d.compares = true
	return d.plan(ctx, func(plan *declaration.Plan) error {
		if err := d.show(plan); err != nil {
			return err
		}
		if plan.Differs() {
			return errReported
		}
		return nil
	})
}

func (d *declared) apply(ctx context.Context) error {
	return d.plan(ctx, func(plan *declaration.Plan) error {
		if d.forPrograms() || d.output == outputName {
			stopped := plan.Apply(ctx)
			return errors.Join(d.show(plan), stopped)
		}
		if err := d.show(plan); err != nil || !plan.Differs() {
			return err
		}
		return d.tellApplied(plan, plan.Apply(ctx))
	})
}

// show prints the plan, and what a person should know of.
func (d *declared) show(plan *declaration.Plan) error {
	if d.output == outputName {
		for _, step := range plan.Steps {
			if step.Action != interchange.Unchanged {
				fmt.Fprintln(d.stdout, oneLine(stepName(step)))
			}
		}
		return nil
	}
	if err := d.answer(plan, func(t *table) { showPlan(t, plan) }); err != nil || d.forPrograms() {
		return err
	}
	for _, note := range plan.Notes {
		fmt.Fprintln(d.stderr, oneLine(note))
	}
	return nil
}

func stepName(step *declaration.Step) string {
	if step.Part == "" {
		return string(step.Kind) + "/" + step.Name
	}
	return string(step.Kind) + "/" + step.Name + "/" + step.Part
}

// showPlan prints what is to be done. The parts of a module that stay as they are
// have one row.
func showPlan(t *table, plan *declaration.Plan) {
	t.header("ACTION", "KIND", "NAME", "PART")
	same := make(map[string]int)
	for _, step := range plan.Steps {
		if step.Part != "" && step.Action == interchange.Unchanged {
			same[step.Name]++
		}
	}
	for _, step := range plan.Steps {
		part := step.Part
		if part != "" && step.Action == interchange.Unchanged {
			n := same[step.Name]
			if part = fmt.Sprintf("%d of its objects", n); n == 0 {
				continue
			}
			same[step.Name] = 0
		}
		t.row(string(step.Action), string(step.Kind), step.Name, part)
	}
	t.w.Flush()
	for _, step := range plan.Steps {
		if step.Action == interchange.Update {
			showStepChanges(t, step)
		}
	}
	fmt.Fprintf(t.w, "\n%d to create, %d to update, %d unchanged\n",
		plan.Count(interchange.Create), plan.Count(interchange.Update), plan.Count(interchange.Unchanged))
}

func showStepChanges(t *table, step *declaration.Step) {
	fmt.Fprintf(t.w, "\n%s\n", oneLine(stepName(step)))
	for i, change := range step.Changes {
		if i == mostChanges && !t.wide {
			fmt.Fprintf(t.w, "  and %d more; \"-o wide\" lists all\n", len(step.Changes)-i)
			break
		}
		fmt.Fprintf(t.w, "  %s\n", oneLine(change.String()))
	}
}

// tellApplied says what was done. Where something was refused it says what was not,
// and returns an error of the kind of the refusal.
func (d *declared) tellApplied(plan *declaration.Plan, stopped error) error {
	count := make(map[interchange.Action]int)
	for _, step := range plan.Steps {
		if step.State == declaration.Done {
			count[step.Action]++
		}
	}
	created, updated := count[interchange.Create], count[interchange.Update]
	fmt.Fprintf(d.stdout, "%d created, %d updated\n", created, updated)
	if stopped == nil {
		return nil
	}
	for _, step := range plan.Steps {
		switch {
		case step.State == declaration.Done:
			fmt.Fprintf(d.stderr, "done:     %s\n", oneLine(stepName(step)))
		case step.State == declaration.Failed:
			fmt.Fprintf(d.stderr, "refused:  %s: %s\n", oneLine(stepName(step)), step.Message)
		case step.Action != interchange.Unchanged:
			fmt.Fprintf(d.stderr, "not done: %s\n", oneLine(stepName(step)))
		}
	}
	return slnet.Errorf(kindOf(stopped), "%d of %d changes were made", created+updated, len(plan.Steps)-plan.Count(interchange.Unchanged))
}
