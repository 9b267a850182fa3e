package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
)

// scriptRunCommand runs a script. Which flags it has depends on the script: so
// it first looks for the name alone, and then the command line is executed again
// with a command that has them all.
func (a *app) scriptRunCommand() *cobra.Command {
	first := a.scriptRunLeaf(nil)
	if len(a.args) > 0 && strings.HasPrefix(a.args[0], cobra.ShellCompRequestCmd) {
		return first
	}
	first.DisableFlagParsing = true
	first.Args = cobra.ArbitraryArgs
	first.RunE = func(c *cobra.Command, args []string) error {
		s, failed := a.scriptOfArgs(c, args)
		second := a.scriptRunLeaf(s)
		second.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
			if failed != nil && strings.HasPrefix(err.Error(), "unknown flag") {
				a.started = true
				return failed // the flag may well be one of the script
			}
			return err
		})
		group, root := c.Parent(), c.Root()
		group.RemoveCommand(c)
		group.AddCommand(second)
		root.SetArgs(a.args)
		return root.ExecuteContext(c.Context())
	}
	return first
}

// scriptOfArgs asks the daemon for the script that a command line names, or reads
// it from where it names, and returns nil when it names none.
func (a *app) scriptOfArgs(c *cobra.Command, args []string) (*slnet.Script, error) {
	c.DisableFlagParsing = false
	c.FParseErrWhitelist.UnknownFlags = true
	if err := c.ParseFlags(args); err != nil || c.Flags().NArg() == 0 {
		return nil, nil // the second time tells what is wrong
	}
	if isPath(c.Flags().Arg(0)) {
		return a.scriptOfSource(c.Context(), c.Flags().Arg(0))
	}
	// Whoever may execute scripts may list them, but not see their source.
	response, err := request[*slnet.ScriptsResponse](c.Context(), a, &slnet.GetScriptsMessage{Name: c.Flags().Arg(0)})
	if err != nil || len(response.Scripts) != 1 {
		return nil, err
	}
	return &response.Scripts[0], nil
}

