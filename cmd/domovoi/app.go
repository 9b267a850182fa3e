package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// app is one invocation of the command line.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string

	// The flags every command has.
	address, context, caFile, tokenFile, dataDir, output string

	root *cobra.Command

	// documents is how many were printed for programs.
	documents int
	// args is the command line.
	args []string
	// started is set once the command line was understood; an error before that
	// is one of usage.
	started bool
}

// run executes a command line and returns the exit code of the process.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	a := &app{args: args, stdin: stdin, stdout: stdout, stderr: stderr, env: env}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return a.exit(root.ExecuteContext(ctx))
}

const defaultDataDir = "domovoi.db"

func (a *app) rootCommand() *cobra.Command {
	root := a.group("domovoi", "Run automation scripts against DOM managers",
		a.serveCommand(), a.sandboxCommand(), a.houseCommand(), a.testsCommand(),
		a.scriptCommand(), a.pluginCommand(), a.runCommand(), a.secretCommand(), a.scheduleCommand(), a.triggerCommand(), a.webhookCommand(), a.apiCommand(),
		a.moduleCommand(), a.instanceCommand(),
		a.userCommand(), a.groupCommand(), a.tokenCommand(), a.contextCommand(), a.loginCommand(), a.whoamiCommand(), a.auditCommand(),
		a.informationCommand(), a.systemCommand(), a.topCommand(), a.configCommand(), a.checkCommand(), a.compactCommand(), a.backupCommand(), a.benchCommand(), a.versionCommand())
	root.AddCommand(a.objectCommands()...)
	a.root = root
	root.Long = `Domovoi runs automation scripts, each under the rights of a user, against DOM
managers whose objects it keeps.

A command finds the daemon by --address or DOMOVOI_ADDRESS, and its token by
--token-file or DOMOVOI_TOKEN. Without them it looks into the data directory
(--data-dir or DOMOVOI_DATA_DIR): a running daemon writes its address there, and
the token of the built-in Administrator.

Daemons can be given names: see "domovoi context".

The address of a daemon with TLS is an https URL. --ca-file or DOMOVOI_CA_FILE
name the authorities to trust when the system does not know them; the daemon of
the data directory is known without.`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(outputs, a.output) {
			return fmt.Errorf("unknown output %q; the outputs are %s", a.output, strings.Join(outputs, ", "))
		}
		return nil
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.address, "address", "", "`host:port` or URL of the daemon")
	flags.StringVar(&a.context, "context", "", "`name` of the daemon, as \"context list\" shows it")
	flags.StringVar(&a.caFile, "ca-file", "", "PEM `file` of the authorities to trust, instead of the system's")
	flags.StringVar(&a.tokenFile, "token-file", "", "`file` with the token to use")
	dataDir := a.env("DOMOVOI_DATA_DIR")
	if dataDir == "" {
		dataDir = defaultDataDir
	}
	flags.StringVar(&a.dataDir, "data-dir", dataDir, "`directory` of the daemon's data")
	flags.StringVarP(&a.output, "output", "o", outputTable, "`form` of the answer: "+strings.Join(outputs, ", "))
	root.RegisterFlagCompletionFunc("context", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return contextNames(), cobra.ShellCompDirectiveNoFileComp
	})
	root.MarkPersistentFlagFilename("ca-file")
	root.MarkPersistentFlagFilename("token-file")
	root.MarkPersistentFlagDirname("data-dir")
	root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputs, cobra.ShellCompDirectiveNoFileComp))
	return root
}

// group is a command that only has others below it.
func (a *app) group(name, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:   name,
		Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			text := fmt.Sprintf("unknown command %q for %q", args[0], c.CommandPath())
			c.SuggestionsMinimumDistance = 2
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				return fmt.Errorf("%s; did you mean %s?", text, strings.Join(near, " or "))
			}
			return fmt.Errorf("%s; see \"%s --help\"", text, c.CommandPath())
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(commands...)
	return c
}

// action is what a command does.
type action func(ctx context.Context, args []string) error

// leaf is a command that does something. The words of use behind its name are
// its arguments; one in brackets may be left out, and the last may be repeated
// when it ends in dots. The first interrupt ends ctx, a second one the process. A
// command with the name list can be watched.
func (a *app) leaf(use, short string, do action) *cobra.Command {
	watched := false
	c := &cobra.Command{
		Use:               use,
		Short:             short,
		Args:              argumentsOf(use),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			a.started = true
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			defer context.AfterFunc(ctx, stop)()
			if !watched {
				return do(ctx, args)
			}
			ticker := time.NewTicker(watchInterval)
			defer ticker.Stop()
			return a.watchList(ctx, ticker.C, func() error { return do(ctx, args) })
		},
	}
	if c.Name() == "list" {
		c.Flags().BoolVar(&watched, "watch", false, "list again whenever something changed, until interrupted")
	}
	return c
}

func argumentsOf(use string) cobra.PositionalArgs {
	words := strings.Fields(use)[1:]
	least, most := 0, len(words)
	for _, word := range words {
		if !strings.HasPrefix(word, "[") {
			least++
		}
		if strings.HasSuffix(strings.TrimSuffix(word, "]"), "...") {
			most = -1
		}
	}
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s is missing; usage: %s", words[len(args)], c.UseLine())
		case most >= 0 && len(args) > most:
			return fmt.Errorf("unexpected argument %q; usage: %s", args[most], c.UseLine())
		}
		return nil
	}
}

// exitUsage is the exit code of a command line that was not understood.
const exitUsage = 2

// errReported is an error that was told already; the command still fails.
var errReported = errors.New("reported")

// exit tells an error and returns the exit code it means.
func (a *app) exit(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, errReported) {
		return 1
	}
	text := err.Error()
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	fmt.Fprintln(a.stderr, "domovoi: "+text)
	if !a.started {
		return exitUsage
	}
	return kindOf(err).ExitCode()
}

// kindOf is the kind of an error; for what a manager found wrong with an object
// it is the kind that comes nearest.
func kindOf(err error) slnet.Kind {
	for _, near := range []struct {
		reason slnet.Reason
		kind   slnet.Kind
	}{
		{dom.ErrNoPermission, slnet.KindPermissionDenied},
		{dom.ErrObjectDidNotExist, slnet.KindNotFound},
		{dom.ErrModuleNotInitialized, slnet.KindNotFound},
	} {
		if errors.Is(err, near.reason) {
			return near.kind
		}
	}
	e, _ := slnet.AsError(err)
	return e.Kind
}

// sortedKeys returns the keys of a map in order.
func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
