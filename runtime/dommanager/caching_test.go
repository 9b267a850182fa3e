package dommanager_test

import (
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Whatever the caching policy, a change of a definition counts from the very
// next request: what a manager keeps in memory is checked against the store in
// every transaction. So there is no lost event to make up for, and a midnight
// sync changes nothing that can be seen.
func TestCaching(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		for row, policy := range map[string]dom.CachingPolicy{
			"CAC-01": dom.CachingFull, "CAC-01 default": dom.CachingDefault, "CAC-02": dom.CachingDisabled,
		} {
			t.Run(row, func(t *testing.T) {
				moduleID := newModuleWith(t, conn, dom.DomManagerSettings{StorageSettings: dom.StorageSettings{CachingSettings: dom.CachingSettings{
					DomDefinition: policy, DomBehaviorDefinition: policy, SectionDefinition: policy,
				}}})
				helper := dom.NewDomHelper(conn.SendSLNetMessages, moduleID)
				other := dom.NewDomHelper(d.Administrator().SendSLNetMessages, moduleID)
				section := createSection(t, helper, dom.NewSectionDefinition("Info", dom.NewFieldDescriptor("Name", dom.TypeString)))
				definition := createDefinition(t, helper, dom.NewDefinition("Thing", dom.SectionDefinitionLink{SectionDefinitionID: section.ID, IsOptional: true}))
				createInstance(t, helper, dom.NewInstance(definition.ID))

				definition.SectionDefinitionLinks[0].IsOptional = false
				if _, err := other.DomDefinitions.Update(t.Context(), definition); err != nil {
					t.Fatal(err)
				}
				_, err := helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
				wantReason(t, err, dom.InstanceError, dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition)
				read, err := helper.DomDefinitions.Read(t.Context(), dom.DefinitionExposers.ID.Equal(definition.ID))
				if err != nil || len(read) != 1 || read[0].SectionDefinitionLinks[0].IsOptional {
					t.Errorf("read %+v, %v", read, err)
				}
				daemontest.Send[*slnet.Empty](t, conn, &dom.MidnightSyncMessage{ModuleID: moduleID})
				_, err = helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
				wantReason(t, err, dom.InstanceError, dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition)
			})
		}
	})
}
