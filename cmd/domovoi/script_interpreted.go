package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// testsVerb is the process in which tests are interpreted. They come as files, in
// JSON on standard input.
const testsVerb = "interpret-tests"

func (a *app) testsCommand() *cobra.Command {
	var o interp.TestOptions
	c := &cobra.Command{
		Use:    testsVerb,
		Short:  "Interpret the tests of a script",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			a.started = true
			var files []slnet.ScriptFile
			if err := json.NewDecoder(a.stdin).Decode(&files); err != nil {
				return err
			}
			return interp.Test(files, o)
		},
	}
	c.Flags().StringVar(&o.Run, "run", "", "only tests whose name matches this `expression`")
	c.Flags().BoolVar(&o.Verbose, "verbose", false, "print the names and logs of all tests")
	return c
}

// interpretTests runs the tests of a script without the go command, and prints
// what it would.
func (a *app) interpretTests(ctx context.Context, dir, pattern string, verbose bool) error {
	name, files, err := readScript(dir)
	if err != nil {
		return err
	}
	tests, err := readTests(dir)
	if err != nil {
		return err
	}
	files, hint, err := a.withLibraries(ctx, dir, name, append(files, tests...))
	if err != nil {
		return err
	}
	name = moduleOf(dir, name)
	var mistakes plugin.CompileErrors
	switch err := interp.CheckTests(files); {
	case errors.As(err, &mistakes):
		fmt.Fprintf(a.stderr, "# %s\n%v\n", name, err)
		if hint != "" {
			fmt.Fprintln(a.stderr, hint)
		}
		fmt.Fprintf(a.stdout, "FAIL\t%s [build failed]\nFAIL\n", name)
		return errReported
	case err != nil:
		return err
	}
	return a.runTests(ctx, name, files, pattern, verbose)
}

// runTests runs tests in a process that they may end. Like the go command it says
// of tests that pass only that they do, unless asked for more.
func (a *app) runTests(ctx context.Context, name string, files []slnet.ScriptFile, pattern string, verbose bool) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	input, err := json.Marshal(files)
	if err != nil {
		return err
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, own, testsVerb, "--run="+pattern, fmt.Sprintf("--verbose=%v", verbose))
	cmd.Env = append(os.Environ(), "DOMOVOI="+own) // for package sdktest
	cmd.Stdin, cmd.Stdout = bytes.NewReader(input), &output
	if verbose {
		cmd.Stdout = io.MultiWriter(a.stdout, &output)
	}
	cmd.Stderr = cmd.Stdout
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	begun := time.Now()
	err = cmd.Run()
	took := time.Since(begun).Seconds()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		if !verbose {
			a.stdout.Write(output.Bytes())
		}
		fmt.Fprintf(a.stdout, "FAIL\t%s\t%.3fs\nFAIL\n", name, took)
		return errReported
	case err != nil:
		return err
	}
	none := ""
	if strings.Contains(output.String(), "testing: warning: no tests to run\n") {
		none = " [no tests to run]"
	}
	_, err = fmt.Fprintf(a.stdout, "ok  \t%s\t%.3fs%s\n", name, took, none)
	return err
}

// readTests reads the files of a folder that have tests.
func readTests(dir string) ([]slnet.ScriptFile, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	var files []slnet.ScriptFile
	for _, name := range names {
		if included, err := scriptConstraints().MatchFile(dir, filepath.Base(name)); err == nil && !included {
			continue
		}
		file, err := readFile(dir, filepath.Base(name))
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// moduleOf is the name of the Go module in a folder, or the other one.
func moduleOf(dir, other string) string {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return other
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "module" {
			return fields[1]
		}
	}
	return other
}
