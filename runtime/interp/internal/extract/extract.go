// Package extract writes the symbol tables of the interpreter: for each package
// a Go file with the reflect values of what it exports.
//
// It does what yaegi's own package extract does, from compiled export data
// instead of source (a second instead of a minute), and more carefully: what
// yaegi drops silently is an error in packages of the SDK, variables are handed
// out as copies, and symbols that reach files or the state of the process are
// left out.
package extract

import (
	"bytes"
	"fmt"
	"go/format"
	"slices"
	"strings"
	"text/template"

	"domovoi.dev/runtime/script/exportdata"
)

// sdkPrefix is the prefix of the packages written for scripts: all they export
// must be usable.
const sdkPrefix = "domovoi.dev/sdk"

// Files returns the generated files by name. The packages are loaded with the
// go command in dir, which must lie in the module.
func Files(dir string, packages []string) (map[string][]byte, error) {
	imports, err := exportdata.Compile(dir, packages)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	var tables []*table
	for _, path := range packages {
		pkg, err := imports.Import(path)
		if err != nil {
			return nil, err
		}
		t, err := newTable(pkg)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
		if files[t.fileName()], err = render(packageTemplate, t); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	files["index_gen.go"], err = render(indexTemplate, tables)
	return files, err
}

// render executes a template and formats the result.
func render(t *template.Template, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%w in:\n%s", err, b.Bytes())
	}
	return source, nil
}

// sortedKeys is for the templates, which need a stable order.
func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// identifier makes a Go identifier of an import path.
func identifier(path string) string {
	return strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(path)
}
