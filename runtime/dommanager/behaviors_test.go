package dommanager_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// statuses makes statuses of ids.
func statuses(ids ...string) []dom.Status {
	list := make([]dom.Status, len(ids))
	for i, id := range ids {
		list[i] = dom.Status{ID: id, DisplayName: strings.ToUpper(id)}
	}
	return list
}

// draftActive is a valid behavior: statuses draft and active, and a transition.
func draftActive() *dom.BehaviorDefinition {
	b := dom.NewBehaviorDefinition("Life", statuses("draft", "active")...)
	b.StatusTransitions = []dom.StatusTransition{{ID: "draft_to_active", FromStatusID: "draft", ToStatusID: "active"}}
	return b
}

// refusedBehavior creates a behavior that must be refused for a reason.
func refusedBehavior(t testing.TB, conn slnet.Connection, h *dom.DomHelper, b *dom.BehaviorDefinition, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	e := refusedQuietly(t, conn, h, dom.BehaviorDefinitionError, reason, func() error {
		_, err := h.DomBehaviorDefinitions.Create(t.Context(), b)
		return err
	})
	wantBehavior(t, e, b)
	return e
}

// refusedBehaviorUpdate updates a behavior, which must be refused for a reason.
func refusedBehaviorUpdate(t testing.TB, conn slnet.Connection, h *dom.DomHelper, b *dom.BehaviorDefinition, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	e := refusedQuietly(t, conn, h, dom.BehaviorDefinitionError, reason, func() error {
		_, err := h.DomBehaviorDefinitions.Update(t.Context(), b)
		return err
	})
	wantBehavior(t, e, b)
	return e
}

// refusedBehaviorRemoval deletes a behavior, which must be refused for a reason.
func refusedBehaviorRemoval(t testing.TB, conn slnet.Connection, h *dom.DomHelper, b *dom.BehaviorDefinition, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	e := refusedQuietly(t, conn, h, dom.BehaviorDefinitionError, reason, func() error {
		return h.DomBehaviorDefinitions.Delete(t.Context(), b)
	})
	wantBehavior(t, e, b)
	return e
}

func wantBehavior(t testing.TB, e slnet.ErrorData, b *dom.BehaviorDefinition) {
	t.Helper()
	if e.Properties.ID != b.Key() || e.Properties.Name != b.Name {
		t.Errorf("%s is about %q (%s), want %q (%s)", e.Reason, e.Properties.Name, e.Properties.ID, b.Name, b.Key())
	}
}

// refusedWith is the row of a behavior that must be refused for a reason and
// with ids.
func refusedWith(id string, reason slnet.Reason, ids []string, change func(b *dom.BehaviorDefinition)) row {
	return row{id, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		b := draftActive()
		change(b)
		wantIDs(t, refusedBehavior(t, conn, h, b, reason), ids...)
	}}
}

// acceptedWith is the row of a behavior that must be accepted.
func acceptedWith(id string, change func(b *dom.BehaviorDefinition)) row {
	return row{id, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		b := draftActive()
		change(b)
		createBehavior(t, h, b)
	}}
}

