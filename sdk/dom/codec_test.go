package dom_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// values holds one of each kind, and the edges of their ranges.
func values() []dom.Value {
	var list []dom.Value
	for _, v := range []any{
		"", "text", "Ünïcödé ☂", int32(0), int32(math.MinInt32), int32(math.MaxInt32),
		0, int64(math.MinInt64), int64(math.MaxInt64), 0.0, math.Copysign(0, -1), 1.5, math.Inf(1), math.Inf(-1), math.NaN(),
		true, false,
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999_999_900, time.UTC),
		time.Date(2024, 5, 1, 12, 0, 0, 0, time.FixedZone("", 7200)), time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC),
		time.Duration(0), -90 * time.Minute, 13*time.Hour + 28*time.Minute + 18*time.Second + 918_733_500,
		uuid.Nil, uuid.MustParse("6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e"),
		[]string{}, []string{"a", "B"}, []int32{3, 1}, []int{7}, []uuid.UUID{uuid.Nil}, []float64{1, math.Inf(1)},
	} {
		list = append(list, dom.ValueOf(v))
	}
	return append(list, dom.TimeSpanTicks(math.MinInt64), dom.TimeSpanTicks(math.MaxInt64))
}

func TestValueRoundTripsInBothCodecs(t *testing.T) {
	for _, v := range values() {
		if err := v.Err(); err != nil {
			t.Fatal(err)
		}
		b, err := v.MarshalMsg(nil)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		var got dom.Value
		rest, err := got.UnmarshalMsg(b)
		if err != nil || len(rest) != 0 || !got.Equal(v) {
			t.Errorf("MessagePack: %v %q came back as %v %q (%v, %d bytes left)", v.Kind(), v, got.Kind(), got, err, len(rest))
		}
		for n := range b {
			if _, err := new(dom.Value).UnmarshalMsg(b[:n]); err == nil {
				t.Errorf("%v %q: the first %d of %d bytes were accepted", v.Kind(), v, n, len(b))
			}
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		got = dom.Value{}
		if err := json.Unmarshal(j, &got); err != nil || !got.Equal(v) {
			t.Errorf("JSON: %v %q came back as %v %q from %s (%v)", v.Kind(), v, got.Kind(), got, j, err)
		}
	}
}

func TestUnsupportedValuesAreRefusedWithTheReason(t *testing.T) {
	for _, v := range []any{nil, make(chan int), struct{}{}, uint8(1), "\xff", []any{1, "x"}, []any{[]int{1}}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		instance := dom.NewInstance(dom.NewDefinitionID())
		instance.AddOrUpdateFieldValue(dom.NewSectionDefinitionID(), dom.NewFieldDescriptorID(), v)
		_, err := dom.EncodeObject(instance)
		if err == nil {
			t.Errorf("%T %v was encoded", v, v)
			continue
		}
		t.Log(err)
	}
}

func someObjects() []dom.Object {
	at := time.Date(2024, 5, 1, 12, 0, 0, 1, time.UTC)
	tracking := dom.Tracking{CreatedAt: at, CreatedBy: "ann", LastModified: at.Add(time.Hour), LastModifiedBy: "chris", Revision: 7}
	field := dom.NewFieldDescriptor("Amount", dom.TypeDouble)
	field.Tooltip, field.IsOptional = "in euro", true
	def := dom.ValueOf(1.5)
	field.DefaultValue = &def
	section := dom.NewSectionDefinition("Info", field, dom.NewFieldDescriptor("Name", dom.TypeString))
	section.ModuleID, section.Tracking = "m", tracking
	definition := dom.NewDefinition("Invoice", dom.SectionDefinitionLink{SectionDefinitionID: section.ID, IsOptional: true})
	definition.Tracking = tracking
	instance := dom.NewInstance(definition.ID)
	instance.Tracking, instance.Name, instance.StatusID, instance.ModuleID = tracking, "n", "draft", "m"
	for _, v := range values() {
		instance.Sections = append(instance.Sections, dom.NewSection(section.ID))
		instance.Sections[len(instance.Sections)-1].AddOrReplaceFieldValue(field.ID, v)
	}
	return []dom.Object{
		&dom.ModuleSettings{}, &dom.SectionDefinition{}, &dom.Definition{}, &dom.Instance{},
		&dom.ModuleSettings{ModuleID: "m", Tracking: tracking, DomManagerSettings: dom.DomManagerSettings{
			SecuritySettings:         dom.DomManagerSecuritySettings{DeleteDomInstancePermission: dom.PermissionPlmDeleteDomInstances},
			InformationEventSettings: dom.InformationEventSettings{Enable: true},
		}},
		section, definition, instance,
		everyFieldKind(), someBehavior(section), dom.NewTemplate("t", instance), dom.NewTemplate("empty", nil),
		&dom.ModuleSettings{ModuleID: "full", DomManagerSettings: dom.DomManagerSettings{
			ModuleSections:            []dom.SectionDefinitionID{section.ID},
			FieldAliases:              []dom.FieldAlias{{Name: "a", FieldDescriptorID: field.ID}},
			ScriptSettings:            dom.ScriptSettings{OnCreate: "c", ScriptType: dom.ScriptFullCrudMeta, OnUpdateTriggerConditions: []dom.UpdateTriggerCondition{{FieldDescriptorID: field.ID}}},
			DomInstanceNameDefinition: &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameText("x "), dom.NameField(field.ID)}},
			ModuleBehaviorDefinition:  dom.NewBehaviorDefinitionID(),
			TTLSettings:               dom.TTLSettings{DomInstanceTTL: time.Hour},
			StorageSettings:           dom.StorageSettings{CachingSettings: dom.CachingSettings{DomDefinition: dom.CachingDisabled}},
		}},
	}
}

