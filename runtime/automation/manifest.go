package automation

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// ManifestFile is the name of the file that says how a script is run.
const ManifestFile = "script.yaml"

const (
	maxManifest = 64 << 10
	// minMemory is what the process of a script takes by itself, and some room.
	minMemory, maxMemory = 64 << 20, 64 << 30
	maxOutput            = 1 << 30
	maxAttempts          = 100
	maxConcurrency       = 10_000
	maxGrants            = 100
	maxAge               = 100 * 365 * 24 * time.Hour
	maxRetainedRuns      = 1_000_000_000
	maxRetainedLogs      = 1 << 50
)

// manifest puts what a script.yaml says into a script that is to be deployed.
// What the script says already stays. Grants are for code that somebody vouches
// for who may give them, so each version with grants needs such a person.
func (a *Automation) manifest(caller security.Caller, s *slnet.Script, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	m, err := parseManifest(text)
	if err != nil {
		return err
	}
	switch {
	case m.Process == slnet.ProcessShared && s.Engine != slnet.EnginePlugin:
		return slnet.Errorf(slnet.KindInvalid, "%s: process: %s is for plugins; package variables of a script would go from run to run", ManifestFile, m.Process)
	case m.Process == slnet.ProcessShared && m.Limits.CPU > 0:
		return slnet.Errorf(slnet.KindInvalid, "%s: limits.cpu is for runs with a process of their own, not for process: %s", ManifestFile, m.Process)
	case script.IsLibrary(s.Name):
		return slnet.Errorf(slnet.KindInvalid, "%s: a library has no %[1]s, for it runs as part of scripts", ManifestFile)
	}
	if err := a.checkGrants(caller, *m); err != nil {
		return err
	}
	for _, path := range slices.Concat(m.Grants.Read, m.Grants.Write) {
		if a.ownData(path) {
			return slnet.Errorf(slnet.KindInvalid, "%s: %s cannot be granted: the daemon's own data is there", ManifestFile, path)
		}
	}
	s.Manifest, s.ManifestText = m, text
	s.Description = cmp.Or(s.Description, m.Description)
	s.Timeout = cmp.Or(s.Timeout, m.Timeout)
	return nil
}

// checkGrants returns an error when a caller may not deploy what has these grants.
func (a *Automation) checkGrants(caller security.Caller, m slnet.Manifest) error {
	if m.Grants.IsZero() || a.MayGrant != nil && a.MayGrant(caller) {
		return nil
	}
	return slnet.Errorf(slnet.KindPermissionDenied, "%s grants files, network or programs, and user %s lacks the permission %s",
		ManifestFile, caller.User, slnet.PermissionSystemAdministration).WithReason("NoPermission")
}

// ownData reports whether a path leads into the daemon's data, or above it.
func (a *Automation) ownData(path string) bool {
	real := func(path string) string {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			path = resolved
		}
		return path
	}
	within := func(path, dir string) bool {
		relative, err := filepath.Rel(dir, path)
		return err == nil && filepath.IsLocal(relative)
	}
	path = real(path)
	return slices.ContainsFunc(append([]string{a.Dir}, a.Private...), func(own string) bool {
		own = real(own)
		return within(path, own) || within(own, path)
	})
}

// manifestOf is the manifest of a script, also of one that has none.
func manifestOf(s *slnet.Script) slnet.Manifest {
	if s.Manifest == nil {
		return slnet.Manifest{}
	}
	return *s.Manifest
}

// grantedPorts are the ports of the servers a script may connect to.
func grantedPorts(m slnet.Manifest) []uint16 {
	var ports []uint16
	for _, server := range m.Grants.Network {
		_, port, err := net.SplitHostPort(server)
		n, numberErr := strconv.ParseUint(port, 10, 16)
		if err == nil && numberErr == nil {
			ports = append(ports, uint16(n))
		}
	}
	return ports
}