func TestBehaviorDefinitions(t *testing.T) {
	section := dom.NewSectionDefinitionID()
	link := func(status string) dom.StatusSectionDefinitionLink {
		return dom.StatusSectionDefinitionLink{StatusID: status, SectionDefinitionID: section}
	}
	add := func(ids ...string) func(b *dom.BehaviorDefinition) {
		return func(b *dom.BehaviorDefinition) {
			for _, id := range ids {
				b.StatusTransitions = append(b.StatusTransitions, dom.StatusTransition{ID: id, FromStatusID: "draft", ToStatusID: "active"})
				b.ActionDefinitions = append(b.ActionDefinitions, dom.ActionDefinition{ID: id})
				b.ButtonDefinitions = append(b.ButtonDefinitions, dom.ButtonDefinition{ID: id})
			}
		}
	}
	eachDoor(t, []row{
		refusedWith("BEH-01", dom.ErrInvalidStatusIDs, []string{"Done"}, func(b *dom.BehaviorDefinition) {
			b.Statuses = append(b.Statuses, statuses("Done")...)
		}),
		refusedWith("BEH-01 beyond ASCII", dom.ErrInvalidStatusIDs, []string{"ÄNDERUNG"}, func(b *dom.BehaviorDefinition) {
			b.Statuses = append(b.Statuses, statuses("ÄNDERUNG", "änderung")...)
		}),
		refusedWith("BEH-01 empty id", dom.ErrInvalidStatusIDs, []string{""}, func(b *dom.BehaviorDefinition) {
			b.Statuses = append(b.Statuses, statuses("")...)
		}),
		acceptedWith("BEH-02", func(b *dom.BehaviorDefinition) {
			ids := []string{uuid.NewString(), "in progress_to_done", "complete-provision", "x (duplicate)", "42"}
			b.Statuses = append(b.Statuses, statuses(ids...)...)
			add(ids...)(b)
		}),
		refusedWith("BEH-03 statuses", dom.ErrDuplicateStatusIDs, []string{"draft"}, func(b *dom.BehaviorDefinition) {
			b.Statuses = append(b.Statuses, statuses("draft", "draft", "done")...)
		}),
		refusedWith("BEH-03 transitions", dom.ErrDuplicateTransitionIDs, []string{"x"}, add("x", "y", "x")),
		refusedWith("BEH-03 actions", dom.ErrDuplicateActionDefinitionIDs, []string{"x"}, add("x", "y", "x")),
		refusedWith("BEH-03 buttons", dom.ErrDuplicateButtonDefinitionIDs, []string{"x"}, add("x", "y", "x")),
		refusedWith("BEH-04 transitions", dom.ErrInvalidTransitionIDs, []string{"X", ""}, add("X", "y", "")),
		refusedWith("BEH-04 actions", dom.ErrInvalidActionDefinitionIDs, []string{"X", ""}, add("X", "y", "")),
		refusedWith("BEH-04 buttons", dom.ErrInvalidButtonDefinitionIDs, []string{"X", ""}, add("X", "y", "")),
		refusedWith("BEH-05 missing", dom.ErrInvalidInitialStatusID, []string{""}, func(b *dom.BehaviorDefinition) { b.InitialStatusID = "" }),
		refusedWith("BEH-05 unknown", dom.ErrInvalidInitialStatusID, []string{"c"}, func(b *dom.BehaviorDefinition) { b.InitialStatusID = "c" }),
		{"BEH-06", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			createBehavior(t, h, dom.NewBehaviorDefinition("Nothing"))
			b := dom.NewBehaviorDefinition("Initial without statuses")
			b.InitialStatusID = "draft"
			refusedBehavior(t, conn, h, b, dom.ErrInvalidInitialStatusID)
		}},
		refusedWith("transitions of unknown statuses", dom.ErrStatusTransitionsReferenceNonExistingStatuses, []string{"in", "out"}, func(b *dom.BehaviorDefinition) {
			b.StatusTransitions = append(b.StatusTransitions,
				dom.StatusTransition{ID: "in", FromStatusID: "draft", ToStatusID: "gone"}, dom.StatusTransition{ID: "out", FromStatusID: "", ToStatusID: "draft"})
		}),
		refusedWith("BEH-08", dom.ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses, []string{"z/" + section.String()}, func(b *dom.BehaviorDefinition) {
			b.StatusSectionDefinitionLinks = append(b.StatusSectionDefinitionLinks, link("z"), link("draft"))
		}),
		refusedWith("BEH-09", dom.ErrDuplicateSectionDefinitionLinks, []string{"draft/" + section.String()}, func(b *dom.BehaviorDefinition) {
			b.StatusSectionDefinitionLinks = append(b.StatusSectionDefinitionLinks, link("draft"), link("active"), link("draft"), link("draft"))
		}),
		acceptedWith("BEH-10", func(b *dom.BehaviorDefinition) {
			l := link("draft")
			l.FieldDescriptorLinks = []dom.FieldDescriptorLink{{FieldDescriptorID: dom.NewFieldDescriptorID(), RequiredForStatus: true}}
			b.StatusSectionDefinitionLinks = append(b.StatusSectionDefinitionLinks, l)
		}),
		acceptedWith("conditions and buttons that name nothing", func(b *dom.BehaviorDefinition) {
			b.ActionDefinitions = []dom.ActionDefinition{{ID: "a", Condition: &dom.Condition{Statuses: []string{"gone"}}}}
			b.ButtonDefinitions = []dom.ButtonDefinition{{ID: "b", ActionDefinitionIDs: []string{"gone"}, VisibilityCondition: &dom.Condition{TransitionID: "gone"}}}
		}),
		refusedWith("BEH-11", dom.ErrInvalidButtonActionCombination, []string{"b"}, func(b *dom.BehaviorDefinition) {
			b.ActionDefinitions = []dom.ActionDefinition{{ID: "one"}, {ID: "two"}}
			b.ButtonDefinitions = []dom.ButtonDefinition{{ID: "a", ActionDefinitionIDs: []string{"one"}}, {ID: "b", ActionDefinitionIDs: []string{"one", "two"}}}
		}),
		{"all at once", testAllViolationsOfBehavior},
		{"zero id", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			b := draftActive()
			b.ID = dom.BehaviorDefinitionID{}
			if _, err := h.DomBehaviorDefinitions.Create(t.Context(), b); !errors.Is(err, slnet.KindInvalid) {
				t.Errorf("a behavior without an id: %v", err)
			}
		}},
		{"InUseByDomDefinitions", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			b := createBehavior(t, h, draftActive())
			d := dom.NewDefinition("Job")
			d.DomBehaviorDefinitionID = b.ID
			createDefinition(t, h, d)
			e := refusedBehaviorRemoval(t, conn, h, b, dom.ErrInUseByDomDefinitions)
			wantGuids(t, "definitions", e.Properties.DomDefinitionIDs, d.ID)
			if err := h.DomDefinitions.Delete(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if err := h.DomBehaviorDefinitions.Delete(t.Context(), b); err != nil {
				t.Errorf("not in use any more: %v", err)
			}
		}},
		{"STA-31", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			b := draftActive()
			b.StatusTransitions = append(b.StatusTransitions, dom.StatusTransition{ID: "side", FromStatusID: "draft", ToStatusID: "active", FlowLevel: 1})
			createBehavior(t, h, b)
			list, err := h.DomBehaviorDefinitions.Read(t.Context(), dom.True())
			if err != nil || len(list) != 1 || !slices.Equal(list[0].StatusTransitions, b.StatusTransitions) {
				t.Errorf("read %+v, %v", list, err)
			}
		}},
	})
}

