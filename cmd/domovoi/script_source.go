package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// isPath reports whether an argument is source rather than the name of a deployed
// script, which has no slash in it, or library.
func isPath(argument string) bool {
	if script.IsLibrary(argument) {
		return isDir(argument)
	}
	return argument == "." || argument == ".." || strings.ContainsRune(filepath.ToSlash(argument), '/') ||
		filepath.Ext(argument) == ".go" && isRegular(argument)
}

// scriptOfSource describes a script that is not deployed.
func (a *app) scriptOfSource(ctx context.Context, path string) (*slnet.Script, error) {
	name, files, err := readScript(path)
	if err != nil {
		return nil, err
	}
	files, _, err = a.withLibraries(ctx, path, name, files)
	if err != nil {
		return nil, err
	}
	checked, err := checkSource(ctx, files)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "script %q cannot be run:\n%v", name, err)
	}
	s := &slnet.Script{Name: name, Description: checked.Description(), EntryPoints: checked.EntryPoints}
	if checked.Parameters != nil {
		s.ParameterSchema, err = json.Marshal(checked.Parameters)
	}
	return s, err
}

// sourceMessage makes the message that runs the source at path, with what another
// one says about parameters and time.
func sourceMessage(path string, like *slnet.ExecuteScriptMessage) (*slnet.ExecuteSourceMessage, error) {
	name, files, err := readScript(path)
	if err != nil {
		return nil, err
	}
	manifest, err := new(deployment).readManifest(path)
	if err != nil {
		return nil, err
	}
	return &slnet.ExecuteSourceMessage{
		Name: name, Files: files, Manifest: manifest,
		Parameters: like.Parameters, Input: like.Input, Timeout: like.Timeout, DryRun: like.DryRun, Async: true,
	}, nil
}

func (a *app) sourceRun(ctx context.Context, path string, like *slnet.ExecuteScriptMessage) error {
	if like.EntryPoint != "" && like.EntryPoint != slnet.EntryPointRun {
		return slnet.Errorf(slnet.KindInvalid, "--entry-point is for deployed scripts; of source, %s is called", slnet.EntryPointRun)
	}
	message, err := sourceMessage(path, like)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if like.Async {
		response, err := ask[*slnet.RunResponse](ctx, c, message)
		if err != nil {
			return err
		}
		return a.tellStarted(response)
	}
	return a.followSource(ctx, c, message)
}

// cancelWait bounds what an interrupt waits for the end of the run.
const cancelWait = 10 * time.Second

// followSource runs source and shows its log as it grows. When ctx ends, it
// cancels the run.
func (a *app) followSource(ctx context.Context, c *client.Client, message *slnet.ExecuteSourceMessage) error {
	// Until the id of the run is known, it could not be cancelled.
	started, err := ask[*slnet.RunResponse](context.WithoutCancel(ctx), c, message)
	if err != nil {
		return err
	}
	id := started.Run.ID
	err = readLog(ctx, c, id, true, func(lines []slnet.LogLine) {
		for _, line := range lines {
			fmt.Fprintln(a.stderr, logText(line))
		}
	})
	if ctx.Err() != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWait)
		defer cancel()
		if _, err := ask[*slnet.RunResponse](stopping, c, &slnet.CancelRunMessage{ID: id}); err != nil && !errors.Is(err, slnet.KindConflict) { // it has ended
			return fmt.Errorf("the run %s could not be cancelled: %w", id, err)
		}
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	ended, err := ask[*slnet.RunResponse](ctx, c, &slnet.GetRunMessage{ID: id, Wait: true})
	if err != nil {
		return err
	}
	if err := a.tellOutcome(ctx, c, ended); err != nil {
		return err
	}
	return a.tellEnd(ended.Run)
}

// isDir reports whether there is a folder at path.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
