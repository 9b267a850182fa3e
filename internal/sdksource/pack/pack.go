package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"domovoi.dev/internal/sdksource"
)

// pack makes the zip of package sdksource with the go command. root is the folder of
// the module domovoi.dev. The same sources give the same bytes.
func pack(root string) ([]byte, error) {
	files := make(map[string][]byte)
	ours, err := list(root, "", "./sdk", "./sdk/client", "./sdk/schema", "./sdk/sdktest", "./sdk/plugin")
	if err != nil {
		return nil, err
	}
	// What a script and its test are built with comes along; what plugin binaries
	// are built with besides is ten times as much.
	along, err := list(root, "", "./sdk", "./sdk/sdktest")
	if err != nil {
		return nil, err
	}
	modules := []string{sdksource.Module}
	folders := sdksource.Module + " " + sdksource.Version + "\n"
	for _, p := range append(ours, along...) {
		module := p.Module.Path
		if module != sdksource.Module && !slices.ContainsFunc(along, func(a listed) bool { return a.Module.Path == module }) {
			continue
		}
		if !slices.Contains(modules, module) {
			modules = append(modules, module)
			folders += module + " " + p.Module.Version + "\n"
		}
		if err := addPackage(files, p); err != nil {
			return nil, err
		}
	}
	files[sdksource.FoldersFile] = []byte(folders)
	for _, module := range modules {
		files[module+"/go.mod"] = []byte(goModOf(module, folders))
	}
	require, err := pluginModules(root, modules)
	if err != nil {
		return nil, err
	}
	files[sdksource.PluginFile] = []byte(require)
	if files[sdksource.SumFile], err = sums(filepath.Join(root, "go.sum"), require); err != nil {
		return nil, err
	}
	return zipped(files, modules)
}

// goModOf is the go.mod of a module in the zip: it requires the others only, for
// the rest of what the module requires is for its tests and tools.
func goModOf(module, folders string) string {
	text := "module " + module + "\n\ngo " + sdksource.GoVersion + "\n"
	for line := range strings.Lines(folders) {
		if path, _, _ := strings.Cut(line, " "); path != module && path != sdksource.Module {
			text += "\nrequire " + line
		}
	}
	return text
}

// sums are the lines of a go.sum about modules.
func sums(file, modules string) ([]byte, error) {
	all, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for line := range strings.Lines(string(all)) {
		module, rest, _ := strings.Cut(line, " ")
		version, _, _ := strings.Cut(rest, " ")
		if strings.Contains(modules, module+" "+strings.TrimSuffix(version, "/go.mod")+"\n") {
			b.WriteString(line)
		}
	}
	return b.Bytes(), nil
}

// listed is a package as go list tells of it.
type listed struct {
	ImportPath, Dir string
	Module          struct{ Path, Version, Dir string }
}

// list are packages and what they import, outside the standard library.
func list(root, goos string, packages ...string) (found []listed, err error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Dir,Module", "--"}, packages...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Module.Path != "" {
			found = append(found, p)
		}
	}
}

// pluginModules are the modules that plugin binaries are built with besides
// those in folders, for each system that one is built for.
func pluginModules(root string, folders []string) (string, error) {
	var lines []string
	for _, goos := range []string{"linux", "darwin", "windows", "freebsd"} {
		packages, err := list(root, goos, "./sdk/plugin")
		if err != nil {
			return "", err
		}
		for _, p := range packages {
			if !slices.Contains(folders, p.Module.Path) {
				lines = append(lines, p.Module.Path+" "+p.Module.Version+"\n")
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), ""), nil
}

// addPackage adds the source of a package, for all systems, and the license of
// its module.
func addPackage(files map[string][]byte, p listed) error {
	folder := p.Module.Path + strings.TrimPrefix(p.ImportPath, p.Module.Path)
	add := func(dir, folder string, want func(name string) bool) error {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if entry.IsDir() || !want(entry.Name()) {
				continue
			}
			content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err != nil {
				return err
			}
			files[folder+"/"+entry.Name()] = content
		}
		return nil
	}
	return errors.Join(
		add(p.Module.Dir, p.Module.Path, func(name string) bool { return strings.HasPrefix(name, "LICENSE") }),
		add(p.Dir, folder, func(name string) bool {
			return (filepath.Ext(name) == ".go" || filepath.Ext(name) == ".s") && !strings.HasSuffix(name, "_test.go")
		}))
}

// zipped makes a zip of files, those of the SDK first.
func zipped(files map[string][]byte, modules []string) ([]byte, error) {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return order(a, modules) - order(b, modules) })
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, name := range names {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// order is where the files of a module stand.
func order(name string, modules []string) int {
	for i, module := range modules {
		if strings.HasPrefix(name, module+"/") {
			return i
		}
	}
	return len(modules)
}
