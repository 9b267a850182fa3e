package dommanager_test

import (
	"slices"
	"sync"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

func TestStatusTransitions(t *testing.T) {
	eachDoor(t, []row{
		{"STA-09", testTransition},
		{"STA-10", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			created := l.create(t, l.text, "x")
			for _, id := range []string{"gone", "", "DRAFT_TO_ACTIVE"} {
				l.refusedMove(t, created, id, dom.ErrStatusTransitionNotFound)
			}
			l.definition = createDefinition(t, h, dom.NewDefinition("No behavior"))
			l.refusedMove(t, l.create(t), "draft_to_active", dom.ErrStatusTransitionNotFound)
		}},
		{"incompatible with the current status", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			created := l.create(t, l.text, "x")
			e := l.refusedMove(t, created, "active_to_draft", dom.ErrStatusTransitionIncompatibleWithCurrentStatus)
			if e.Properties.StatusID != "draft" {
				t.Errorf("status %q", e.Properties.StatusID)
			}
		}},
		{"STA-12", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.text))
				l.in("active", l.section, needed(l.text), needed(l.word))
				l.in("active", l.other, needed(l.more))
			})
			created := l.create(t, l.text, "x")
			e := l.refusedMove(t, created, "draft_to_active", dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus)
			fields := e.Properties.AssociatedFields
			if len(fields) != 2 || dom.FieldDescriptorID(fields[0].FieldDescriptorID) != l.word.ID || dom.SectionID(fields[0].SectionID) != created.Sections[0].ID ||
				dom.FieldDescriptorID(fields[1].FieldDescriptorID) != l.more.ID || dom.SectionDefinitionID(fields[1].SectionDefinitionID) != l.other.ID {
				t.Errorf("fields %+v", fields)
			}
			if e.Properties.StatusID != "active" {
				t.Errorf("status %q", e.Properties.StatusID)
			}
		}},
		{"STA-13", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.list))
				l.in("active", l.section, needed(l.list))
			})
			created := l.create(t, l.list, []string{})
			wantFields(t, l.refusedMove(t, created, "draft_to_active", dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus), l.section, l.list)
			created.AddOrUpdateFieldValue(l.section.ID, l.list.ID, []string{"a"})
			l.move(t, l.update(t, created), "draft_to_active")
		}},
		{"STA-14", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.text), editable(l.word))
				l.in("draft", l.other, editable(l.more))
				l.in("active", l.section, editable(l.text))
			})
			instance := l.instance(l.text, "x", l.word, "y")
			instance.AddOrUpdateFieldValue(l.other.ID, l.more.ID, "z")
			created := createInstance(t, h, instance)
			e := l.refusedMove(t, created, "draft_to_active", dom.ErrDomInstanceContainsUnknownFieldsForNextStatus)
			wantGuids(t, "fields", e.Properties.FieldDescriptorIDs, l.word.ID, l.more.ID)
			// A section that is left empty does not stand in the way.
			created.RemoveFieldValue(l.section.ID, l.word.ID)
			created.RemoveFieldValue(l.other.ID, l.more.ID)
			moved := l.move(t, l.update(t, created), "draft_to_active")
			l.update(t, moved)
		}},
		{"STA-15", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.word)).AllowMultipleSections = true
				l.in("active", l.section, needed(l.word)).AllowMultipleSections = true
			})
			instance := l.instance(l.word, "BAD")
			l.addSection(instance, l.word, "good")
			l.addSection(instance, l.word, "WORSE")
			created := createInstance(t, h, instance)
			wantFields(t, l.refusedMove(t, created, "draft_to_active", dom.ErrDomInstanceHasInvalidFieldsForNextStatus), l.section, l.word)
		}},
		{"STA-16", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.text)).AllowMultipleSections = true
				l.in("active", l.section, editable(l.text))
			})
			instance := l.instance(l.text, "1")
			l.addSection(instance, l.text, "2")
			created := createInstance(t, h, instance)
			e := l.refusedMove(t, created, "draft_to_active", dom.ErrDomInstanceContainsInvalidAmountOfSectionsForNextStatus)
			wantGuids(t, "section definitions", e.Properties.SectionDefinitionIDs, l.section.ID)
			wantGuids(t, "sections", e.Properties.SectionIDs, created.Sections[0].ID, created.Sections[1].ID)
		}},
		{"all at once", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, editable(l.text), editable(l.word)).AllowMultipleSections = true
				l.in("active", l.section, needed(l.word), needed(l.list))
			})
			instance := l.instance(l.text, "1", l.word, "BAD")
			l.addSection(instance, l.text, "2")
			created := createInstance(t, h, instance)
			_, err := h.DomInstances.DoStatusTransition(t.Context(), created.ID, "draft_to_active")
			for _, reason := range []slnet.Reason{
				dom.ErrDomInstanceContainsUnknownFieldsForNextStatus, dom.ErrDomInstanceHasInvalidFieldsForNextStatus,
				dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus, dom.ErrDomInstanceContainsInvalidAmountOfSectionsForNextStatus,
			} {
				wantReason(t, err, dom.StatusTransitionError, reason)
			}
		}},
		{"read-only fields do not hinder a transition", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, func(l *life) {
				l.in("draft", l.section, readOnly(l.text))
				l.in("active", l.section, readOnly(l.text))
			})
			l.move(t, l.create(t, l.text, "x"), "draft_to_active")
		}},
		{"STA-29", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			for _, id := range []dom.InstanceID{dom.NewInstanceID(), {}} {
				e := refusedQuietly(t, conn, h, dom.ManagerStoreError, dom.ErrObjectDidNotExist, func() error {
					_, err := l.DomInstances.DoStatusTransition(t.Context(), id, "draft_to_active")
					return err
				})
				if e.Properties.ID != id.String() || e.Properties.ModuleID != h.ModuleID {
					t.Errorf("properties %+v", e.Properties)
				}
			}
		}},
		{"at the same time", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newLife(t, conn, h, allFields)
			created := l.create(t, l.text, "x")
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				wg.Go(func() { _, errs[i] = h.DomInstances.DoStatusTransition(t.Context(), created.ID, "draft_to_active") })
			}
			wg.Wait()
			won := slices.IndexFunc(errs, func(err error) bool { return err == nil })
			for i, err := range errs {
				if i != won {
					wantReason(t, err, dom.StatusTransitionError, dom.ErrStatusTransitionIncompatibleWithCurrentStatus)
				}
			}
			if stored := readInstance(t, h, created.ID); won < 0 || stored.Revision != 2 {
				t.Errorf("%d won, revision %d", won, stored.Revision)
			}
		}},
	})
}

