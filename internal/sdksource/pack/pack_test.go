package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"testing"
)

// TestIsUpToDate compares the files of sdk.zip with the sources, not how they are
// compressed.
func TestIsUpToDate(t *testing.T) {
	have, err := os.ReadFile("../sdk.zip")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := pack("../../..")
	if err != nil {
		t.Fatal(err)
	}
	got, want := unzip(t, have), unzip(t, packed)
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s has changed; run go generate ./internal/sdksource", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s is no part of the SDK any more; run go generate ./internal/sdksource", name)
	}
}

func unzip(t *testing.T, b []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
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
	return files
}