// scriptRunLeaf is the command for a script, or for any when s is nil.
func (a *app) scriptRunLeaf(s *slnet.Script) *cobra.Command {
	message := new(slnet.ExecuteScriptMessage)
	var parameters []string
	var input string
	typed := make(map[string]any)
	c := a.leaf("run NAME|DIR|FILE", "Run a script as oneself and wait for its end", func(ctx context.Context, args []string) error {
		message.ScriptName = args[0]
		var err error
		if message.Parameters, err = parseParameters(parameters); err != nil {
			return err
		}
		if message.Input, err = a.readInput(input, typed); err != nil {
			return err
		}
		if isPath(args[0]) {
			return a.sourceRun(ctx, args[0], message)
		}
		return a.scriptRun(ctx, message)
	})
	c.Long = `Run a script as oneself. A name is that of a deployed script. What has a slash in
it, is . or .., or is a file that ends in .go, is source: it is run once and not
deployed, with its log shown as it grows. That takes the rights to edit and to
execute a script of its name. Its run has no version but the hash of the source.

The output of the run is printed as key=value lines, and what the script returned
as JSON; how it ended, what went wrong and the end of its log go to standard error.
The exit code is 0 only when the run succeeded. An interrupt cancels the run.

A script with typed parameters has a flag for each, to be given behind its name;
"script run NAME --help" lists them. With --input they come as a JSON object, and
flags go before it.

With --dry-run the script works on what is stored now and on its own writes, which
nobody else sees; then they are thrown away, and what would have changed is printed
as a diff. Only messages to the daemon are held back: what a script does by other
means, it does.

With --async the run is only queued, and its id is printed.`
	c.Flags().StringArrayVarP(&parameters, "param", "p", nil, "a parameter as `key=value`; may be repeated")
	c.Flags().StringVar(&input, "input", "", "`file` with the parameters as a JSON object; - is the standard input")
	c.Flags().BoolVar(&message.DryRun, "dry-run", false, "store nothing the script writes, and print what would change")
	c.Flags().Int64Var(&message.ScriptVersion, "version", 0, "run this `version` of the script; 0 means the newest")
	c.Flags().BoolVar(&message.Async, "async", false, "print the id of the run and do not wait for its end")
	c.Flags().DurationVar(&message.Timeout, "timeout", 0, "end the run when it takes longer; 0 means as the script says")
	c.Flags().StringVar(&message.EntryPoint, "entry-point", "", "`function` to call instead of Run")
	c.RegisterFlagCompletionFunc("param", cobra.NoFileCompletions)
	c.MarkFlagFilename("input")
	if s != nil {
		addParameterFlags(c, s, typed)
	}
	a.completes(c, scriptNames)
	names := c.ValidArgsFunction
	c.ValidArgsFunction = func(c *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 && (strings.HasPrefix(begin, ".") || strings.ContainsRune(begin, os.PathSeparator)) {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return names(c, args, begin)
	}
	return c
}

// addParameterFlags adds a flag for each typed parameter of a script. One whose
// flag would be another's can be given with --param.
func addParameterFlags(c *cobra.Command, s *slnet.Script, values map[string]any) {
	if s.Description != "" {
		c.Long = s.Description + "\n\n" + c.Long
	}
	if len(s.ParameterSchema) == 0 {
		return
	}
	described, err := schema.Read(s.ParameterSchema)
	if err != nil || len(described.Properties) == 0 {
		return
	}
	flags := new(cobra.Command).Flags()
	flags.SortFlags = false
	for i := range described.Properties {
		p := &described.Properties[i]
		name := flagName(p.Name)
		if c.Flags().Lookup(name) != nil || c.InheritedFlags().Lookup(name) != nil || flags.Lookup(name) != nil || name == "help" {
			continue
		}
		flag := flags.VarPF(&parameterFlag{property: p, values: values}, name, "", parameterUsage(p))
		if p.Schema.Type == schema.TypeBoolean {
			flag.NoOptDefVal = "true"
		}
		if p.Schema.Default != nil {
			flag.DefValue = fmt.Sprint(p.Schema.Default)
		}
	}
	c.Long += fmt.Sprintf("\n\nParameters of %s:\n%s", s.Name, strings.TrimRight(flags.FlagUsages(), "\n"))
	c.Flags().AddFlagSet(flags)
	for i := range described.Properties {
		name := flagName(described.Properties[i].Name)
		if flags.Lookup(name) != nil {
			c.Flags().MarkHidden(name) // they are listed above
		}
	}
}

// flagName is the flag of a parameter: DueDate is due-date, HTTPPort http-port.
func flagName(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) && runes[i-1] != '_' {
			b.WriteByte('-')
		}
		if r == '_' {
			r = '-'
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func parameterUsage(p *schema.Property) string {
	text := p.Schema.Description
	if p.Required {
		text += " (required)"
	}
	if len(p.Schema.Enum) > 0 {
		var values []string
		for _, v := range p.Schema.Enum {
			values = append(values, fmt.Sprint(v))
		}
		text += " (one of " + strings.Join(values, ", ") + ")"
	}
	return strings.TrimSpace(text)
}

// parameterFlag is a flag that adds a value to the parameters of a run. The flag
// of a list may be repeated.
type parameterFlag struct {
	property *schema.Property
	values   map[string]any
}

// Set implements pflag.Value.
func (f *parameterFlag) Set(text string) error {
	name, s := f.property.Name, f.property.Schema
	if !f.repeats() {
		if _, twice := f.values[name]; twice {
			return fmt.Errorf("it is given twice")
		}
		v, err := s.FromText(text)
		if err != nil {
			return err
		}
		f.values[name] = v
		return checkNumber(v)
	}
	v, err := s.Items.FromText(text)
	if err != nil {
		return err
	}
	list, _ := f.values[name].([]any)
	f.values[name] = append(list, v)
	return checkNumber(v)
}

// checkNumber keeps what is no number from being sent as one.
func checkNumber(v any) error {
	if n, ok := v.(json.Number); ok && !json.Valid([]byte(n)) {
		return fmt.Errorf("must be a number")
	}
	return nil
}

// repeats reports whether each use of the flag gives one element of a list.
func (f *parameterFlag) repeats() bool {
	s := f.property.Schema
	return s.Type == schema.TypeArray && s.Items.Type != schema.TypeArray && s.Items.Type != schema.TypeObject
}

// Type implements pflag.Value: it names the value in the help.
func (f *parameterFlag) Type() string {
	s := f.property.Schema
	prefix := ""
	if f.repeats() {
		s, prefix = s.Items, "repeated "
	}
	switch {
	case s.Type == schema.TypeArray || s.Type == schema.TypeObject:
		return "JSON"
	case s.Format == schema.FormatTime:
		return prefix + "time"
	case s.Format == schema.FormatDuration:
		return prefix + "duration"
	case s.Format == schema.FormatUUID:
		return prefix + "GUID"
	case s.Type == schema.TypeBoolean:
		return prefix + "bool"
	}
	return prefix + s.Type
}

// String implements pflag.Value.
func (f *parameterFlag) String() string { return "" }

// readInput makes the typed parameters of a run: those of a file, and over them
// those of flags. It is empty when there are none.
func (a *app) readInput(file string, flags map[string]any) (slnet.JSON, error) {
	if file == "" && len(flags) == 0 {
		return nil, nil
	}
	values := make(map[string]any)
	if file != "" {
		text, err := a.readAll(file)
		if err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "the input cannot be read: %v", err)
		}
		parsed, err := schema.Parse(text)
		object, ok := parsed.(map[string]any)
		if err != nil || !ok {
			return nil, slnet.Errorf(slnet.KindInvalid, "the input is not a JSON object: %v", err)
		}
		values = object
	}
	for name, v := range flags {
		values[name] = v
	}
	return json.Marshal(values)
}

