package dommanager_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// modules numbers the modules of the tests.
var modules atomic.Int64

// newModule creates a module with default settings, so that each row has one of
// its own.
func newModule(t testing.TB, conn slnet.Connection) (moduleID string) {
	t.Helper()
	return newModuleWith(t, conn, dom.DomManagerSettings{})
}

// newModuleWith creates a module with settings.
func newModuleWith(t testing.TB, conn slnet.Connection, settings dom.DomManagerSettings) (moduleID string) {
	t.Helper()
	moduleID = fmt.Sprintf("module_%d", modules.Add(1))
	helper := dom.NewModuleSettingsHelper(conn.SendSLNetMessages)
	_, err := helper.ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: moduleID, DomManagerSettings: settings})
	if err != nil {
		t.Fatal(err)
	}
	examples.Note(helper.ModuleSettings.GetTraceDataLastCall())
	return moduleID
}

// newHelper is the helper of a new module with default settings.
func newHelper(t testing.TB, conn slnet.Connection) *dom.DomHelper {
	t.Helper()
	return dom.NewDomHelper(conn.SendSLNetMessages, newModule(t, conn))
}

// changeSettings changes the settings of a module and reinitialises its manager.
func changeSettings(t testing.TB, conn slnet.Connection, moduleID string, change func(*dom.DomManagerSettings)) {
	t.Helper()
	helper := dom.NewModuleSettingsHelper(conn.SendSLNetMessages)
	list, err := helper.ModuleSettings.Read(t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal(moduleID))
	if err != nil || len(list) != 1 {
		t.Fatalf("settings of %s: %d, %v", moduleID, len(list), err)
	}
	change(&list[0].DomManagerSettings)
	if _, err := helper.ModuleSettings.Update(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	daemontest.Send[*slnet.Empty](t, conn, &dom.ReinitializeManagerMessage{ModuleID: moduleID})
}

// createSection creates a section definition that must be accepted.
func createSection(t testing.TB, helper *dom.DomHelper, s *dom.SectionDefinition) *dom.SectionDefinition {
	t.Helper()
	stored, err := helper.SectionDefinitions.Create(t.Context(), s)
	if err != nil {
		t.Fatalf("section definition %q: %v", s.Name, err)
	}
	return stored
}

// createDefinition creates a DOM definition that must be accepted.
func createDefinition(t testing.TB, helper *dom.DomHelper, d *dom.Definition) *dom.Definition {
	t.Helper()
	stored, err := helper.DomDefinitions.Create(t.Context(), d)
	if err != nil {
		t.Fatalf("DOM definition %q: %v", d.Name, err)
	}
	return stored
}

// createBehavior creates a behavior definition that must be accepted.
func createBehavior(t testing.TB, helper *dom.DomHelper, b *dom.BehaviorDefinition) *dom.BehaviorDefinition {
	t.Helper()
	stored, err := helper.DomBehaviorDefinitions.Create(t.Context(), b)
	if err != nil {
		t.Fatalf("behavior definition %q: %v", b.Name, err)
	}
	return stored
}

// createInstance creates an instance that must be accepted.
func createInstance(t testing.TB, helper *dom.DomHelper, i *dom.Instance) *dom.Instance {
	t.Helper()
	stored, err := helper.DomInstances.Create(t.Context(), i)
	if err != nil {
		t.Fatalf("instance: %v", err)
	}
	return stored
}

// readInstance reads an instance that must exist.
func readInstance(t testing.TB, helper *dom.DomHelper, id dom.InstanceID) *dom.Instance {
	t.Helper()
	list, err := helper.DomInstances.Read(t.Context(), dom.InstanceExposers.ID.Equal(id))
	if err != nil || len(list) != 1 {
		t.Fatalf("instance %s: read %d, %v", id, len(list), err)
	}
	return list[0]
}

// wantReason returns the one error of a type and reason that a request failed
// with.
func wantReason(t testing.TB, err error, errorType slnet.ErrorType, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	trace := slnet.TraceDataOf(err)
	if trace == nil {
		t.Fatalf("got %v, want %s (%s)", err, reason, errorType)
	}
	examples.Note(trace)
	var found []slnet.ErrorData
	for _, e := range trace.ErrorDataOfType(errorType) {
		if e.Reason == reason {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("got %v, want one %s (%s)", err, reason, errorType)
	}
	if found[0].Message == "" {
		t.Errorf("%s (%s) has no message", reason, errorType)
	}
	return found[0]
}

// row is a case of dom.md part 4.
type row struct {
	id string
	// test gets the helper of a module of its own and the Administrator's
	// connection.
	test func(t *testing.T, conn slnet.Connection, h *dom.DomHelper)
}

// eachDoor runs rows through every door to a daemon.
func eachDoor(t *testing.T, rows []row) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		for _, row := range rows {
			t.Run(row.id, func(t *testing.T) { row.test(t, conn, newHelper(t, conn)) })
		}
	})
}

