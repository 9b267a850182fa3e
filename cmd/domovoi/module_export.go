package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
)

func (a *app) moduleExportCommand() *cobra.Command {
	var to string
	var options interchange.ExportOptions
	c := a.leaf("export MODULE", "Write a module into a file or a folder", func(ctx context.Context, args []string) error {
		if to == "" {
			to = args[0] + ".zip"
		}
		return a.moduleExport(ctx, args[0], to, options)
	})
	c.Long = `Writes a module in the JSON in which DataMiner solutions ship them: its settings,
section definitions, behavior definitions, definitions and templates. A name that
ends in .zip becomes a zip with one module.json; any other a folder with a file
for each object, good to be put under version control.`
	c.Flags().StringVar(&to, "to", "", "`file.zip or folder` to write (default MODULE.zip)")
	c.Flags().BoolVar(&options.Instances, "instances", false, "write the instances too")
	c.MarkFlagFilename("to")
	return a.completes(c, moduleNames)
}

// exported is what is said of an export.
type exported struct {
	ModuleID string                 `json:"ModuleId"`
	To       string                 `json:"To"`
	Objects  map[dom.ObjectKind]int `json:"Objects"`
}

func (a *app) moduleExport(ctx context.Context, id, to string, options interchange.ExportOptions) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	m, err := interchange.Export(ctx, c.SendSLNetMessages, id, options)
	if err != nil {
		return err
	}
	write := writeModuleDir
	if isZip(to) {
		write = writeModuleZip
	}
	if err := write(to, m); err != nil {
		return err
	}
	result := exported{m.ID, to, make(map[dom.ObjectKind]int)}
	for _, o := range m.Objects() {
		result.Objects[o.Kind()]++
	}
	return a.answer(result, func(t *table) {
		t.field("Module", m.ID)
		t.field("Written to", to)
		for _, kind := range dom.ObjectKinds() {
			if n := result.Objects[kind]; n > 0 {
				t.field(string(kind), fmt.Sprint(n))
			}
		}
	})
}

func isZip(name string) bool { return strings.EqualFold(filepath.Ext(name), ".zip") }

func writeModuleDir(dir string, m *interchange.Module) error {
	return interchange.WriteDir(dir, []*interchange.Module{m})
}

// writeModuleZip puts the finished file in the place of an old one.
func writeModuleZip(file string, m *interchange.Module) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = interchange.WriteZip(f, []*interchange.Module{m})
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