func testAllViolationsOfBehavior(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	section := dom.NewSectionDefinitionID()
	b := &dom.BehaviorDefinition{
		ID: dom.NewBehaviorDefinitionID(), Name: "Wrong", ParentID: dom.NewBehaviorDefinitionID(), InitialStatusID: "none",
		Statuses:          statuses("A", "b", "b"),
		StatusTransitions: []dom.StatusTransition{{ID: "T", ToStatusID: "x"}, {ID: "T", FromStatusID: "b", ToStatusID: "b"}},
		StatusSectionDefinitionLinks: []dom.StatusSectionDefinitionLink{
			{StatusID: "x", SectionDefinitionID: section}, {StatusID: "x", SectionDefinitionID: section},
		},
		ActionDefinitions: []dom.ActionDefinition{{ID: "A"}, {ID: "A"}},
		ButtonDefinitions: []dom.ButtonDefinition{{ID: "B"}, {ID: "B", ActionDefinitionIDs: []string{"A", "A"}}},
	}
	_, err := h.DomBehaviorDefinitions.Create(t.Context(), b)
	reasons := []slnet.Reason{
		dom.ErrInvalidParentID, dom.ErrInvalidStatusIDs, dom.ErrDuplicateStatusIDs, dom.ErrInvalidTransitionIDs, dom.ErrDuplicateTransitionIDs,
		dom.ErrInvalidActionDefinitionIDs, dom.ErrDuplicateActionDefinitionIDs, dom.ErrInvalidButtonDefinitionIDs, dom.ErrDuplicateButtonDefinitionIDs,
		dom.ErrInvalidInitialStatusID, dom.ErrStatusTransitionsReferenceNonExistingStatuses,
		dom.ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses, dom.ErrDuplicateSectionDefinitionLinks, dom.ErrInvalidButtonActionCombination,
	}
	for _, reason := range reasons {
		wantBehavior(t, wantReason(t, err, dom.BehaviorDefinitionError, reason), b)
	}
	if trace := slnet.TraceDataOf(err); len(trace.ErrorData) != len(reasons) {
		t.Errorf("%d errors, want %d:\n%v", len(trace.ErrorData), len(reasons), trace)
	}
}

// family is a module with a module behavior M and a child of it.
type family struct {
	*dom.DomHelper
	m, child *dom.BehaviorDefinition
	section  dom.SectionDefinitionID
}

