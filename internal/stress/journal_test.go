package stress_test

import (
	"testing"

	"domovoi.dev/internal/stress"
	"domovoi.dev/sdk/dom"
)

func TestJournal(t *testing.T) {
	a, b, single := dom.InstanceID{1}, dom.InstanceID{2}, dom.InstanceID{3}
	first, second := stress.State{Revision: 1, N: 1}, stress.State{Revision: 2, N: 2}
	j := stress.NewJournal()
	j.Begin(first, a, b)
	j.Acknowledge(a, b)
	j.Begin(second, a, b)
	j.Begin(first, single)
	for _, test := range []struct {
		name   string
		stored map[dom.InstanceID]stress.State
		good   bool
	}{
		{"acknowledged", map[dom.InstanceID]stress.State{a: first, b: first}, true},
		{"begun", map[dom.InstanceID]stress.State{a: second, b: second, single: first}, true},
		{"lost", map[dom.InstanceID]stress.State{}, false},
		{"half a write", map[dom.InstanceID]stress.State{a: first, b: second}, false},
		{"never written", map[dom.InstanceID]stress.State{a: first, b: first, single: second}, false},
		{"appeared", map[dom.InstanceID]stress.State{a: first, b: first, {4}: first}, false},
	} {
		if err := j.Verify(j.Sure(), test.stored); (err == nil) != test.good {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	j.Acknowledge(a, b)
	if err := j.Verify(j.Sure(), map[dom.InstanceID]stress.State{a: first, b: first}); err == nil {
		t.Error("an acknowledged update is lost, and that was not found")
	}
}
