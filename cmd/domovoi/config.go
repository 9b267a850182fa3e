package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"domovoi.dev/sdk/slnet"
)

const (
	// configFile is the name of the configuration file in the data directory.
	configFile = "domovoi.yaml"
	configFlag = "config"
	configEnv  = "DOMOVOI_CONFIG"
	dataDirKey = "data-dir"
)

// environmentOf is the variable of a setting. DOMOVOI_ADDRESS was taken: it says
// to other commands where the daemon is.
func environmentOf(name string) string {
	if name == "address" {
		return "DOMOVOI_LISTEN_ADDRESS"
	}
	return "DOMOVOI_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// A setting is one with the value that counts, and where that comes from.
type setting struct {
	Name   string
	Value  string
	Source string // flag, environment, file or default
	// Where is the variable of the environment, or the place in the file.
	Where string `json:",omitempty"`
}

// each calls do for each setting, in the order of their names.
func (s *settings) each(do func(f *pflag.Flag)) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.AddFlagSet(s.flags)
	all.AddFlag(s.dataDir())
	all.VisitAll(func(f *pflag.Flag) {
		if f.Name != configFlag {
			do(f)
		}
	})
}

// dataDir is the setting that all commands have.
func (s *settings) dataDir() *pflag.Flag { return s.app.root.PersistentFlags().Lookup(dataDirKey) }

// lookup returns the setting of a name, nil when there is none.
func (s *settings) lookup(name string) (found *pflag.Flag) {
	s.each(func(f *pflag.Flag) {
		if f.Name == name {
			found = f
		}
	})
	return found
}

// read gives each setting the value that counts: that of the flag, or else of the
// environment, of the file, or the default. All that is wrong is one error.
func (s *settings) read() ([]setting, error) {
	path, must := s.file, true
	if path == "" {
		path = s.app.env(configEnv)
	}
	if path == "" {
		// Where the data is cannot be said by a file that is found there.
		if env := s.app.env(environmentOf(dataDirKey)); env != "" && !s.dataDir().Changed {
			s.app.dataDir = env
		}
		path, must = filepath.Join(s.app.dataDir, configFile), false
	}
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		return s.resolve(path, text, must)
	case must || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotDir):
		return nil, slnet.Errorf(slnet.KindInvalid, "the configuration file cannot be read: %v", err)
	}
	return s.resolve("", nil, must)
}

// resolve is read with the text of the file; an empty path means that there is
// none. named says that somebody named it.
func (s *settings) resolve(path string, text []byte, named bool) ([]setting, error) {
	var errs []error
	entries := make(map[string]entry)
	if path != "" {
		entries, errs = s.app.readConfig(path, text)
		if e, ok := entries[dataDirKey]; ok && !named {
			errs = append(errs, e.errorf("%s cannot be said by the file that is found in it; leave it out, or name the file with --%s", dataDirKey, configFlag))
		}
	}
	fileIsRight := len(errs) == 0
	list := []setting{}
	s.each(func(f *pflag.Flag) {
		in := setting{Name: f.Name, Source: "default"}
		name := environmentOf(f.Name)
		variable := s.app.env(name)
		e, inFile := entries[f.Name]
		switch {
		case f.Changed:
			in.Source, in.Where = "flag", "--"+f.Name
		case variable != "":
			in.Source, in.Where = "environment", name
			if err := give(f, listOf(f, variable)); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		case inFile:
			in.Source, in.Where = "file", e.place()
			if fileIsRight {
				_ = give(f, e.values) // readConfig has tried it
			}
		}
		in.Value = settingText(f, in.Source == "default")
		list = append(list, in)
	})
	if len(errs) == 0 {
		errs = s.check()
	}
	if len(errs) == 0 {
		return list, nil
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "%s", strings.Join(texts, "\n"))
}

// listOf are the values that a variable of the environment has for a setting:
// those of a list stand between commas.
func listOf(f *pflag.Flag, text string) []string {
	if _, ok := f.Value.(pflag.SliceValue); !ok {
		return []string{text}
	}
	values := strings.Split(text, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

// give sets the value of a flag.
func give(f *pflag.Flag, values []string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.Replace(values)
	}
	err := f.Value.Set(values[0])
	switch {
	case err == nil:
		return nil
	case f.Value.Type() == "int" || f.Value.Type() == "int64":
		return fmt.Errorf("%q is not a whole number", values[0])
	case f.Value.Type() == "bool":
		return fmt.Errorf("%q is neither true nor false", values[0])
	}
	return err
}

// settingText is the value of a setting for people. A default that depends on the
// machine stands in the flag's own words.
func settingText(f *pflag.Flag, isDefault bool) string {
	if isDefault {
		return defaultText(f)
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ", ")
	}
	return f.Value.String()
}

var defaultWords = regexp.MustCompile(`\(default (.*)\)$`)

// defaultText is the default of a setting, empty where that is nothing.
func defaultText(f *pflag.Flag) string {
	if words := defaultWords.FindStringSubmatch(f.Usage); words != nil {
		return words[1]
	}
	if _, ok := f.Value.(pflag.SliceValue); ok {
		return ""
	}
	return f.DefValue
}

func (a *app) configCommand() *cobra.Command {
	c := a.group("config", "Look at the configuration of the daemon", a.configCheckCommand(), a.configPrintCommand())
	c.Long = `Everything that "domovoi serve" has a flag for can also be said in a file and by
the environment. The first of these that says something counts:

	the flag                 --cache-size 256MiB
	the environment          DOMOVOI_CACHE_SIZE=256MiB
	the configuration file   cache-size: 256MiB
	the default

The keys of the file are the names of the flags. The file is that of --config or
DOMOVOI_CONFIG, or else ` + configFile + ` in the data directory, if it is there.
docs/configuration.md lists all settings.`
	return c
}

func (a *app) configCheckCommand() *cobra.Command {
	var s *settings
	c := a.leaf("check [FILE]", "Check a configuration file, and the environment with it", func(_ context.Context, args []string) error {
		if len(args) > 0 {
			s.file = args[0]
		}
		list, err := s.read()
		if err == nil {
			err = s.network.checkFiles()
		}
		if err != nil {
			return err
		}
		said := 0
		for _, in := range list {
			if in.Source != "default" {
				said++
			}
		}
		return a.answer(struct{ Settings int }{said}, func(t *table) {
			t.row(fmt.Sprintf("correct; %d settings are set, the others have their defaults", said))
		})
	})
	c.ValidArgsFunction = nil // files
	s = a.newSettings()
	c.Flags().AddFlag(s.flags.Lookup(configFlag))
	return c
}

func (a *app) configPrintCommand() *cobra.Command {
	var s *settings
	c := a.leaf("print", "Show each setting with what it is and who says so", func(context.Context, []string) error {
		list, err := s.read()
		if err != nil {
			return err
		}
		return a.answer(list, func(t *table) {
			t.header("NAME", "VALUE", "SOURCE", "WHERE")
			for _, in := range list {
				t.row(in.Name, in.Value, in.Source, cmp.Or(in.Where, "-"))
			}
		})
	})
	c.Long = `Show what the daemon would be told by the flags given here, the environment and
the configuration file. No setting is a secret: keys and tokens stand in files,
which settings only name.`
	s = a.settings(c)
	return c
}
