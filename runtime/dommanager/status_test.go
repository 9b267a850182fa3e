package dommanager_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// life is a module whose definition has a behavior with the statuses draft, the
// initial one, and active, and transitions between them.
type life struct {
	*dom.DomHelper
	conn       slnet.Connection
	behavior   *dom.BehaviorDefinition
	definition *dom.Definition

	section, other *dom.SectionDefinition
	text, word     *dom.FieldDescriptor // of section; a word is of lower-case letters
	list, static   *dom.FieldDescriptor // of section
	more           *dom.FieldDescriptor // of other
}

// newLife makes a module; link adds the links of the behavior.
func newLife(t testing.TB, conn slnet.Connection, h *dom.DomHelper, link func(l *life)) *life {
	t.Helper()
	l := &life{
		DomHelper: h, conn: conn, behavior: draftActive(), definition: dom.NewDefinition("Job"),
		text: dom.NewFieldDescriptor("Text", dom.TypeString), word: plainField("Word", dom.TypeString),
		list: plainField("List", dom.TypeListString), static: dom.NewStaticTextFieldDescriptor("Static", "Hello"),
		more: plainField("More", dom.TypeString),
	}
	l.word.Validators = []dom.FieldValidator{{Kind: dom.ValidatorRegex, Pattern: "^[a-z]+$"}}
	l.list.Validators = l.word.Validators
	l.section = createSection(t, h, dom.NewSectionDefinition("Info", l.text, l.word, l.list, l.static))
	l.other = createSection(t, h, dom.NewSectionDefinition("Other", l.more))
	l.behavior.StatusTransitions = append(l.behavior.StatusTransitions, dom.StatusTransition{ID: "active_to_draft", FromStatusID: "active", ToStatusID: "draft"})
	link(l)
	createBehavior(t, h, l.behavior)
	l.definition.DomBehaviorDefinitionID = l.behavior.ID
	createDefinition(t, h, l.definition)
	return l
}

// in links fields of a section in a status.
func (l *life) in(status string, section *dom.SectionDefinition, fields ...dom.FieldDescriptorLink) *dom.StatusSectionDefinitionLink {
	l.behavior.StatusSectionDefinitionLinks = append(l.behavior.StatusSectionDefinitionLinks,
		dom.StatusSectionDefinitionLink{StatusID: status, SectionDefinitionID: section.ID, FieldDescriptorLinks: fields})
	return &l.behavior.StatusSectionDefinitionLinks[len(l.behavior.StatusSectionDefinitionLinks)-1]
}

func editable(fd *dom.FieldDescriptor) dom.FieldDescriptorLink {
	return dom.FieldDescriptorLink{FieldDescriptorID: fd.ID}
}

func needed(fd *dom.FieldDescriptor) dom.FieldDescriptorLink {
	return dom.FieldDescriptorLink{FieldDescriptorID: fd.ID, RequiredForStatus: true}
}

func readOnly(fd *dom.FieldDescriptor) dom.FieldDescriptorLink {
	return dom.FieldDescriptorLink{FieldDescriptorID: fd.ID, ReadOnly: true}
}

// instance is a new instance with values of fields of section, given in turn.
func (l *life) instance(fieldsAndValues ...any) *dom.Instance {
	instance := dom.NewInstance(l.definition.ID)
	for pair := range slices.Chunk(fieldsAndValues, 2) {
		instance.AddOrUpdateFieldValue(l.section.ID, pair[0].(*dom.FieldDescriptor).ID, pair[1])
	}
	return instance
}

func (l *life) create(t testing.TB, fieldsAndValues ...any) *dom.Instance {
	t.Helper()
	return createInstance(t, l.DomHelper, l.instance(fieldsAndValues...))
}

func (l *life) update(t testing.TB, instance *dom.Instance) *dom.Instance {
	t.Helper()
	updated, err := l.DomInstances.Update(t.Context(), instance)
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	return updated
}

func (l *life) move(t testing.TB, instance *dom.Instance, transition string) *dom.Instance {
	t.Helper()
	moved, err := l.DomInstances.DoStatusTransition(t.Context(), instance.ID, transition)
	if err != nil {
		t.Fatalf("transition %s: %v", transition, err)
	}
	return moved
}

// refusedCreate creates an instance, which must be refused for a reason.
func (l *life) refusedCreate(t testing.TB, instance *dom.Instance, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	e := refusedQuietly(t, l.conn, l.DomHelper, dom.InstanceError, reason, func() error {
		_, err := l.DomInstances.Create(t.Context(), instance)
		return err
	})
	return wantInstance(t, e, instance)
}