func everyFieldKind() *dom.SectionDefinition {
	enum := dom.NewGenericEnum("Priority")
	for i, name := range []string{"Low", "High"} {
		if err := enum.AddEntry(name, i); err != nil {
			panic(err)
		}
	}
	fields := []*dom.FieldDescriptor{
		dom.NewAutoIncrementFieldDescriptor("Number", "REF-{0:000}"),
		dom.NewGenericEnumFieldDescriptor("Priority", dom.TypeListEnumInt, enum),
		dom.NewDomInstanceFieldDescriptor("Parent", dom.TypeGuid, "other", dom.NewDefinitionID()),
		dom.NewStaticTextFieldDescriptor("Hint", "read this"),
	}
	fields[3].Validators = []dom.FieldValidator{{Kind: dom.ValidatorRegex, Pattern: "^a"}, {Kind: dom.ValidatorURI, AcceptedSchemes: []string{"https"}}}
	return dom.NewSectionDefinition("All kinds", fields...)
}

func someBehavior(section *dom.SectionDefinition) *dom.BehaviorDefinition {
	b := dom.NewBehaviorDefinition("Life", dom.Status{ID: "draft", DisplayName: "Draft"}, dom.Status{ID: "active"})
	b.ParentID = dom.NewBehaviorDefinitionID()
	b.StatusTransitions = []dom.StatusTransition{{ID: "draft_to_active", FromStatusID: "draft", ToStatusID: "active", FlowLevel: 1}}
	b.StatusSectionDefinitionLinks = []dom.StatusSectionDefinitionLink{{StatusID: "draft", SectionDefinitionID: section.ID,
		FieldDescriptorLinks: []dom.FieldDescriptorLink{{FieldDescriptorID: section.FieldDescriptors[0].ID, RequiredForStatus: true}}}}
	b.ActionDefinitions = []dom.ActionDefinition{{ID: "start", Script: "s", Condition: &dom.Condition{Statuses: []string{"draft"}}}}
	b.ButtonDefinitions = []dom.ButtonDefinition{{ID: "b", Layout: dom.ButtonLayout{Text: "Go", Order: 2}, ActionDefinitionIDs: []string{"start"}}}
	return b
}

func TestObjectsRoundTripInBothCodecs(t *testing.T) {
	for _, o := range someObjects() {
		raw, err := dom.EncodeObject(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dom.DecodeObject(o.Kind(), raw)
		if err != nil {
			t.Fatal(err)
		}
		equalTimes := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
		if diff := cmp.Diff(o, got, equalTimes, cmp.Comparer(dom.Value.Equal), cmpopts.IgnoreUnexported(dom.Section{})); diff != "" {
			t.Errorf("%s after MessagePack (-want +got):\n%s", o.Kind(), diff)
		}
		again, err := dom.EncodeObject(got)
		if err != nil || string(again) != string(raw) {
			t.Errorf("%s: the canonical form differs after a round trip (%v)", o.Kind(), err)
		}

		messages := []slnet.Message{&dom.ManagerStoreCreateRequest{ModuleID: "m", Kind: o.Kind(), Object: raw}}
		j, err := slnet.AppendJSON(nil, messages)
		if err != nil {
			t.Fatal(err)
		}
		back, err := sdk.Registry().DecodeJSON(j)
		if err != nil {
			t.Fatalf("%s\n%s", err, j)
		}
		if got := back[0].(*dom.ManagerStoreCreateRequest).Object; string(got) != string(raw) {
			t.Errorf("%s after JSON differs:\n%s", o.Kind(), j)
		}
	}
}