// parseManifest reads a script.yaml. Its error is a plugin.CompileErrors with
// all that is wrong.
func parseManifest(text string) (*slnet.Manifest, error) {
	r := new(manifestReader)
	if len(text) > maxManifest {
		r.errorf(0, "the file has %d bytes, at most %d are allowed", len(text), maxManifest)
		return nil, r.errs
	}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err == io.EOF {
		return new(slnet.Manifest), nil // nothing but comments
	} else if err != nil {
		r.errorf(0, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil, r.errs
	}
	if decoder.Decode(&second) != io.EOF {
		r.errorf(second.Line, "the file holds more than one document")
	}
	m := new(slnet.Manifest)
	r.manifest(m, document.Content[0])
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return m, nil
}

// manifestReader reads the nodes of a script.yaml and collects what is wrong.
type manifestReader struct{ errs plugin.CompileErrors }

func (r *manifestReader) errorf(line int, format string, args ...any) {
	r.errs = append(r.errs, plugin.CompileError{File: ManifestFile, Line: line, Message: fmt.Sprintf(format, args...)})
}

// value reads the value of a key.
type value func(key string, node *yaml.Node)

func (r *manifestReader) manifest(m *slnet.Manifest, root *yaml.Node) {
	r.mapping("", root, map[string]value{
		"description": r.text(&m.Description),
		"timeout":     r.duration(&m.Timeout, maxTimeout),
		"concurrency": r.number(&m.Concurrency, 0, maxConcurrency),
		"run_as":      r.text(&m.RunAs),
		"process":     r.process(&m.Process),
		"retry": func(key string, node *yaml.Node) {
			r.mapping(key, node, map[string]value{
				"attempts":  r.number(&m.Retry.Attempts, 1, maxAttempts),
				"delay":     r.duration(&m.Retry.Delay, maxTimeout),
				"max_delay": r.duration(&m.Retry.MaxDelay, maxTimeout),
			})
		},
		"retention": func(key string, node *yaml.Node) {
			r.mapping(key, node, map[string]value{
				"age":        r.age(&m.Retention.Age),
				"failed_age": r.age(&m.Retention.FailedAge),
				"runs":       r.number(&m.Retention.Runs, 1, maxRetainedRuns),
				"logs":       r.size(&m.Retention.Logs, 0, maxRetainedLogs),
			})
		},
		"grants": func(key string, node *yaml.Node) {
			r.mapping(key, node, map[string]value{
				"network": r.list(&m.Grants.Network, checkServer),
				"files": func(key string, node *yaml.Node) {
					r.mapping(key, node, map[string]value{
						"read":  r.list(&m.Grants.Read, checkPath),
						"write": r.list(&m.Grants.Write, checkPath),
					})
				},
				"processes": r.truth(&m.Grants.Processes),
			})
		},
		"limits": func(key string, node *yaml.Node) {
			r.mapping(key, node, map[string]value{
				"memory": r.size(&m.Limits.Memory, minMemory, maxMemory),
				"cpu":    r.duration(&m.Limits.CPU, maxTimeout),
				"output": r.size(&m.Limits.Output, 0, maxOutput),
			})
		},
	})
}

// mapping reads a mapping whose keys are those of values and no others.
func (r *manifestReader) mapping(key string, node *yaml.Node, values map[string]value) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return
	}
	if node.Kind != yaml.MappingNode {
		r.errorf(node.Line, "%s is not a mapping of keys to values", cmp.Or(key, "the file"))
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, content := node.Content[i], node.Content[i+1]
		path := strings.TrimPrefix(key+"."+name.Value, ".")
		read, known := values[name.Value]
		switch {
		case !known:
			r.errorf(name.Line, "there is no %s; the keys here are %s", path, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		case seen[name.Value]:
			r.errorf(name.Line, "%s is there twice", path)
		default:
			read(path, content)
		}
		seen[name.Value] = true
	}
}

// scalar reads one value, of the tags of YAML that are named.
func (r *manifestReader) scalar(what string, parse func(text string) error, tags ...string) value {
	return func(key string, node *yaml.Node) {
		if node.Kind != yaml.ScalarNode || !slices.Contains(tags, node.Tag) {
			r.errorf(node.Line, "%s is not %s", key, what)
			return
		}
		if err := parse(node.Value); err != nil {
			r.errorf(node.Line, "%s is %q, which is not %s%v", key, node.Value, what, err)
		}
	}
}

