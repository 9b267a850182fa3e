package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/sdksource"
	"domovoi.dev/sdk/slnet"
)

// toolchain finds the go command.
func (a *app) toolchain(why string) (string, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return "", slnet.Errorf(slnet.KindUnavailable, "%s takes the go command, and there is none in PATH: install Go %s or later", why, sdksource.GoVersion)
	}
	return path, nil
}

// goCommand runs the go command in a folder. What it prints goes to whom it is
// for; that it failed is told by it alone.
func (a *app) goCommand(ctx context.Context, tool, dir string, args ...string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, a.stdout, a.stderr
	// A workspace above the folder does not know it. DOMOVOI is for package
	// sdktest.
	cmd.Env = append(os.Environ(), "GOWORK=off", "DOMOVOI="+own)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return errReported
	}
	return err
}

func (a *app) scriptTestCommand() *cobra.Command {
	var pattern string
	var verbose, interpreted bool
	c := a.leaf("test DIR", "Run the Go tests of a script", func(ctx context.Context, args []string) error {
		return a.scriptTest(ctx, args[0], pattern, verbose, interpreted)
	})
	c.Long = `Run the Go tests of a script with the go command, or, where there is none, in the
interpreter, which carries most of what tests do and refuses the rest with its
place. Tests that use the package domovoi.dev/sdk/sdktest get a daemon in memory
from this program; none other is needed. For the go command the SDK in the folder
of "script new" is made that of this program first.`
	c.Example = "  domovoi script test . --run TestRun"
	c.Flags().StringVar(&pattern, "run", "", "only tests whose name matches this `expression`")
	c.Flags().BoolVar(&interpreted, "interpreted", false, "use the interpreter also where there is a go command")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "print the names and logs of all tests")
	c.ValidArgsFunction = directories
	return c
}

// directories lets the shell complete folders.
func directories(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func (a *app) scriptTest(ctx context.Context, dir, pattern string, verbose, interpreted bool) error {
	tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if info, statErr := os.Stat(dir); statErr != nil || !info.IsDir() || err != nil {
		return slnet.Errorf(slnet.KindInvalid, "%s is no folder of a script", dir)
	}
	if len(tests) == 0 {
		return slnet.Errorf(slnet.KindInvalid, "%s has no tests; they stand in files whose names end in _test.go", dir)
	}
	tool, err := exec.LookPath("go")
	if interpreted || err != nil {
		return a.interpretTests(ctx, dir, pattern, verbose)
	}
	if err := refreshSDK(dir); err != nil {
		return err
	}
	// Results are not taken from the cache: they depend on this program too. With
	// -trimpath the SDK is compiled once, and not once for each folder.
	args := []string{"test", "-count=1", "-trimpath"}
	if isManaged(dir) {
		args = append(args, "-mod=mod") // another version of the SDK may require others
	}
	if pattern != "" {
		args = append(args, "-run", pattern)
	}
	if verbose {
		args = append(args, "-v")
	}
	return a.goCommand(ctx, tool, dir, append(args, ".")...)
}

// isManaged reports whether the SDK in the folder of a script is made by this
// program.
func isManaged(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, sdkFolder))
	return err == nil
}