// newFamily makes M with a link, an action and a button in draft, and a child
// with others.
func newFamily(t testing.TB, conn slnet.Connection, h *dom.DomHelper) *family {
	t.Helper()
	f := &family{DomHelper: h, m: draftActive(), section: dom.NewSectionDefinitionID()}
	f.m.Name = "M"
	f.m.StatusSectionDefinitionLinks = []dom.StatusSectionDefinitionLink{{StatusID: "draft", SectionDefinitionID: f.section}}
	f.m.ActionDefinitions = []dom.ActionDefinition{{ID: "do"}}
	f.m.ButtonDefinitions = []dom.ButtonDefinition{{ID: "press"}}
	createBehavior(t, f.DomHelper, f.m)
	changeSettings(t, conn, f.ModuleID, func(s *dom.DomManagerSettings) { s.ModuleBehaviorDefinition = f.m.ID })
	f.child = f.newChild("Child")
	f.child.StatusSectionDefinitionLinks = []dom.StatusSectionDefinitionLink{{StatusID: "active", SectionDefinitionID: dom.NewSectionDefinitionID()}}
	f.child.ActionDefinitions = []dom.ActionDefinition{{ID: "also do"}}
	f.child.ButtonDefinitions = []dom.ButtonDefinition{{ID: "also press"}}
	createBehavior(t, f.DomHelper, f.child)
	return f
}

// newChild makes a behavior that inherits from M, not saved.
func (f *family) newChild(name string) *dom.BehaviorDefinition {
	child := dom.NewBehaviorDefinition(name)
	child.ParentID = f.m.ID
	return child
}

// refusedChild is the row of a child that must be refused for a reason and with
// ids.
func refusedChild(id string, reason slnet.Reason, ids []string, change func(f *family, child *dom.BehaviorDefinition)) row {
	return row{id, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		f := newFamily(t, conn, h)
		child := f.newChild("Wrong")
		change(f, child)
		e := refusedBehavior(t, conn, f.DomHelper, child, reason)
		if ids != nil {
			wantIDs(t, e, ids...)
		}
	}}
}

// refusedParent is the row of a change of M that must be refused for the sake of
// its child.
func refusedParent(id string, reason slnet.Reason, change func(f *family)) row {
	return row{id, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		f := newFamily(t, conn, h)
		change(f)
		e := refusedBehaviorUpdate(t, conn, f.DomHelper, f.m, reason)
		wantGuids(t, "behaviors", e.Properties.DomBehaviorDefinitionIDs, f.child.ID)
		if len(e.Properties.IDs) != 1 {
			t.Errorf("%s lists the ids %q", reason, e.Properties.IDs)
		}
	}}
}