// because is what makes a value wrong, as the end of a sentence.
type because string

func (b because) Error() string {
	if b == "" {
		return ""
	}
	return ": " + string(b)
}

func (r *manifestReader) text(to *string) value {
	return r.scalar("a text", func(text string) error {
		*to = text
		return nil
	}, "!!str")
}

func (r *manifestReader) truth(to *bool) value {
	return r.scalar("true or false", func(text string) (err error) {
		if *to, err = strconv.ParseBool(text); err != nil {
			return because("")
		}
		return nil
	}, "!!bool")
}

func (r *manifestReader) process(to *slnet.ScriptProcess) value {
	return r.scalar("own or shared", func(text string) error {
		switch text {
		case "own":
		case "shared":
			*to = slnet.ProcessShared
		default:
			return because("")
		}
		return nil
	}, "!!str")
}

func (r *manifestReader) number(to *int64, least, most int64) value {
	return r.scalar(fmt.Sprintf("a number from %d to %d", least, most), func(text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < least || n > most {
			return because("")
		}
		*to = n
		return nil
	}, "!!int")
}

func (r *manifestReader) duration(to *time.Duration, most time.Duration) value {
	return r.scalar("a time like 90s or 5m", func(text string) error {
		d, err := time.ParseDuration(text)
		switch {
		case err != nil:
			return because("")
		case d <= 0 || d > most:
			return because(fmt.Sprintf("it must be more than 0 and at most %v", most))
		}
		*to = d
		return nil
	}, "!!str", "!!int", "!!float")
}

// age is duration for long ones, which may also count days, like 30d.
func (r *manifestReader) age(to *time.Duration) value {
	hours := r.duration(to, maxAge)
	return func(key string, node *yaml.Node) {
		count, isDays := strings.CutSuffix(node.Value, "d")
		days, err := strconv.ParseUint(count, 10, 16)
		if node.Kind != yaml.ScalarNode || !isDays || err != nil || days == 0 || time.Duration(days)*24*time.Hour > maxAge {
			hours(key, node)
			return
		}
		*to = time.Duration(days) * 24 * time.Hour
	}
}

func (r *manifestReader) size(to *int64, least, most int64) value {
	return r.scalar("a size like 256MiB", func(text string) error {
		n, ok := bytesize.Parse(text)
		switch {
		case !ok:
			return because("")
		case n < least || n > most || n == 0:
			return because(fmt.Sprintf("it must be %s to %s", bytesize.Exact(max(least, 1)), bytesize.Exact(most)))
		}
		*to = n
		return nil
	}, "!!str", "!!int")
}

// list reads a list of texts, each of which passes check.
func (r *manifestReader) list(to *[]string, check func(string) string) value {
	return func(key string, node *yaml.Node) {
		if node.Kind != yaml.SequenceNode {
			r.errorf(node.Line, "%s is not a list", key)
			return
		}
		if len(node.Content) > maxGrants {
			r.errorf(node.Line, "%s has %d items, at most %d are allowed", key, len(node.Content), maxGrants)
			return
		}
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode || item.Tag != "!!str" {
				r.errorf(item.Line, "an item of %s is not a text", key)
			} else if wrong := check(item.Value); wrong != "" {
				r.errorf(item.Line, "%q in %s %s", item.Value, key, wrong)
			} else {
				*to = append(*to, item.Value)
			}
		}
	}
}

// checkServer says what is wrong with a server to connect to.
func checkServer(text string) string {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return "is not host:port, like api.example.com:443"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "has no port from 1 to 65535"
	}
	return ""
}

// checkPath says what is wrong with a path to grant.
func checkPath(text string) string {
	if !filepath.IsAbs(text) || filepath.Clean(text) != text {
		return "is not an absolute path in its shortest form"
	}
	return ""
}
