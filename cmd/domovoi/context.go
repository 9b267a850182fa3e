package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"domovoi.dev/sdk/slnet"
)

// contexts are the daemons that a user has names for.
type contexts struct {
	// Current is the one commands talk to which are not told of another; empty for
	// none.
	Current  string                    `yaml:"current,omitempty" json:"Current,omitempty"`
	Contexts map[string]*daemonContext `yaml:"contexts" json:"Contexts"`
}

// daemonContext is where a daemon is, and how it and the user prove who they are.
type daemonContext struct {
	Address string `yaml:"address" json:"Address"`
	CAFile  string `yaml:"ca-file,omitempty" json:"CaFile,omitempty"`
	// TokenFile has the token; the token itself is kept nowhere else.
	TokenFile string `yaml:"token-file,omitempty" json:"TokenFile,omitempty"`
}

// contextsFile is where the contexts of the user are.
func contextsFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", slnet.Errorf(slnet.KindInvalid, "contexts are kept in the configuration directory of the user: %v", err)
	}
	return filepath.Join(dir, "domovoi", "contexts.yaml"), nil
}

// readContexts reads the contexts; without a file there are none.
func readContexts() (*contexts, error) {
	all := &contexts{Contexts: make(map[string]*daemonContext)}
	name, err := contextsFile()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	d := yaml.NewDecoder(bytes.NewReader(content))
	d.KnownFields(true)
	if err := d.Decode(all); err != nil && err != io.EOF {
		return nil, slnet.Errorf(slnet.KindInvalid, "%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	for key, c := range all.Contexts {
		if c == nil || c.Address == "" {
			return nil, slnet.Errorf(slnet.KindInvalid, "%s: the context %q has no address", name, key)
		}
	}
	return all, nil
}

// find returns the context of a name.
func (all *contexts) find(name string) (*daemonContext, error) {
	if c := all.Contexts[name]; c != nil {
		return c, nil
	}
	return nil, slnet.Errorf(slnet.KindNotFound, "there is no context %q; \"domovoi context list\" shows them", name)
}

// changeContexts writes the contexts as change leaves them.
func changeContexts(change func(all *contexts) error) error {
	all, err := readContexts()
	if err != nil {
		return err
	}
	if err := change(all); err != nil {
		return err
	}
	name, err := contextsFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	// A file that writeWhole makes is for its owner only.
	return writeWhole(name, func(w io.Writer) error { return yaml.NewEncoder(w).Encode(all) })
}

// useContext takes the daemon from the context that is asked for. The current one
// counts only where nothing else says which daemon is meant, so that its token goes
// to no other.
func (a *app) useContext() error {
	name := a.context
	if name == "" {
		name = a.env("DOMOVOI_CONTEXT")
	}
	flags := a.root.PersistentFlags()
	switch {
	case flags.Changed("address"):
		if a.context != "" {
			return slnet.Errorf(slnet.KindInvalid, "--address and --context both say which daemon is meant; give one")
		}
		return nil
	case name == "" && (flags.Changed("data-dir") || a.env("DOMOVOI_ADDRESS") != "" || a.env("DOMOVOI_DATA_DIR") != ""):
		return nil
	}
	if _, err := os.UserConfigDir(); err != nil && name == "" {
		return nil // such a user has none
	}
	all, err := readContexts()
	if err != nil {
		return err
	}
	if name == "" {
		name = all.Current
	}
	if name == "" {
		return nil
	}
	c, err := all.find(name)
	if err != nil {
		return err
	}
	a.address = c.Address
	if a.caFile == "" {
		a.caFile = c.CAFile
	}
	if a.tokenFile == "" {
		a.tokenFile = c.TokenFile
	}
	return nil
}

func (a *app) contextCommand() *cobra.Command {
	use := a.leaf("use NAME", "Let commands talk to this daemon", func(_ context.Context, args []string) error {
		return changeContexts(func(all *contexts) error {
			_, err := all.find(args[0])
			all.Current = args[0]
			return err
		})
	})
	remove := a.leaf("remove NAME", "Forget a daemon; its token file stays", func(_ context.Context, args []string) error {
		return changeContexts(func(all *contexts) error {
			_, err := all.find(args[0])
			delete(all.Contexts, args[0])
			if all.Current == args[0] {
				all.Current = ""
			}
			return err
		})
	})
	names := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return contextNames(), cobra.ShellCompDirectiveNoFileComp
	}
	use.ValidArgsFunction, remove.ValidArgsFunction = names, names
	c := a.group("context", "Give names to daemons, and choose one",
		a.leaf("list", "List the daemons that have names", a.contextList), a.contextAddCommand(), use, remove)
	c.Long = `Give names to daemons, and choose one. Commands talk to the one in use, unless
--context or DOMOVOI_CONTEXT, an address or a data directory say otherwise. The names
stand in the configuration directory of the user, with the files of the tokens.`
	return c
}

func contextNames() []string {
	all, err := readContexts()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(all.Contexts))
}

func (a *app) contextList(context.Context, []string) error {
	all, err := readContexts()
	if err != nil {
		return err
	}
	return a.answer(all, func(t *table) {
		t.header("NAME", "ADDRESS", "TOKEN FILE", "IN USE")
		for _, name := range slices.Sorted(maps.Keys(all.Contexts)) {
			c := all.Contexts[name]
			t.row(name, c.Address, c.TokenFile, yes(name == all.Current))
		}
	})
}

func (a *app) contextAddCommand() *cobra.Command {
	c := a.leaf("add NAME", "Give a daemon a name, or say anew where it is", func(_ context.Context, args []string) error {
		if a.address == "" {
			return slnet.Errorf(slnet.KindInvalid, "where is the daemon? Give --address")
		}
		added := &daemonContext{Address: a.address}
		for _, file := range []struct{ from, to *string }{{&a.caFile, &added.CAFile}, {&a.tokenFile, &added.TokenFile}} {
			if *file.from == "" {
				continue
			}
			var err error
			if *file.to, err = filepath.Abs(*file.from); err != nil {
				return err
			}
		}
		return changeContexts(func(all *contexts) error {
			all.Contexts[args[0]] = added
			if all.Current == "" && len(all.Contexts) == 1 {
				all.Current = args[0]
				fmt.Fprintf(a.stderr, "commands talk to %s now\n", args[0])
			}
			return nil
		})
	})
	c.Long = `Give a daemon a name, or say anew where it is: by --address, --ca-file and
--token-file. The first one is in use at once.`
	c.Example = `  domovoi login ann --address https://house.example:8443 --token-file ~/house.token
  domovoi context add house --address https://house.example:8443 --token-file ~/house.token`
	return c
}
