package main

import (
	"context"
	"errors"
	"fmt"
	gobuild "go/build"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/slnet"
)

func (a *app) scriptCommand() *cobra.Command {
	c := a.group("script", "Deploy and run scripts",
		a.scriptNewCommand(), a.scriptCheckCommand(), a.scriptTestCommand(), a.scriptBuildCommand(), a.scriptDeployCommand(),
		a.scriptUpdateCommand(),
		a.leaf("list", "List the deployed scripts and plugins", a.scriptList),
		a.scriptShowCommand(),
		a.scriptRunCommand(), a.scriptWatchCommand(), a.scriptMemoryCommand())
	c.AddCommand(a.scriptVersionCommands()...)
	return c
}

// deployment is what the flags of a deploy command say.
type deployment struct {
	name, description string
	manifest          string // a file
	timeout           time.Duration
	runsAs            *string
	library           bool
	updateLibraries   string // the script whose libraries are to be the newest
}

func (d *deployment) flags(c *cobra.Command) {
	c.Flags().StringVar(&d.description, "description", "", "what it does, in one `line`")
	c.Flags().DurationVar(&d.timeout, "timeout", 0, "end runs that take longer; 0 means the daemon's default")
	c.Flags().Func("run-as", "bind it to this `user`, whose rights its runs have then", func(user string) error {
		d.runsAs = &user
		return nil
	})
	c.Flags().StringVar(&d.manifest, "manifest", "", "`file` that says how it is run and what it may reach, like a script.yaml")
	c.MarkFlagFilename("manifest", "yaml", "yml")
}

func (a *app) scriptUpdateCommand() *cobra.Command {
	var user string
	var caller bool
	c := a.leaf("update NAME", "Change whom a script runs as", func(ctx context.Context, args []string) error {
		response, err := request[*slnet.ScriptResponse](ctx, a, &slnet.UpdateScriptMessage{Name: args[0], RunsAs: &user})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { showScripts(t, []slnet.Script{response.Script}) })
	})
	c.Long = `Change whom a script runs as. Whoever binds a script to another user, or deploys
a script that is bound to one, must have all rights of that user, and one of the
permissions AutomationRunAs and SecurityAdministration.`
	c.Flags().StringVar(&user, "run-as", "", "bind it to this `user`, whose rights its runs have then")
	c.Flags().BoolVar(&caller, "run-as-caller", false, "end the binding: its runs have the rights of who starts them")
	c.MarkFlagsOneRequired("run-as", "run-as-caller")
	c.MarkFlagsMutuallyExclusive("run-as", "run-as-caller")
	a.completesFlag(c, "run-as", userNames)
	return a.completes(c, scriptNames)
}

// manifestFile is what says how the script of a directory is run.
const manifestFile = "script.yaml"

// readManifest reads the manifest of the script at path: the file that was named,
// otherwise the one in its directory, if it is one and has one.
func (d *deployment) readManifest(path string) (string, error) {
	file := d.manifest
	if file == "" {
		file = filepath.Join(path, manifestFile)
	}
	b, err := os.ReadFile(file)
	if err != nil && d.manifest == "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
		return "", nil
	}
	if err != nil {
		return "", slnet.Errorf(slnet.KindInvalid, "the manifest cannot be read: %v", err)
	}
	return string(b), nil
}

func (a *app) scriptDeployCommand() *cobra.Command {
	var d deployment
	c := a.leaf("deploy [DIR|FILE...]", "Deploy Go source", func(ctx context.Context, args []string) error {
		return a.scriptDeploy(ctx, args, d)
	})
	c.Long = `Deploy Go source. A directory is one script of all its Go files, except tests; a
file is a script by itself. The name is that of the directory or file, without
.go; a file called script.go has the name of its directory.

A directory may have a script.yaml, which says how the script is run and what it
may reach besides the engine: see docs/manifest.md.

With --library a directory is a package that scripts import as lib/NAME. A script
is built with the newest version of each when it is deployed, and keeps it.`
	c.Args = func(c *cobra.Command, args []string) error {
		if (len(args) == 0) == (d.updateLibraries == "") {
			return fmt.Errorf("%s wants either DIR|FILE... or --update-libraries NAME", c.CommandPath())
		}
		return nil
	}
	c.Flags().StringVar(&d.name, "name", "", "`name` of the script, when one is deployed")
	c.Flags().BoolVar(&d.library, "library", false, "deploy libraries: packages lib/NAME, which scripts import")
	c.Flags().StringVar(&d.updateLibraries, "update-libraries", "", "deploy the deployed source of script `NAME` again, with the newest versions of the libraries it imports")
	a.completesFlag(c, "update-libraries", scriptNames)
	d.flags(c)
	c.ValidArgsFunction = nil // files
	return c
}

