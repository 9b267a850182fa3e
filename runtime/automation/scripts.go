package automation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

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

// CheckScript compiles source and stores nothing, see slnet.CheckScriptMessage.
func (a *Automation) CheckScript(ctx context.Context, caller security.Caller, m *slnet.CheckScriptMessage) (*slnet.CheckScriptResponse, error) {
	if err := checkScriptName(m.Name); err != nil {
		return nil, err
	}
	s := slnet.Script{Name: m.Name, Engine: slnet.EngineInterpreted}
	err := a.compile(ctx, caller, &s, m.Files, m.Manifest)
	response := &slnet.CheckScriptResponse{
		Description: s.Description, EntryPoints: s.EntryPoints, ParameterSchema: s.ParameterSchema, ResultSchema: s.ResultSchema,
	}
	if err == nil {
		return response, nil
	}
	var mistakes plugin.CompileErrors
	switch known, ok := slnet.AsError(err); {
	case errors.As(err, &mistakes):
		for _, e := range mistakes {
			response.Problems = append(response.Problems, slnet.SourceProblem{File: e.File, Line: int64(e.Line), Column: int64(e.Column), Message: e.Message})
		}
	case ok && known.Kind == slnet.KindInvalid:
		response.Problems = []slnet.SourceProblem{{Message: known.Message}}
	default:
		return nil, refused(m.Name, "checked", err)
	}
	return response, nil
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
	if err := a.identify(ctx, &s); err != nil {
		return nil, err
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
	if s.Libraries, err = a.libraries(ctx, caller, s); err != nil {
		return err
	}
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
	description, err := process.Describe(ctx, sources(s))
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
		Name: s.Name, Version: s.Version, Files: sources(s),
		Grants: plugins.Grants{Ports: grantedPorts(m), Read: m.Grants.Read, Write: m.Grants.Write, Processes: m.Grants.Processes},
		Bounds: plugins.Bounds{Memory: m.Limits.Memory, CPU: m.Limits.CPU},
	}
	if s.Version > 0 { // what is executed once needs no spare
		spec.Spare = s.ID.String() + " " + versionKey(s.Version)
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
	former := s.Name
	_, err := a.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		deployed = s
		head, err := named(&tx.Reader, s.Name)
		switch {
		case errors.Is(err, slnet.KindNotFound):
			head = nil
			if deployed.ID, err = idOf(&tx.Reader, s.Name); err != nil {
				return err
			}
			deployed.Version = 1
			if deployed.ID == uuid.Nil {
				deployed.ID = uuid.New()
			}
		case err != nil:
			return err
		case nameKey(head.Name) != nameKey(s.Name):
			return slnet.Errorf(slnet.KindConflict, "script %q was not deployed: the script of this name was renamed to %q, and what refers to it by the former name means it; deploy it under the new name, or this one under another", s.Name, head.Name)
		default:
			deployed.ID, deployed.Version, former = head.ID, head.Version+1, head.Name
			deployed.Disabled, deployed.DisabledBy, deployed.DisabledAt = head.Disabled, head.DisabledBy, head.DisabledAt
		}
		if err := a.bind(caller, &deployed, head, runsAs); err != nil {
			return err
		}
		if head != nil && same(head, &deployed) {
			deployed = *head
			return nil
		}
		deployed.DeployedAt, deployed.DeployedBy = tx.Now(), caller.User
		tx.About("script", deployed.Name)
		return keep(tx, &deployed)
	})
	if err != nil {
		return nil, err
	}
	a.replaced(&deployed, former)
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
		a.ManifestText == b.ManifestText && a.RunsAsID == b.RunsAsID && sameLibraries(a, b)
}

// Scripts lists the scripts in their newest versions, as far as the caller may
// know of them.
func (a *Automation) Scripts(ctx context.Context, m *slnet.GetScriptsMessage, may func(name string) bool) (*slnet.ScriptsResponse, error) {
	response := &slnet.ScriptsResponse{Scripts: []slnet.Script{}}
	if m.Name != "" {
		s, err := a.find(ctx, m.Name, 0)
		switch {
		case err != nil:
			return nil, err
		case !may(s.Name):
			return nil, noScript(m.Name)
		case m.Engine == "" || m.Engine == s.Engine:
			response.Scripts = append(response.Scripts, withoutSource(*s))
		}
		return response, nil
	}
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		return scriptTable.Scan(r, storage.Walk{}, func(s *slnet.Script) (bool, error) {
			if (m.Engine == "" || m.Engine == s.Engine) && may(s.Name) {
				response.Scripts = append(response.Scripts, withoutSource(*s))
			}
			return true, nil
		})
	})
	slices.SortFunc(response.Scripts, func(a, b slnet.Script) int { return strings.Compare(nameKey(a.Name), nameKey(b.Name)) })
	return response, err
}

// Script returns a script with its source.
func (a *Automation) Script(ctx context.Context, m *slnet.GetScriptMessage) (*slnet.ScriptResponse, error) {
	s, err := a.find(ctx, m.Name, m.Version)
	if err != nil {
		return nil, err
	}
	return &slnet.ScriptResponse{Script: withoutLibrarySource(*s)}, nil
}

// checkEntryPoint returns an error when a script has no such entry point, or not
// one that can be started.
func checkEntryPoint(s *slnet.Script, name string) error {
	switch {
	case name == slnet.EntryPointOnDestroy:
		return slnet.Errorf(slnet.KindInvalid, "%s is called after another entry point and cannot be started", name)
	case slices.Contains(s.EntryPoints, name):
		return nil
	case script.IsLibrary(s.Name):
		return slnet.Errorf(slnet.KindInvalid, "%s is a library: scripts import it, it cannot be run", s.Name)
	}
	return slnet.Errorf(slnet.KindInvalid, "script %q has no entry point %q; it has %s", s.Name, name, strings.Join(s.EntryPoints, ", "))
}
