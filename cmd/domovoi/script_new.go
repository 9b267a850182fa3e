package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/sdksource"
	"domovoi.dev/sdk/slnet"
)

// newScript is what a new script consists of. NAME in it is its name.
//
//go:embed newscript
var newScript embed.FS

// sdkFolder is the folder within that of a script that has the SDK. The go
// command passes over folders whose name begins with a dot.
const sdkFolder = ".domovoi"

func (a *app) scriptNewCommand() *cobra.Command {
	var dir string
	c := a.leaf("new NAME", "Write the folder of a new script", func(_ context.Context, args []string) error {
		return a.scriptNew(dir, args[0])
	})
	c.Long = `Write a folder with a small script that works, its test, its script.yaml and a
README. The folder is a Go module, in which editors and the go command find the
SDK without a network. What is there already is not touched.`
	c.Example = "  domovoi script new invoices\n  cd invoices\n  domovoi script test ."
	c.Flags().StringVar(&dir, "dir", ".", "`directory` to make the folder in")
	c.MarkFlagDirname("dir")
	return c
}

var newName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,99}$`)

func (a *app) scriptNew(dir, name string) error {
	if !newName.MatchString(name) {
		return slnet.Errorf(slnet.KindInvalid,
			"%q is no name for a new script: it becomes a folder and a Go module, so it begins with a letter and has 1 to 100 letters, digits, _ and -", name)
	}
	target := filepath.Join(dir, name)
	if _, err := os.Lstat(target); err == nil {
		return slnet.Errorf(slnet.KindAlreadyExists, "%s exists already and stays as it is; choose another name, or another place with --dir", target)
	}
	// All or nothing: the folder gets its name when it is complete.
	temporary, err := os.MkdirTemp(dir, "."+name+"-")
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the folder cannot be made: %v", err)
	}
	err = writeNewScript(temporary, name)
	if err == nil {
		err = os.Chmod(temporary, 0o755)
	}
	if err == nil {
		err = os.Rename(temporary, target)
	}
	if err != nil {
		return slnet.Errorf(slnet.KindInternal, "the folder cannot be written: %v", errors.Join(err, os.RemoveAll(temporary)))
	}
	fmt.Fprintf(a.stdout, "%s is a new script; next: domovoi script test %s\n", target, target)
	return nil
}

func writeNewScript(dir, name string) error {
	entries, err := newScript.ReadDir("newscript")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		content, err := newScript.ReadFile("newscript/" + entry.Name())
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(content), "NAME", name)
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(entry.Name(), ".txt")), []byte(text), 0o644); err != nil {
			return err
		}
	}
	// A module called like a package of the standard library would hide it.
	goMod, err := sdksource.GoMod("script/"+name, "./"+sdkFolder)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, goModFile), []byte(goMod), 0o644); err != nil {
		return err
	}
	return sdksource.Unpack(filepath.Join(dir, sdkFolder))
}

const goModFile = "go.mod"

// refreshSDK makes the SDK in the folder of a script that of this program. It
// does nothing in folders that have no go.mod, or one that finds the SDK
// elsewhere.
func refreshSDK(dir string) error {
	goMod, err := os.ReadFile(filepath.Join(dir, goModFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !strings.Contains(string(goMod), sdkFolder+"/"+sdksource.Module) {
		return nil
	}
	if err == nil {
		err = sdksource.Unpack(filepath.Join(dir, sdkFolder))
	}
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the SDK in %s cannot be written: %v", dir, err)
	}
	return nil
}
