package runtime_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// ask sends a message and returns its answer or its error.
func ask[R slnet.Message](t *testing.T, conn slnet.Connection, message slnet.Message) (R, error) {
	t.Helper()
	response, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, message)
	if err != nil {
		return *new(R), err
	}
	return response.(R), nil
}

// createPlaces makes a module with two definitions, and instances of the first
// with the text a, a and b and one of the second.
func createPlaces(t *testing.T, conn slnet.Connection, moduleID string) (section *dom.SectionDefinition, first, second *dom.Definition) {
	t.Helper()
	createModule(t, conn, moduleID)
	helper := dom.NewDomHelper(conn.SendSLNetMessages, moduleID)
	section = dom.NewSectionDefinition("Info", dom.NewFieldDescriptor("Text", dom.TypeString))
	if _, err := helper.SectionDefinitions.Create(t.Context(), section); err != nil {
		t.Fatal(err)
	}
	first = dom.NewDefinition("First", dom.SectionDefinitionLink{SectionDefinitionID: section.ID})
	second = dom.NewDefinition("Second", dom.SectionDefinitionLink{SectionDefinitionID: section.ID})
	for _, d := range []*dom.Definition{first, second} {
		if _, err := helper.DomDefinitions.Create(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range []string{"a", "a", "b", "c"} {
		instance := dom.NewInstance(first.ID)
		if i == 3 {
			instance = dom.NewInstance(second.ID)
		}
		instance.AddOrUpdateFieldValue(section.ID, section.FieldDescriptors[0].ID, text)
		if _, err := helper.DomInstances.Create(t.Context(), instance); err != nil {
			t.Fatal(err)
		}
	}
	return section, first, second
}

// TestModulesByMessage: what is exported by message is imported by message, after
// a plan that says what will be done and changes nothing.
func TestModulesByMessage(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	section, _, _ := createPlaces(t, admin, "places")
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "places")

	exported := daemontest.Send[*dom.ExportModuleResponse](t, admin, &dom.ExportModuleMessage{ModuleID: "places", Instances: true})
	modules, err := interchange.ReadZip(bytes.NewReader(exported.File), int64(len(exported.File)))
	if err != nil || len(modules) != 1 || len(modules[0].Instances) != 4 || exported.Objects != 8 {
		t.Fatalf("%d modules, %d objects, %v", len(modules), exported.Objects, err)
	}
	model := daemontest.Send[*dom.ExportModuleResponse](t, admin, &dom.ExportModuleMessage{ModuleID: "places"})
	if model.Objects != 4 {
		t.Errorf("without instances there are %d objects, want 4", model.Objects)
	}

	t.Run("a copy", func(t *testing.T) {
		plan := daemontest.Send[*dom.ModuleImportResponse](t, admin, &dom.PlanModulesImportMessage{File: exported.File, ModuleID: "copy"})
		if m := plan.Modules[0]; m.ModuleID != "copy" || m.Creates != 8 || m.Updates+m.Unchanged+m.Failed != 0 || len(m.Steps) != 8 {
			t.Errorf("got %+v", m)
		}
		if _, err := ask[*dom.ExportModuleResponse](t, admin, &dom.ExportModuleMessage{ModuleID: "copy"}); !errors.Is(err, slnet.KindNotFound) {
			t.Errorf("the plan has made the module: %v", err)
		}
		message := &dom.ImportModulesMessage{File: exported.File, ModuleID: "copy", Fingerprint: plan.Fingerprint}
		if done := daemontest.Send[*dom.ModuleImportResponse](t, admin, message); done.Modules[0].Failed != 0 || done.Modules[0].Creates != 8 {
			t.Errorf("got %+v", done)
		}
		again := daemontest.Send[*dom.ModuleImportResponse](t, admin, &dom.PlanModulesImportMessage{File: exported.File, ModuleID: "copy"})
		if m := again.Modules[0]; m.Unchanged != 8 || len(m.Steps) != 0 {
			t.Errorf("a second import would do something: %+v", m)
		}
		if _, err := ask[*dom.ModuleImportResponse](t, admin, message); !errors.Is(err, slnet.KindConflict) {
			t.Errorf("the plan is no longer what would be done: got %v", err)
		}
	})
	t.Run("changes and what is in use", func(t *testing.T) {
		stored, err := helper.SectionDefinitions.Read(t.Context(), dom.True())
		if err != nil {
			t.Fatal(err)
		}
		extra := dom.NewFieldDescriptor("Extra", dom.TypeString)
		extra.IsOptional = true
		changed := stored[0]
		changed.FieldDescriptors[0].Tooltip = "other words"
		changed.FieldDescriptors = append(changed.FieldDescriptors, extra)
		if _, err := helper.SectionDefinitions.Update(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
		instances, err := helper.DomInstances.Read(t.Context(), dom.True())
		if err != nil {
			t.Fatal(err)
		}
		instances[0].AddOrUpdateFieldValue(section.ID, extra.ID, "used")
		if _, err := helper.DomInstances.Update(t.Context(), instances[0]); err != nil {
			t.Fatal(err)
		}
		plan := daemontest.Send[*dom.ModuleImportResponse](t, admin, &dom.PlanModulesImportMessage{File: model.File})
		m := plan.Modules[0]
		if m.Updates != 1 || m.Unchanged != 3 || len(m.Steps) != 1 || m.Steps[0].Instances != 4 || !slices.Equal(m.Steps[0].Vanished, []string{`field "Extra"`}) {
			t.Fatalf("got %+v", m)
		}
		done := daemontest.Send[*dom.ModuleImportResponse](t, admin, &dom.ImportModulesMessage{File: model.File, Fingerprint: plan.Fingerprint})
		if m := done.Modules[0]; m.Failed != 1 || !m.Steps[0].InUse || m.Steps[0].Failure == "" {
			t.Errorf("the field is in use: got %+v", m)
		}
		kept := daemontest.Send[*dom.ModuleImportResponse](t, admin, &dom.ImportModulesMessage{File: model.File, KeepVanished: true})
		if m := kept.Modules[0]; m.Failed != 0 || m.Updates != 1 {
			t.Errorf("it is kept: got %+v", m)
		}
	})
	t.Run("nobody gets more than a right of their own", func(t *testing.T) {
		guest := d.As(d.User("guest"))
		plan, err := ask[*dom.ModuleImportResponse](t, guest, &dom.PlanModulesImportMessage{File: model.File, ModuleID: "stolen"})
		if err != nil || plan.Modules[0].Creates != 4 {
			t.Errorf("everybody may look at a plan: %+v, %v", plan, err)
		}
		if _, err := ask[*dom.ModuleImportResponse](t, guest, &dom.ImportModulesMessage{File: model.File, ModuleID: "stolen"}); !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("files that are none", func(t *testing.T) {
		for _, file := range [][]byte{nil, []byte("no zip"), make([]byte, dom.MaxModuleFile+1)} {
			_, err := ask[*dom.ModuleImportResponse](t, admin, &dom.PlanModulesImportMessage{File: file})
			if !errors.Is(err, slnet.KindInvalid) && !errors.Is(err, slnet.KindTooLarge) {
				t.Errorf("%d bytes: got %v", len(file), err)
			}
		}
	})
}

// TestModuleAccess: what the daemon says a group or a user has access to is what
// their own requests get.
func TestModuleAccess(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	section, first, second := createPlaces(t, admin, "places")
	for _, name := range []string{"some", "all", "readers"} {
		daemontest.Send[*slnet.GroupResponse](t, admin, &slnet.CreateGroupMessage{Group: slnet.Group{Name: name, ReadOnly: name == "readers"}})
	}
	member := d.User("ann")
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.UpdateUserMessage{Name: "ann", AddGroups: []string{"some"}})
	access := func(m *dom.GetModuleAccessMessage) *dom.ModuleAccessResponse {
		t.Helper()
		m.ModuleID = "places"
		return daemontest.Send[*dom.ModuleAccessResponse](t, admin, m)
	}
	of := func(r *dom.ModuleAccessResponse, id dom.DefinitionID) dom.DefinitionAccess {
		t.Helper()
		i := slices.IndexFunc(r.Definitions, func(a dom.DefinitionAccess) bool { return a.DomDefinitionID == id })
		if i < 0 {
			t.Fatalf("there is nothing about %s in %+v", id, r)
		}
		return r.Definitions[i]
	}

	if open := access(&dom.GetModuleAccessMessage{Group: "some"}); open.IsRestricted || of(open, second.ID).Deletes != dom.AccessAll {
		t.Errorf("nobody is restricted yet: got %+v", open)
	}
	settings := dom.NewModuleSettingsHelper(admin.SendSLNetMessages)
	stored, err := settings.ModuleSettings.Read(t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal("places"))
	if err != nil || len(stored) != 1 {
		t.Fatal(len(stored), err)
	}
	stored[0].DomManagerSettings.SecuritySettings.LinkSecurity = &dom.LinkSecuritySettings{GroupLinks: []dom.GroupLink{
		{GroupName: "Some", FieldValueReferences: []dom.FieldValueReference{{DomDefinitionID: first.ID, FieldDescriptorID: section.FieldDescriptors[0].ID, Values: []dom.Value{dom.ValueOf("a")}, ReadOnly: true}}},
		{GroupName: "all", DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: second.ID}}},
		{GroupName: "readers", DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: second.ID}}},
	}}
	stored[0].DomManagerSettings.SecuritySettings.DeleteDomInstancePermission = slnet.PermissionSystemAdministration
	if _, err := settings.ModuleSettings.Update(t.Context(), stored[0]); err != nil {
		t.Fatal(err)
	}
	daemontest.Send[*slnet.Empty](t, admin, &dom.ReinitializeManagerMessage{ModuleID: "places"})

	some := access(&dom.GetModuleAccessMessage{Group: "SOME"})
	if a := of(some, first.ID); a.Reads != dom.AccessValues || a.Writes != dom.AccessNone || a.Readable != 2 || a.Instances != 3 || a.Values == nil {
		t.Errorf("by value: got %+v", a)
	}
	if a := of(some, second.ID); a.Reads != dom.AccessNone || a.Readable != 0 || a.Instances != 1 || a.Values != nil {
		t.Errorf("no access: got %+v", a)
	}
	all := access(&dom.GetModuleAccessMessage{Group: "all"})
	if a := of(all, second.ID); a.Reads != dom.AccessAll || a.Writes != dom.AccessAll || a.Deletes != dom.AccessNone || !slices.Contains(all.Lacks, slnet.PermissionSystemAdministration) {
		t.Errorf("all but deleting: got %+v, lacking %v", a, all.Lacks)
	}
	if r := access(&dom.GetModuleAccessMessage{Group: "readers"}); !r.ReadOnly || of(r, second.ID).Reads != dom.AccessAll || of(r, second.ID).Writes != dom.AccessNone {
		t.Errorf("a read-only group: got %+v", r)
	}
	if full := access(&dom.GetModuleAccessMessage{User: slnet.AdministratorName}); !full.IsFull || of(full, first.ID).Deletes != dom.AccessAll {
		t.Errorf("who configures modules: got %+v", full)
	}

	ann := dom.NewDomHelper(d.As(member).SendSLNetMessages, "places")
	for _, a := range access(&dom.GetModuleAccessMessage{User: "ann"}).Definitions {
		n, err := ann.DomInstances.Count(t.Context(), dom.InstanceExposers.DomDefinitionID.Equal(a.DomDefinitionID))
		if refused := errors.Is(err, dom.ErrNoPermission); refused != (a.Reads == dom.AccessNone) || !refused && n != a.Readable {
			t.Errorf("%s: told %+v, counted %d, %v", a.Name, a, n, err)
		}
	}
	for message, want := range map[*dom.GetModuleAccessMessage]slnet.Kind{
		{ModuleID: "places"}:                               slnet.KindInvalid,
		{ModuleID: "places", Group: "all", User: "ann"}:    slnet.KindInvalid,
		{ModuleID: "places", Group: "nobody"}:              slnet.KindNotFound,
		{ModuleID: "places", User: "nobody"}:               slnet.KindNotFound,
		{ModuleID: strings.Repeat("x", 20), Group: "some"}: slnet.KindNotFound,
	} {
		if _, err := ask[*dom.ModuleAccessResponse](t, admin, message); !errors.Is(err, want) {
			t.Errorf("%+v: got %v, want %v", message, err, want)
		}
	}
}
