package automation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The tables of scripts: the newest version by name, and every version by name
// and number.
var (
	newestScripts  = storage.NewTable[slnet.Script]("scripts")
	scriptVersions = storage.NewTable[slnet.Script]("script_versions")
)

// maxScriptName is the most characters of a script's name.
const maxScriptName = 100

// checkScriptName returns an error when a script cannot have the name.
func checkScriptName(name string) error {
	bad := func(format string, args ...any) error {
		return slnet.Errorf(slnet.KindInvalid, "%q is no name for a script: %s", name, fmt.Sprintf(format, args...))
	}
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name):
		return bad("it is not valid UTF-8")
	case n == 0 || n > maxScriptName:
		return bad("it has %d characters; a name has 1 to %d", n, maxScriptName)
	case strings.TrimSpace(name) != name:
		return bad("it begins or ends with a space")
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" _-.()", r) {
			return bad("the character %q is not allowed in it; letters, digits, spaces and _ - . ( ) are", r)
		}
	}
	return nil
}

// nameKey is the key of a script: names differ by more than case.
func nameKey(name string) string { return strings.ToLower(name) }

func versionKey(version int64) string { return fmt.Sprintf("%010d", version) }

// DeployScript checks source, compiles it, and stores it as a new version.
func (a *Automation) DeployScript(ctx context.Context, caller security.Caller, m *slnet.DeployScriptMessage) (*slnet.ScriptResponse, error) {
	if err := errors.Join(checkScriptName(m.Name), checkTimeout(m.Timeout)); err != nil {
		return nil, err
	}
	s := slnet.Script{Name: m.Name, Description: m.Description, Engine: slnet.EngineInterpreted, Timeout: m.Timeout}
	if err := a.compile(ctx, caller, &s, m.Files, m.Manifest); err != nil {
		return nil, refused(m.Name, "deployed", err)
	}
	return a.deploy(ctx, caller, s, m.RunsAs)
}

// ExecuteSource runs source once as the caller, see ExecuteSourceMessage.
func (a *Automation) ExecuteSource(ctx context.Context, caller security.Caller, m *slnet.ExecuteSourceMessage) (*slnet.RunResponse, error) {
	if err := errors.Join(checkScriptName(m.Name), checkTimeout(m.Timeout)); err != nil {
		return nil, err
	}
	s := slnet.Script{Name: m.Name, Engine: slnet.EngineInterpreted}
	if err := a.compile(ctx, caller, &s, m.Files, m.Manifest); err != nil {
		return nil, refused(m.Name, "started", err)
	}
	outcome, err := a.Call(ctx, caller, Call{
		ScriptName: m.Name, Parameters: m.Parameters, Timeout: m.Timeout, Async: m.Async, JSON: m.Input, DryRun: m.DryRun, source: &s,
	})
	if err != nil {
		return nil, err
	}
	return &slnet.RunResponse{Run: outcome.Run}, nil
}

// compile makes a script of source and its manifest, and finds out what can be
// called.
func (a *Automation) compile(ctx context.Context, caller security.Caller, s *slnet.Script, files []slnet.ScriptFile, manifest string) error {
	if err := a.manifest(caller, s, manifest); err != nil {
		return err
	}
	// What the files hold is looked at in the worker only: neither the type
	// checker nor the interpreter is bounded on source made to harm.
	files, err := script.Files(files)
	if err != nil {
		return err
	}
	s.Hash, s.Files = script.Hash(files), files
	return a.describe(ctx, s)
}

// refused says what was not done with a script, and why. What is wrong with the
// script is the fault of its author; an error of another kind stays what it is.
func refused(name, what string, err error) error {
	if known, ok := slnet.AsError(err); ok {
		known.Message = fmt.Sprintf("script %q was not %s: %s", name, what, known.Message)
		return known
	}
	var compile plugin.CompileErrors
	if errors.As(err, &compile) {
		return slnet.Errorf(slnet.KindInvalid, "script %q was not %s:\n%v", name, what, err)
	}
	return err
}

// describeLimit is how long a deployed script may take to compile and to
// initialise its package. Only tests change it.
var describeLimit = 30 * time.Second