func (a *app) scriptDeploy(ctx context.Context, paths []string, d deployment) error {
	if len(paths) > 1 && (d.name != "" || d.manifest != "") {
		return slnet.Errorf(slnet.KindInvalid, "--name and --manifest are for one script, and %d are given", len(paths))
	}
	if d.updateLibraries != "" {
		return a.updateLibraries(ctx, d)
	}
	messages := make([]*slnet.DeployScriptMessage, len(paths))
	for i, path := range paths {
		name, files, err := readScript(path)
		if err != nil {
			return err
		}
		if d.name != "" {
			name = d.name
		}
		if d.library {
			name = script.LibraryPrefix + strings.TrimPrefix(name, script.LibraryPrefix)
		}
		manifest, err := d.readManifest(path)
		if err != nil {
			return err
		}
		messages[i] = &slnet.DeployScriptMessage{Name: name, Description: d.description, Files: files, Timeout: d.timeout, Manifest: manifest, RunsAs: d.runsAs}
	}
	return a.deployAll(ctx, messages)
}

// updateLibraries deploys what is deployed again.
func (a *app) updateLibraries(ctx context.Context, d deployment) error {
	if d.name != "" || d.manifest != "" || d.description != "" || d.timeout != 0 || d.runsAs != nil || d.library {
		return slnet.Errorf(slnet.KindInvalid, "--update-libraries changes nothing else of script %q; leave the other flags out", d.updateLibraries)
	}
	response, err := request[*slnet.ScriptResponse](ctx, a, &slnet.GetScriptMessage{Name: d.updateLibraries})
	if err != nil {
		return err
	}
	s := response.Script
	if s.Engine != slnet.EngineInterpreted {
		return slnet.Errorf(slnet.KindInvalid, "%q is a plugin, which has its libraries in the binary; build and deploy it again", s.Name)
	}
	return a.deployAll(ctx, []*slnet.DeployScriptMessage{{Name: s.Name, Description: s.Description, Files: s.Files, Timeout: s.Timeout, Manifest: s.ManifestText}})
}

func (a *app) deployAll(ctx context.Context, messages []*slnet.DeployScriptMessage) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	var answer slnet.ScriptsResponse
	for _, message := range messages {
		var response *slnet.ScriptResponse
		if response, err = ask[*slnet.ScriptResponse](ctx, c, message); err != nil {
			break // what was deployed before stays deployed, and is told
		}
		answer.Scripts = append(answer.Scripts, response.Script)
	}
	if len(answer.Scripts) > 0 {
		if printErr := a.answer(&answer, func(t *table) { showScripts(t, answer.Scripts) }); printErr != nil {
			return printErr
		}
	}
	return err
}

// readScript reads the source of a script and finds its name.
func readScript(path string) (name string, files []slnet.ScriptFile, err error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", nil, slnet.Errorf(slnet.KindInvalid, "%s: %v", path, err)
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return "", nil, slnet.Errorf(slnet.KindInvalid, "the script cannot be read: %v", err)
	}
	dir, base := filepath.Dir(absolute), filepath.Base(absolute)
	if info.IsDir() {
		files, err = readSource(absolute)
		return base, files, err
	}
	if filepath.Ext(base) != ".go" {
		return "", nil, slnet.Errorf(slnet.KindInvalid, "%s is not a Go file", path)
	}
	file, err := readFile(dir, base)
	if err != nil {
		return "", nil, err
	}
	name = strings.TrimSuffix(base, ".go")
	if name == "script" {
		name = filepath.Base(dir)
	}
	return name, []slnet.ScriptFile{file}, nil
}

// scriptTag is the build tag that is set for the files of a script. A file with
// "//go:build !domovoi" is not deployed: the main of a plugin binary.
const scriptTag = "domovoi"

