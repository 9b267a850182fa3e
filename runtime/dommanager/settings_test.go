package dommanager_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
	"domovoi.dev/storage/kv/pebblekv"
)

// settingsOf reads the settings of a module, nil when there are none.
func settingsOf(t testing.TB, conn slnet.Connection, moduleID string) *dom.ModuleSettings {
	t.Helper()
	list, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Read(t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal(moduleID))
	if err != nil || len(list) > 1 {
		t.Fatalf("settings of %q: %d, %v", moduleID, len(list), err)
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func TestModuleIDs(t *testing.T) {
	type moduleID struct {
		row, id string
		ok      bool
	}
	ids := []moduleID{
		{"MOD-01", "people_app", true},
		{"MOD-02", "(slc)resource_studio", true},
		{"MOD-03", "MyIncorrectModule", false},
		{"MOD-04 40", strings.Repeat("a", 40), true},
		{"MOD-04 41", strings.Repeat("a", 41), false},
		{"empty", "", false},
		{"control character", "a\x00b", false},
	}
	for _, r := range `\/*?"<>| ,#:-` {
		ids = append(ids, moduleID{fmt.Sprintf("MOD-06 %U", r), "a" + string(r) + "b", false})
	}
	var rows []row
	for _, m := range ids {
		rows = append(rows, row{m.row, func(t *testing.T, conn slnet.Connection, _ *dom.DomHelper) {
			_, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: m.id})
			stored := settingsOf(t, conn, m.id)
			if m.ok {
				if err != nil || stored == nil || stored.ModuleID != m.id {
					t.Errorf("create: %v, stored %v", err, stored)
				}
				return
			}
			e := wantReason(t, err, dom.ModuleSettingsManagerError, dom.ErrInvalidModuleID)
			if e.Properties.ModuleID != m.id || e.Properties.Value == "" || stored != nil {
				t.Errorf("properties %+v, stored %v", e.Properties, stored)
			}
		}})
	}
	eachDoor(t, rows)
}

// invalidSettings is a row about settings that are refused, with a value that the
// error carries.
func invalidSettings(id, value string, change func(*dom.DomManagerSettings)) row {
	return row{id, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		before := settingsOf(t, conn, h.ModuleID)
		changed := settingsOf(t, conn, h.ModuleID)
		change(&changed.DomManagerSettings)
		_, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Update(t.Context(), changed)
		e := wantReason(t, err, dom.ModuleSettingsManagerError, dom.ErrInvalidDomManagerSettings)
		if e.Properties.ModuleID != h.ModuleID || e.Properties.Value != value {
			t.Errorf("properties %+v, want the value %q", e.Properties, value)
		}
		if after := settingsOf(t, conn, h.ModuleID); after.Revision != before.Revision {
			t.Errorf("stored %+v", after)
		}
		if !strings.HasPrefix(id, "MOD-14") {
			return
		}
		inner := wantReason(t, &slnet.CrudFailedError{TraceData: *e.Properties.InnerTraceData}, dom.ModuleSettingsManagerError, dom.ErrInvalidNetworkSharePath)
		if inner.Properties.Value != value {
			t.Errorf("inner properties %+v", inner.Properties)
		}
	}}
}

func TestInvalidSettings(t *testing.T) {
	share := func(path string, credential uuid.UUID) func(*dom.DomManagerSettings) {
		return func(s *dom.DomManagerSettings) {
			s.DomInstanceNetworkAttachmentSettings = dom.NetworkAttachmentSettings{NetworkSharePath: path, CredentialID: credential}
		}
	}
	id := uuid.New()
	eachDoor(t, []row{
		invalidSettings("MOD-14 no share", `C:\files`, share(`C:\files`, id)),
		invalidSettings("MOD-14 character", `\\server\a<b`, share(`\\server\a<b`, id)),
		invalidSettings("MOD-14 relative", `\\server/../files`, share(`\\server/../files`, id)),
		invalidSettings("MOD-14 path only", `\\server\files`, share(`\\server\files`, uuid.Nil)),
		invalidSettings("MOD-14 credential only", "", share("", id)),
		invalidSettings("script type", "Both", func(s *dom.DomManagerSettings) { s.ScriptSettings.ScriptType = "Both" }),
		invalidSettings("history", "Perhaps", func(s *dom.DomManagerSettings) { s.DomInstanceHistorySettings.StorageBehavior = "Perhaps" }),
		invalidSettings("caching of definitions", "Half", func(s *dom.DomManagerSettings) { s.StorageSettings.CachingSettings.DomDefinition = "Half" }),
		invalidSettings("caching of behaviors", "Half", func(s *dom.DomManagerSettings) { s.StorageSettings.CachingSettings.DomBehaviorDefinition = "Half" }),
		invalidSettings("caching of sections", "Half", func(s *dom.DomManagerSettings) { s.StorageSettings.CachingSettings.SectionDefinition = "Half" }),
		invalidSettings("alias twice", "a", func(s *dom.DomManagerSettings) {
			s.FieldAliases = []dom.FieldAlias{{Name: "a"}, {Name: "b"}, {Name: "a"}}
		}),
	})
}

