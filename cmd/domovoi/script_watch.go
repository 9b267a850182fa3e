package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/slnet"
)

// watchPause is how often the files of a script are looked at.
const watchPause = 200 * time.Millisecond

func (a *app) scriptWatchCommand() *cobra.Command {
	var run bool
	var parameters []string
	var input string
	c := a.leaf("watch DIR|FILE", "Deploy or run a script whenever its files change", func(ctx context.Context, args []string) error {
		path := args[0]
		if _, _, err := readScript(path); err != nil {
			return err
		}
		if !run {
			if len(parameters) > 0 || input != "" {
				return slnet.Errorf(slnet.KindInvalid, "--param and --input go with --run")
			}
			return a.watch(ctx, path, func(ctx context.Context) error { return a.redeploy(ctx, path) })
		}
		like := new(slnet.ExecuteScriptMessage)
		var err error
		if like.Parameters, err = parseParameters(parameters); err == nil {
			like.Input, err = a.readInput(input, nil)
		}
		if err != nil {
			return err
		}
		return a.watch(ctx, path, func(ctx context.Context) error { return a.sourceRun(ctx, path, like) })
	})
	c.Long = `Deploy a script at once, and again whenever its files or its script.yaml change.
With --run it is run instead, without being deployed: as "script run" does with
source. A change cancels the run that is under way.

What is wrong is told, and watching goes on until an interrupt ends it.`
	c.Example = "  domovoi script watch .\n  domovoi script watch . --run -p module=orders"
	c.Flags().BoolVar(&run, "run", false, "run it, and do not deploy it")
	c.Flags().StringArrayVarP(&parameters, "param", "p", nil, "a parameter of the runs as `key=value`; may be repeated")
	c.Flags().StringVar(&input, "input", "", "`file` with the parameters of the runs as a JSON object")
	c.RegisterFlagCompletionFunc("param", cobra.NoFileCompletions)
	c.ValidArgsFunction = nil // files
	return c
}

// redeploy deploys a script and says in one line what came of it.
func (a *app) redeploy(ctx context.Context, path string) error {
	var d deployment
	name, files, err := readScript(path)
	if err != nil {
		return err
	}
	manifest, err := d.readManifest(path)
	if err != nil {
		return err
	}
	response, err := request[*slnet.ScriptResponse](ctx, a, &slnet.DeployScriptMessage{Name: name, Files: files, Manifest: manifest})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) {
		fmt.Fprintf(t.w, "%s is deployed in version %d\n", response.Script.Name, response.Script.Version)
	})
}

// watch does something at once and whenever the files of a script have changed. A
// change ends the context of what is under way. It returns when ctx ends.
func (a *app) watch(ctx context.Context, path string, do func(ctx context.Context) error) error {
	begin := func() (end func()) {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := do(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, errReported) {
				fmt.Fprintln(a.stderr, "domovoi: "+err.Error())
			}
		}()
		return func() {
			cancel()
			<-ended
		}
	}
	seen, done := surface(path), contents(path)
	end := begin()
	defer func() { end() }()
	ticker := time.NewTicker(watchPause)
	defer ticker.Stop()
	for pending := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		// An editor may write a file in steps: it is read when it has been the same
		// for a while.
		if now := surface(path); now != seen {
			seen, pending = now, true
			continue
		}
		if !pending {
			continue
		}
		pending = false
		if now := contents(path); now != done {
			done = now
			end()
			fmt.Fprintf(a.stderr, "%s %s has changed\n", time.Now().Format(time.TimeOnly), path)
			end = begin()
		}
	}
}

// surface tells versions of the files apart as far as that goes without reading
// them.
func surface(path string) string {
	files := []string{path}
	if isDir(path) {
		files, _ = filepath.Glob(filepath.Join(path, "*.go")) // the pattern is sound
		files = append(files, filepath.Join(path, manifestFile))
	}
	var b strings.Builder
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			fmt.Fprintln(&b, file, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}

// contents is the hash of what a deployment would send, or why it cannot be read.
func contents(path string) string {
	_, files, err := readScript(path)
	if err != nil {
		return err.Error()
	}
	manifest, err := new(deployment).readManifest(path)
	if err != nil {
		return err.Error()
	}
	return script.Hash(append(files, slnet.ScriptFile{Name: manifestFile, Content: manifest}))
}
