// Package exportdata says what compiled Go packages export, as types. It works
// when code is generated, with the go command; a daemon has neither.
package exportdata

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"

	"golang.org/x/tools/go/gcexportdata"
)

// Compile compiles packages with the go command in dir, which must lie in the
// module, and returns an importer of them.
func Compile(dir string, packages []string) (types.Importer, error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export", "--"}, packages...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := make(map[string]string)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("no export data of %q", path)
		}
		return os.Open(file)
	}), nil
}

// Bundle writes the types of packages as a zip file with one file for each
// package, named by its import path, and a comment that names the version of Go
// they are from. A file holds all its package refers to, in the indexed form of
// gcexportdata, without positions. The same types give the same bytes.
func Bundle(imports types.Importer, packages []string, goVersion string) ([]byte, error) {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	if err := archive.SetComment(goVersion); err != nil {
		return nil, err
	}
	for _, path := range packages {
		pkg, err := imports.Import(path)
		if err != nil {
			return nil, err
		}
		w, err := archive.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		// No position is known to an empty file set.
		if err := gcexportdata.Write(w, token.NewFileSet(), pkg); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
