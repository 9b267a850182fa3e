package endpoint

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	maxDefinitions = 2000
	maxTimeout     = 24 * time.Hour
	maxRequests    = 1_000_000
	maxPer         = 24 * time.Hour
)

// check completes a definition a person sent and returns an error that names the
// field that is wrong.
func (a *APIs) check(ctx context.Context, given *slnet.ApiDefinition) error {
	const what = "API definition"
	if err := cmp.Or(naming.Check(what, given.Name), naming.CheckDescription(what, given.Description)); err != nil {
		return err
	}
	if problem := templateProblem(given.Route); problem != "" {
		return naming.BadField(what, "Route", "%.120q %s", given.Route, problem)
	}
	if len(given.Methods) == 0 {
		return naming.BadField(what, "Methods", "are none; choose among %s", strings.Join(methods, ", "))
	}
	for _, method := range given.Methods {
		if !slices.Contains(methods, method) {
			return naming.BadField(what, "Methods", "have %.20q; there are %s", method, strings.Join(methods, ", "))
		}
	}
	given.Methods = slices.DeleteFunc(slices.Clone(methods), func(method string) bool { return !slices.Contains(given.Methods, method) })
	if given.Timeout < 0 || given.Timeout > maxTimeout {
		return naming.BadField(what, "Timeout", "is %v; it can be 0 to %v", given.Timeout, maxTimeout)
	}
	limit := given.RateLimit
	if !limit.IsZero() && (limit.Requests < 1 || limit.Requests > maxRequests || limit.Per < time.Second || limit.Per > maxPer) {
		return naming.BadField(what, "RateLimit", "is %d in %v; it can be 1 to %d in %v to %v", limit.Requests, limit.Per, maxRequests, time.Second, maxPer)
	}
	if err := a.checkScript(ctx, given); err != nil {
		return err
	}
	if given.StreamBody && given.EntryPoint == slnet.EntryPointRun {
		return naming.BadField(what, "StreamBody", "is for %s, which can attach a body; the parameters of %s are read from it", slnet.EntryPointOnApiTrigger, slnet.EntryPointRun)
	}
	if most := a.mostBody(given); given.MaxBody < 0 || given.MaxBody > most {
		return naming.BadField(what, "MaxBody", "is %d; here it can be 0 to %d bytes", given.MaxBody, most)
	}
	return nil
}

// mostBody is the most that MaxBody of a definition can be.
func (a *APIs) mostBody(definition *slnet.ApiDefinition) int64 {
	switch {
	case definition.EntryPoint == slnet.EntryPointRun:
		return slnet.MaxRunInput
	case definition.StreamBody:
		return a.MaxAttachment
	}
	return slnet.MaxApiBody
}

// checkScript refuses a definition whose script does not exist or cannot answer,
// and completes its entry point.
func (a *APIs) checkScript(ctx context.Context, given *slnet.ApiDefinition) error {
	response, err := a.Script(ctx, &slnet.GetScriptMessage{Name: given.Script, Version: given.ScriptVersion})
	if err != nil {
		return err
	}
	has := response.Script.EntryPoints
	given.Script = response.Script.Name
	if given.EntryPoint == "" {
		for _, name := range []string{slnet.EntryPointRun, slnet.EntryPointOnApiTrigger} {
			if slices.Contains(has, name) {
				given.EntryPoint = name
			}
		}
	}
	switch {
	case given.EntryPoint == "":
		return naming.BadField("API definition", "Script", "%q has neither %s nor %s; it has %s", given.Script, slnet.EntryPointOnApiTrigger, slnet.EntryPointRun, strings.Join(has, ", "))
	case given.EntryPoint != slnet.EntryPointOnApiTrigger && given.EntryPoint != slnet.EntryPointRun:
		return naming.BadField("API definition", "EntryPoint", "is %.60q; it can be %s or %s", given.EntryPoint, slnet.EntryPointOnApiTrigger, slnet.EntryPointRun)
	case !slices.Contains(has, given.EntryPoint):
		return naming.BadField("API definition", "EntryPoint", "is %s, which script %q does not have; it has %s", given.EntryPoint, given.Script, strings.Join(has, ", "))
	}
	return nil
}

// collides refuses a definition whose name or route is that of another one.
func (d *directory) collides(given *slnet.ApiDefinition) error {
	for _, other := range d.definitions {
		if other.ID != given.ID && strings.EqualFold(other.Name, given.Name) {
			return slnet.Errorf(slnet.KindAlreadyExists, "there is an API definition %q already", other.Name)
		}
	}
	for _, other := range d.routes.same(given.Route) {
		if other.ID == given.ID {
			continue
		}
		if other.Route != given.Route {
			return slnet.Errorf(slnet.KindAlreadyExists, "the route %q has the same paths as %q of the API definition %q; give its parts the same names",
				given.Route, other.Route, other.Name)
		}
		for _, method := range other.Methods {
			if slices.Contains(given.Methods, method) {
				return slnet.Errorf(slnet.KindAlreadyExists, "the API definition %q answers %s of the route %q already",
					other.Name, method, other.Route)
			}
		}
	}
	return nil
}

