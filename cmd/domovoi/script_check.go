package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

func (a *app) scriptCheckCommand() *cobra.Command {
	library := false
	c := a.leaf("check DIR|FILE...", "Check Go source without a daemon", func(ctx context.Context, paths []string) error {
		return a.scriptCheck(ctx, paths, library)
	})
	c.Long = `Check Go source as a deployment does, without a daemon and without storing or
running anything: its types, its entry points, and whether the interpreter can
carry it. Directories and files are read as by deploy. What is found goes to
standard error, as file:line:column: message; with -o json all goes to standard
output. The exit code is 2 when anything was found.

A library lib/money that a script imports is read from the directory lib/money in
the nearest directory above the script that has one. Without such a directory the
daemon is asked for the newest version it has.`
	c.Flags().BoolVar(&library, "library", false, "what is checked are libraries")
	c.Example = "  domovoi script check scripts/report"
	c.ValidArgsFunction = nil // files
	return c
}

// checkedScript is what check tells of one script.
type checkedScript struct {
	Name        string                `json:"Name"`
	EntryPoints []string              `json:"EntryPoints,omitempty"`
	Errors      []plugin.CompileError `json:"Errors,omitempty"`
}

// scriptCheck checks all scripts before it fails.
func (a *app) scriptCheck(ctx context.Context, paths []string, library bool) error {
	var answer struct{ Scripts []checkedScript }
	var refused []string
	for _, path := range paths {
		name, files, err := readScript(path)
		if err != nil {
			return err
		}
		if library {
			name = script.LibraryPrefix + name
			files = script.LibraryFiles(name, files)
		}
		files, hint, err := a.withLibraries(ctx, path, name, files)
		if err != nil {
			return err
		}
		told := checkedScript{Name: name}
		checked, err := checkSource(ctx, files)
		var mistakes plugin.CompileErrors
		switch {
		case errors.As(err, &mistakes):
			told.Errors = mistakes
			text := fmt.Sprintf("script %q cannot be deployed:\n%v", name, err)
			if hint != "" {
				text += "\n" + hint
			}
			refused = append(refused, text)
		case err != nil:
			return fmt.Errorf("script %q cannot be checked: %w", name, err)
		default:
			told.EntryPoints = checked.EntryPoints
		}
		answer.Scripts = append(answer.Scripts, told)
	}
	if a.forPrograms() {
		if err := a.printDocument(answer); err != nil || len(refused) == 0 {
			return err
		}
	} else {
		for _, s := range answer.Scripts {
			if len(s.Errors) == 0 {
				fmt.Fprintf(a.stdout, "%s: %s\n", s.Name, strings.Join(s.EntryPoints, ", "))
			}
		}
	}
	if len(refused) > 0 {
		return slnet.Errorf(slnet.KindInvalid, "%s", strings.Join(refused, "\n"))
	}
	return nil
}

// checkLimit is as long as a deployment may take.
const checkLimit = 30 * time.Second

// checkSource finds what a deployment would refuse. The source is one's own, so
// what keeps the check busy for ever ends with this process.
func checkSource(ctx context.Context, files []slnet.ScriptFile) (*script.Checked, error) {
	type outcome struct {
		checked *script.Checked
		err     error
	}
	ended := make(chan outcome, 1)
	go func() {
		checked, err := interp.Check(files)
		ended <- outcome{checked, err}
	}()
	limit := time.NewTimer(checkLimit)
	defer limit.Stop()
	select {
	case o := <-ended:
		return o.checked, o.err
	case <-limit.C:
		return nil, slnet.Errorf(slnet.KindInvalid, "it was not compiled within %v", checkLimit)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
