package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestReference holds docs/cli.md against the commands. With DOMOVOI_UPDATE=1 it
// writes it.
func TestReference(t *testing.T) {
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" }}
	root := a.rootCommand()
	var page bytes.Buffer
	page.WriteString("# The command line\n\nEvery command of `domovoi`, as `domovoi COMMAND --help` shows it too. This page is written by\na test from the commands themselves: `DOMOVOI_UPDATE=1 go test ./cmd/domovoi -run Reference`.\n\n")
	page.WriteString(strings.TrimSpace(root.Long) + "\n\n## Flags of every command\n\n" + flagsText(root.PersistentFlags()))
	for _, c := range root.Commands() {
		describe(&page, c)
	}
	file := filepath.Join("..", "..", "docs", "cli.md")
	if os.Getenv("DOMOVOI_UPDATE") == "1" {
		if err := os.WriteFile(file, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, page.Bytes()) {
		t.Error("docs/cli.md is not what the commands say: DOMOVOI_UPDATE=1 go test ./cmd/domovoi -run Reference")
	}
}

// describe writes a command, or those below it.
func describe(page *bytes.Buffer, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	if c.HasSubCommands() {
		fmt.Fprintf(page, "## %s\n\n%s.\n\n", c.CommandPath(), c.Short)
		for _, below := range c.Commands() {
			describe(page, below)
		}
		return
	}
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	fmt.Fprintf(page, "### %s\n\n```text\n%s\n", c.CommandPath(), strings.TrimSuffix(c.UseLine(), " [flags]"))
	fmt.Fprintf(page, "\n%s\n", strings.TrimSpace(text))
	if c.Example != "" {
		fmt.Fprintf(page, "\n%s\n", strings.TrimRight(c.Example, "\n"))
	}
	page.WriteString("```\n\n" + flagsText(c.LocalNonPersistentFlags()))
}

func flagsText(flags *pflag.FlagSet) string {
	text := strings.TrimRight(flags.FlagUsages(), "\n")
	if text == "" {
		return ""
	}
	return "```text\n" + text + "\n```\n\n"
}