// mayChange refuses to change a definition to callers who may not give runs the
// rights of the users whose tokens are for it: who decides what is executed could
// do with those rights what they like.
func (a *APIs) mayChange(caller security.Caller, d *directory, definition *slnet.ApiDefinition) error {
	for _, t := range d.tokensOf(definition.ID) {
		if err := a.mayChangeToken(caller, t); err != nil {
			return fmt.Errorf("the API token %q is for the API definition %q: %w", t.Token.Name, definition.Name, err)
		}
	}
	return nil
}

// CreateDefinition stores a new definition.
func (a *APIs) CreateDefinition(ctx context.Context, caller security.Caller, m *slnet.CreateApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
	given := m.Definition
	if given.ID == uuid.Nil {
		given.ID = uuid.New()
	}
	if err := a.check(ctx, &given); err != nil {
		return nil, err
	}
	err := a.changeAs(ctx, caller, func(e *edit) error {
		if e.definitions[given.ID] != nil {
			return slnet.Errorf(slnet.KindAlreadyExists, "there is an API definition with the ID %s already", given.ID)
		}
		if len(e.definitions) >= maxDefinitions {
			return slnet.Errorf(slnet.KindTooLarge, "there are %d API definitions, and can be no more", maxDefinitions)
		}
		if err := e.collides(&given); err != nil {
			return err
		}
		e.putDefinition(nil, &given)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.ApiDefinitionResponse{Definition: given}, nil
}

// UpdateDefinition replaces what people can set of a definition.
func (a *APIs) UpdateDefinition(ctx context.Context, caller security.Caller, m *slnet.UpdateApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
	given := m.Definition
	if err := a.check(ctx, &given); err != nil {
		return nil, err
	}
	err := a.changeAs(ctx, caller, func(e *edit) error {
		old, err := e.definition(given.ID, given.Name)
		if err != nil {
			return err
		}
		given.ID = old.ID
		if err := naming.CheckRevision("API definition", old.Name, old.ChangedBy, old.Revision, given.Revision); err != nil {
			return err
		}
		if err := a.mayChange(caller, e.directory, old); err != nil {
			return err
		}
		if err := e.collides(&given); err != nil {
			return err
		}
		e.putDefinition(old, &given)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.ApiDefinitionResponse{Definition: given}, nil
}

// DisableDefinition disables a definition or enables it again.
func (a *APIs) DisableDefinition(ctx context.Context, caller security.Caller, m *slnet.DisableApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
	var changed slnet.ApiDefinition
	err := a.changeAs(ctx, caller, func(e *edit) error {
		old, err := e.definition(m.ID, "")
		if err != nil {
			return err
		}
		if changed = *old; old.Disabled == m.Disabled {
			return nil
		}
		if err := a.mayChange(caller, e.directory, old); err != nil {
			return err
		}
		changed.Disabled = m.Disabled
		e.putDefinition(old, &changed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.ApiDefinitionResponse{Definition: changed}, nil
}

// DeleteDefinition deletes a definition and takes it from its tokens.
func (a *APIs) DeleteDefinition(ctx context.Context, caller security.Caller, m *slnet.DeleteApiDefinitionMessage) (*slnet.Empty, error) {
	err := a.changeAs(ctx, caller, func(e *edit) error {
		old, err := e.definition(m.ID, "")
		if err != nil {
			return err
		}
		if err := a.mayChange(caller, e.directory, old); err != nil {
			return err
		}
		for _, t := range e.tokensOf(old.ID) {
			without := *t
			without.Token.Definitions = slices.DeleteFunc(slices.Clone(t.Token.Definitions), func(id uuid.UUID) bool { return id == old.ID })
			e.changeToken(t, &without)
		}
		e.deleteDefinition(old)
		return nil
	})
	return &slnet.Empty{}, err
}

// Definition returns one definition.
func (a *APIs) Definition(_ context.Context, m *slnet.GetApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
	found, err := a.directory.Load().definition(m.ID, m.Name)
	if err != nil {
		return nil, err
	}
	return &slnet.ApiDefinitionResponse{Definition: *found}, nil
}

// Definitions returns definitions by name.
func (a *APIs) Definitions(_ context.Context, m *slnet.GetApiDefinitionsMessage) (*slnet.ApiDefinitionsResponse, error) {
	limit, err := storage.Limit(m.Limit)
	if err != nil {
		return nil, err
	}
	response := &slnet.ApiDefinitionsResponse{Definitions: []slnet.ApiDefinition{}}
	for _, definition := range a.directory.Load().sorted() {
		if len(response.Definitions) < limit && compareNames(definition.Name, m.After) > 0 && (m.Script == "" || strings.EqualFold(m.Script, definition.Script)) {
			response.Definitions = append(response.Definitions, *definition)
		}
	}
	return response, nil
}
