package script

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"go/token"
	"go/types"
	"sync"

	"golang.org/x/tools/go/gcexportdata"
)

//go:generate go run ./exportdata/exportgen exports.zip

// exports.zip has the types of the packages in AllowedImports; its comment is
// the version of Go that wrote it. It is not compared by make check-generate:
// what the standard library looks like inside changes with every release of Go,
// which is no mistake of ours. TestExportsAreUpToDate compares it where the
// version is the one that wrote it, and says so where it is another.
//
//go:embed exports.zip
var exportsZip []byte

// exports are the packages scripts may import, read when they are first asked
// for and kept: types do not change.
var exports = sync.OnceValue(func() *bundle {
	b := &bundle{files: make(map[string]*zip.File), packages: make(map[string]*types.Package)}
	archive, err := zip.NewReader(bytes.NewReader(exportsZip), int64(len(exportsZip)))
	if err != nil {
		b.err = fmt.Errorf("exports.zip: %w", err)
		return b
	}
	for _, f := range archive.File {
		b.files[f.Name] = f
	}
	return b
})

// Import returns the types of a package in AllowedImports.
func Import(path string) (*types.Package, error) { return exports().Import(path) }

// bundle is an importer of the packages in a zip file.
type bundle struct {
	err   error // why there are no files
	files map[string]*zip.File

	mu       sync.Mutex
	packages map[string]*types.Package // guarded by mu: complete ones, and parts of those they refer to
}

// Import implements types.Importer.
func (b *bundle) Import(path string) (*types.Package, error) {
	if b.err != nil {
		return nil, b.err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if pkg := b.packages[path]; pkg != nil && pkg.Complete() {
		return pkg, nil
	}
	f, ok := b.files[path]
	if !ok {
		return nil, fmt.Errorf("package %q is not available to scripts", path)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return gcexportdata.Read(r, token.NewFileSet(), b.packages, path)
}
