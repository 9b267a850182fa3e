package main

import (
	"bytes"
	"context"
	"encoding/json"
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

// scriptOfArgs asks the daemon for the script that a command line names, and
// returns nil when it names none.
func (a *app) scriptOfArgs(c *cobra.Command, args []string) (*slnet.Script, error) {
	c.DisableFlagParsing = false
	c.FParseErrWhitelist.UnknownFlags = true
	if err := c.ParseFlags(args); err != nil || c.Flags().NArg() == 0 {
		return nil, nil // the second time tells what is wrong
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
	c := a.leaf("run NAME", "Run a script as oneself and wait for its end", func(ctx context.Context, args []string) error {
		message.ScriptName = args[0]
		var err error
		if message.Parameters, err = parseParameters(parameters); err != nil {
			return err
		}
		if message.Input, err = a.readInput(input, typed); err != nil {
			return err
		}
		return a.scriptRun(ctx, message)
	})
	c.Long = `Run a script as oneself. The output of the run is printed as key=value lines,
and what the script returned as JSON; how it ended, what went wrong and the end of
its log go to standard error. The exit code is 0 only when the run succeeded. An
interrupt cancels the run.

A script with typed parameters has a flag for each, to be given behind its name;
"script run NAME --help" lists them. With --input they come as a JSON object, and
flags go before it.

With --async the run is only queued, and its id is printed.`
	c.Flags().StringArrayVarP(&parameters, "param", "p", nil, "a parameter as `key=value`; may be repeated")
	c.Flags().StringVar(&input, "input", "", "`file` with the parameters as a JSON object; - is the standard input")
	c.Flags().Int64Var(&message.ScriptVersion, "version", 0, "run this `version` of the script; 0 means the newest")
	c.Flags().BoolVar(&message.Async, "async", false, "print the id of the run and do not wait for its end")
	c.Flags().DurationVar(&message.Timeout, "timeout", 0, "end the run when it takes longer; 0 means as the script says")
	c.Flags().StringVar(&message.EntryPoint, "entry-point", "", "`function` to call instead of Run")
	c.RegisterFlagCompletionFunc("param", cobra.NoFileCompletions)
	c.MarkFlagFilename("input")
	if s != nil {
		addParameterFlags(c, s, typed)
	}
	return a.completes(c, scriptNames)
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
	if a.output == outputJSON {
		err = a.printJSON(response)
	} else if message.Async {
		_, err = fmt.Fprintln(a.stdout, response.Run.ID)
	} else {
		for _, key := range sortedKeys(response.Run.Output) {
			fmt.Fprintf(a.stdout, "%s=%s\n", key, response.Run.Output[key])
		}
		if len(response.Run.Result) > 0 {
			_, err = fmt.Fprintln(a.stdout, indented(response.Run.Result))
		}
	}
	if err != nil || message.Async {
		return err
	}
	return a.reportEnd(ctx, c, response.Run)
}

// logTail is how many lines of the log of a run that failed are shown.
const logTail = 20

// reportEnd tells people how a run has ended, and is an error when it did not
// succeed.
func (a *app) reportEnd(ctx context.Context, c *client.Client, run slnet.Run) error {
	took := ""
	if !run.StartedAt.IsZero() {
		took = " after " + durationText(run.EndedAt.Sub(run.StartedAt))
	}
	reason := ""
	if run.ExitReason != "" {
		reason = ": " + run.ExitReason
	}
	fmt.Fprintf(a.stderr, "run %s of %s version %d: %s%s%s\n", run.ID, run.Script, run.ScriptVersion, run.State, took, reason)
	for _, e := range run.Errors {
		fmt.Fprintln(a.stderr, "  "+runErrorText(e))
	}
	if run.State == slnet.RunSucceeded {
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
	return errReported
}
