package dommanager

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// transition moves an instance to another status (row STA-09). It goes by the
// stored instance, so of several transitions at the same time out of one status
// one succeeds.
func (m *manager) transition(ctx context.Context, caller security.Caller, request *dom.DomInstanceStatusTransitionRequest) (slnet.Raw, error) {
	access := m.access(caller)
	var raw slnet.Raw
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		current, old, err := m.changeable(tx, access, dom.KindInstance, request.DomInstanceID.String())
		if err != nil {
			return err
		}
		// Decoded a second time, for it is changed.
		moved, err := dom.DecodeObject(dom.KindInstance, current)
		if err != nil {
			return err
		}
		raw, err = m.move(ctx, tx, caller, old.(*dom.Instance), moved.(*dom.Instance), request.TransitionID)
		return err
	})
	return raw, err
}

// move carries out a transition. moved equals old and becomes the new version.
func (m *manager) move(ctx context.Context, tx *storage.Tx, caller security.Caller, old, moved *dom.Instance, transitionID string) (slnet.Raw, error) {
	model, err := m.model(&tx.Reader)
	if err != nil {
		return nil, err
	}
	c := check{ctx: ctx, tx: tx, manager: m, model: model}
	if c.trace = c.transitionProblems(old, transitionID); !c.trace.HasSucceeded() {
		return nil, c.result()
	}
	moved.StatusID = model.transition(old, transitionID).ToStatusID
	raw, err := m.saveMoved(&c, caller, old, moved)
	if trace := slnet.TraceDataOf(err); trace != nil {
		return nil, savingFailed(old, transitionID, trace)
	}
	if err != nil {
		return nil, err
	}
	return raw, tx.AddEvent(m.moduleID, &dom.DomInstanceStatusChangedEventMessage{
		ModuleID: m.moduleID,
		Changes: []dom.InstanceStatusChange{{
			DomInstanceID: old.ID, FromStatusID: old.StatusID, ToStatusID: moved.StatusID, Username: caller.User,
		}},
	})
}

// saveMoved validates and stores an instance that fits its new status.
func (m *manager) saveMoved(c *check, caller security.Caller, old, moved *dom.Instance) (slnet.Raw, error) {
	definition := c.model.definitions[moved.DomDefinitionID]
	c.model.canonical(moved)
	if err := c.increments(definition, moved); err != nil {
		return nil, err
	}
	content := instanceCheck{trace: &c.trace, model: c.model, old: old, instance: moved, definition: definition}
	content.contents(content.values)
	moved.Name = c.model.name(m.settings, definition, moved)
	if err := c.result(); err != nil {
		return nil, err
	}
	return m.overwrite(c.model, c.tx, caller, old, moved)
}

// savingFailed is the error of a transition that was possible, but whose
// instance could not be saved (row STA-30).
func savingFailed(instance *dom.Instance, transitionID string, inner *slnet.TraceData) error {
	return failed(dom.StatusTransitionError, dom.ErrCrudFailedExceptionOccurred,
		slnet.ErrorProperties{
			ID: instance.Key(), Name: instance.Name, StatusID: instance.StatusID, TransitionID: transitionID, InnerTraceData: inner,
		},
		"the instance %q could not be saved", instance.Name)
}

// transition is a transition of the status system of an instance, nil when there
// is none.
func (m *model) transition(instance *dom.Instance, id string) *dom.StatusTransition {
	definition := m.definitions[instance.DomDefinitionID]
	if definition == nil {
		return nil
	}
	if b := m.behavior(definition); b != nil {
		return b.transitions[id]
	}
	return nil
}

// transitionProblems says why a stored instance cannot make a transition. It has
// no errors when it can (rows STA-10 to STA-16).
func (c *check) transitionProblems(instance *dom.Instance, transitionID string) slnet.TraceData {
	problems := check{model: c.model}
	fail := func(reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any) {
		properties.ID, properties.Name, properties.TransitionID = instance.Key(), instance.Name, transitionID
		if properties.StatusID == "" {
			properties.StatusID = instance.StatusID
		}
		problems.fail(dom.StatusTransitionError, reason, properties, format, args...)
	}
	t := c.model.transition(instance, transitionID)
	switch {
	case t == nil:
		fail(dom.ErrStatusTransitionNotFound, slnet.ErrorProperties{
			DomDefinitionIDs: []uuid.UUID{uuid.UUID(instance.DomDefinitionID)},
		}, "the DOM definition of the instance has no status transition %q", transitionID)
	case t.FromStatusID != instance.StatusID:
		fail(dom.ErrStatusTransitionIncompatibleWithCurrentStatus, slnet.ErrorProperties{},
			"the status transition %q leads from %q to %q, the instance is in the status %q", transitionID, t.FromStatusID, t.ToStatusID, instance.StatusID)
	default:
		rules := c.model.behavior(c.model.definitions[instance.DomDefinitionID]).rules(t.ToStatusID)
		c.model.fit(rules, instance, instance).report(c.model, nextStatus, t.ToStatusID, fail)
	}
	return problems.trace
}
