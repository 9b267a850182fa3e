// Command symbolgen writes the symbol tables of the interpreter into package
// symbols:
//
//	go generate ./runtime/interp
package main

import (
	"log"
	"os"
	"path/filepath"

	"domovoi.dev/runtime/interp/internal/extract"
	"domovoi.dev/runtime/script"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: symbolgen <folder of package symbols>")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// write replaces all generated files of the folder.
func write(dir string) error {
	files, err := extract.Files(dir, script.AllowedImports)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	for name, source := range files {
		if err := os.WriteFile(filepath.Join(dir, name), source, 0o644); err != nil {
			return err
		}
	}
	return nil
}