func (a *app) readAll(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(a.stdin, slnet.MaxRunInput+1))
	}
	return os.ReadFile(file)
}

// indented is JSON for people.
func indented(j slnet.JSON) string {
	var b bytes.Buffer
	if json.Indent(&b, j, "", "  ") != nil {
		return string(j)
	}
	return b.String()
}

func parseParameters(pairs []string) (map[string]string, error) {
	parameters := make(map[string]string)
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, slnet.Errorf(slnet.KindInvalid, "the parameter %q is not key=value", pair)
		}
		if _, twice := parameters[key]; twice {
			return nil, slnet.Errorf(slnet.KindInvalid, "the parameter %q is given twice", key)
		}
		parameters[key] = value
	}
	return parameters, nil
}

func (a *app) scriptRun(ctx context.Context, message *slnet.ExecuteScriptMessage) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	response, err := ask[*slnet.RunResponse](ctx, c, message)
	if err != nil {
		return err
	}
	if message.Async {
		return a.tellStarted(response)
	}
	if err := a.tellOutcome(ctx, c, response); err != nil {
		return err
	}
	return a.reportEnd(ctx, c, response.Run)
}

// tellOutcome prints what a run has put out and returned, and of a dry run what
// would have changed.
func (a *app) tellOutcome(ctx context.Context, c *client.Client, response *slnet.RunResponse) error {
	switch {
	case !response.Run.DryRun:
		return a.tellResult(response)
	case a.forPrograms():
		return a.printDryRun(ctx, c, response.Run)
	}
	return errors.Join(a.tellResult(response), a.showChanges(ctx, c, response.Run.ID))
}

// tellStarted prints the id of a run that was not waited for.
func (a *app) tellStarted(response *slnet.RunResponse) error {
	if a.forPrograms() {
		return a.printDocument(response)
	}
	_, err := fmt.Fprintln(a.stdout, response.Run.ID)
	return err
}

// tellResult prints what a run has put out and returned.
func (a *app) tellResult(response *slnet.RunResponse) (err error) {
	if a.forPrograms() {
		return a.printDocument(response)
	}
	for _, key := range sortedKeys(response.Run.Output) {
		fmt.Fprintf(a.stdout, "%s=%s\n", key, response.Run.Output[key])
	}
	if len(response.Run.Result) > 0 {
		_, err = fmt.Fprintln(a.stdout, indented(response.Run.Result))
	}
	return err
}

// logTail is how many lines of the log of a run that failed are shown.
const logTail = 20

// reportEnd tells people how a run has ended, with the end of its log where it did
// not succeed, and is an error then.
func (a *app) reportEnd(ctx context.Context, c *client.Client, run slnet.Run) error {
	failed := a.tellEnd(run)
	if failed == nil {
		return nil
	}
	var tail []slnet.LogLine
	err := readLog(ctx, c, run.ID, false, func(lines []slnet.LogLine) {
		tail = append(tail, lines...)
		tail = slices.Clone(tail[max(0, len(tail)-logTail):])
	})
	if err != nil {
		fmt.Fprintln(a.stderr, "the log cannot be read:", err)
	}
	if len(tail) > 0 {
		fmt.Fprintln(a.stderr, "the end of its log:")
	}
	for _, line := range tail {
		fmt.Fprintln(a.stderr, "  "+logText(line))
	}
	return failed
}

// tellEnd tells people how a run has ended, and is an error when it did not
// succeed.
func (a *app) tellEnd(run slnet.Run) error {
	took := ""
	if !run.StartedAt.IsZero() {
		took = " after " + durationText(run.EndedAt.Sub(run.StartedAt))
	}
	reason := ""
	if run.ExitReason != "" {
		reason = ": " + run.ExitReason
	}
	fmt.Fprintf(a.stderr, "run %s of %s %s: %s%s%s\n", run.ID, run.Script, versionText(run), run.State, took, reason)
	for _, e := range run.Errors {
		fmt.Fprintln(a.stderr, "  "+runErrorText(e))
	}
	if run.State == slnet.RunSucceeded {
		return nil
	}
	return errReported
}
