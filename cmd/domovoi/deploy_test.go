package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestDeployedFiles: the variables and commands that the service file, the
// container and the pages about them name are there.
func TestDeployedFiles(t *testing.T) {
	a := &app{env: func(string) string { return "" }}
	root := a.rootCommand()
	known := []string{configEnv, "DOMOVOI_ADDRESS", "DOMOVOI_TOKEN", "DOMOVOI_CA_FILE", "DOMOVOI_STRESS"}
	a.newSettings().each(func(f *pflag.Flag) { known = append(known, environmentOf(f.Name)) })
	variable := regexp.MustCompile(`\bDOMOVOI_[A-Z_]+`)
	command := regexp.MustCompile(`(?m)^(?:Exec\w+=/usr/local/bin/domovoi |HEALTHCHECK .* CMD \["domovoi", |CMD \[)(.*?)\]?$`)
	for _, file := range []string{"deploy/domovoi.service", "deploy/Containerfile", "docs/configuration.md", "docs/metrics.md", "docs/upgrading.md", "docs/operating.md"} {
		b, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range variable.FindAllString(string(b), -1) {
			if !slices.Contains(known, name) {
				t.Errorf("%s names %s, which nothing reads", file, name)
			}
		}
		if !strings.HasPrefix(file, "deploy/") {
			continue
		}
		found := command.FindAllStringSubmatch(string(b), -1)
		if len(found) == 0 {
			t.Errorf("%s starts no command", file)
		}
		for _, match := range found {
			words := strings.Fields(strings.NewReplacer(`"`, "", ",", "").Replace(match[1]))
			if c, rest, err := root.Find(words); err != nil || c == root || len(rest) > 0 {
				t.Errorf("%s starts domovoi %v, which is no command", file, words)
			}
		}
	}
}

// TestContainerFiles: what the container is built of is in the source.
func TestContainerFiles(t *testing.T) {
	b, err := os.ReadFile("../../deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	copies := regexp.MustCompile(`(?m)^COPY ([^-].*) \S+$`).FindAllStringSubmatch(string(b), -1)
	for _, c := range copies {
		for _, path := range strings.Fields(c[1]) {
			if _, err := os.Stat("../../" + path); err != nil {
				t.Error(err)
			}
		}
	}
	if len(copies) < 2 {
		t.Errorf("only %d lines copy something", len(copies))
	}
}

// TestServiceFile lets systemd read the service file, with a program that is here.
func TestServiceFile(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze in PATH")
	}
	b, err := os.ReadFile("../../deploy/domovoi.service")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "domovoi.service")
	if err := os.WriteFile(file, bytes.ReplaceAll(b, []byte("/usr/local/bin/domovoi"), []byte(program)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPagesNameCommands: every command in the text of the operator's pages exists.
func TestPagesNameCommands(t *testing.T) {
	root := (&app{env: func(string) string { return "" }}).rootCommand()
	span := regexp.MustCompile("`domovoi ([a-z-]+(?: [a-z-]+)*)")
	for _, file := range []string{"docs/operating.md", "docs/from-dataminer.md", "docs/errors.md"} {
		b, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range span.FindAllStringSubmatch(string(b), -1) {
			if c, _, err := root.Find(strings.Fields(found[1])); err != nil || c == root || c.HasSubCommands() {
				t.Errorf("%s names domovoi %s, which is no command", file, found[1])
			}
		}
	}
}
