package dommanager_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// link is a required link to a section definition.
func link(id dom.SectionDefinitionID) dom.SectionDefinitionLink {
	return dom.SectionDefinitionLink{SectionDefinitionID: id}
}

// stateful is a definition with a status system that has one status.
func stateful(t testing.TB, h *dom.DomHelper) *dom.Definition {
	t.Helper()
	d := dom.NewDefinition("Stateful")
	d.DomBehaviorDefinitionID = createBehavior(t, h, dom.NewBehaviorDefinition("B", dom.Status{ID: "draft"})).ID
	return d
}

// refusedDefinition is the error of a definition that must be refused.
func refusedDefinition(t testing.TB, h *dom.DomHelper, d *dom.Definition, reason slnet.Reason, request func() error) slnet.ErrorProperties {
	t.Helper()
	e := refused(t, h, dom.DefinitionError, reason, request)
	if e.Properties.ID != d.Key() || e.Properties.Name != d.Name {
		t.Errorf("properties %+v", e.Properties)
	}
	return e.Properties
}

func TestDefinitions(t *testing.T) {
	eachDoor(t, []row{
		{"DEF-02", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			unused := createSection(t, h, dom.NewSectionDefinition("Unused"))
			d := f.definition
			d.SectionDefinitionLinks = append(d.SectionDefinitionLinks, dom.SectionDefinitionLink{SectionDefinitionID: unused.ID, IsOptional: true})
			if _, err := h.DomDefinitions.Update(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			f.fill(t, 150, "x")
			d.SectionDefinitionLinks = nil
			p := refusedDefinition(t, h, d, dom.ErrSectionDefinitionLinkInUseByDomInstances, func() error {
				_, err := h.DomDefinitions.Update(t.Context(), d)
				return err
			})
			if !slices.Equal(p.SectionDefinitionIDs, []uuid.UUID{uuid.UUID(f.section.ID)}) || len(p.DomInstanceIDs) != 100 {
				t.Errorf("links %v, %d ids", p.SectionDefinitionIDs, len(p.DomInstanceIDs))
			}
			d.SectionDefinitionLinks = []dom.SectionDefinitionLink{link(f.section.ID)}
			if _, err := h.DomDefinitions.Update(t.Context(), d); err != nil {
				t.Errorf("without the unused link: %v", err)
			}
		}},
		{"DEF-03", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			createInstance(t, h, f.instance("x"))
			f.definition.SectionDefinitionLinks[0].IsSoftDeleted = true
			if _, err := h.DomDefinitions.Update(t.Context(), f.definition); err != nil {
				t.Error(err)
			}
		}},
		{"DEF-04", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			a := createSection(t, h, dom.NewSectionDefinition("A"))
			b := createSection(t, h, dom.NewSectionDefinition("B"))
			changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) { s.ModuleSections = []dom.SectionDefinitionID{a.ID, b.ID} })
			d := dom.NewDefinition("D", link(b.ID))
			create := func() error {
				_, err := h.DomDefinitions.Create(t.Context(), d)
				return err
			}
			p := refusedDefinition(t, h, d, dom.ErrDomDefinitionDoesNotContainRequiredModuleSectionDefinitions, create)
			if !slices.Equal(p.SectionDefinitionIDs, []uuid.UUID{uuid.UUID(a.ID)}) {
				t.Errorf("missing %v", p.SectionDefinitionIDs)
			}
			d.SectionDefinitionLinks = append(d.SectionDefinitionLinks, dom.SectionDefinitionLink{SectionDefinitionID: a.ID, IsSoftDeleted: true})
			refusedDefinition(t, h, d, dom.ErrDomDefinitionDoesNotContainRequiredModuleSectionDefinitions, create)
			d.SectionDefinitionLinks[1].IsSoftDeleted = false
			createDefinition(t, h, d)
		}},
		{"DEF-05", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			changeSettings(t, conn, h.ModuleID, func(settings *dom.DomManagerSettings) { settings.ModuleSections = []dom.SectionDefinitionID{s.ID} })
			d := createDefinition(t, h, stateful(t, h))
			d.DomBehaviorDefinitionID = dom.BehaviorDefinitionID{}
			refusedDefinition(t, h, d, dom.ErrDomDefinitionDoesNotContainRequiredModuleSectionDefinitions, func() error {
				_, err := h.DomDefinitions.Update(t.Context(), d)
				return err
			})
		}},
		{"DEF-06", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) {
				s.DomInstanceNameDefinition = &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameText("module")}}
			})
			inherits := createInstance(t, h, dom.NewInstance(createDefinition(t, h, dom.NewDefinition("D")).ID))
			d := dom.NewDefinition("E")
			d.ModuleSettingsOverrides.NameDefinition = new(dom.NameDefinition)
			overrides := createInstance(t, h, dom.NewInstance(createDefinition(t, h, d).ID))
			if inherits.Name != "module" || overrides.Name != overrides.ID.String() {
				t.Errorf("names %q and %q", inherits.Name, overrides.Name)
			}
		}},
		{"DEF-07", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) {
				s.DomInstanceHistorySettings.StorageBehavior = dom.HistoryEnabledSync
			})
			logged := createInstance(t, h, dom.NewInstance(createDefinition(t, h, dom.NewDefinition("D")).ID))
			d := dom.NewDefinition("E")
			d.ModuleSettingsOverrides.HistorySettings = &dom.HistorySettings{StorageBehavior: dom.HistoryDisabled}
			createInstance(t, h, dom.NewInstance(createDefinition(t, h, d).ID))
			history, err := h.DomInstanceHistory.Read(t.Context(), dom.True())
			if err != nil || len(history) != 1 || history[0].SubjectID != logged.ID.ToFileFriendlyString() {
				t.Errorf("history %+v, %v", history, err)
			}
		}},
		{"DEF-09", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			createDefinition(t, h, dom.NewDefinition("Other"))
			d := createDefinition(t, h, stateful(t, h))
			exposers := dom.DefinitionExposers
			for _, filter := range []dom.Filter{
				exposers.Name.Equal("stateful"), exposers.ID.Equal(d.ID), exposers.DomBehaviorDefinitionID.Equal(d.DomBehaviorDefinitionID),
			} {
				list, err := h.DomDefinitions.Read(t.Context(), filter)
				if err != nil || len(list) != 1 || list[0].ID != d.ID {
					t.Errorf("%s: %d, %v", filter.Exposer, len(list), err)
				}
			}
		}},
		{"duplicate links", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			d := dom.NewDefinition("D", link(s.ID), link(s.ID))
			p := refusedDefinition(t, h, d, dom.ErrDuplicateSectionDefinitionLinks, func() error {
				_, err := h.DomDefinitions.Create(t.Context(), d)
				return err
			})
			if !slices.Equal(p.SectionDefinitionIDs, []uuid.UUID{uuid.UUID(s.ID)}) {
				t.Errorf("links %v", p.SectionDefinitionIDs)
			}
		}},
		{"missing references", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			d := dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: dom.NewSectionDefinitionID(), IsOptional: true})
			d.DomBehaviorDefinitionID = dom.NewBehaviorDefinitionID()
			createDefinition(t, h, d)
			if instance := createInstance(t, h, dom.NewInstance(d.ID)); instance.StatusID != "" {
				t.Errorf("status %q", instance.StatusID)
			}
		}},
		{"unknown settings", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			d := dom.NewDefinition("D")
			d.ModuleSettingsOverrides.ScriptSettings = &dom.ScriptSettings{ScriptType: "Both"}
			p := refusedDefinition(t, h, d, dom.ErrInvalidDomManagerSettings, func() error {
				_, err := h.DomDefinitions.Create(t.Context(), d)
				return err
			})
			if p.Value != "Both" {
				t.Errorf("value %q", p.Value)
			}
		}},
		{"delete with instances", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			f.fill(t, 150, "x")
			p := refusedDefinition(t, h, f.definition, dom.ErrDomDefinitionHasLinkedDomInstances, func() error {
				return h.DomDefinitions.Delete(t.Context(), f.definition)
			})
			if len(p.DomInstanceIDs) != 100 {
				t.Errorf("%d ids", len(p.DomInstanceIDs))
			}
		}},
		{"TPL-01", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			data := dom.NewInstance(dom.NewDefinitionID())
			data.AddOrUpdateFieldValue(dom.NewSectionDefinitionID(), dom.NewFieldDescriptorID(), 1)
			template := dom.NewTemplate("T", data)
			if _, err := h.DomTemplates.Create(t.Context(), template); err != nil {
				t.Fatal(err)
			}
			for _, filter := range []dom.Filter{dom.TemplateExposers.Name.Equal("t"), dom.TemplateExposers.ID.Equal(template.ID)} {
				list, err := h.DomTemplates.Read(t.Context(), filter)
				if err != nil || len(list) != 1 || len(list[0].TemplateData.Sections) != 1 {
					t.Errorf("%s: %+v, %v", filter.Exposer, list, err)
				}
			}
		}},
	})
}
