package scripttest

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Listing is a script in a page of the documentation.
type Listing struct {
	// Source is the script, with the package clause and imports that the page
	// leaves out.
	Source string
	// Output is what the page says of its output, as lines of key=value; empty
	// where it says nothing.
	Output []string
}

// listing is a block of Go, and a block of output right behind it.
var listing = regexp.MustCompile("(?s)```go\n(.*?)```\n(?:\n```output\n(.*?)```)?")

// listed are the packages that a listing may use without saying so.
var listed = []string{
	"context", "errors", "fmt", "strconv", "strings", "time", "domovoi.dev/sdk", "domovoi.dev/sdk/dom", "domovoi.dev/sdk/slnet",
}

// Documented returns the scripts in a page.
func Documented(t *testing.T, page string) (list []Listing) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range listing.FindAllStringSubmatch(string(text), -1) {
		l := Listing{Source: found[1]}
		if found[2] != "" {
			l.Output = strings.Split(strings.TrimSpace(found[2]), "\n")
		}
		l.Source = Whole(l.Source)
		list = append(list, l)
	}
	return list
}

// Whole is the source of a listing, with the package clause and imports that it
// leaves out.
func Whole(listing string) string {
	if strings.HasPrefix(listing, "package ") || strings.Contains(listing, "\npackage main\n") {
		return listing
	}
	imports := ""
	for _, name := range listed {
		if strings.Contains(listing, path.Base(name)+".") {
			imports += "import \"" + name + "\"\n"
		}
	}
	return "package main\n\n" + imports + "\n" + listing
}
