package runtime_test

import (
	"errors"
	"sync"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// createModule creates module settings that must be accepted.
func createModule(t *testing.T, conn slnet.Connection, moduleID string) *dom.ModuleSettings {
	t.Helper()
	settings, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: moduleID})
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func TestSettingsTakeEffectWithReinitialization(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	settings := createModule(t, admin, "m")
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "m")
	definition, err := helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Thing"))
	if err != nil {
		t.Fatal(err)
	}
	make := func() *dom.Instance {
		t.Helper()
		instance, err := helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
		if err != nil {
			t.Fatal(err)
		}
		return instance
	}
	ann := dom.NewDomHelper(d.As(d.User("ann")).SendSLNetMessages, "m")
	if err := ann.DomInstances.Delete(t.Context(), make()); err != nil {
		t.Errorf("before the change: %v", err)
	}
	settings.DomManagerSettings.SecuritySettings.DeleteDomInstancePermission = dom.PermissionPlmDeleteDomInstances
	if _, err := dom.NewModuleSettingsHelper(admin.SendSLNetMessages).ModuleSettings.Update(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if err := ann.DomInstances.Delete(t.Context(), make()); err != nil {
		t.Errorf("changed, not reinitialised: %v", err)
	}
	daemontest.Send[*slnet.Empty](t, admin, &dom.ReinitializeManagerMessage{ModuleID: "m"})
	if err := ann.DomInstances.Delete(t.Context(), make()); !errors.Is(err, dom.ErrNoPermission) {
		t.Errorf("reinitialised: %v", err)
	}
}

func TestNoRequestFailsDuringReinitialization(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	createModule(t, admin, "m")
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "m")
	definition, err := helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Thing"))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID)); err != nil {
					t.Errorf("create: %v", err)
					return
				}
			}
		})
	}
	for range 50 {
		daemontest.Send[*slnet.Empty](t, admin, &dom.ReinitializeManagerMessage{ModuleID: "m"})
	}
	close(stop)
	wg.Wait()
}

func TestReinitializationNeedsPermission291(t *testing.T) {
	d := daemontest.Start(t)
	createModule(t, d.Administrator(), "m")
	_, err := d.As(d.User("ann")).SendSLNetMessages(t.Context(), &dom.ReinitializeManagerMessage{ModuleID: "m"})
	if !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentUpdatesAreNotLost(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		createModule(t, conn, "m")
		helper := dom.NewDomHelper(conn.SendSLNetMessages, "m")
		section := dom.NewSectionDefinition("Info", dom.NewFieldDescriptor("Count", dom.TypeLong))
		field := section.FieldDescriptors[0].ID
		if _, err := helper.SectionDefinitions.Create(t.Context(), section); err != nil {
			t.Fatal(err)
		}
		definition, err := helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Counter", dom.SectionDefinitionLink{SectionDefinitionID: section.ID}))
		if err != nil {
			t.Fatal(err)
		}
		counter := dom.NewInstance(definition.ID)
		counter.AddOrUpdateFieldValue(section.ID, field, 0)
		if counter, err = helper.DomInstances.Create(t.Context(), counter); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for done := 0; done < 10; {
					list, err := helper.DomInstances.Read(t.Context(), dom.InstanceExposers.ID.Equal(counter.ID))
					if err != nil || len(list) != 1 {
						t.Errorf("read: %d, %v", len(list), err)
						return
					}
					v, _ := list[0].GetFieldValue(section.ID, field)
					list[0].AddOrUpdateFieldValue(section.ID, field, v.Long()+1)
					switch _, err := helper.DomInstances.UpdateIfUnchanged(t.Context(), list[0]); {
					case err == nil:
						done++
					case !errors.Is(err, dom.ErrObjectChangedSinceRead):
						t.Errorf("update: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		list, err := helper.DomInstances.Read(t.Context(), dom.InstanceExposers.ID.Equal(counter.ID))
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := list[0].GetFieldValue(section.ID, field); v.Long() != 80 || list[0].Revision != 81 {
			t.Errorf("the counter is %d at revision %d, want 80 at 81", v.Long(), list[0].Revision)
		}
	})
}
