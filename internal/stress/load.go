package stress

import (
	"context"
	"errors"
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Schema is the module that a Load works on.
type Schema struct {
	ModuleID   string
	Section    *dom.SectionDefinition
	Number     *dom.FieldDescriptor
	Text       *dom.FieldDescriptor
	Behavior   *dom.BehaviorDefinition
	Definition *dom.Definition
}

// NewSchema returns the schema of a module. Its ids follow from the seed.
func NewSchema(seed uint64, moduleID string) *Schema {
	r := newRandom(seed, 0)
	s := &Schema{
		ModuleID: moduleID,
		Number:   &dom.FieldDescriptor{ID: dom.FieldDescriptorID(r.uuid()), Name: "Number", FieldType: dom.TypeLong},
		Text:     &dom.FieldDescriptor{ID: dom.FieldDescriptorID(r.uuid()), Name: "Text", FieldType: dom.TypeString, IsOptional: true},
	}
	s.Section = &dom.SectionDefinition{
		ID: dom.SectionDefinitionID(r.uuid()), Name: "Load", FieldDescriptors: []*dom.FieldDescriptor{s.Number, s.Text},
	}
	s.Behavior = r.behavior([]*dom.SectionDefinition{s.Section})
	s.Definition = &dom.Definition{ID: dom.DefinitionID(r.uuid()), Name: "Load", DomBehaviorDefinitionID: s.Behavior.ID}
	return s
}

// Create makes the module through a connection.
func (s *Schema) Create(ctx context.Context, conn slnet.Connection) error {
	if _, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Create(ctx, &dom.ModuleSettings{ModuleID: s.ModuleID}); err != nil {
		return err
	}
	h := dom.NewDomHelper(conn.SendSLNetMessages, s.ModuleID)
	if _, err := h.SectionDefinitions.Create(ctx, s.Section); err != nil {
		return err
	}
	if _, err := h.DomBehaviorDefinitions.Create(ctx, s.Behavior); err != nil {
		return err
	}
	_, err := h.DomDefinitions.Create(ctx, s.Definition)
	return err
}

// Worker writes instances of its own, one after the other: single ones with
// creates, updates, transitions and deletes, and pairs in bulk.
type Worker struct {
	schema  *Schema
	journal *Journal
	random  random
	singles []dom.InstanceID
	pairs   [][2]dom.InstanceID
}

// NewWorker returns a worker for one round of work. Workers of different numbers
// have different instances; those of the same number and seed have the same in
// every round.
func NewWorker(seed uint64, number, round int, schema *Schema, journal *Journal) *Worker {
	w := &Worker{schema: schema, journal: journal, random: newRandom(seed+uint64(round)+1, uint64(number)+1)}
	ids := newRandom(seed, uint64(number)+1)
	for range 10 {
		w.singles = append(w.singles, dom.InstanceID(ids.uuid()))
	}
	for range 5 {
		w.pairs = append(w.pairs, [2]dom.InstanceID{dom.InstanceID(ids.uuid()), dom.InstanceID(ids.uuid())})
	}
	return w
}

// Narrow has the worker write one single instance and one pair only, so that the
// changes of each follow each other closely.
func (w *Worker) Narrow() { w.singles, w.pairs = w.singles[:1], w.pairs[:1] }

// ErrWrong is the error of an answer that cannot be right.
var ErrWrong = errors.New("wrong answer")

// Step makes one write through a connection. With an error the outcome is not
// known.
func (w *Worker) Step(ctx context.Context, conn slnet.Connection) error {
	h := dom.NewDomHelper(conn.SendSLNetMessages, w.schema.ModuleID)
	if w.random.chance(30) {
		return w.stepPair(ctx, h, pick(w.random, w.pairs))
	}
	id := pick(w.random, w.singles)
	was, n := w.journal.Last(id), w.journal.NextN()
	next := State{was.Revision + 1, was.StatusID, n}
	write := func() (*dom.Instance, error) { return h.DomInstances.Update(ctx, w.version(id, next)) }
	switch kind := w.random.IntN(10); {
	case was == State{}:
		next.StatusID = statuses[0]
		write = func() (*dom.Instance, error) { return h.DomInstances.Create(ctx, w.schema.NewVersion(id, n)) }
	case kind < 2:
		w.journal.Begin(State{}, id)
		if err := h.DomInstances.Delete(ctx, &dom.Instance{ID: id}); err != nil {
			return fmt.Errorf("delete %s: %w", id, err)
		}
		w.journal.Acknowledge(id)
		return nil
	case kind < 5:
		next.N = was.N
		next.StatusID = w.after(was.StatusID)
		write = func() (*dom.Instance, error) { return h.DomInstances.DoStatusTransition(ctx, id, was.StatusID+"1") }
	case kind < 7:
		version := w.version(id, next)
		version.Revision = was.Revision
		write = func() (*dom.Instance, error) { return h.DomInstances.UpdateIfUnchanged(ctx, version) }
	}
	w.journal.Begin(next, id)
	stored, err := write()
	if err != nil {
		return fmt.Errorf("write %+v of %s: %w", next, id, err)
	}
	w.journal.Acknowledge(id)
	return w.expect(stored, next)
}

// version is a version of an instance that exists.
func (w *Worker) version(id dom.InstanceID, state State) *dom.Instance {
	instance := w.schema.NewVersion(id, state.N)
	instance.StatusID = state.StatusID
	return instance
}

// after is the status that a transition leads to.
func (w *Worker) after(status string) string {
	for i, s := range statuses {
		if s == status {
			return statuses[(i+1)%len(statuses)]
		}
	}
	return statuses[0]
}

// expect compares an answer with what was written.
func (w *Worker) expect(stored *dom.Instance, want State) error {
	got, err := w.schema.StateOf(stored)
	if err != nil || got != want {
		return fmt.Errorf("%w: instance %s was stored as %+v, want %+v (%v)", ErrWrong, stored.ID, got, want, err)
	}
	return nil
}

// stepPair writes or deletes two instances in one request.
func (w *Worker) stepPair(ctx context.Context, h *dom.DomHelper, pair [2]dom.InstanceID) error {
	was, n := w.journal.Last(pair[0]), w.journal.NextN()
	if was != (State{}) && w.random.chance(30) {
		w.journal.Begin(State{}, pair[:]...)
		if _, err := h.DomInstances.DeleteMany(ctx, []*dom.Instance{{ID: pair[0]}, {ID: pair[1]}}); err != nil {
			return fmt.Errorf("delete %s: %w", pair, err)
		}
		w.journal.Acknowledge(pair[:]...)
		return nil
	}
	next := State{was.Revision + 1, was.StatusID, n}
	if was.Revision == 0 {
		next.StatusID = statuses[0]
	}
	w.journal.Begin(next, pair[:]...)
	result, err := h.DomInstances.CreateOrUpdate(ctx, []*dom.Instance{w.version(pair[0], next), w.version(pair[1], next)})
	if err != nil {
		return fmt.Errorf("save %+v of %s: %w", next, pair, err)
	}
	w.journal.Acknowledge(pair[:]...)
	for _, stored := range result.SuccessfulItems {
		if err := w.expect(stored, next); err != nil {
			return err
		}
	}
	return nil
}
