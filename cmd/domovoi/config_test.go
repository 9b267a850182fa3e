package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/configuration.md again")

// TestConfigurationPage: the page lists each setting as it is, by all its names.
func TestConfigurationPage(t *testing.T) {
	const begin, end = "<!-- settings -->\n", "<!-- end of settings -->\n"
	a := &app{env: func(string) string { return "" }}
	a.rootCommand()
	var b strings.Builder
	b.WriteString("| key, and flag with `--` | environment | default | what it is |\n|---|---|---|---|\n")
	a.newSettings().each(func(f *pflag.Flag) {
		_, usage := pflag.UnquoteUsage(f)
		fallback := defaultText(f)
		usage = strings.TrimSuffix(usage, " (default "+fallback+")")
		if f.Name == "spares" {
			fallback = "two for each processor"
		}
		if fallback != "" {
			fallback = "`" + fallback + "`"
			if strings.Contains(fallback, " ") {
				fallback = strings.Trim(fallback, "`")
			}
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", f.Name, environmentOf(f.Name), fallback, usage)
	})
	const file = "../../docs/configuration.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the settings", file)
	}
	want := before + begin + b.String() + end + after
	if string(text) == want {
		return
	}
	if !*update {
		t.Fatalf("%s does not list the settings as they are; run the test with -update", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestEverySettingTakesAKnownType: a setting of a new type needs a word on what a
// file may say for it, and no variable stands for two of them.
func TestEverySettingTakesAKnownType(t *testing.T) {
	a := &app{env: func(string) string { return "" }}
	a.rootCommand()
	variables := make(map[string]string)
	a.newSettings().each(func(f *pflag.Flag) {
		if _, ok := wanted[f.Value.Type()]; !ok {
			t.Errorf("%s is of the type %s, for which config_file.go has no row", f.Name, f.Value.Type())
		}
		name := environmentOf(f.Name)
		if other := variables[name]; other != "" {
			t.Errorf("%s stands for %s and %s", name, other, f.Name)
		}
		variables[name] = f.Name
		for _, taken := range []string{"DOMOVOI_ADDRESS", "DOMOVOI_TOKEN", "DOMOVOI_CA_FILE", configEnv} {
			if name == taken {
				t.Errorf("the variable of %s, %s, has another meaning", f.Name, name)
			}
		}
	})
}
