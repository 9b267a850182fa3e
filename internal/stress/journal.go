package stress

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"domovoi.dev/sdk/dom"
)

// State is what a Journal knows of a version of an instance. The zero State is
// that of one that is not there.
type State struct {
	Revision int64
	StatusID string
	N        int64 // the number of the write that gave it its values
}

// Journal is the oracle of a crash. Of every instance it knows which versions
// were begun and the last that was acknowledged: that one must be there after a
// crash, or one that was begun later, and nothing else may be.
//
// Each instance is written by one worker at a time.
type Journal struct {
	mu      sync.Mutex
	entries map[dom.InstanceID]*entry // guarded by mu
	writes  int64                     // guarded by mu
	acked   int64                     // guarded by mu
}

type entry struct {
	states []State
	sure   int // the place of the last that was acknowledged
	// twin is an instance that is only ever written together with this one, and
	// the same way.
	twin dom.InstanceID
}

// NewJournal returns a journal of nothing.
func NewJournal() *Journal { return &Journal{entries: make(map[dom.InstanceID]*entry)} }

// Last is the version of an instance that was begun last.
func (j *Journal) Last(id dom.InstanceID) State {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.entry(id)
	return e.states[len(e.states)-1]
}

// entry returns what is known of an instance. The caller holds mu.
func (j *Journal) entry(id dom.InstanceID) *entry {
	e := j.entries[id]
	if e == nil {
		e = &entry{states: []State{{}}}
		j.entries[id] = e
	}
	return e
}

// NextN numbers a write.
func (j *Journal) NextN() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writes++
	return j.writes
}

// Begin notes what one or two instances, which are written together, are about
// to become.
func (j *Journal) Begin(state State, ids ...dom.InstanceID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, id := range ids {
		e := j.entry(id)
		e.states = append(e.states, state)
		if len(ids) == 2 {
			e.twin = ids[1-i]
		}
	}
}

// Acknowledge notes that what was begun last for each of the instances is done.
func (j *Journal) Acknowledge(ids ...dom.InstanceID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acked++
	for _, id := range ids {
		e := j.entry(id)
		e.sure = len(e.states) - 1
	}
}

// Acknowledged is how many writes were acknowledged.
func (j *Journal) Acknowledged() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.acked
}

// Sure is what must survive a crash from now on: the places of the versions that
// were acknowledged.
func (j *Journal) Sure() map[dom.InstanceID]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	sure := make(map[dom.InstanceID]int, len(j.entries))
	for id, e := range j.entries {
		sure[id] = e.sure
	}
	return sure
}

// Verify compares what is stored after a crash with what was sure before it.
func (j *Journal) Verify(sure map[dom.InstanceID]int, stored map[dom.InstanceID]State) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, state := range stored {
		if j.entries[id] == nil {
			return fmt.Errorf("instance %s has appeared: %+v", id, state)
		}
	}
	for id, e := range j.entries {
		if !slices.Contains(e.states[sure[id]:], stored[id]) {
			return fmt.Errorf("instance %s is %+v; acknowledged was %+v, begun later %+v",
				id, stored[id], e.states[sure[id]], e.states[sure[id]+1:])
		}
		if !e.twin.IsZero() && stored[id] != stored[e.twin] {
			return fmt.Errorf("half a write: instance %s is %+v, its twin %s is %+v", id, stored[id], e.twin, stored[e.twin])
		}
	}
	return nil
}

// Adopt begins anew with what is stored after a crash.
func (j *Journal) Adopt(stored map[dom.InstanceID]State) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, e := range j.entries {
		e.states, e.sure = []State{stored[id]}, 0
	}
}

// NewVersion is an instance as write number n of a Journal makes it: what it
// holds follows from n.
func (s *Schema) NewVersion(id dom.InstanceID, n int64) *dom.Instance {
	instance := &dom.Instance{ID: id, DomDefinitionID: s.Definition.ID}
	section := &dom.Section{ID: dom.SectionID(id), SectionDefinitionID: s.Section.ID}
	section.AddOrReplaceFieldValue(s.Number.ID, n)
	section.AddOrReplaceFieldValue(s.Text.ID, textOf(n))
	instance.Sections = []*dom.Section{section}
	return instance
}

// textOf is a text of 0 to 3,990 bytes.
func textOf(n int64) string { return strings.Repeat(string(rune('a'+n%26)), int(n%400*10)) }

// StateOf is the State of an instance. The error says that it is none that was
// ever written.
func (s *Schema) StateOf(instance *dom.Instance) (State, error) {
	n, _ := instance.GetFieldValue(s.Section.ID, s.Number.ID)
	text, _ := instance.GetFieldValue(s.Section.ID, s.Text.ID)
	if text.Text() != textOf(n.Long()) {
		return State{}, fmt.Errorf("half a write: instance %s has number %s and a text of %d bytes", instance.ID, n, len(text.Text()))
	}
	return State{instance.Revision, instance.StatusID, n.Long()}, nil
}