// describe starts a process with a script to find out whether it compiles and
// what entry points it has.
func (a *Automation) describe(ctx context.Context, s *slnet.Script) error {
	// No deadline of the context: the other side of the connection would learn of
	// it, and could answer first with an error that says less.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := time.AfterFunc(describeLimit, func() {
		cancel(slnet.Errorf(slnet.KindInvalid, "it was not compiled and initialised within %v", describeLimit))
	})
	defer limit.Stop()
	process, err := a.Host.Start(ctx, a.spec(s))
	if err != nil {
		return err
	}
	defer process.Close()
	description, err := process.Describe(ctx, s.Files)
	if err == nil && len(description.Errors) > 0 {
		err = description.Errors
	}
	if err == nil {
		err = checkDescription(description)
	}
	s.Description = cmp.Or(s.Description, description.Text)
	s.EntryPoints, s.ParameterSchema, s.ResultSchema = description.EntryPoints, description.ParameterSchema, description.ResultSchema
	return err
}

// spec says which process carries runs of a version of a script.
func (a *Automation) spec(s *slnet.Script) plugins.Spec {
	m := manifestOf(s)
	spec := plugins.Spec{
		Name: s.Name, Version: s.Version, Files: s.Files,
		Grants: plugins.Grants{Ports: grantedPorts(m), Read: m.Grants.Read, Write: m.Grants.Write, Processes: m.Grants.Processes},
		Bounds: plugins.Bounds{Memory: m.Limits.Memory, CPU: m.Limits.CPU},
	}
	if s.Version > 0 { // what is executed once needs no spare
		spec.Spare = nameKey(s.Name) + " " + versionKey(s.Version)
	}
	if s.Engine == slnet.EnginePlugin {
		spec.Path, spec.SHA256 = a.binaryPath(s.Hash), s.Hash
	}
	return spec
}

// deploy stores a version of a script, unless the newest one is the same. It
// stays bound to the user it was bound to, unless runsAs or its manifest says
// otherwise.
func (a *Automation) deploy(ctx context.Context, caller security.Caller, s slnet.Script, runsAs *string) (*slnet.ScriptResponse, error) {
	if runsAs == nil && s.Manifest != nil && s.Manifest.RunAs != "" {
		runsAs = &s.Manifest.RunAs
	}
	var deployed slnet.Script
	_, err := a.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		deployed = s
		newest, err := newestScripts.Get(&tx.Reader, nameKey(s.Name))
		switch {
		case errors.Is(err, storage.ErrNotFound):
			newest = nil
			deployed.Version = 1
		case err != nil:
			return err
		default:
			deployed.Version = newest.Version + 1
		}
		if err := a.bind(caller, &deployed, newest, runsAs); err != nil {
			return err
		}
		if newest != nil && same(newest, &deployed) {
			deployed = *newest
			return nil
		}
		deployed.DeployedAt, deployed.DeployedBy = tx.Now(), caller.User
		tx.About("script", deployed.Name)
		if err := newestScripts.Put(tx, &deployed, nameKey(s.Name)); err != nil {
			return err
		}
		return scriptVersions.Put(tx, &deployed, nameKey(s.Name), versionKey(deployed.Version))
	})
	if err != nil {
		return nil, err
	}
	a.Host.Retire(s.Name)
	a.queue.relimit(nameKey(s.Name), manifestOf(&deployed).Concurrency)
	return &slnet.ScriptResponse{Script: withoutSource(deployed)}, nil
}

// bind binds a script to the user the caller wants, or to the one its newest
// version is bound to. The caller must be allowed to act as that user, and also
// as the one whose binding ends: otherwise whoever may edit a script could use
// the rights of that user, or take them from the script.
func (a *Automation) bind(caller security.Caller, s, newest *slnet.Script, runsAs *string) error {
	if newest != nil {
		s.RunsAs, s.RunsAsID = newest.RunsAs, newest.RunsAsID
	}
	if s.RunsAs != "" {
		_, err := a.ActAs(caller, security.Caller{User: s.RunsAs, UserID: s.RunsAsID})
		if err != nil && !errors.Is(err, slnet.KindNotFound) { // nobody can be hurt who is gone
			return fmt.Errorf("script %q is bound to the user %s: %w", s.Name, s.RunsAs, err)
		}
	}
	switch {
	case runsAs == nil:
		return nil
	case *runsAs == "":
		s.RunsAs, s.RunsAsID = "", uuid.Nil
		return nil
	}
	bound, err := a.ActAs(caller, security.Caller{User: *runsAs})
	if err != nil {
		return fmt.Errorf("script %q was not bound to the user %.64q: %w", s.Name, *runsAs, err)
	}
	s.RunsAs, s.RunsAsID = bound.User, bound.UserID
	return nil
}