// snapshot is everything in a module, its history included, by kind and id.
func snapshot(t testing.TB, h *dom.DomHelper) map[string]string {
	t.Helper()
	objects := make(map[string]string)
	ctx := t.Context()
	sections, err1 := h.SectionDefinitions.Read(ctx, dom.True())
	definitions, err2 := h.DomDefinitions.Read(ctx, dom.True())
	behaviors, err3 := h.DomBehaviorDefinitions.Read(ctx, dom.True())
	templates, err4 := h.DomTemplates.Read(ctx, dom.True())
	instances, err5 := h.DomInstances.Read(ctx, dom.True())
	history, err6 := h.DomInstanceHistory.Read(ctx, dom.True())
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	keep(t, objects, sections)
	keep(t, objects, definitions)
	keep(t, objects, behaviors)
	keep(t, objects, templates)
	keep(t, objects, instances)
	keep(t, objects, history)
	return objects
}

func keep[T dom.Object](t testing.TB, objects map[string]string, list []T) {
	t.Helper()
	for _, o := range list {
		raw, err := dom.EncodeObject(o)
		if err != nil {
			t.Fatal(err)
		}
		objects[string(o.Kind())+" "+o.Key()] = string(raw)
	}
}

// refused returns the one error of a type and reason of a request that must be
// refused and change nothing in the module.
func refused(t testing.TB, h *dom.DomHelper, errorType slnet.ErrorType, reason slnet.Reason, request func() error) slnet.ErrorData {
	t.Helper()
	before := snapshot(t, h)
	e := wantReason(t, request(), errorType, reason)
	if after := snapshot(t, h); !maps.Equal(before, after) {
		t.Errorf("the refused request changed the module: %d objects before, %d after", len(before), len(after))
	}
	return e
}

// fixture is a module with one section definition, which one DOM definition
// links.
type fixture struct {
	*dom.DomHelper
	section    *dom.SectionDefinition
	definition *dom.Definition
}

func newFixture(t testing.TB, h *dom.DomHelper, fields ...*dom.FieldDescriptor) fixture {
	t.Helper()
	section := createSection(t, h, dom.NewSectionDefinition("Info", fields...))
	definition := createDefinition(t, h, dom.NewDefinition("Thing", dom.SectionDefinitionLink{SectionDefinitionID: section.ID}))
	return fixture{h, section, definition}
}

// instance is a new instance with a section, which has a value of the first
// field unless value is nil. It is not saved.
func (f fixture) instance(value any) *dom.Instance {
	instance := dom.NewInstance(f.definition.ID)
	section := dom.NewSection(f.section.ID)
	if value != nil {
		section.AddOrReplaceFieldValue(f.section.FieldDescriptors[0].ID, value)
	}
	instance.Sections = append(instance.Sections, section)
	return instance
}

// fill creates n instances with a value of the first field.
func (f fixture) fill(t testing.TB, n int, value any) {
	t.Helper()
	list := make([]*dom.Instance, n)
	for i := range list {
		list[i] = f.instance(value)
	}
	for chunk := range slices.Chunk(list, f.DomInstances.MaxAmountBulkOperation()) {
		if _, err := f.DomInstances.CreateOrUpdate(t.Context(), chunk); err != nil {
			t.Fatal(err)
		}
	}
}

// optional makes a field optional.
func optional(fd *dom.FieldDescriptor) *dom.FieldDescriptor {
	fd.IsOptional = true
	return fd
}

// plainField is an optional plain field.
func plainField(name string, fieldType dom.FieldType) *dom.FieldDescriptor {
	return optional(dom.NewFieldDescriptor(name, fieldType))
}

// enumOf is an enumeration of display names and values in turn.
func enumOf(t testing.TB, entries ...any) *dom.GenericEnum {
	t.Helper()
	enum := dom.NewGenericEnum("enum")
	for entry := range slices.Chunk(entries, 2) {
		if err := enum.AddEntry(entry[0].(string), entry[1]); err != nil {
			t.Fatal(err)
		}
	}
	return enum
}
