package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// scriptVersionCommands are those about the versions of a script, and about it as
// a whole.
func (a *app) scriptVersionCommands() []*cobra.Command {
	return []*cobra.Command{
		a.scriptVersionsCommand(), a.scriptDiffCommand(), a.scriptRollbackCommand(),
		a.completes(a.leaf("disable NAME", "Let no runs of a script start any more", a.scriptDisabler(true)), scriptNames),
		a.completes(a.leaf("enable NAME", "Let runs of a disabled script start again", a.scriptDisabler(false)), scriptNames),
		a.scriptRenameCommand(), a.scriptDeleteCommand(),
	}
}

func (a *app) scriptVersionsCommand() *cobra.Command {
	message := new(slnet.GetScriptVersionsMessage)
	c := a.leaf("versions NAME", "List the versions of a script, the newest first", func(ctx context.Context, args []string) error {
		message.Name = args[0]
		response, err := request[*slnet.ScriptVersionsResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { showVersions(t, response) })
	})
	c.Flags().Int64Var(&message.Limit, "limit", 20, "show this many, at most 100")
	c.Flags().Int64Var(&message.Before, "before", 0, "show those below this `version`")
	return a.completes(c, scriptNames)
}

func showVersions(t *table, response *slnet.ScriptVersionsResponse) {
	t.header("VERSION", "DEPLOYED", "BY", "HASH", "CHANGED", "ENTRY POINTS")
	for _, v := range response.Versions {
		var changed []string
		for _, part := range []struct {
			name string
			is   bool
		}{{"source", v.SourceChanged}, {"manifest", v.ManifestChanged}, {"libraries", v.LibrariesChanged}} {
			if part.is {
				changed = append(changed, part.name)
			}
		}
		if v.RestoredFrom > 0 {
			changed = append(changed, fmt.Sprintf("(back to %d)", v.RestoredFrom))
		}
		t.row(fmt.Sprint(v.Version), timeText(v.DeployedAt), v.DeployedBy, v.Hash[:min(len(v.Hash), 12)], strings.Join(changed, " "), strings.Join(v.EntryPoints, ", "))
	}
}

func (a *app) scriptDiffCommand() *cobra.Command {
	c := a.leaf("diff NAME [FROM] [TO]", "Show what differs between two versions of a script", a.scriptDiff)
	c.Long = `Show what differs between two versions of a script, as a unified diff: of its
files, its script.yaml, and the versions of the libraries it is built with. Without
versions the newest one is compared with the one before, with one version that one
with the newest. Of a plugin only the hash of the binary is compared.`
	c.Example = "  domovoi script diff report 3 5"
	return a.completes(c, scriptNames)
}

// versionsOf reads the versions to compare. With none given the newest one is
// asked for what it is.
func versionsOf(ctx context.Context, c *client.Client, args []string) (from, to *slnet.Script, err error) {
	numbers := make([]int64, 2)
	for i, text := range args[1:] {
		if numbers[i], err = versionNumber(text); err != nil {
			return nil, nil, err
		}
	}
	read := func(number int64) (*slnet.Script, error) {
		response, err := ask[*slnet.ScriptResponse](ctx, c, &slnet.GetScriptMessage{Name: args[0], Version: number})
		if err != nil {
			return nil, err
		}
		return &response.Script, nil
	}
	if to, err = read(numbers[1]); err != nil {
		return nil, nil, err
	}
	if numbers[0] == 0 {
		if numbers[0] = to.Version - 1; numbers[0] == 0 {
			return new(slnet.Script), to, nil
		}
	}
	from, err = read(numbers[0])
	return from, to, err
}

func versionNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, slnet.Errorf(slnet.KindInvalid, "%q is no version; versions are numbers from 1, domovoi script versions shows them", text)
	}
	return n, nil
}

// versionDiff is what script diff answers.
type versionDiff struct {
	Name string `json:"Name"`
	From int64  `json:"From"`
	To   int64  `json:"To"`
	Diff string `json:"Diff"`
}

func (a *app) scriptDiff(ctx context.Context, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	from, to, err := versionsOf(ctx, c, args)
	if err != nil {
		return err
	}
	text, err := diff(from, to)
	if err != nil {
		return err
	}
	if a.forPrograms() {
		return a.answer(&versionDiff{to.Name, from.Version, to.Version, text}, nil)
	}
	if text == "" {
		fmt.Fprintf(a.stderr, "versions %d and %d of %s have the same content\n", from.Version, to.Version, to.Name)
	}
	_, err = fmt.Fprint(a.stdout, text)
	return err
}