// A field of texts can be given a text index, which then answers contains;
// another field is refused.
func testTextSearchFields(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	notes, number := plainField("Notes", dom.TypeString), plainField("Number", dom.TypeLong)
	section := createSection(t, h, dom.NewSectionDefinition("Values", notes, number))
	definition := createDefinition(t, h, dom.NewDefinition("Noted", dom.SectionDefinitionLink{SectionDefinitionID: section.ID, IsOptional: true}))
	for i := range 10 {
		instance := dom.NewInstance(definition.ID)
		instance.AddOrUpdateFieldValue(section.ID, notes.ID, strings.Repeat("long ", 20)+fmt.Sprintf("Straße %d", i))
		createInstance(t, h, instance)
	}
	invalidSettings("a number", number.ID.String(), func(s *dom.DomManagerSettings) {
		s.StorageSettings.TextSearchFields = []dom.FieldDescriptorID{notes.ID, number.ID}
	}).test(t, conn, h)
	changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) {
		s.StorageSettings.TextSearchFields = []dom.FieldDescriptorID{notes.ID, dom.NewFieldDescriptorID()}
	})
	filter := dom.InstanceExposers.FieldValue(notes.ID).Contains("STRAßE 1")
	for range 10_000 { // until it is filled
		explanation, err := h.DomInstances.Explain(t.Context(), dom.NewQuery(filter))
		if err != nil || explanation.Returned != 1 {
			t.Fatalf("%v, %v, want one instance", explanation, err)
		}
		if strings.Contains(explanation.String(), "of the texts of") {
			return
		}
	}
	t.Error("the text index is not used")
}

