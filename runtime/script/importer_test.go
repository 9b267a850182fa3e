package script_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"runtime"
	"testing"

	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/script/exportdata"
	"domovoi.dev/sdk/slnet"
)

// TestExportsAreUpToDate compares exports.zip with the packages. The types are
// compared, and not how they are compressed.
func TestExportsAreUpToDate(t *testing.T) {
	have, err := os.ReadFile("exports.zip")
	if err != nil {
		t.Fatal(err)
	}
	got, version := unzip(t, have)
	if version != runtime.Version() {
		t.Skipf("exports.zip is from %s, and this is %s: the standard library may differ", version, runtime.Version())
	}
	imports, err := exportdata.Compile(".", script.Exported())
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := exportdata.Bundle(imports, script.Exported(), version)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := unzip(t, bundle)
	for path, data := range want {
		if got[path] != data {
			t.Errorf("%s has changed; run go generate ./runtime/script", path)
		}
		delete(got, path)
	}
	for path := range got {
		t.Errorf("%s is no package for scripts any more; run go generate ./runtime/script", path)
	}
}

func unzip(t *testing.T, b []byte) (files map[string]string, comment string) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files = make(map[string]string)
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files, archive.Comment
}

// BenchmarkCheck checks a shipped script: in a process that has read the
// packages before, and in one that has not. The floor is a script without any.
func BenchmarkCheck(b *testing.B) {
	report, err := os.ReadFile("../../scripts/report/script.go")
	if err != nil {
		b.Fatal(err)
	}
	for _, test := range []struct {
		name, source string
		first        bool
	}{
		{"floor", "package main\nfunc Run() {}\n", false},
		{"warm", string(report), false},
		{"cold", string(report), true},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				if test.first {
					script.ForgetImports()
				}
				_, err := script.Check([]slnet.ScriptFile{file("script.go", test.source)})
				if err != nil && test.name != "floor" {
					b.Fatal(err)
				}
			}
		})
	}
}
