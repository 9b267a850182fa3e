package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// moduleImport is one invocation of the command of that name.
type moduleImport struct {
	*app
	module  string
	dryRun  bool
	options interchange.ImportOptions
}

func (a *app) moduleImportCommand() *cobra.Command {
	i := &moduleImport{app: a}
	c := a.leaf("import FILE.zip|FOLDER", "Create or update modules from a file or a folder", i.run)
	c.Long = `Creates or updates the modules in a zip or a folder, in the form in which
"domovoi module export" and DataMiner solutions write them. It first compares
each object with the one of the same id; what is equal is left alone, so a second
import changes nothing. Objects that are not in the files stay.

What one object refuses does not hold up the others. The daemon refuses to remove
fields, enum entries and section links that are in use: --keep-vanished keeps
them, soft-deleted.`
	c.Flags().StringVar(&i.module, "module", "", "import under this `id` instead of the module's own")
	c.Flags().BoolVar(&i.dryRun, "dry-run", false, "only show what would be done")
	c.Flags().BoolVar(&i.options.KeepVanished, "keep-vanished", false, "keep what the files no longer have in an object, soft-deleted")
	c.RegisterFlagCompletionFunc("module", cobra.NoFileCompletions)
	c.ValidArgsFunction = nil // files
	return c
}

// imported is what is said of the import of one module: the plan, and what did
// not go by it.
type imported struct {
	*interchange.Plan
	DryRun   bool                  `json:"DryRun,omitempty"`
	Unknown  []interchange.Unknown `json:"Unknown,omitempty"`
	Failures []importFailure       `json:"Failures,omitempty"`
}

type importFailure struct {
	interchange.Failure `json:"-"`
	Key                 string `json:"Key"`
	InUse               bool   `json:"InUse,omitempty"`
	Message             string `json:"Message"`
}

func (i *moduleImport) run(ctx context.Context, args []string) error {
	modules, err := i.read(args[0])
	if err != nil {
		return err
	}
	c, err := i.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	results := make([]*imported, len(modules))
	for n, m := range modules {
		plan, err := interchange.NewPlan(ctx, c.SendSLNetMessages, m, i.options)
		if err != nil {
			return err
		}
		results[n] = &imported{Plan: plan, DryRun: i.dryRun, Unknown: m.Unknown}
	}
	var stopped error
	for n, result := range results {
		if i.dryRun {
			break
		}
		if stopped = result.apply(ctx); stopped != nil {
			results = results[:n]
			break
		}
	}
	if err := i.answer(results, func(t *table) { showImport(t, results) }); err != nil {
		return err
	}
	if !i.forPrograms() {
		i.tell(results)
	}
	return errors.Join(stopped, failed(results))
}

// read reads the modules and gives a single one its other id.
func (i *moduleImport) read(name string) ([]*interchange.Module, error) {
	modules, err := interchange.Read(name)
	var at *interchange.Error
	if errors.As(err, &at) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err != nil {
		return nil, err
	}
	if i.module == "" {
		return modules, nil
	}
	if len(modules) > 1 {
		ids := make([]string, len(modules))
		for n, m := range modules {
			ids[n] = m.ID
		}
		return nil, slnet.Errorf(slnet.KindInvalid, "--module is for a single module; %s holds %s", name, strings.Join(ids, ", "))
	}
	modules[0].Rename(i.module)
	return modules, nil
}

func (r *imported) apply(ctx context.Context) error {
	failures, err := r.Plan.Apply(ctx)
	for _, f := range failures {
		r.Failures = append(r.Failures, importFailure{f, f.Key, f.InUse, f.Err.Error()})
	}
	return err
}

// showImport prints what was or would be done; what stays as it is only by its
// number.
func showImport(t *table, results []*imported) {
	for n, r := range results {
		if n > 0 {
			fmt.Fprintln(t.w)
		}
		r.showSteps(t)
		fmt.Fprintf(t.w, "%s: %d %s, %d %s, %d unchanged\n", r.ModuleID,
			r.done(interchange.Create), r.verb("created", "to create"), r.done(interchange.Update), r.verb("updated", "to update"), r.Count(interchange.Unchanged))
		t.w.Flush()
	}
}

// mostInstances is how many instances are listed of each action; a module may
// have any number of them. Those that failed are listed all.
const mostInstances = 10