// same reports whether deploying b after a would change nothing.
func same(a, b *slnet.Script) bool {
	return a.Name == b.Name && a.Engine == b.Engine && a.Hash == b.Hash && a.Description == b.Description && a.Timeout == b.Timeout &&
		a.ManifestText == b.ManifestText && a.RunsAsID == b.RunsAsID
}

// withoutSource is a script as it is told where the source was not asked for.
func withoutSource(s slnet.Script) slnet.Script {
	s.Files, s.ManifestText = nil, ""
	return s
}

// UpdateScript changes the user a script is bound to. Runs that began go on as
// they are.
func (a *Automation) UpdateScript(ctx context.Context, caller security.Caller, m *slnet.UpdateScriptMessage) (*slnet.ScriptResponse, error) {
	if m.RunsAs == nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "there is nothing to change of script %q; give RunsAs", m.Name)
	}
	var updated *slnet.Script
	_, err := a.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		newest, err := newestScripts.Get(&tx.Reader, nameKey(m.Name))
		if errors.Is(err, storage.ErrNotFound) {
			return noScript(m.Name)
		}
		if err != nil {
			return err
		}
		updated = newest
		tx.About("script", updated.Name)
		if err := a.bind(caller, updated, newest, m.RunsAs); err != nil {
			return err
		}
		if err := newestScripts.Put(tx, updated, nameKey(m.Name)); err != nil {
			return err
		}
		return scriptVersions.Put(tx, updated, nameKey(m.Name), versionKey(updated.Version))
	})
	if err != nil {
		return nil, err
	}
	return &slnet.ScriptResponse{Script: withoutSource(*updated)}, nil
}

// Scripts lists the scripts in their newest versions, as far as the caller may
// know of them.
func (a *Automation) Scripts(ctx context.Context, m *slnet.GetScriptsMessage, may func(name string) bool) (*slnet.ScriptsResponse, error) {
	response := &slnet.ScriptsResponse{Scripts: []slnet.Script{}}
	if m.Name != "" {
		s, err := a.find(ctx, m.Name, 0)
		if err == nil && (m.Engine == "" || m.Engine == s.Engine) {
			s.Files = nil
			response.Scripts = append(response.Scripts, *s)
		}
		return response, err
	}
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		return newestScripts.Scan(r, storage.Walk{}, func(s *slnet.Script) (bool, error) {
			if (m.Engine == "" || m.Engine == s.Engine) && may(s.Name) {
				response.Scripts = append(response.Scripts, withoutSource(*s))
			}
			return true, nil
		})
	})
	return response, err
}

// Script returns a script with its source.
func (a *Automation) Script(ctx context.Context, m *slnet.GetScriptMessage) (*slnet.ScriptResponse, error) {
	s, err := a.find(ctx, m.Name, m.Version)
	if err != nil {
		return nil, err
	}
	return &slnet.ScriptResponse{Script: *s}, nil
}

// find returns a version of a script, the newest for version 0.
func (a *Automation) find(ctx context.Context, name string, version int64) (s *slnet.Script, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		s, err = scriptIn(r, name, version)
		return err
	})
	return s, err
}

func scriptIn(r *storage.Reader, name string, version int64) (s *slnet.Script, err error) {
	if version == 0 {
		s, err = newestScripts.Get(r, nameKey(name))
	} else {
		s, err = scriptVersions.Get(r, nameKey(name), versionKey(version))
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return s, err
	}
	if version != 0 {
		return nil, slnet.Errorf(slnet.KindNotFound, "script %q has no version %d", name, version)
	}
	return nil, noScript(name)
}

func noScript(name string) error {
	return slnet.Errorf(slnet.KindNotFound, "there is no script %q; domovoi script list shows those there are", name)
}

// checkEntryPoint returns an error when a script has no such entry point, or not
// one that can be started.
func checkEntryPoint(s *slnet.Script, name string) error {
	switch {
	case name == slnet.EntryPointOnDestroy:
		return slnet.Errorf(slnet.KindInvalid, "%s is called after another entry point and cannot be started", name)
	case slices.Contains(s.EntryPoints, name):
		return nil
	}
	return slnet.Errorf(slnet.KindInvalid, "script %q has no entry point %q; it has %s", s.Name, name, strings.Join(s.EntryPoints, ", "))
}