// refusedChange updates an instance, which must be refused for a reason.
func (l *life) refusedChange(t testing.TB, instance *dom.Instance, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	e := refusedQuietly(t, l.conn, l.DomHelper, dom.InstanceError, reason, func() error {
		_, err := l.DomInstances.Update(t.Context(), instance)
		return err
	})
	return wantInstance(t, e, instance)
}

// refusedMove asks for a transition, which must be refused for a reason.
func (l *life) refusedMove(t testing.TB, instance *dom.Instance, transition string, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	e := refusedQuietly(t, l.conn, l.DomHelper, dom.StatusTransitionError, reason, func() error {
		_, err := l.DomInstances.DoStatusTransition(t.Context(), instance.ID, transition)
		return err
	})
	if e.Properties.TransitionID != transition {
		t.Errorf("%s is about the transition %q, want %q", reason, e.Properties.TransitionID, transition)
	}
	return wantInstance(t, e, instance)
}

func wantInstance(t testing.TB, e slnet.ErrorData, instance *dom.Instance) slnet.ErrorData {
	t.Helper()
	if e.Properties.ID != instance.Key() {
		t.Errorf("%s is about %s, want %s", e.Reason, e.Properties.ID, instance.Key())
	}
	return e
}

// wantFields compares the fields an error is about with fields of a section. The
// sections they are in must be those of the instance.
func wantFields(t testing.TB, e slnet.ErrorData, section *dom.SectionDefinition, fields ...*dom.FieldDescriptor) {
	t.Helper()
	if len(e.Properties.AssociatedFields) != len(fields) {
		t.Fatalf("%s is about %+v, want %d fields", e.Reason, e.Properties.AssociatedFields, len(fields))
	}
	for i, got := range e.Properties.AssociatedFields {
		if dom.SectionDefinitionID(got.SectionDefinitionID) != section.ID || dom.FieldDescriptorID(got.FieldDescriptorID) != fields[i].ID {
			t.Errorf("%s: field %d is %+v, want %s of %s", e.Reason, i, got, fields[i].ID, section.ID)
		}
	}
}

// allFields links the fields of section, but for the static text, in both statuses.
func allFields(l *life) {
	for _, status := range []string{"draft", "active"} {
		l.in(status, l.section, editable(l.text), editable(l.word), editable(l.list)).AllowMultipleSections = true
	}
}

// addSection adds another section of section to an instance.
func (l *life) addSection(instance *dom.Instance, fd *dom.FieldDescriptor, value any) *dom.Section {
	s := dom.NewSection(l.section.ID)
	s.AddOrReplaceFieldValue(fd.ID, value)
	instance.Sections = append(instance.Sections, s)
	return s
}