func TestBehaviorInheritance(t *testing.T) {
	eachDoor(t, []row{
		{"BEH-12", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			other := createBehavior(t, h, draftActive())
			child := dom.NewBehaviorDefinition("Child")
			child.ParentID = other.ID
			e := refusedBehavior(t, conn, h, child, dom.ErrInvalidParentID)
			wantGuids(t, "behaviors", e.Properties.DomBehaviorDefinitionIDs, other.ID)
			if e.Properties.Value != other.ID.String() {
				t.Errorf("value %q", e.Properties.Value)
			}
			child.ParentID = child.ID
			refusedBehavior(t, conn, h, child, dom.ErrInvalidParentID)
		}},
		{"with a module behavior", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newFamily(t, conn, h)
			for _, parent := range []dom.BehaviorDefinitionID{{}, f.child.ID, dom.NewBehaviorDefinitionID()} {
				child := f.newChild("Wrong")
				child.ParentID = parent
				refusedBehavior(t, conn, f.DomHelper, child, dom.ErrInvalidParentID)
			}
			f.m.ParentID = f.child.ID
			refusedBehaviorUpdate(t, conn, f.DomHelper, f.m, dom.ErrInvalidParentID)
			f.m.ParentID = f.m.ID
			refusedBehaviorUpdate(t, conn, f.DomHelper, f.m, dom.ErrInvalidParentID)
		}},
		refusedChild("BEH-14 status", dom.ErrInheritingDefinitionContainsInvalidData, []string{"more"}, func(_ *family, child *dom.BehaviorDefinition) {
			child.Statuses = statuses("more")
		}),
		refusedChild("BEH-14 transition", dom.ErrInheritingDefinitionContainsInvalidData, []string{"back"}, func(_ *family, child *dom.BehaviorDefinition) {
			child.StatusTransitions = []dom.StatusTransition{{ID: "back", FromStatusID: "active", ToStatusID: "draft"}}
		}),
		{"BEH-14 initial status", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newFamily(t, conn, h)
			f.child.InitialStatusID = "draft"
			if e := refusedBehaviorUpdate(t, conn, f.DomHelper, f.child, dom.ErrInheritingDefinitionContainsInvalidData); e.Properties.Value != "draft" {
				t.Errorf("value %q", e.Properties.Value)
			}
		}},
		{"BEH-15", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) { newFamily(t, conn, h) }},
		refusedChild("BEH-16", dom.ErrDuplicateSectionDefinitionLinks, nil, func(f *family, child *dom.BehaviorDefinition) {
			child.StatusSectionDefinitionLinks = slices.Clone(f.m.StatusSectionDefinitionLinks)
		}),
		refusedChild("BEH-17 action", dom.ErrDuplicateActionDefinitionIDs, []string{"do"}, func(_ *family, child *dom.BehaviorDefinition) {
			child.ActionDefinitions = []dom.ActionDefinition{{ID: "do"}}
		}),
		refusedChild("BEH-17 button", dom.ErrDuplicateButtonDefinitionIDs, []string{"press"}, func(_ *family, child *dom.BehaviorDefinition) {
			child.ButtonDefinitions = []dom.ButtonDefinition{{ID: "press"}}
		}),
		refusedChild("BEH-08 of a child", dom.ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses, nil, func(f *family, child *dom.BehaviorDefinition) {
			child.StatusSectionDefinitionLinks = []dom.StatusSectionDefinitionLink{{StatusID: "z", SectionDefinitionID: f.section}}
		}),
		refusedParent("parent loses a status", dom.ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses, func(f *family) {
			f.m.Statuses, f.m.StatusTransitions = statuses("draft"), nil
		}),
		refusedParent("parent gets the link of a child", dom.ErrDuplicateSectionDefinitionLinks, func(f *family) {
			f.m.StatusSectionDefinitionLinks = append(f.m.StatusSectionDefinitionLinks, f.child.StatusSectionDefinitionLinks...)
		}),
		refusedParent("parent gets the action of a child", dom.ErrDuplicateActionDefinitionIDs, func(f *family) {
			f.m.ActionDefinitions = append(f.m.ActionDefinitions, f.child.ActionDefinitions...)
		}),
		refusedParent("parent gets the button of a child", dom.ErrDuplicateButtonDefinitionIDs, func(f *family) {
			f.m.ButtonDefinitions = append(f.m.ButtonDefinitions, f.child.ButtonDefinitions...)
		}),
		{"BEH-20", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newFamily(t, conn, h)
			e := refusedBehaviorRemoval(t, conn, f.DomHelper, f.m, dom.ErrInUseByDomBehaviorDefinitions)
			wantGuids(t, "behaviors", e.Properties.DomBehaviorDefinitionIDs, f.child.ID)
			if err := f.DomBehaviorDefinitions.Delete(t.Context(), f.child); err != nil {
				t.Fatal(err)
			}
			e = refusedBehaviorRemoval(t, conn, f.DomHelper, f.m, dom.ErrInUseByDomBehaviorDefinitions)
			if !e.Properties.UsedInDomManagerSettings || len(e.Properties.DomBehaviorDefinitionIDs) != 0 {
				t.Errorf("the module behavior: %+v", e.Properties)
			}
			changeSettings(t, conn, f.ModuleID, func(s *dom.DomManagerSettings) { s.ModuleBehaviorDefinition = dom.BehaviorDefinitionID{} })
			if err := f.DomBehaviorDefinitions.Delete(t.Context(), f.m); err != nil {
				t.Errorf("not in use any more: %v", err)
			}
		}},
		{"removed status", testRemovedStatus},
	})
}

// testRemovedStatus takes statuses away that instances are in, and that none is
// in.
func testRemovedStatus(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	f := newFamily(t, conn, h)
	f.m.Statuses = append(f.m.Statuses, statuses("unused")...)
	if _, err := f.DomBehaviorDefinitions.Update(t.Context(), f.m); err != nil {
		t.Fatal(err)
	}
	f.child.StatusSectionDefinitionLinks = nil
	if _, err := f.DomBehaviorDefinitions.Update(t.Context(), f.child); err != nil {
		t.Fatal(err)
	}
	d := dom.NewDefinition("Job")
	d.DomBehaviorDefinitionID = f.child.ID
	createDefinition(t, f.DomHelper, d)
	var active []string
	for i := range 101 {
		instance := dom.NewInstance(d.ID)
		if i > 0 {
			instance.StatusID = "active"
			active = append(active, instance.Key())
		}
		createInstance(t, f.DomHelper, instance)
	}
	f.m.Statuses, f.m.StatusTransitions = statuses("draft"), nil
	e := refusedBehaviorUpdate(t, conn, f.DomHelper, f.m, dom.ErrInUseByDomDefinitions)
	wantIDs(t, e, "active", "unused")
	wantGuids(t, "definitions", e.Properties.DomDefinitionIDs, d.ID)
	if len(e.Properties.DomInstanceIDs) != 100 {
		t.Errorf("%d instances are listed", len(e.Properties.DomInstanceIDs))
	}
	for _, id := range e.Properties.DomInstanceIDs {
		if !slices.Contains(active, id.String()) {
			t.Errorf("instance %s is listed, which is not in the status", id)
		}
	}
	f.m.Statuses = statuses("draft", "active")
	if _, err := f.DomBehaviorDefinitions.Update(t.Context(), f.m); err != nil {
		t.Errorf("without the unused status: %v", err)
	}
}