func (r *imported) showSteps(t *table) {
	if r.Count(interchange.Unchanged) == len(r.Steps) {
		return
	}
	t.header("ACTION", "KIND", "NAME", "ID", "INSTANCES")
	listed := make(map[string]int)
	for _, step := range r.Steps {
		if step.Action == interchange.Unchanged {
			continue
		}
		if action := r.actionOf(step); step.Kind == dom.KindInstance && action != failedAction {
			if listed[action]++; listed[action] > mostInstances {
				continue
			}
		}
		instances := ""
		if step.Action == interchange.Update {
			instances = fmt.Sprint(step.Instances)
		}
		t.row(r.actionOf(step), string(step.Kind), step.Name, step.Key, instances)
	}
	t.w.Flush()
	for _, action := range []interchange.Action{interchange.Create, interchange.Update} {
		if more := listed[string(action)] - mostInstances; more > 0 {
			fmt.Fprintf(t.w, "and %d more instances to %s; \"-o json\" lists all\n", more, action)
		}
	}
	shown := 0
	for _, step := range r.Steps {
		if step.Action != interchange.Update {
			continue
		}
		if step.Kind == dom.KindInstance {
			if shown++; shown > mostInstances {
				continue
			}
		}
		showChanges(t, step)
	}
	fmt.Fprintln(t.w)
}

// mostChanges is how many changes of one object are shown.
const mostChanges = 20

func showChanges(t *table, step *interchange.Step) {
	fmt.Fprintf(t.w, "\n%s %s\n", step.Kind, oneLine(nameOr(step.Name, step.Key)))
	for i, change := range step.Changes {
		if i == mostChanges {
			fmt.Fprintf(t.w, "  and %d more; \"-o json\" lists all\n", len(step.Changes)-i)
			break
		}
		fmt.Fprintf(t.w, "  %s\n", oneLine(change.String()))
	}
}

func (r *imported) verb(done, planned string) string {
	if r.DryRun {
		return planned
	}
	return done
}

// failedAction stands for the action of a step that failed.
const failedAction = "failed"

func (r *imported) actionOf(step *interchange.Step) string {
	for _, f := range r.Failures {
		if f.Step == step {
			return failedAction
		}
	}
	return string(step.Action)
}

// done counts the objects of an action, without those that failed.
func (r *imported) done(action interchange.Action) int {
	n := r.Count(action)
	for _, f := range r.Failures {
		if f.Action == action {
			n--
		}
	}
	return n
}

// tell says on the error output what a person should know of.
func (i *moduleImport) tell(results []*imported) {
	for _, r := range results {
		for _, u := range r.Unknown {
			fmt.Fprintf(i.stderr, "%s: not known, left out: %s\n", r.ModuleID, oneLine(u.String()+" "+shorten(string(u.Value), 80)))
		}
		for _, step := range r.Steps {
			if len(step.Vanished) > 0 && step.Action == interchange.Update {
				fmt.Fprintf(i.stderr, "%s: %s %s no longer has %s: %s\n", r.ModuleID, step.Kind, nameOr(step.Name, step.Key),
					strings.Join(step.Vanished, ", "), r.fate(i.options.KeepVanished))
			}
		}
		for _, f := range r.Failures {
			fmt.Fprintf(i.stderr, "%s: %s %s was not stored: %s\n", r.ModuleID, f.Kind, nameOr(f.Name, f.Key), f.Message)
			if f.InUse {
				fmt.Fprintf(i.stderr, "  %s in use: remove the values first, or import with --keep-vanished\n", strings.Join(f.Vanished, ", "))
			}
		}
	}
}

func (r *imported) fate(keep bool) string {
	if keep {
		return "kept soft-deleted"
	}
	return r.verb("removed unless in use", "to be removed unless in use")
}

// failed is the error of an import that could not store every object; its kind
// is that of the first one.
func failed(results []*imported) error {
	var failures, objects int
	var kind slnet.Kind
	for _, r := range results {
		objects += len(r.Steps)
		for _, f := range r.Failures {
			if failures++; failures > 1 {
				continue
			}
			if kind = kindOf(f.Err); f.InUse {
				kind = slnet.KindConflict
			}
		}
	}
	if failures == 0 {
		return nil
	}
	return slnet.Errorf(kind, "%d of %d objects were not stored", failures, objects)
}