func TestStatusOfNewInstances(t *testing.T) {
	eachDoor(t, []row{
		{"STA-01", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			created := l.create(t, l.text, "x")
			if stored := readInstance(t, h, created.ID); created.StatusID != "draft" || stored.StatusID != "draft" {
				t.Errorf("returned %q, stored %q", created.StatusID, stored.StatusID)
			}
		}},
		{"explicit status", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			instance := l.instance(l.text, "x")
			instance.StatusID = "active"
			if created := createInstance(t, h, instance); created.StatusID != "active" {
				t.Errorf("status %q", created.StatusID)
			}
		}},
		{"STA-03", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			result, err := h.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{l.instance(), l.instance()})
			if err != nil || len(result.SuccessfulItems) != 2 {
				t.Fatalf("%+v, %v", result, err)
			}
			for _, instance := range result.SuccessfulItems {
				if instance.StatusID != "draft" {
					t.Errorf("status %q", instance.StatusID)
				}
			}
		}},
		{"STA-04", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			for _, status := range []string{"gone", "Draft", " draft"} {
				instance := l.instance()
				instance.StatusID = status
				if e := l.refusedCreate(t, instance, dom.ErrDomInstanceContainsInvalidStatus); e.Properties.StatusID != status {
					t.Errorf("status %q", e.Properties.StatusID)
				}
			}
		}},
		{"STA-05", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			none := createBehavior(t, h, dom.NewBehaviorDefinition("No statuses"))
			d := dom.NewDefinition("Thing", dom.SectionDefinitionLink{SectionDefinitionID: l.section.ID})
			d.DomBehaviorDefinitionID = none.ID
			l.definition = createDefinition(t, h, d)
			l.refusedCreate(t, l.instance(), dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition)
			if created := l.create(t, l.text, "x"); created.StatusID != "" {
				t.Errorf("status %q", created.StatusID)
			}
		}},
		{"STA-18", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, needed(l.word), needed(l.list), editable(l.text)) })
			e := l.refusedCreate(t, l.instance(), dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus)
			wantFields(t, e, l.section, l.word, l.list)
			if e.Properties.StatusID != "draft" {
				t.Errorf("status %q", e.Properties.StatusID)
			}
			created := l.create(t, l.word, "a", l.list, []string{"a"})
			created.RemoveFieldValue(l.section.ID, l.word.ID)
			wantFields(t, l.refusedChange(t, created, dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus), l.section, l.word)
			created.AddOrUpdateFieldValue(l.section.ID, l.word.ID, "b")
			created.AddOrUpdateFieldValue(l.section.ID, l.list.ID, []string{})
			e = l.refusedChange(t, created, dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus)
			wantFields(t, e, l.section, l.list)
			if got := e.Properties.AssociatedFields[0].SectionID; dom.SectionID(got) != created.Sections[0].ID {
				t.Errorf("section %v", got)
			}
		}},
		{"required in one of several sections", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, needed(l.word), editable(l.text)).AllowMultipleSections = true
			})
			instance := l.instance(l.text, "first")
			l.addSection(instance, l.word, "second")
			createInstance(t, h, instance)
		}},
		{"invalid required fields", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, needed(l.word), needed(l.list)).AllowMultipleSections = true
			})
			instance := l.instance(l.word, "BAD", l.list, []string{"ok", "BAD", "WORSE"})
			l.addSection(instance, l.word, "BAD")
			wantFields(t, l.refusedCreate(t, instance, dom.ErrDomInstanceHasInvalidFieldsForCurrentStatus), l.section, l.word, l.list)
		}},
		{"validators bind required fields only", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			l.create(t, l.word, "BAD")
		}},
		{"STA-23", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, readOnly(l.text)) })
			l.create(t, l.text, "x")
		}},
		{"STA-25", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			// The field text is not optional and not required here: that it may
			// be absent shows that IsOptional counts neither way.
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, needed(l.word), editable(l.text)) })
			if !l.word.IsOptional || l.text.IsOptional {
				t.Fatal("the fixture has changed")
			}
			wantFields(t, l.refusedCreate(t, l.instance(), dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus), l.section, l.word)
			l.create(t, l.word, "x")
		}},
		{"STA-26", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.text))
				l.definition.SectionDefinitionLinks = []dom.SectionDefinitionLink{{SectionDefinitionID: l.other.ID}}
			})
			l.create(t, l.text, "x") // without the section the definition demands
			instance := l.instance()
			instance.AddOrUpdateFieldValue(l.other.ID, l.more.ID, "x")
			wantFields(t, l.refusedCreate(t, instance, dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus), l.other, l.more)
			empty := l.instance()
			empty.Sections = append(empty.Sections, dom.NewSection(l.other.ID))
			e := l.refusedCreate(t, empty, dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus)
			wantGuids(t, "section definitions", e.Properties.SectionDefinitionIDs, l.other.ID)
			wantFields(t, l.refusedCreate(t, l.instance(l.text, "x", l.word, "x"), dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus), l.section, l.word)
		}},
		{"STA-27", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.text)).AllowMultipleSections = true
				l.in("active", l.section, editable(l.text))
			})
			two := l.instance(l.text, "1")
			l.addSection(two, l.text, "2")
			createInstance(t, h, two)
			two = l.instance(l.text, "1")
			l.addSection(two, l.text, "2")
			two.StatusID = "active"
			e := l.refusedCreate(t, two, dom.ErrMultipleSectionsNotAllowedForSectionDefinition)
			wantGuids(t, "section definitions", e.Properties.SectionDefinitionIDs, l.section.ID)
			wantGuids(t, "sections", e.Properties.SectionIDs, two.Sections[0].ID, two.Sections[1].ID)
		}},
		{"several links of one field", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, needed(l.word), editable(l.word), readOnly(l.word), editable(l.text))
			})
			wantFields(t, l.refusedCreate(t, l.instance(), dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus), l.section, l.word)
			created := l.create(t, l.word, "a")
			created.AddOrUpdateFieldValue(l.section.ID, l.word.ID, "b")
			wantFields(t, l.refusedChange(t, created, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, l.word)
		}},
		{"static text", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, needed(l.static), editable(l.text)) })
			l.create(t, l.text, "x")
			l.create(t, l.text, "x", l.static, "y")
		}},
		{"types, sizes and enum entries", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			wantFields(t, l.refusedCreate(t, l.instance(l.text, 1), dom.ErrDomInstanceSectionInvalidFieldValueTypes), l.section, l.text)
			large := string(make([]byte, 32_767))
			if e := l.refusedCreate(t, l.instance(l.text, large), dom.ErrValueTooLarge); e.Properties.ActualSize != 32_767 {
				t.Errorf("actual size %d", e.Properties.ActualSize)
			}
			enum := dom.NewGenericEnumFieldDescriptor("Level", dom.TypeEnumInt, enumOf(t, "Low", 1, "High", 2))
			levels := createSection(t, h, dom.NewSectionDefinition("Levels", enum))
			l.in("draft", levels, needed(enum))
			if _, err := h.DomBehaviorDefinitions.Update(t.Context(), l.behavior); err != nil {
				t.Fatal(err)
			}
			instance := l.instance()
			instance.AddOrUpdateFieldValue(levels.ID, enum.ID, int32(3))
			wantFields(t, l.refusedCreate(t, instance, dom.ErrDomInstanceSectionInvalidFieldValueTypes), levels, enum)
			instance.AddOrUpdateFieldValue(levels.ID, enum.ID, int32(2))
			createInstance(t, h, instance)
		}},
		{"what does not exist", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			ghost := dom.NewFieldDescriptor("Ghost", dom.TypeString)
			nowhere := dom.NewSectionDefinition("Nowhere", ghost)
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.text), needed(ghost))
				l.in("draft", nowhere, needed(ghost))
			})
			l.create(t, l.text, "x") // what does not exist cannot be required
			wantFields(t, l.refusedCreate(t, l.instance(ghost, "x"), dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor), l.section, ghost)
			instance := l.instance()
			instance.AddOrUpdateFieldValue(nowhere.ID, ghost.ID, "x")
			l.refusedCreate(t, instance, dom.ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition)
		}},
		{"module sections do not apply", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) { s.ModuleSections = []dom.SectionDefinitionID{l.other.ID} })
			l.create(t, l.text, "x")
		}},
		{"all at once", testAllViolationsInStatus},
		{"a thousand sections", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, needed(l.word)) })
			instance := l.instance()
			for range 1000 {
				l.addSection(instance, l.text, "x")
			}
			e := l.refusedCreate(t, instance, dom.ErrMultipleSectionsNotAllowedForSectionDefinition)
			if len(e.Properties.SectionIDs) != 1000 {
				t.Errorf("%d sections are listed", len(e.Properties.SectionIDs))
			}
			for _, s := range instance.Sections {
				s.SectionDefinitionID, s.FieldValues = l.other.ID, nil
			}
			l.refusedCreate(t, instance, dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus)
		}},
	})
}

