package interchange_test

import (
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
)

func TestCompareIgnoresWhatAServerSets(t *testing.T) {
	before, after := everything(), everything()
	after.Rename("copy")
	// Its own module by name is its own module.
	before.SectionDefinitions[1].FieldDescriptors[4].Reference.ModuleID = "everything"
	was, is := before.Objects(), after.Objects()
	for i := range was {
		*is[i].GetTracking() = dom.Tracking{Revision: 7}
		if instance, ok := is[i].(*dom.Instance); ok {
			instance.Name = "another"
		}
		changes, err := interchange.Compare(was[i], is[i])
		if err != nil || len(changes) > 0 {
			t.Errorf("%s: got %v, %v", was[i].Kind(), changes, err)
		}
	}
}

func TestCompare(t *testing.T) {
	for want, change := range map[string]func(m *interchange.Module) (dom.Object, dom.Object){
		`Name "Plain" -> "New"`: func(m *interchange.Module) (dom.Object, dom.Object) {
			return sectionWith(m, func(s *dom.SectionDefinition) { s.Name = "New" })
		},
		`FieldDescriptors[Takes] removed; FieldDescriptors[Done].Tooltip "" -> "x"; FieldDescriptors[More] added; FieldDescriptors reordered`: func(m *interchange.Module) (dom.Object, dom.Object) {
			return sectionWith(m, func(s *dom.SectionDefinition) {
				fields := s.FieldDescriptors
				fields[6].Tooltip = "x"
				s.FieldDescriptors = append([]*dom.FieldDescriptor{fields[6], dom.NewFieldDescriptor("More", dom.TypeBool)}, fields[:5]...)
			})
		},
		`FieldDescriptors[Title].$type "FieldDescriptor" -> "StaticTextFieldDescriptor"; FieldDescriptors[Title].StaticText added`: func(m *interchange.Module) (dom.Object, dom.Object) {
			return sectionWith(m, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].Kind = dom.FieldStaticText })
		},
		`FieldDescriptors[Tags].DefaultValue ["a","b"] -> null`: func(m *interchange.Module) (dom.Object, dom.Object) {
			return sectionWith(m, func(s *dom.SectionDefinition) { s.FieldDescriptors[1].DefaultValue = nil })
		},
		`SectionDefinitionLinks[` + id("section", 1).String() + `].IsOptional false -> true`: func(m *interchange.Module) (dom.Object, dom.Object) {
			d := everything().Definitions[0]
			d.SectionDefinitionLinks[0].IsOptional = true
			return m.Definitions[0], d
		},
		`StatusSectionDefinitionLinks[draft ` + id("section", 1).String() + `].FieldDescriptorLinks[` + id("field", 1).String() + `].Visible true -> false`: func(m *interchange.Module) (dom.Object, dom.Object) {
			b := everything().BehaviorDefinitions[0]
			b.StatusSectionDefinitionLinks[0].FieldDescriptorLinks[0].Visible = false
			return m.BehaviorDefinitions[0], b
		},
		`Sections[` + id("part", 1).String() + `].FieldValues[` + id("field", 8).String() + `].Value 9007199254740993 -> {"Double":1}`: func(m *interchange.Module) (dom.Object, dom.Object) {
			i := everything().Instances[0]
			i.Sections[0].AddOrReplaceFieldValue(dom.FieldDescriptorID(id("field", 8)), 1.0)
			return m.Instances[0], i
		},
	} {
		before, after := change(everything())
		changes, err := interchange.Compare(before, after)
		if err != nil {
			t.Errorf("%s: %v", want, err)
		}
		var texts []string
		for _, c := range changes {
			texts = append(texts, c.String())
		}
		if got := strings.Join(texts, "; "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func sectionWith(m *interchange.Module, change func(*dom.SectionDefinition)) (before, after dom.Object) {
	s := everything().SectionDefinitions[0]
	change(s)
	return m.SectionDefinitions[0], s
}

func TestCompareRefusesValuesThatAreNone(t *testing.T) {
	i := everything().Instances[0]
	i.Sections[0].AddOrReplaceFieldValue(dom.NewFieldDescriptorID(), nil)
	if _, err := interchange.Compare(i, i); err == nil {
		t.Error("an instance without a value was compared")
	}
}