// diff is the unified diff of two versions, empty when they have the same content.
func diff(from, to *slnet.Script) (string, error) {
	before, after := texts(from), texts(to)
	var names []string
	for name := range before {
		names = append(names, name)
	}
	for name := range after {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range slices.Compact(names) {
		label := func(s *slnet.Script, text string) string {
			if text == "" {
				return "/dev/null"
			}
			return fmt.Sprintf("%s (version %d)", name, s.Version)
		}
		err := difflib.WriteUnifiedDiff(&b, difflib.UnifiedDiff{
			A: lines(before[name]), B: lines(after[name]), FromFile: label(from, before[name]), ToFile: label(to, after[name]), Context: 3,
		})
		if err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// texts are those of a version by name.
func texts(s *slnet.Script) map[string]string {
	list := make(map[string]string)
	for _, f := range s.Files {
		list[f.Name] = f.Content
	}
	if s.Engine == slnet.EnginePlugin {
		list["binary"] = "sha256 " + s.Hash + "\n"
	}
	if s.ManifestText != "" {
		list[manifestFile] = s.ManifestText
	}
	for _, l := range s.Libraries {
		list["libraries"] += fmt.Sprintf("%s version %d\n", l.Name, l.Version)
	}
	return list
}

// lines splits a text behind its line feeds; the last line has one too.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	list := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	list[len(list)-1] += "\n"
	return list
}

func (a *app) scriptRollbackCommand() *cobra.Command {
	c := a.leaf("rollback NAME VERSION", "Make a new version with the content of an old one", func(ctx context.Context, args []string) error {
		number, err := versionNumber(args[1])
		if err != nil {
			return err
		}
		response, err := request[*slnet.ScriptResponse](ctx, a, &slnet.RollBackScriptMessage{Name: args[0], Version: number})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { showScripts(t, []slnet.Script{response.Script}) })
	})
	c.Long = `Make a new version of a script with the content of an old one: source or binary,
script.yaml, libraries, description and timeout. New runs use it; those that began
end on the version they began with. Whom the script is bound to stays as it is.`
	c.Example = "  domovoi script rollback report 3"
	return a.completes(c, scriptNames)
}

func (a *app) scriptDisabler(disabled bool) action {
	return func(ctx context.Context, args []string) error {
		return a.updateScript(ctx, &slnet.UpdateScriptMessage{Name: args[0], Disabled: &disabled})
	}
}

func (a *app) scriptRenameCommand() *cobra.Command {
	c := a.leaf("rename NAME NEW", "Give a script another name", func(ctx context.Context, args []string) error {
		if args[1] == "" {
			return slnet.Errorf(slnet.KindInvalid, "the new name of script %q is empty", args[0])
		}
		return a.updateScript(ctx, &slnet.UpdateScriptMessage{Name: args[0], NewName: args[1]})
	})
	c.Long = `Give a script another name. What refers to it by the former name goes on to mean
it; schedules, triggers, secrets and grants for just this script get the new name.
Its memory and its runs stay.
Another script can be given the former name once nothing refers to it.`
	return a.completes(c, scriptNames)
}

func (a *app) updateScript(ctx context.Context, message *slnet.UpdateScriptMessage) error {
	response, err := request[*slnet.ScriptResponse](ctx, a, message)
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showScripts(t, []slnet.Script{response.Script}) })
}

func (a *app) scriptDeleteCommand() *cobra.Command {
	message := new(slnet.DeleteScriptMessage)
	c := a.leaf("delete NAME", "Delete a script with all its versions", func(ctx context.Context, args []string) error {
		message.Name = args[0]
		response, err := request[*slnet.ScriptReferencesResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			for _, reference := range response.References {
				t.row("left behind: " + reference.String())
			}
			if response.More > 0 {
				t.row(fmt.Sprintf("left behind: %d more", response.More))
			}
		})
	})
	c.Long = `Delete a script with all its versions. It is refused while something refers to the
script: schedules, triggers, APIs, module settings, definitions, actions, secrets
and grants that name it, or scripts that are built with it when it is a library.
What it remembers is deleted with it; records and logs of its runs stay. Runs that
wait will fail.`
	c.Flags().BoolVar(&message.Force, "force", false, "delete it also when something refers to it")
	return a.completes(c, scriptNames)
}
