package interchange

import (
	"context"
	"errors"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Failure is an object that an import could not store.
type Failure struct {
	*Step
	Err error
	// InUse says that the server refused to remove what is in use: the step's
	// Vanished can be kept with ImportOptions.KeepVanished.
	InUse bool
}

// Apply carries the plan out: settings, section definitions, behavior
// definitions, definitions, templates, instances. An object that changed since
// the plan was made is left alone (dom.ErrObjectChangedSinceRead); instances are
// stored in bulk, whatever became of them. What may not be removed because it is
// in use is tried again when the other objects no longer refer to it. What fails
// is returned, the rest goes on. The error is that of the settings, without which
// nothing else goes on, or that of ctx.
func (p *Plan) Apply(ctx context.Context) ([]Failure, error) {
	a := &applier{Plan: p, helper: dom.NewDomHelper(p.send, p.ModuleID)}
	for _, step := range p.Steps {
		if step.Action == Unchanged {
			continue
		}
		switch o := step.object.(type) {
		case *dom.ModuleSettings:
			if err := a.settings(ctx, step, o); err != nil {
				return nil, err
			}
		case *dom.Instance:
			a.again(ctx)
			a.pending = append(a.pending, step)
			if len(a.pending) == dom.MaxAmountBulkOperation {
				a.instances(ctx)
			}
		default:
			if err := a.object(ctx, step); isInUse(step, err) {
				a.deferred = append(a.deferred, step)
			} else if err != nil {
				a.fail(step, err)
			}
		}
		if err := ctx.Err(); err != nil {
			return a.failures, err
		}
	}
	a.again(ctx)
	a.instances(ctx)
	return a.failures, ctx.Err()
}

// applier carries a plan out.
type applier struct {
	*Plan
	helper   *dom.DomHelper
	deferred []*Step // objects to try again
	pending  []*Step // instances of the next bulk
	failures []Failure
}

// settings stores the settings. A running module takes changed ones over only
// when its manager is reinitialised.
func (a *applier) settings(ctx context.Context, step *Step, s *dom.ModuleSettings) error {
	helper := dom.NewModuleSettingsHelper(a.send)
	if step.Action == Create {
		_, err := helper.ModuleSettings.Create(ctx, s)
		return err
	}
	if _, err := helper.ModuleSettings.UpdateIfUnchanged(ctx, s); err != nil {
		return err
	}
	_, err := slnet.Send1(ctx, a.send, &dom.ReinitializeManagerMessage{ModuleID: a.ModuleID})
	return err
}

// object stores one object of the model, or a template.
func (a *applier) object(ctx context.Context, step *Step) error {
	isNew := step.Action == Create
	var err error
	switch o := step.object.(type) {
	case *dom.SectionDefinition:
		_, err = either(isNew, a.helper.SectionDefinitions.Create, a.helper.SectionDefinitions.UpdateIfUnchanged)(ctx, o)
	case *dom.BehaviorDefinition:
		_, err = either(isNew, a.helper.DomBehaviorDefinitions.Create, a.helper.DomBehaviorDefinitions.UpdateIfUnchanged)(ctx, o)
	case *dom.Definition:
		_, err = either(isNew, a.helper.DomDefinitions.Create, a.helper.DomDefinitions.UpdateIfUnchanged)(ctx, o)
	case *dom.Template:
		_, err = either(isNew, a.helper.DomTemplates.Create, a.helper.DomTemplates.UpdateIfUnchanged)(ctx, o)
	}
	return err
}

func either[F any](first bool, f, g F) F {
	if first {
		return f
	}
	return g
}

// instances stores the pending instances.
func (a *applier) instances(ctx context.Context) {
	if len(a.pending) == 0 {
		return
	}
	steps := a.pending
	a.pending = nil
	traces, err := a.bulk(ctx, steps)
	for _, step := range steps {
		if err != nil {
			a.fail(step, err)
		} else if trace := traces[step.Key]; !trace.HasSucceeded() {
			a.fail(step, &slnet.CrudFailedError{TraceData: trace})
		}
	}
}

// bulk stores instances and returns what there is to say about each. The
// helper's CreateOrUpdate does not tell them apart when all fail.
func (a *applier) bulk(ctx context.Context, steps []*Step) (map[string]slnet.TraceData, error) {
	request := &dom.ManagerStoreBulkCreateOrUpdateRequest{ModuleID: a.ModuleID, Kind: dom.KindInstance}
	for _, step := range steps {
		raw, err := dom.EncodeObject(step.object)
		if err != nil {
			return nil, err
		}
		request.Objects = append(request.Objects, raw)
	}
	response, err := slnet.Send1(ctx, a.send, request)
	if err != nil {
		return nil, err
	}
	result, ok := response.(*dom.ManagerStoreBulkResponse)
	if !ok {
		return nil, slnet.UnexpectedResponse(request, response)
	}
	return result.TraceDataPerItem, nil
}

// again stores the deferred objects.
func (a *applier) again(ctx context.Context) {
	for _, step := range a.deferred {
		if err := a.object(ctx, step); err != nil {
			a.fail(step, err)
		}
	}
	a.deferred = nil
}

// inUse are the reasons for which removing a part of an object is refused.
var inUse = []slnet.Reason{
	dom.ErrSectionDefinitionFieldsInUse, dom.ErrSectionDefinitionInUseByDomInstances,
	dom.ErrGenericEnumEntryInUseByDomInstances, dom.ErrSectionDefinitionLinkInUseByDomInstances,
}

func isInUse(step *Step, err error) bool {
	return len(step.Vanished) > 0 && slices.ContainsFunc(inUse, func(reason slnet.Reason) bool { return errors.Is(err, reason) })
}

func (a *applier) fail(step *Step, err error) {
	a.failures = append(a.failures, Failure{Step: step, Err: err, InUse: isInUse(step, err)})
}