func TestModuleSettings(t *testing.T) {
	eachDoor(t, []row{
		{"text search", testTextSearchFields},
		{"MOD-07", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			first := settingsOf(t, conn, h.ModuleID)
			again := &dom.ModuleSettings{ModuleID: h.ModuleID}
			again.DomManagerSettings.InformationEventSettings.Enable = true
			_, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Create(t.Context(), again)
			if e := wantReason(t, err, dom.ManagerStoreError, dom.ErrObjectAlreadyExisted); e.Properties.ID != h.ModuleID {
				t.Errorf("properties %+v", e.Properties)
			}
			if stored := settingsOf(t, conn, h.ModuleID); stored.Revision != first.Revision || stored.DomManagerSettings.InformationEventSettings.Enable {
				t.Errorf("stored %+v", stored)
			}
		}},
		{"MOD-08", func(t *testing.T, conn slnet.Connection, _ *dom.DomHelper) {
			ghost := dom.NewDomHelper(conn.SendSLNetMessages, "ghost")
			_, readErr := ghost.DomInstances.Read(t.Context(), dom.True())
			_, createErr := ghost.DomInstances.Create(t.Context(), dom.NewInstance(dom.NewDefinitionID()))
			_, bulkErr := ghost.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{dom.NewInstance(dom.NewDefinitionID())})
			deleteErr := ghost.DomInstances.Delete(t.Context(), dom.NewInstance(dom.NewDefinitionID()))
			for _, err := range []error{readErr, createErr, bulkErr, deleteErr} {
				if !errors.Is(err, slnet.KindNotFound) || !errors.Is(err, dom.ErrModuleNotInitialized) || !strings.Contains(err.Error(), `"ghost"`) {
					t.Errorf("got %v", err)
				}
				examples.NoteText(string(dom.ErrModuleNotInitialized), err.Error())
			}
			for _, id := range daemontest.Send[*slnet.SystemInfoResponse](t, conn, &slnet.GetSystemInfoMessage{}).Managers {
				if id == "ghost" {
					t.Error("a manager was made")
				}
			}
		}},
		{"MOD-10", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			d := createDefinition(t, h, dom.NewDefinition("D"))
			settings := settingsOf(t, conn, h.ModuleID)
			settings.DomManagerSettings.DomInstanceNameDefinition = &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameText("new")}}
			if _, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Update(t.Context(), settings); err != nil {
				t.Fatal(err)
			}
			before := createInstance(t, h, dom.NewInstance(d.ID))
			daemontest.Send[*slnet.Empty](t, conn, &dom.ReinitializeManagerMessage{ModuleID: h.ModuleID})
			after := createInstance(t, h, dom.NewInstance(d.ID))
			if before.Name != before.ID.String() || after.Name != "new" {
				t.Errorf("names %q before, %q after", before.Name, after.Name)
			}
		}},
		{"MOD-13", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			s := settingsOf(t, conn, h.ModuleID).DomManagerSettings
			caching := s.StorageSettings.CachingSettings
			if s.ScriptSettings.ScriptType != dom.ScriptIDOnly || s.ScriptSettings.OnCreate+s.ScriptSettings.OnUpdate+s.ScriptSettings.OnDelete != "" ||
				s.DomInstanceHistorySettings.StorageBehavior != dom.HistoryEnabledAsync || s.TTLSettings != (dom.TTLSettings{}) ||
				caching != (dom.CachingSettings{}) || caching.DomDefinition != dom.CachingDefault || s.InformationEventSettings.Enable ||
				len(s.ModuleSections)+len(s.FieldAliases)+len(s.ScriptSettings.OnUpdateTriggerConditions) != 0 ||
				s.DomInstanceNameDefinition != nil || !s.ModuleBehaviorDefinition.IsZero() ||
				s.DomInstanceNetworkAttachmentSettings != (dom.NetworkAttachmentSettings{}) {
				t.Errorf("stored %+v", s)
			}
		}},
		{"MOD-13 named defaults", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) {
				s.ScriptSettings.ScriptType = "IdOnly"
				s.DomInstanceHistorySettings.StorageBehavior = "EnabledAsync"
				s.StorageSettings.CachingSettings.DomDefinition = "Default"
				s.TTLSettings = dom.TTLSettings{DomInstanceTTL: -time.Hour, DomTemplateTTL: time.Hour, DomInstanceHistoryTTL: -1}
			})
			s := settingsOf(t, conn, h.ModuleID).DomManagerSettings
			if s.ScriptSettings.ScriptType != dom.ScriptIDOnly || s.DomInstanceHistorySettings.StorageBehavior != dom.HistoryEnabledAsync ||
				s.StorageSettings.CachingSettings.DomDefinition != dom.CachingDefault || s.TTLSettings != (dom.TTLSettings{DomTemplateTTL: time.Hour}) {
				t.Errorf("stored %+v", s)
			}
		}},
		{"MOD-16", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			before := settingsOf(t, conn, h.ModuleID)
			changeSettings(t, conn, h.ModuleID, func(*dom.DomManagerSettings) {})
			after := settingsOf(t, conn, h.ModuleID)
			if !after.CreatedAt.Equal(before.CreatedAt) || after.CreatedBy != before.CreatedBy || !after.LastModified.After(before.LastModified) {
				t.Errorf("tracking %+v, then %+v", before.Tracking, after.Tracking)
			}
		}},
		{"MOD-18", func(t *testing.T, conn slnet.Connection, _ *dom.DomHelper) {
			n, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Count(t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal("ghost"))
			if n != 0 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}},
	})
}

