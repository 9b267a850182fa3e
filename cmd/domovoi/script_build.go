package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/sdksource"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

func (a *app) scriptBuildCommand() *cobra.Command {
	var d deployment
	var file string
	var deploy bool
	c := a.leaf("build DIR|FILE", "Make a plugin binary of a script", func(ctx context.Context, args []string) error {
		return a.scriptBuild(ctx, args[0], file, deploy, d)
	})
	c.Long = `Make a plugin binary of a script with the go command. A plugin is Go without the
limits of the interpreter: see docs/language.md. A folder without a function main
gets one that serves its entry points.

The modules that plugins are built with besides the SDK come from the module cache
of the go command, or from the network. GOOS and GOARCH say for which system it is
built, if not for this one.`
	c.Example = "  domovoi script build invoices --file invoices.plugin\n  domovoi script build invoices --deploy"
	c.Flags().StringVar(&file, "file", "", "`file` to write (default NAME.plugin)")
	c.Flags().BoolVar(&deploy, "deploy", false, "deploy it, with the script.yaml of its folder; a file is only written with --file")
	c.Flags().StringVar(&d.name, "name", "", "`name` of the script, other than that of its folder or file")
	d.flags(c)
	c.ValidArgsFunction = nil // files
	return c
}

func (a *app) scriptBuild(ctx context.Context, path, file string, deploy bool, d deployment) error {
	name, files, err := readScript(path)
	if err != nil {
		return err
	}
	tool, err := a.toolchain("building a plugin")
	if err != nil {
		return err
	}
	if d.name == "" {
		d.name = name
	}
	work, err := os.MkdirTemp("", "domovoi-build")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, "plugin")
	dir, flags, err := a.prepareBuild(ctx, tool, work, path, files)
	if err != nil {
		return err
	}
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-mod=mod", "-o", binary}, flags...)
	if err := a.goCommand(ctx, tool, dir, append(args, ".")...); err != nil {
		return err
	}
	if file == "" && !deploy {
		file = d.name + ".plugin"
	}
	if file != "" {
		if err := copyProgram(file, binary); err != nil {
			return err
		}
	}
	if !deploy {
		fmt.Fprintf(a.stdout, "%s is the plugin; deploy it with: domovoi plugin deploy %s %s\n", file, d.name, file)
		return nil
	}
	if manifest := filepath.Join(path, manifestFile); d.manifest == "" && isRegular(manifest) {
		d.manifest = manifest
	}
	return a.pluginDeploy(ctx, d, binary)
}

func isRegular(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

// copyProgram writes a file that can be executed.
func copyProgram(to, from string) error {
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o755)
	}
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the plugin cannot be written: %v", err)
	}
	return nil
}

// generatedMain is the name of the file with the function main of a plugin.
const generatedMain = "domovoi_main.go"

// prepareBuild makes in the folder work what a plugin needs besides its script: a
// go.mod that finds the SDK, and a function main. It returns where the go command
// is to be run, and its flags. A folder that is a module is built where it is,
// because of what else it may have and require, and stays as it is; of others the
// Go files are copied.
func (a *app) prepareBuild(ctx context.Context, tool, work, path string, files []slnet.ScriptFile) (dir string, flags []string, err error) {
	files, err = withMain(path, files)
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(work, "module")
	goMod := "module script/plugin\n\ngo " + sdksource.GoVersion + "\n"
	var goSum []byte
	modFile := filepath.Join(dir, goModFile)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", nil, err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(f.Content), 0o644); err != nil {
			return "", nil, err
		}
	}
	if own, err := os.ReadFile(filepath.Join(path, goModFile)); err == nil {
		goMod, modFile = string(own), filepath.Join(work, "plugin.mod")
		goSum, _ = os.ReadFile(filepath.Join(path, "go.sum")) // there may be none
		flags = append(flags, "-modfile="+modFile)
		if last := files[len(files)-1]; last.Name == generatedMain {
			overlay, err := overlayOf(work, path, filepath.Join(dir, last.Name))
			if err != nil {
				return "", nil, err
			}
			flags = append(flags, "-overlay="+overlay)
		}
		dir = path
	}
	sdk := filepath.Join(work, "sdk")
	if err := sdksource.Unpack(sdk); err != nil {
		return "", nil, err
	}
	edits, sums, err := sdksource.PluginEdits(goMod, sdk)
	if err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(modFile, []byte(goMod), 0o644); err != nil {
		return "", nil, err
	}
	goSum = append(goSum, sums...)
	if err := os.WriteFile(strings.TrimSuffix(modFile, ".mod")+".sum", goSum, 0o644); err != nil {
		return "", nil, err
	}
	return dir, flags, a.goCommand(ctx, tool, work, append(append([]string{"mod", "edit"}, edits...), modFile)...)
}

// overlayOf tells the go command of a file that is to be in a folder and stands
// elsewhere.
func overlayOf(work, folder, file string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(folder, filepath.Base(file)): file}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(work, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o644)
}

// withMain returns the files of a plugin: those of the script, and one with a
// function main, which is the folder's own or made here. That one comes last.
func withMain(path string, files []slnet.ScriptFile) ([]slnet.ScriptFile, error) {
	// A file with a main of its own is no part of the script.
	all := slices.Clone(files)
	entries, _ := os.ReadDir(path) // fails where path is a file, which is there already
	for _, entry := range entries {
		name := entry.Name()
		read := slices.ContainsFunc(files, func(f slnet.ScriptFile) bool { return f.Name == name })
		if read || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := readFile(path, name)
		if err != nil {
			return nil, err
		}
		all = append(all, file)
	}
	found := make(map[string]bool)
	for _, f := range all {
		syntax, err := parser.ParseFile(token.NewFileSet(), f.Name, f.Content, parser.SkipObjectResolution)
		if err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "%v", err)
		}
		for _, d := range syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				found[fn.Name.Name] = true
			}
		}
	}
	if found["main"] {
		return all, nil
	}
	var fields bytes.Buffer
	for _, e := range plugin.EntryPoints() {
		if found[e.Name] {
			fmt.Fprintf(&fields, "\t\t%s: %s,\n", e.Name, e.Name)
		}
	}
	if fields.Len() == 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "the script has no entry point; want %s, or another one", plugin.EntryPoints()[0].Signature)
	}
	return append(all, slnet.ScriptFile{Name: generatedMain, Content: fmt.Sprintf(
		"package main\n\nimport \"domovoi.dev/sdk/plugin\"\n\nfunc main() {\n\tplugin.Serve(plugin.Script{\n%s\t})\n}\n", &fields)}), nil
}
