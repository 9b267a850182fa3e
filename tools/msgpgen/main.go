// Command msgpgen runs the msgp generator on the source files of a package. The
// generator itself stops at folders that also hold tests of an external test
// package, so it is given a copy without tests.
//
//	msgpgen -package ../sdk/dom [-files a.go,b.go] [-unexported] directive...
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	dir := flag.String("package", "", "the folder of the package")
	only := flag.String("files", "", "the files to read, separated by commas; all when empty")
	unexported := flag.Bool("unexported", false, "take unexported types and fields too")
	flag.Parse()
	if err := generate(*dir, *only, *unexported, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "msgpgen:", err)
		os.Exit(1)
	}
}

func generate(dir, only string, unexported bool, directives []string) error {
	temp, err := os.MkdirTemp("", "msgpgen")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	wanted := strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_gen.go") || len(wanted) > 0 && !slices.Contains(wanted, name) {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(temp, name), source, 0o600); err != nil {
			return err
		}
	}
	out := filepath.Join(dir, "msgp_gen.go")
	args := []string{"tool", "msgp", "-file", temp, "-o", out, "-io=false", "-tests=false", "-unexported=" + strconv.FormatBool(unexported),
		"-d", "tag json", "-d", "newtime", "-d", "timezone utc", "-d", "replace uuid.UUID with:[16]byte"}
	for _, directive := range directives {
		args = append(args, "-d", directive)
	}
	command := exec.Command("go", args...)
	command.Stderr = os.Stderr
	return command.Run()
}
