// Command exportgen writes the types of the packages that scripts may import
// into the file that package script embeds:
//
//	go generate ./runtime/script
package main

import (
	"log"
	"os"
	"runtime"

	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/script/exportdata"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: exportgen <file>")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func write(file string) error {
	packages := script.Exported()
	imports, err := exportdata.Compile(".", packages)
	if err != nil {
		return err
	}
	bundle, err := exportdata.Bundle(imports, packages, runtime.Version())
	if err != nil {
		return err
	}
	return os.WriteFile(file, bundle, 0o644)
}
