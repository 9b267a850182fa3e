package main

import (
	"os"
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
	for _, file := range []string{"deploy/domovoi.service", "deploy/Containerfile", "docs/configuration.md", "docs/metrics.md", "docs/upgrading.md"} {
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