func testAllViolationsInStatus(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, needed(l.word), needed(l.list)) })
	instance := l.instance(l.word, "BAD", l.text, 1)
	l.addSection(instance, dom.NewFieldDescriptor("Ghost", dom.TypeString), "x")
	instance.Sections = append(instance.Sections, dom.NewSection(dom.NewSectionDefinitionID()))
	_, err := h.DomInstances.Create(t.Context(), instance)
	reasons := []slnet.Reason{
		dom.ErrDomInstanceSectionInvalidFieldValueTypes, dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor,
		dom.ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition, dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus,
		dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus, dom.ErrDomInstanceHasInvalidFieldsForCurrentStatus,
		dom.ErrMultipleSectionsNotAllowedForSectionDefinition,
	}
	for _, reason := range reasons {
		wantInstance(t, wantReason(t, err, dom.InstanceError, reason), instance)
	}
	if trace := slnet.TraceDataOf(err); len(trace.ErrorData) != len(reasons) {
		t.Errorf("%d errors, want %d:\n%v", len(trace.ErrorData), len(reasons), trace)
	}
}

func TestStatusOfUpdates(t *testing.T) {
	eachDoor(t, []row{
		{"STA-06", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			created := l.create(t, l.text, "x")
			for _, status := range []string{"active", "gone", ""} {
				created.StatusID = status
				if e := l.refusedChange(t, created, dom.ErrStatusChangeNotAllowedForNormalUpdate); e.Properties.StatusID != status {
					t.Errorf("status %q", e.Properties.StatusID)
				}
			}
		}},
		{"STA-07", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			stale := l.create(t, l.text, "x")
			l.move(t, stale, "draft_to_active")
			l.refusedChange(t, stale, dom.ErrStatusChangeNotAllowedForNormalUpdate)
		}},
		{"STA-08", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			stale, fresh := l.create(t, l.text, "x"), l.create(t, l.text, "x")
			l.move(t, stale, "draft_to_active")
			fresh.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "y")
			result, err := h.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{stale, fresh})
			var partial *dom.BulkCrudFailedError
			if !errors.As(err, &partial) {
				t.Fatalf("%+v, %v", result, err)
			}
			trace := partial.Result.TraceDataPerItem[stale.ID]
			if !slices.Equal(partial.Result.UnsuccessfulIDs, []dom.InstanceID{stale.ID}) || !slices.Equal(partial.Result.SuccessfulIDs, []dom.InstanceID{fresh.ID}) ||
				len(trace.ErrorData) != 1 || trace.ErrorData[0].Reason != dom.ErrStatusChangeNotAllowedForNormalUpdate {
				t.Errorf("%+v", partial.Result)
			}
			if stored := readInstance(t, h, stale.ID); stored.StatusID != "active" || stored.Revision != 2 {
				t.Errorf("the refused item is %+v", stored)
			}
		}},
		{"STA-19", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, readOnly(l.text), readOnly(l.word), readOnly(l.list)) })
			created := l.create(t, l.text, "x", l.list, []string{"a"})
			created = l.update(t, created) // unchanged
			created.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "y")
			wantFields(t, l.refusedChange(t, created, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, l.text)
			created.RemoveFieldValue(l.section.ID, l.text.ID)
			wantFields(t, l.refusedChange(t, created, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, l.text)
			created.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "x")
			created.AddOrUpdateFieldValue(l.section.ID, l.list.ID, []string{"a", "b"})
			wantFields(t, l.refusedChange(t, created, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, l.list)
		}},
		{"STA-20", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, readOnly(l.text), readOnly(l.word)) })
			created := l.create(t, l.text, "x")
			created.AddOrUpdateFieldValue(l.section.ID, l.word.ID, "y")
			e := l.refusedChange(t, created, dom.ErrReadOnlyFieldsChangedForCurrentStatus)
			wantFields(t, e, l.section, l.word)
			if got := e.Properties.AssociatedFields[0].SectionID; dom.SectionID(got) != created.Sections[0].ID {
				t.Errorf("section %v", got)
			}
		}},
		{"STA-21", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, dom.FieldDescriptorLink{FieldDescriptorID: l.text.ID, ClientReadOnly: true},
					dom.FieldDescriptorLink{FieldDescriptorID: l.word.ID, ClientReadOnly: true, ReadOnly: true})
			})
			created := l.create(t, l.text, "x", l.word, "x")
			created.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "y")
			created = l.update(t, created)
			created.AddOrUpdateFieldValue(l.section.ID, l.word.ID, "y")
			wantFields(t, l.refusedChange(t, created, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, l.word)
		}},
		{"STA-22", testRemovedReadOnlySection},
		{"section changes its definition", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, readOnly(l.text))
				l.in("draft", l.other, editable(l.more))
			})
			created := l.create(t, l.text, "x")
			created.Sections[0].SectionDefinitionID, created.Sections[0].FieldValues = l.other.ID, nil
			wantFields(t, l.refusedChange(t, created, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, l.text)
		}},
		{"soft deleted read-only value can be removed", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, readOnly(l.text), needed(l.word)) })
			created := l.create(t, l.text, "x", l.word, "x")
			l.section.GetFieldDescriptorByID(l.text.ID).IsSoftDeleted = true
			l.section.GetFieldDescriptorByID(l.word.ID).IsSoftDeleted = true
			if _, err := h.SectionDefinitions.Update(t.Context(), l.section); err != nil {
				t.Fatal(err)
			}
			created.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "y")
			l.refusedChange(t, created, dom.ErrValueForSoftDeletedFieldNotAllowed)
			created.RemoveFieldValue(l.section.ID, l.text.ID)
			created.RemoveFieldValue(l.section.ID, l.word.ID) // not required any more
			l.update(t, created)
		}},
		{"SOF-06", testSoftDeletedStatusLink},
		{"older than the status system", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) { l.in("draft", l.section, readOnly(l.text)) })
			d := createDefinition(t, h, dom.NewDefinition("Old", dom.SectionDefinitionLink{SectionDefinitionID: l.section.ID}))
			l.definition = d
			old := l.create(t, l.text, "x")
			d.DomBehaviorDefinitionID = l.behavior.ID
			if _, err := h.DomDefinitions.Update(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			l.refusedMove(t, old, "draft_to_active", dom.ErrStatusTransitionIncompatibleWithCurrentStatus)
			old.StatusID = "active"
			l.refusedChange(t, old, dom.ErrStatusChangeNotAllowedForNormalUpdate)
			old.StatusID = ""
			if updated := l.update(t, old); updated.StatusID != "draft" {
				t.Errorf("status %q", updated.StatusID)
			}
		}},
	})
}

