package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestBuildStampsTheVersion reads what `make build` would do, and that the
// variables it sets are those that are told.
func TestBuildStampsTheVersion(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("there is no make")
	}
	recipe := exec.Command("make", "--dry-run", "build", "VERSION=v1.2.3", "COMMITTED=2026-01-02T03:04:05Z")
	recipe.Dir = "../.."
	out, err := recipe.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, variable := range map[string]*string{"version": &version, "committed": &committed} {
		_, after, found := strings.Cut(string(out), "-X main."+name+"=")
		if !found {
			t.Fatalf("make build does not set %s:\n%s", name, out)
		}
		before := *variable
		t.Cleanup(func() { *variable = before })
		*variable = strings.FieldsFunc(after, func(r rune) bool { return r == ' ' || r == '\'' })[0]
	}
	if b := buildInfo(); b.Version != "v1.2.3" || b.Committed != "2026-01-02T03:04:05Z" || b.GoVersion == "" || b.Platform == "" {
		t.Errorf("the program says %+v", b)
	}
}