func TestBEH18InstancesGetTheStatusesAndFieldsOfParentAndChild(t *testing.T) {
	eachDoor(t, []row{{"BEH-18", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		f := newFamily(t, conn, h)
		var sections []*dom.SectionDefinition
		for i, b := range []*dom.BehaviorDefinition{f.m, f.child} {
			s := createSection(t, f.DomHelper, dom.NewSectionDefinition(fmt.Sprintf("S%d", i), dom.NewFieldDescriptor("F", dom.TypeString)))
			sections = append(sections, s)
			b.StatusSectionDefinitionLinks = append(b.StatusSectionDefinitionLinks, dom.StatusSectionDefinitionLink{
				StatusID: "draft", SectionDefinitionID: s.ID,
				FieldDescriptorLinks: []dom.FieldDescriptorLink{{FieldDescriptorID: s.FieldDescriptors[0].ID, RequiredForStatus: true}},
			})
			if _, err := f.DomBehaviorDefinitions.Update(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		d := dom.NewDefinition("Job")
		d.DomBehaviorDefinitionID = f.child.ID
		createDefinition(t, f.DomHelper, d)
		instance := dom.NewInstance(d.ID)
		refusedQuietly(t, conn, f.DomHelper, dom.InstanceError, dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus, func() error {
			_, err := f.DomInstances.Create(t.Context(), instance)
			return err
		})
		for _, s := range sections {
			instance.AddOrUpdateFieldValue(s.ID, s.FieldDescriptors[0].ID, "x")
		}
		if created := createInstance(t, f.DomHelper, instance); created.StatusID != "draft" {
			t.Errorf("status %q", created.StatusID)
		}
		// A child without any links of its own is a status system too.
		bare := createBehavior(t, f.DomHelper, f.newChild("Bare"))
		d = dom.NewDefinition("Bare job")
		d.DomBehaviorDefinitionID = bare.ID
		createDefinition(t, f.DomHelper, d)
		if created := createInstance(t, f.DomHelper, func() *dom.Instance {
			instance := dom.NewInstance(d.ID)
			instance.AddOrUpdateFieldValue(sections[0].ID, sections[0].FieldDescriptors[0].ID, "x")
			return instance
		}()); created.StatusID != "draft" {
			t.Errorf("status %q", created.StatusID)
		}
	}}})
}

func TestBEH21WritingTheModelNeedsPermission291(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		admin := newHelper(t, d.Administrator())
		b := createBehavior(t, admin, draftActive())
		ann := dom.NewDomHelper(open(d.User("ann")).SendSLNetMessages, admin.ModuleID)
		_, create := ann.DomBehaviorDefinitions.Create(t.Context(), draftActive())
		_, update := ann.DomBehaviorDefinitions.Update(t.Context(), b)
		_, section := ann.SectionDefinitions.Create(t.Context(), dom.NewSectionDefinition("S"))
		_, definition := ann.DomDefinitions.Create(t.Context(), dom.NewDefinition("D"))
		_, template := ann.DomTemplates.Create(t.Context(), dom.NewTemplate("T", nil))
		for what, err := range map[string]error{
			"create": create, "update": update, "delete": ann.DomBehaviorDefinitions.Delete(t.Context(), b),
			"section definition": section, "definition": definition, "template": template,
		} {
			if !errors.Is(err, dom.ErrNoPermission) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if list, err := ann.DomBehaviorDefinitions.Read(t.Context(), dom.True()); err != nil || len(list) != 1 {
			t.Errorf("read %d behaviors, %v", len(list), err)
		}
	})
}