func TestMOD09FiftyParallelFirstRequestsInitializeOneManager(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		h := newHelper(t, open(d.Token()))
		var wg sync.WaitGroup
		answers := make([]error, 50)
		for i := range answers {
			wg.Go(func() { _, answers[i] = h.DomInstances.Count(t.Context(), dom.True()) })
		}
		wg.Wait()
		if err := errors.Join(answers...); err != nil {
			t.Error(err)
		}
		if n := strings.Count(d.Log(), "DOM manager initialised"); n != 1 {
			t.Errorf("%d initialisations, want 1", n)
		}
	})
}

// heldStore holds reads from when it is held until it is released.
type heldStore struct {
	kv.Store
	held     atomic.Bool
	released chan struct{}
}

func (s *heldStore) View(ctx context.Context, fn func(r kv.Reader) error) error {
	if s.held.Load() {
		<-s.released
	}
	return s.Store.View(ctx, fn)
}

// onStore returns a way to the managers of a new store with one module, without a
// daemon.
func onStore(t *testing.T, engine kv.Store, moduleID string) slnet.SendFunc {
	t.Helper()
	store, err := storage.Open(t.Context(), engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	managers := dommanager.New(store, dommanager.Options{Logger: slog.New(slog.DiscardHandler)})
	send := func(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
		var responses []slnet.Message
		for _, message := range messages {
			response, err := managers.Handle(ctx, security.Caller{User: "ann"}, message)
			if err != nil {
				return responses, err
			}
			responses = append(responses, response)
		}
		return responses, nil
	}
	if _, err := dom.NewModuleSettingsHelper(send).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: moduleID}); err != nil {
		t.Fatal(err)
	}
	return send
}

func TestMOD11RequestsAreHeldFor30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := &heldStore{Store: memkv.New(), released: make(chan struct{})}
		h := dom.NewDomHelper(onStore(t, held, "m"), "m")
		held.held.Store(true)
		begin := time.Now()
		_, err := h.DomInstances.Count(t.Context(), dom.True())
		if !errors.Is(err, slnet.KindTimeout) || !strings.Contains(err.Error(), "did not complete in time") || !strings.Contains(err.Error(), `"m"`) {
			t.Errorf("held: %v", err)
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("held for %v", took)
		}
		time.AfterFunc(29*time.Second, func() { close(held.released) })
		if n, err := h.DomInstances.Count(t.Context(), dom.True()); n != 0 || err != nil {
			t.Errorf("ready in time: %d, %v", n, err)
		}
	})
}

func TestMOD15OtherSettingsChangeWithoutTheCredential(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		share := dom.NetworkAttachmentSettings{NetworkSharePath: `\\server\files`, CredentialID: uuid.New()}
		moduleID := newModuleWith(t, d.Administrator(), dom.DomManagerSettings{DomInstanceNetworkAttachmentSettings: share})
		ann := open(d.User("ann", dom.PermissionModuleSettingsConfiguration))
		changeSettings(t, ann, moduleID, func(s *dom.DomManagerSettings) { s.InformationEventSettings.Enable = true })
		s := settingsOf(t, ann, moduleID)
		if s.DomManagerSettings.DomInstanceNetworkAttachmentSettings != share || !s.DomManagerSettings.InformationEventSettings.Enable || s.LastModifiedBy != "ann" {
			t.Errorf("stored %+v", s)
		}
	})
}

func TestMOD17AliasesSurviveARestart(t *testing.T) {
	fs, dir := pebblekv.MemFS(), t.TempDir()
	aliases := []dom.FieldAlias{{Name: "b", FieldDescriptorID: dom.NewFieldDescriptorID()}, {Name: "a", FieldDescriptorID: dom.NewFieldDescriptorID()}}
	var moduleID string
	t.Run("before", func(t *testing.T) {
		d := daemontest.StartOn(t, dir, daemontest.StoreOn(t, fs))
		moduleID = newModuleWith(t, d.Administrator(), dom.DomManagerSettings{FieldAliases: aliases})
	})
	t.Run("after", func(t *testing.T) {
		d := daemontest.StartOn(t, dir, daemontest.StoreOn(t, fs))
		s := settingsOf(t, d.Administrator(), moduleID)
		if s == nil || len(s.DomManagerSettings.FieldAliases) != 2 || s.DomManagerSettings.FieldAliases[0] != aliases[0] || s.DomManagerSettings.FieldAliases[1] != aliases[1] {
			t.Errorf("stored %+v", s)
		}
	})
}