// scriptConstraints are what the build constraints of scripts are compared with.
func scriptConstraints() *gobuild.Context {
	constraints := gobuild.Default
	constraints.BuildTags = append(constraints.BuildTags, scriptTag)
	return &constraints
}

// readSource reads the Go files of a directory that are neither tests nor
// excluded by a build constraint.
func readSource(dir string) ([]slnet.ScriptFile, error) {
	constraints := scriptConstraints()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the script cannot be read: %v", err)
	}
	var files []slnet.ScriptFile
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if included, err := constraints.MatchFile(dir, name); err == nil && !included {
			continue
		}
		file, err := readFile(dir, name)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "there is no Go file in %s", dir)
	}
	return files, nil
}

func readFile(dir, name string) (slnet.ScriptFile, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return slnet.ScriptFile{}, slnet.Errorf(slnet.KindInvalid, "the script cannot be read: %v", err)
	}
	return slnet.ScriptFile{Name: name, Content: string(b)}, nil
}

func (a *app) scriptList(ctx context.Context, _ []string) error {
	response, err := request[*slnet.ScriptsResponse](ctx, a, &slnet.GetScriptsMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showScripts(t, response.Scripts) })
}

func showScripts(t *table, scripts []slnet.Script) {
	t.header("NAME", "VERSION", "ENGINE", "DEPLOYED", "BY", "DESCRIPTION")
	for _, s := range scripts {
		t.row(s.Name, fmt.Sprint(s.Version), string(s.Engine), timeText(s.DeployedAt), s.DeployedBy, t.shorten(s.Description, 60))
	}
}

func (a *app) scriptShowCommand() *cobra.Command {
	message := new(slnet.GetScriptMessage)
	c := a.leaf("show NAME", "Show a script with its source, and what refers to it", func(ctx context.Context, args []string) error {
		message.Name = args[0]
		return a.scriptShow(ctx, message)
	})
	c.Flags().Int64Var(&message.Version, "version", 0, "show this `version`; 0 means the newest")
	return a.completes(c, scriptNames)
}

func (a *app) scriptShow(ctx context.Context, message *slnet.GetScriptMessage) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	response, err := ask[*slnet.ScriptResponse](ctx, c, message)
	if err != nil {
		return err
	}
	uses, err := ask[*slnet.ScriptReferencesResponse](ctx, c, &slnet.GetScriptReferencesMessage{Name: message.Name})
	if err != nil {
		return err
	}
	s := response.Script
	err = a.answer(response, func(t *table) {
		t.field("Name", s.Name)
		t.field("Description", s.Description)
		t.field("Engine", string(s.Engine))
		t.field("Version", fmt.Sprint(s.Version))
		if s.RestoredFrom > 0 {
			t.field("Content of", fmt.Sprintf("version %d", s.RestoredFrom))
		}
		t.field("Hash", s.Hash)
		t.field("Entry points", strings.Join(s.EntryPoints, ", "))
		if len(s.ParameterSchema) > 0 {
			t.field("Parameters", string(s.ParameterSchema))
		}
		if len(s.ResultSchema) > 0 {
			t.field("Result", string(s.ResultSchema))
		}
		if s.Timeout > 0 {
			t.field("Timeout", durationText(s.Timeout))
		}
		showManifest(t, s.Manifest)
		t.field("Deployed", timeText(s.DeployedAt)+" by "+s.DeployedBy)
		t.field("Runs as", s.RunsAs)
		if s.Disabled {
			t.field("Disabled", timeText(s.DisabledAt)+" by "+s.DisabledBy)
		}
		for _, l := range s.Libraries {
			t.field("Uses", fmt.Sprintf("%s version %d", l.Name, l.Version))
		}
		for _, reference := range uses.References {
			t.field("Used", reference.String())
		}
		if uses.More > 0 {
			t.field("Used", fmt.Sprintf("%d more times", uses.More))
		}
	})
	if err != nil || a.forPrograms() || a.output == outputName {
		return err
	}
	if s.ManifestText != "" {
		s.Files = append([]slnet.ScriptFile{{Name: manifestFile, Content: s.ManifestText}}, s.Files...)
	}
	for _, file := range s.Files {
		fmt.Fprintf(a.stdout, "\n-- %s --\n%s", file.Name, file.Content)
		if !strings.HasSuffix(file.Content, "\n") {
			fmt.Fprintln(a.stdout)
		}
	}
	return nil
}
