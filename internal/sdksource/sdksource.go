// Package sdksource has the source of the SDK, as modules that a script's folder
// can use without a network: the SDK itself, and the modules its packages for
// scripts are built with. An editor and the go command find them by the replace
// directives of the folder's go.mod.
package sdksource

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:generate go run ./pack sdk.zip

// sdk.zip has a folder for each module, by its path, without tests, and the three
// files below. The test of its generator compares it with the sources.
//
//go:embed sdk.zip
var sdkZip []byte

// Module is the path of the SDK's module, and Version the one by which a go.mod
// requires it: which SDK it is, the folder says.
const (
	Module  = "domovoi.dev"
	Version = "v0.0.0"
)

// GoVersion is the version of Go that the SDK needs, as a go.mod says it.
const GoVersion = "1.26.0"

// The files of the zip that belong to no module.
const (
	// FoldersFile has a line "path version" for each module with a folder, the
	// SDK's first.
	FoldersFile = "folders.txt"
	// PluginFile has the same for the modules that plugin binaries are built with
	// besides, and SumFile their go.sum.
	PluginFile = "plugin.txt"
	SumFile    = "plugin.sum"
)

// stamp is a file that says which SDK a folder has.
const stamp = "hash"

// Hash says which SDK this is.
func Hash() string {
	sum := sha256.Sum256(sdkZip)
	return hex.EncodeToString(sum[:])
}

// Unpack makes dir hold the modules, one folder for each, by its path. What was
// there of another SDK is replaced; the same SDK is left as it is. A process that
// uses dir meanwhile may fail.
func Unpack(dir string) error {
	if have, err := os.ReadFile(filepath.Join(dir, stamp)); err == nil && string(have) == Hash() {
		return nil
	}
	// The stamp goes first and comes last: a folder with one is complete.
	if err := os.Remove(filepath.Join(dir, stamp)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folders, err := readFile(FoldersFile)
	if err != nil {
		return err
	}
	for line := range strings.Lines(folders) {
		module, _, _ := strings.Cut(line, " ")
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(module))); err != nil {
			return err
		}
	}
	err = each(func(name string, content []byte) error {
		if !strings.Contains(name, "/") {
			return nil // of no module
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, content, 0o644)
	})
	if err != nil {
		return fmt.Errorf("unpack the SDK: %w", err)
	}
	// The folder is made again where it is missing, so nobody needs to keep it.
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, stamp), []byte(Hash()), 0o644)
}

// GoMod is the go.mod of a module that is made with the SDK in folder, which may
// be relative to the module.
func GoMod(module, folder string) (string, error) {
	folders, err := readFile(FoldersFile)
	if err != nil {
		return "", err
	}
	var require, replace strings.Builder
	for line := range strings.Lines(folders) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path != Module {
			fmt.Fprintf(&require, "\t%s %s // indirect\n", path, version)
		}
		fmt.Fprintf(&replace, "\t%s => %s/%s\n", path, filepath.ToSlash(folder), path)
	}
	return fmt.Sprintf("module %s\n\ngo %s\n\nrequire %s %s\n\nrequire (\n%s)\n\nreplace (\n%s)\n",
		module, GoVersion, Module, Version, &require, &replace), nil
}

// PluginEdits are the flags with which "go mod edit" makes a go.mod find the SDK
// in folder, and what plugin binaries are built with besides: that comes from the
// module cache of the go command, or from the network, and goSum has its hashes.
// What goMod, the content of the file, requires already stays.
func PluginEdits(goMod, folder string) (edits []string, goSum string, err error) {
	folders, err := readFile(FoldersFile)
	if err != nil {
		return nil, "", err
	}
	others, err := readFile(PluginFile)
	if err != nil {
		return nil, "", err
	}
	for line := range strings.Lines(folders + others) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.Contains(goMod, path+" v") {
			edits = append(edits, "-require="+path+"@"+version)
		}
	}
	for line := range strings.Lines(folders) {
		path, _, _ := strings.Cut(line, " ")
		edits = append(edits, "-replace="+path+"="+filepath.Join(folder, filepath.FromSlash(path)))
	}
	goSum, err = readFile(SumFile)
	return edits, goSum, err
}

// readFile reads a file of the zip.
func readFile(name string) (text string, err error) {
	err = each(func(file string, content []byte) error {
		if file == name {
			text = string(content)
		}
		return nil
	})
	return text, err
}

// each hands over the files of the zip.
func each(do func(name string, content []byte) error) error {
	archive, err := zip.NewReader(bytes.NewReader(sdkZip), int64(len(sdkZip)))
	if err != nil {
		return fmt.Errorf("sdk.zip: %w", err)
	}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		content, err := io.ReadAll(r)
		if err == nil {
			err = do(f.Name, content)
		}
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}
