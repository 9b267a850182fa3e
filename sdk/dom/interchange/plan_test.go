package interchange_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

func TestMain(m *testing.M) { daemontest.Main(m) }

func plan(t *testing.T, send slnet.SendFunc, m *interchange.Module, options interchange.ImportOptions) *interchange.Plan {
	t.Helper()
	p, err := interchange.NewPlan(t.Context(), send, m, options)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// apply carries a plan out and returns what failed.
func apply(t *testing.T, p *interchange.Plan) []interchange.Failure {
	t.Helper()
	failures, err := p.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return failures
}

// imported imports a module, which must work.
func imported(t *testing.T, send slnet.SendFunc, m *interchange.Module) {
	t.Helper()
	for _, f := range apply(t, plan(t, send, m, interchange.ImportOptions{})) {
		t.Errorf("%s %s %s: %v", f.Kind, f.Name, f.Key, f.Err)
	}
	if t.Failed() {
		t.FailNow()
	}
}

// unchanged fails unless an import would do nothing.
func unchanged(t *testing.T, send slnet.SendFunc, m *interchange.Module) {
	t.Helper()
	for _, step := range plan(t, send, m, interchange.ImportOptions{}).Steps {
		if step.Action != interchange.Unchanged {
			t.Errorf("%s %s %s: %s %v", step.Action, step.Kind, step.Name, step.Key, step.Changes)
		}
	}
}

// valid is everything, without what a daemon refuses in it: parts that are
// soft-deleted and yet used, and references to nothing.
func valid() *interchange.Module {
	m := everything()
	m.SectionDefinitions[0].FieldDescriptors[0].IsSoftDeleted = false
	m.Settings.DomManagerSettings.ModuleSections = nil
	behavior := m.BehaviorDefinitions[0]
	behavior.StatusSectionDefinitionLinks = nil
	for _, s := range m.SectionDefinitions {
		link := dom.StatusSectionDefinitionLink{StatusID: "draft", SectionDefinitionID: s.ID}
		for _, fd := range s.FieldDescriptors {
			link.FieldDescriptorLinks = append(link.FieldDescriptorLinks, dom.FieldDescriptorLink{FieldDescriptorID: fd.ID})
		}
		behavior.StatusSectionDefinitionLinks = append(behavior.StatusSectionDefinitionLinks, link)
	}
	m.SectionDefinitions[1].FieldDescriptors[1].GenericEnum.Entries[1].IsSoftDeleted = false
	return m
}

func TestImport(t *testing.T) {
	send := daemontest.Start(t).Administrator().SendSLNetMessages
	for _, model := range []func() *interchange.Module{valid, serviceManagement} {
		m := model()
		imported(t, send, m)
		unchanged(t, send, model())

		stored, err := interchange.Export(t.Context(), send, m.ID, interchange.ExportOptions{Instances: true})
		if err != nil {
			t.Fatal(err)
		}
		again := readZip(t, zipOf(t, stored))[0]
		unchanged(t, send, again)

		again.Rename("copy")
		imported(t, send, again)
		unchanged(t, send, again)
		if _, err := slnet.Send1(t.Context(), send, &dom.ManagerStoreDeleteRequest{Kind: dom.KindModuleSettings, Key: "copy"}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManyInstances goes by pages and bulks.
func TestManyInstances(t *testing.T) {
	send := daemontest.Start(t).Administrator().SendSLNetMessages
	m := &interchange.Module{ID: "many", Settings: &dom.ModuleSettings{ModuleID: "many"}}
	section := dom.NewSectionDefinition("S", dom.NewFieldDescriptor("N", dom.TypeLong))
	definition := dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: section.ID})
	m.SectionDefinitions, m.Definitions = []*dom.SectionDefinition{section}, []*dom.Definition{definition}
	for n := range 1203 {
		instance := dom.NewInstance(definition.ID)
		instance.AddOrUpdateFieldValue(section.ID, section.FieldDescriptors[0].ID, n)
		m.Instances = append(m.Instances, instance)
	}
	broken := m.Instances[17]
	broken.AddOrUpdateFieldValue(section.ID, section.FieldDescriptors[0].ID, "text")
	failures := apply(t, plan(t, send, m, interchange.ImportOptions{}))
	if len(failures) != 1 || failures[0].Key != broken.Key() || !errors.Is(failures[0].Err, dom.ErrDomInstanceSectionInvalidFieldValueTypes) {
		t.Fatalf("got %v", failures)
	}
	stored, err := interchange.Export(t.Context(), send, "many", interchange.ExportOptions{Instances: true})
	if err != nil || len(stored.Instances) != 1202 {
		t.Fatalf("got %d instances, %v", len(stored.Instances), err)
	}
	unchanged(t, send, stored)

	section.FieldDescriptors[0].Tooltip = "how many"
	p := plan(t, send, m, interchange.ImportOptions{})
	if step := p.Steps[1]; step.Instances != 1202 || step.Action != interchange.Update {
		t.Errorf("got %+v", step)
	}
}

// TestVanished removes a field, an entry and a section link that are in use.
func TestVanished(t *testing.T) {
	send := daemontest.Start(t).Administrator().SendSLNetMessages
	model := func() *interchange.Module {
		m := &interchange.Module{ID: "m", Settings: &dom.ModuleSettings{ModuleID: "m"}}
		enum := dom.NewGenericEnum("E")
		enum.AddEntry("One", 1)
		enum.AddEntry("Two", 2)
		for s, fields := range [][]*dom.FieldDescriptor{
			{dom.NewFieldDescriptor("A", dom.TypeString), dom.NewGenericEnumFieldDescriptor("E", dom.TypeEnumInt, enum)},
			{dom.NewFieldDescriptor("B", dom.TypeString)},
		} {
			section := &dom.SectionDefinition{ID: dom.SectionDefinitionID(id("s", s)), Name: "S"}
			for f, fd := range fields {
				fd.ID, fd.IsOptional = dom.FieldDescriptorID(id("f", s*10+f)), true
				section.FieldDescriptors = append(section.FieldDescriptors, fd)
			}
			m.SectionDefinitions = append(m.SectionDefinitions, section)
		}
		m.Definitions = []*dom.Definition{{ID: dom.DefinitionID(id("d", 0)), SectionDefinitionLinks: []dom.SectionDefinitionLink{
			{SectionDefinitionID: m.SectionDefinitions[0].ID}, {SectionDefinitionID: m.SectionDefinitions[1].ID},
		}}}
		return m
	}
	m := model()
	instance := dom.NewInstance(m.Definitions[0].ID)
	for _, s := range m.SectionDefinitions {
		instance.AddOrUpdateFieldValue(s.ID, s.FieldDescriptors[0].ID, "x")
	}
	instance.AddOrUpdateFieldValue(m.SectionDefinitions[0].ID, m.SectionDefinitions[0].FieldDescriptors[1].ID, int32(2))
	m.Instances = []*dom.Instance{instance}
	imported(t, send, m)

	smaller := func(which int) *interchange.Module {
		m := model()
		switch which {
		case 0:
			m.SectionDefinitions[0].RemoveFieldDescriptor(m.SectionDefinitions[0].FieldDescriptors[0].ID)
		case 1:
			m.SectionDefinitions[0].FieldDescriptors[1].GenericEnum.RemoveEntry(2)
		case 2:
			m.Definitions[0].SectionDefinitionLinks = m.Definitions[0].SectionDefinitionLinks[:1]
		}
		return m
	}
	keep := interchange.ImportOptions{KeepVanished: true}
	for which, want := range []string{`field "A"`, `entry "Two" of field "E"`, "link of section " + id("s", 1).String()} {
		failures := apply(t, plan(t, send, smaller(which), interchange.ImportOptions{}))
		if len(failures) != 1 || !failures[0].InUse || strings.Join(failures[0].Vanished, ",") != want {
			t.Errorf("%s: got %+v", want, failures)
		}
		unchanged(t, send, model())
		if failures := apply(t, plan(t, send, smaller(which), keep)); len(failures) > 0 {
			t.Errorf("%s: %v", want, failures[0].Err)
		}
		if p := plan(t, send, smaller(which), keep); p.Count(interchange.Unchanged) != len(p.Steps) {
			t.Errorf("%s: kept again it is not unchanged", want)
		}
		imported(t, send, model())
	}
}

// TestRemovedTogether removes a field and, in the behavior, the link to it.
func TestRemovedTogether(t *testing.T) {
	send := daemontest.Start(t).Administrator().SendSLNetMessages
	imported(t, send, serviceManagement())
	m := serviceManagement()
	gone := m.SectionDefinitions[1].FieldDescriptors[2].ID
	m.SectionDefinitions[1].RemoveFieldDescriptor(gone)
	for _, b := range m.BehaviorDefinitions {
		for i := range b.StatusSectionDefinitionLinks {
			link := &b.StatusSectionDefinitionLinks[i]
			link.FieldDescriptorLinks = slices.DeleteFunc(link.FieldDescriptorLinks, func(f dom.FieldDescriptorLink) bool {
				return f.FieldDescriptorID == gone
			})
		}
	}
	imported(t, send, m)
	unchanged(t, send, m)
}

// TestChangedMeanwhile leaves alone what was changed after the plan was made.
func TestChangedMeanwhile(t *testing.T) {
	send := daemontest.Start(t).Administrator().SendSLNetMessages
	imported(t, send, serviceManagement())
	m := serviceManagement()
	m.SectionDefinitions[0].Name = "Mine"
	p := plan(t, send, m, interchange.ImportOptions{})
	other := serviceManagement().SectionDefinitions[0]
	other.Name = "Theirs"
	if _, err := dom.NewDomHelper(send, m.ID).SectionDefinitions.Update(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	failures := apply(t, p)
	if len(failures) != 1 || !errors.Is(failures[0].Err, dom.ErrObjectChangedSinceRead) {
		t.Errorf("got %v", failures)
	}
}

// TestSettingsTakeEffect imports a behavior that inherits from one the changed
// settings name.
func TestSettingsTakeEffect(t *testing.T) {
	send := daemontest.Start(t).Administrator().SendSLNetMessages
	m := &interchange.Module{ID: "m", Settings: &dom.ModuleSettings{ModuleID: "m"}}
	m.Templates = []*dom.Template{dom.NewTemplate("starts the manager", nil)}
	imported(t, send, m)
	parent := dom.NewBehaviorDefinition("Parent", dom.Status{ID: "draft"})
	child := &dom.BehaviorDefinition{Name: "Child", ParentID: parent.ID} // its id comes first
	child.ID[15] = 1
	m.Settings.DomManagerSettings.ModuleBehaviorDefinition = parent.ID
	m.BehaviorDefinitions = []*dom.BehaviorDefinition{child, parent}
	imported(t, send, m)
	unchanged(t, send, m)
}

func TestWithoutSettings(t *testing.T) {
	send := daemontest.Start(t).Administrator().SendSLNetMessages
	m := serviceManagement()
	m.Settings = nil
	if _, err := interchange.NewPlan(t.Context(), send, m, interchange.ImportOptions{}); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("got %v", err)
	}
	imported(t, send, serviceManagement())
	unchanged(t, send, m)
	if _, err := interchange.Export(t.Context(), send, "nothing", interchange.ExportOptions{}); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("got %v", err)
	}
}
