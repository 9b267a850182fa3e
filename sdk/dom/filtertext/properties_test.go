package filtertext_test

import (
	"reflect"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
)

// exposers are all exposers of the objects of a kind, without those of fields.
func exposers(kind dom.ObjectKind) []dom.Exposer {
	set := reflect.ValueOf(map[dom.ObjectKind]any{
		dom.KindModuleSettings:     dom.ModuleSettingsExposers,
		dom.KindSectionDefinition:  dom.SectionDefinitionExposers,
		dom.KindDefinition:         dom.DefinitionExposers,
		dom.KindBehaviorDefinition: dom.BehaviorDefinitionExposers,
		dom.KindTemplate:           dom.TemplateExposers,
		dom.KindHistoryChange:      dom.HistoryExposers,
		dom.KindStatusChange:       dom.StatusChangeExposers,
		dom.KindInstance:           dom.InstanceExposers,
	}[kind])
	all := make([]dom.Exposer, set.NumField())
	for i := range all {
		all[i] = set.Field(i).Interface().(dom.Exposer)
	}
	return all
}

// TestEveryProperty wants a word for every exposer that dom has, and for its
// values the kind that dom wants.
func TestEveryProperty(t *testing.T) {
	samples := []string{`"a"`, `1`, `2024-05-01`, `6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e`}
	for _, kind := range append(dom.ObjectKinds(), dom.KindHistoryChange, dom.KindStatusChange) {
		names := filtertext.Names{Kind: kind}
		for _, e := range exposers(kind) {
			word := filtertext.FormatOrder([]dom.Order{{Exposer: e}}, names)
			orders, err := filtertext.ParseOrder(word, names)
			if err != nil || len(orders) != 1 || orders[0].Exposer != e {
				t.Errorf("%s of %s is written %q and read as %v, %v", e, kind, word, orders, err)
			}
			accepted := 0
			for _, sample := range samples {
				if _, err := filtertext.Parse(word+" = "+sample, names); err == nil {
					accepted++
				}
			}
			if accepted == 0 {
				t.Errorf("%s of %s can be compared with nothing", word, kind)
			}
		}
	}
}

// TestOtherKinds wants fields to be known for instances only.
func TestOtherKinds(t *testing.T) {
	names := house(t)
	names.Kind = dom.KindDefinition
	for text, want := range map[string]string{
		`Amount = 1`:     "line 1, column 1: there is no property Amount; the properties are behavior, created, createdby, id, modified, modifiedby, name, sectiondefinition",
		`nmae = "a"`:     "line 1, column 1: there is no property nmae; did you mean name?",
		`exists Amount`:  "line 1, column 8: only instances have fields",
		"`name` = \"a\"": "line 1, column 1: expected a property, found `",
	} {
		if _, err := filtertext.Parse(text, names); err == nil || err.Error() != want {
			t.Errorf("Parse(%s) gives\n%v\nwant\n%s", text, err, want)
		}
	}
	f, err := filtertext.Parse(`sectiondefinition contains "Delivery" and name = "x"`, names)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(f, dom.And(dom.DefinitionExposers.SectionDefinitionIDs.Contains(delivery.ID), dom.DefinitionExposers.Name.Equal("x"))); d != "" {
		t.Error(d)
	}
}