// testTransition makes a transition and looks at everything that comes of it:
// the instance, its history and the events (rows STA-09, EVT-12).
func testTransition(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	l := newLife(t, conn, h, allFields)
	changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) { s.InformationEventSettings.Enable = true })
	created := l.create(t, l.text, "x")
	stream := subscribe(t, conn, h.ModuleID)
	moved := l.move(t, created, "draft_to_active")
	stored := readInstance(t, h, created.ID)
	for _, instance := range []*dom.Instance{moved, stored} {
		if instance.StatusID != "active" || instance.Revision != 2 || !instance.LastModified.After(created.LastModified) ||
			!instance.CreatedAt.Equal(created.CreatedAt) || instance.Name != created.Name || len(dom.Differences(created, instance).FieldValues.Get()) != 0 {
			t.Errorf("got %+v, was %+v", instance, created)
		}
	}
	changed, ok := nextEvent(t, stream).(*dom.ObjectsChangedEventMessage)
	if !ok || changed.Kind != dom.KindInstance || len(changed.Updated) != 1 {
		t.Errorf("first event: %+v", changed)
	}
	wantTransitionEvents(t, stream, h.ModuleID, dom.InstanceStatusChange{
		DomInstanceID: created.ID, FromStatusID: "draft", ToStatusID: "active", Username: stored.LastModifiedBy,
	})
	history, err := h.DomInstanceHistory.Read(t.Context(), dom.HistoryExposers.SubjectID.Equal(created.ID.ToFileFriendlyString()))
	if err != nil || len(history) != 2 {
		t.Fatalf("%d history records, %v", len(history), err)
	}
	if change := history[1].StatusChange; change == nil || *change != (dom.StatusChange{StatusIDBefore: "draft", StatusIDAfter: "active"}) {
		t.Errorf("history %+v", history[1])
	}
}

// wantTransitionEvents waits for the status event and the information event of a
// transition, in either order.
func wantTransitionEvents(t testing.TB, stream *slnet.EventStream, moduleID string, want dom.InstanceStatusChange) {
	t.Helper()
	informed, told := false, false
	for range 2 {
		switch event := nextEvent(t, stream).(type) {
		case *dom.DomInstanceStatusChangedEventMessage:
			told = event.ModuleID == moduleID && slices.Equal(event.Changes, []dom.InstanceStatusChange{want})
		case *slnet.InformationEventMessage:
			informed = true
		}
	}
	if !informed || !told {
		t.Errorf("information event: %t; status event as expected: %t", informed, told)
	}
}

// TestSTA30 stores an instance that is not valid, as an earlier version might
// have left it, beside the daemon: there is no way to do so through it.
func TestSTA30FailureToSaveCarriesTheInnerTrace(t *testing.T) {
	engine := daemontest.MemoryStore(t)
	d := daemontest.StartOn(t, t.TempDir(), engine)
	conn := d.Administrator()
	h := newHelper(t, conn)
	l := newLife(t, conn, h, allFields)
	created := l.create(t, l.text, "x")
	store, err := storage.Open(t.Context(), engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	broken := readInstance(t, h, created.ID)
	broken.AddOrUpdateFieldValue(l.section.ID, l.text.ID, 1)
	if _, err := store.Update(t.Context(), storage.Origin{User: "test"}, func(tx *storage.Tx) error {
		old, err := tx.Object(dom.KindInstance, h.ModuleID, created.Key())
		if err != nil {
			return err
		}
		_, err = tx.Replace(h.ModuleID, old, broken)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	e := l.refusedMove(t, created, "draft_to_active", dom.ErrCrudFailedExceptionOccurred)
	inner := e.Properties.InnerTraceData
	if inner == nil || len(inner.ErrorData) != 1 || inner.ErrorData[0].Reason != dom.ErrDomInstanceSectionInvalidFieldValueTypes || inner.ErrorData[0].Type != dom.InstanceError {
		t.Errorf("inner trace: %v", inner)
	}
}