func testRemovedReadOnlySection(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	l := newLife(t, conn, h, func(l *life) {
		l.in("draft", l.section, readOnly(l.text), editable(l.word)).AllowMultipleSections = true
		l.in("active", l.section, dom.FieldDescriptorLink{FieldDescriptorID: l.text.ID, ClientReadOnly: true}, editable(l.word)).AllowMultipleSections = true
	})
	instance := l.instance(l.text, "1")
	extra := l.addSection(instance, l.text, "2")
	l.addSection(instance, l.word, "free")
	created := createInstance(t, h, instance)
	withoutExtra := func(from *dom.Instance) *dom.Instance {
		copied := *from
		copied.Sections = slices.DeleteFunc(slices.Clone(from.Sections), func(s *dom.Section) bool { return s.ID == extra.ID })
		return &copied
	}
	e := l.refusedChange(t, withoutExtra(created), dom.ErrReadOnlyFieldsChangedForCurrentStatus)
	wantFields(t, e, l.section, l.text)
	if got := e.Properties.AssociatedFields[0].SectionID; dom.SectionID(got) != extra.ID {
		t.Errorf("section %v, want %v", got, extra.ID)
	}
	// A section without a read-only value can go, and an added one has none.
	created.Sections = created.Sections[:2]
	created = l.update(t, created)
	added := *created
	added.Sections = slices.Clone(created.Sections)
	l.addSection(&added, l.text, "3")
	wantFields(t, l.refusedChange(t, &added, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, l.text)
	moved := l.move(t, created, "draft_to_active")
	l.update(t, withoutExtra(moved))
}

func testSoftDeletedStatusLink(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	l := newLife(t, conn, h, func(l *life) {
		l.in("draft", l.section, editable(l.text))
		l.in("draft", l.other, needed(l.more)).IsSoftDeleted = true
		l.in("active", l.section, editable(l.text))
		l.in("active", l.other, editable(l.more))
	})
	created := l.create(t, l.text, "x") // what is soft deleted is not required
	created.AddOrUpdateFieldValue(l.other.ID, l.more.ID, "new")
	e := l.refusedChange(t, created, dom.ErrValueForSoftDeletedFieldNotAllowed)
	wantFields(t, e, l.other, l.more)
	if e.Properties.StatusID != "draft" {
		t.Errorf("status %q", e.Properties.StatusID)
	}
	moved := l.move(t, created, "draft_to_active")
	moved.AddOrUpdateFieldValue(l.other.ID, l.more.ID, "new")
	moved = l.update(t, moved)
	// The value comes back into draft, stays there, and can be removed.
	back := l.update(t, l.move(t, moved, "active_to_draft"))
	back.AddOrUpdateFieldValue(l.other.ID, l.more.ID, "newer")
	wantFields(t, l.refusedChange(t, back, dom.ErrValueForSoftDeletedFieldNotAllowed), l.other, l.more)
	back.RemoveFieldValue(l.other.ID, l.more.ID)
	l.update(t, back)
}

// validated are texts that a validator accepts and refuses.
var validated = []struct {
	name      string
	validator dom.FieldValidator
	good, bad []string
}{
	{"regex", dom.FieldValidator{Kind: dom.ValidatorRegex, Pattern: "b+c"}, []string{"abbc", "bc"}, []string{"", "ac", "ABBC"}},
	{"regex ignoring case", dom.FieldValidator{Kind: dom.ValidatorRegex, Pattern: "^b+c$", IgnoreCase: true}, []string{"BbC"}, []string{"abc", "bc "}},
	{"e-mail", dom.FieldValidator{Kind: dom.ValidatorEmail},
		[]string{"ann@example.org", "a.b+c@x.example", "ann@host"},
		[]string{"", "ann", "ann@", "@example.org", "Ann <ann@example.org>", "<ann@example.org>", "a b@example.org", "ann@example.org, bob@example.org", "ann@example.org\n"}},
	{"any URI", dom.FieldValidator{Kind: dom.ValidatorURI, URIKind: dom.URIAny},
		[]string{"https://example.org/a%20b?q=1#f", "mailto:ann@example.org", "/a/b", "a/b", "../x?y", "https://exämple.org/ü"},
		[]string{"", "a b", "https://", "http://[::1", "a%zz", "a%2", "a%", "a#b#c", "a<b>", "a\\b", "http://host:port/"}},
	{"URI without kind", dom.FieldValidator{Kind: dom.ValidatorURI}, []string{"a/b", "https://example.org"}, []string{"", "a b"}},
	{"absolute URI", dom.FieldValidator{Kind: dom.ValidatorURI, URIKind: dom.URIAbsolute, AcceptedSchemes: []string{"HTTPS", "ftp"}},
		[]string{"https://example.org", "HTTPS://example.org", "ftp://x/y"}, []string{"http://example.org", "/a", "https:"}},
	{"relative URI", dom.FieldValidator{Kind: dom.ValidatorURI, URIKind: dom.URIRelative}, []string{"/a", "a?b"}, []string{"https://example.org", ""}},
	{"user name", dom.FieldValidator{Kind: dom.ValidatorUserName},
		[]string{"ann", "Änn 2", "ann@example.org", `HOUSE\ann`, "9"},
		[]string{"", " ann", "ann ", "-ann", "a/b", "a:b", `\ann`, `HOUSE\`, `a\b\c`, "a\tb", "a\u202eb"}},
}

func TestValidators(t *testing.T) {
	var rows []row
	for _, v := range validated {
		rows = append(rows, row{v.name, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			fd := dom.NewFieldDescriptor("Validated", dom.TypeString)
			fd.Validators = []dom.FieldValidator{v.validator}
			s := createSection(t, h, dom.NewSectionDefinition("Validated", fd))
			l := newLife(t, conn, h, func(l *life) { l.in("draft", s, needed(fd)) })
			for _, text := range v.good {
				instance := l.instance()
				instance.AddOrUpdateFieldValue(s.ID, fd.ID, text)
				if _, err := h.DomInstances.Create(t.Context(), instance); err != nil {
					t.Errorf("%q: %v", text, err)
				}
			}
			for _, text := range v.bad {
				instance := l.instance()
				instance.AddOrUpdateFieldValue(s.ID, fd.ID, text)
				if _, err := h.DomInstances.Create(t.Context(), instance); !errors.Is(err, dom.ErrDomInstanceHasInvalidFieldsForCurrentStatus) {
					t.Errorf("%q: %v", text, err)
				}
			}
		}})
	}
	rows = append(rows, row{"cannot be saved", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		for _, v := range []dom.FieldValidator{
			{Kind: dom.ValidatorRegex, Pattern: "("}, {Kind: dom.ValidatorRegex, Pattern: "(?=x)"}, {Kind: "Luck"}, {},
			{Kind: dom.ValidatorURI, URIKind: "Sideways"}, {Kind: dom.ValidatorURI, AcceptedSchemes: []string{"ht tp"}},
		} {
			fd := dom.NewFieldDescriptor("Validated", dom.TypeString)
			fd.Validators = []dom.FieldValidator{v}
			before := snapshot(t, h)
			if _, err := h.SectionDefinitions.Create(t.Context(), dom.NewSectionDefinition("Validated", fd)); err == nil {
				t.Errorf("%+v was accepted", v)
			}
			if after := snapshot(t, h); len(after) != len(before) {
				t.Errorf("%+v was stored", v)
			}
		}
	}})
	eachDoor(t, rows)
}

// issueTracker is the example of the documentation (DOC:DOM_status_system_example).
func issueTracker(t testing.TB, conn slnet.Connection, h *dom.DomHelper) (l *life, reporter, issue, technician, date *dom.FieldDescriptor) {
	t.Helper()
	reporter, issue = dom.NewFieldDescriptor("Reporter Name", dom.TypeString), dom.NewFieldDescriptor("Issue Text", dom.TypeString)
	technician, date = dom.NewFieldDescriptor("Technician Name", dom.TypeString), dom.NewFieldDescriptor("Fixed Date", dom.TypeDateTime)
	l = &life{DomHelper: h, conn: conn, definition: dom.NewDefinition("Issue Tracking")}
	l.section = createSection(t, h, dom.NewSectionDefinition("IssueData", reporter, issue, technician, date))
	l.behavior = dom.NewBehaviorDefinition("Issue Tracking Behavior", statuses("new_status", "investigation_status", "fixing_status", "fixed_status")...)
	l.behavior.StatusTransitions = []dom.StatusTransition{
		{ID: "new_to_investigation", FromStatusID: "new_status", ToStatusID: "investigation_status"},
		{ID: "investigation_to_fixing", FromStatusID: "investigation_status", ToStatusID: "fixing_status"},
		{ID: "fixing_to_fixed", FromStatusID: "fixing_status", ToStatusID: "fixed_status"},
	}
	fixed := func(fd *dom.FieldDescriptor) dom.FieldDescriptorLink {
		return dom.FieldDescriptorLink{FieldDescriptorID: fd.ID, RequiredForStatus: true, ReadOnly: true}
	}
	l.in("new_status", l.section, editable(reporter), editable(issue))
	l.in("investigation_status", l.section, fixed(reporter), needed(issue), editable(technician))
	l.in("fixing_status", l.section, fixed(reporter), needed(issue), needed(technician), editable(date))
	l.in("fixed_status", l.section, fixed(reporter), fixed(issue), fixed(technician), fixed(date))
	createBehavior(t, h, l.behavior)
	l.definition.DomBehaviorDefinitionID = l.behavior.ID
	createDefinition(t, h, l.definition)
	return l, reporter, issue, technician, date
}

func TestSTA28LifeOfAnIssue(t *testing.T) {
	eachDoor(t, []row{{"STA-28", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		l, reporter, issue, technician, date := issueTracker(t, conn, h)
		light := l.create(t, reporter, "John")
		if light.StatusID != "new_status" {
			t.Fatalf("status %q", light.StatusID)
		}
		e := l.refusedMove(t, light, "new_to_investigation", dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus)
		wantFields(t, e, l.section, issue)
		light.AddOrUpdateFieldValue(l.section.ID, technician.ID, "Bob")
		wantFields(t, l.refusedChange(t, light, dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus), l.section, technician)
		light.RemoveFieldValue(l.section.ID, technician.ID)
		light.AddOrUpdateFieldValue(l.section.ID, issue.ID, "One of the lights does not work")
		l.update(t, light)

		light = l.move(t, light, "new_to_investigation")
		light.AddOrUpdateFieldValue(l.section.ID, technician.ID, "Bob")
		light = l.update(t, light)
		light.AddOrUpdateFieldValue(l.section.ID, reporter.ID, "Jack")
		wantFields(t, l.refusedChange(t, light, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, reporter)
		light.AddOrUpdateFieldValue(l.section.ID, reporter.ID, "John")
		light.AddOrUpdateFieldValue(l.section.ID, issue.ID, "One of the lights does not work. Note from Bob: assigned to Roger")
		light.AddOrUpdateFieldValue(l.section.ID, technician.ID, "Roger")
		light = l.update(t, light)
		l.refusedMove(t, light, "fixing_to_fixed", dom.ErrStatusTransitionIncompatibleWithCurrentStatus)

		light = l.move(t, light, "investigation_to_fixing")
		wantFields(t, l.refusedMove(t, light, "fixing_to_fixed", dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus), l.section, date)
		light.AddOrUpdateFieldValue(l.section.ID, date.ID, time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC))
		light = l.move(t, l.update(t, light), "fixing_to_fixed")

		for i, fd := range []*dom.FieldDescriptor{reporter, issue, technician} {
			changed := readInstance(t, h, light.ID)
			changed.AddOrUpdateFieldValue(l.section.ID, fd.ID, fmt.Sprint("changed ", i))
			wantFields(t, l.refusedChange(t, changed, dom.ErrReadOnlyFieldsChangedForCurrentStatus), l.section, fd)
		}
		if stored := readInstance(t, h, light.ID); stored.StatusID != "fixed_status" || stored.Revision != light.Revision {
			t.Errorf("status %q, revision %d", stored.StatusID, stored.Revision)
		}
	}}})
}
