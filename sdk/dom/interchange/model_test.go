package interchange_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
)

// id is a Guid that is the same in each run.
func id(space string, n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d", space, n))
}

// everything is a module with each kind of object and each kind of part once.
func everything() *interchange.Module {
	field := func(n int, name string, t dom.FieldType, kind dom.FieldDescriptorKind) *dom.FieldDescriptor {
		return &dom.FieldDescriptor{ID: dom.FieldDescriptorID(id("field", n)), Name: name, FieldType: t, Kind: kind, IsOptional: true}
	}
	reference := func(fd *dom.FieldDescriptor, options dom.ReferenceOptions) *dom.FieldDescriptor {
		fd.Reference = &options
		return fd
	}
	value := func(v any) *dom.Value {
		w := dom.ValueOf(v)
		return &w
	}
	title := field(1, "Title", dom.TypeString, "")
	title.Tooltip, title.IsReadonly, title.IsHidden, title.IsSoftDeleted = "what it is \"called\" <&>", true, true, true
	title.DefaultValue = value("new\n\u0001 \u2028")
	title.Validators = []dom.FieldValidator{
		{Kind: dom.ValidatorRegex, Pattern: "^[A-Z]", IgnoreCase: true},
		{Kind: dom.ValidatorEmail},
		{Kind: dom.ValidatorURI, URIKind: dom.URIAbsolute, AcceptedSchemes: []string{"http", "https"}},
		{Kind: dom.ValidatorUserName},
	}
	tags := field(2, "Tags", dom.TypeListString, "")
	tags.DefaultValue = value([]string{"a", "b"})
	number := field(3, "Number", dom.TypeString, dom.FieldAutoIncrement)
	number.AutoIncrement = &dom.AutoIncrementOptions{AutoIncrementerID: id("counter", 1), IDFormat: "N-{0:D4}"}
	level := field(4, "Level", dom.TypeListEnumInt, dom.FieldGenericEnum)
	level.GenericEnum = &dom.GenericEnum{EnumName: "Levels", Entries: []dom.GenericEnumEntry{
		{DisplayName: "Low", Value: dom.ValueOf(int32(-1))}, {DisplayName: "High", Value: dom.ValueOf(int32(2)), IsHidden: true, IsSoftDeleted: true},
	}}
	color := field(5, "Color", dom.TypeEnumString, dom.FieldGenericEnum)
	color.GenericEnum = &dom.GenericEnum{Entries: []dom.GenericEnumEntry{{DisplayName: "Red", Value: dom.ValueOf("r")}}}
	text := field(6, "Help", dom.TypeString, dom.FieldStaticText)
	text.StaticText = "read this"
	definitionID := dom.DefinitionID(id("definition", 1))
	sections := []*dom.SectionDefinition{
		{ID: dom.SectionDefinitionID(id("section", 1)), ModuleID: "everything", Name: "Plain", FieldDescriptors: []*dom.FieldDescriptor{
			title, tags, field(7, "Price", dom.TypeDouble, ""), field(8, "Amount", dom.TypeLong, ""), field(9, "When", dom.TypeDateTime, ""),
			field(10, "Takes", dom.TypeTimeSpan, ""), field(11, "Done", dom.TypeBool, ""),
		}},
		{ID: dom.SectionDefinitionID(id("section", 2)), ModuleID: "everything", Name: "Special", FieldDescriptors: []*dom.FieldDescriptor{
			number, level, color, text,
			reference(field(12, "Own", dom.TypeListGuid, dom.FieldDomInstance), dom.ReferenceOptions{DomDefinitionIDs: []dom.DefinitionID{definitionID}}),
			reference(field(13, "Other", dom.TypeGuid, dom.FieldDomInstance), dom.ReferenceOptions{ModuleID: "other", DomDefinitionIDs: []dom.DefinitionID{dom.DefinitionID(id("definition", 9))}}),
			reference(field(14, "Shown", dom.TypeGuid, dom.FieldDomInstanceValue), dom.ReferenceOptions{FieldDescriptorID: title.ID}),
			reference(field(15, "Element", dom.TypeString, dom.FieldElement), dom.ReferenceOptions{ViewIDs: []int64{5, 7}}),
			reference(field(16, "Resource", dom.TypeListGuid, dom.FieldResource), dom.ReferenceOptions{ResourcePoolIDs: []uuid.UUID{id("pool", 1)}}),
			field(17, "Booking", dom.TypeGuid, dom.FieldReservation),
			reference(field(18, "Service", dom.TypeGuid, dom.FieldServiceDefinition), dom.ReferenceOptions{ServiceDefinitionFilter: "Name contains x"}),
			reference(field(19, "User", dom.TypeString, dom.FieldUser), dom.ReferenceOptions{GroupNames: []string{"Night shift"}}),
			field(20, "Group", dom.TypeString, dom.FieldGroup),
		}},
	}
	behavior := &dom.BehaviorDefinition{
		ID: dom.BehaviorDefinitionID(id("behavior", 1)), ModuleID: "everything", Name: "Life", InitialStatusID: "draft",
		Statuses:          []dom.Status{{ID: "draft", DisplayName: "Draft"}, {ID: "done", DisplayName: "Done"}},
		StatusTransitions: []dom.StatusTransition{{ID: "draft_to_done", FromStatusID: "draft", ToStatusID: "done", FlowLevel: 1}},
		StatusSectionDefinitionLinks: []dom.StatusSectionDefinitionLink{{
			StatusID: "draft", SectionDefinitionID: sections[0].ID, AllowMultipleSections: true, IsSoftDeleted: true,
			FieldDescriptorLinks: []dom.FieldDescriptorLink{{FieldDescriptorID: title.ID, Visible: true, RequiredForStatus: true, ReadOnly: true, ClientReadOnly: true}},
		}},
		ActionDefinitions: []dom.ActionDefinition{
			{ID: "go", Condition: &dom.Condition{Statuses: []string{"draft"}}, Script: "Go", Async: true, IsInteractive: true, ScriptOptions: []string{"PARAMETER:1:x"}},
			{ID: "always"},
		},
		ButtonDefinitions: []dom.ButtonDefinition{{
			ID: "go", Layout: dom.ButtonLayout{Text: "Go", Icon: "i", ToolTip: "t", Order: 3},
			VisibilityCondition: &dom.Condition{TransitionID: "draft_to_done"}, ActionDefinitionIDs: []string{"go"},
		}},
	}
	child := &dom.BehaviorDefinition{ID: dom.BehaviorDefinitionID(id("behavior", 0)), ModuleID: "everything", Name: "Child", ParentID: behavior.ID}
	name := &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameField(number.ID), dom.NameText(" - "), dom.NameField(title.ID)}}
	scripts := dom.ScriptSettings{
		OnCreate: "A", OnUpdate: "B", OnDelete: "C", ScriptType: dom.ScriptFullCrudMeta,
		OnUpdateTriggerConditions: []dom.UpdateTriggerCondition{{FieldDescriptorID: title.ID}, {StatusID: "draft"}},
	}
	definition := &dom.Definition{
		ID: definitionID, ModuleID: "everything", Name: "Thing",
		SectionDefinitionLinks: []dom.SectionDefinitionLink{
			{SectionDefinitionID: sections[0].ID, AllowMultipleSections: true},
			{SectionDefinitionID: sections[1].ID, IsOptional: true, IsSoftDeleted: true},
		},
		DomBehaviorDefinitionID: behavior.ID,
		ModuleSettingsOverrides: dom.ModuleSettingsOverrides{
			NameDefinition: new(dom.NameDefinition), ScriptSettings: &scripts, HistorySettings: &dom.HistorySettings{StorageBehavior: dom.HistoryDisabled},
		},
	}
	values := map[int]any{
		1: "text with ü and \"quotes\"", 2: []string{}, 7: 2.0, 8: int64(9_007_199_254_740_993), 9: time.Date(2024, 5, 1, 8, 30, 0, 123_456_700, time.UTC),
		10: dom.TimeSpanTicks(3_652_059 * 864_000_000_000), 11: false, 3: "N-0001", 4: []int32{-1, 2}, 5: "r", 12: []uuid.UUID{id("instance", 2)}, 13: id("instance", 3),
	}
	instance := &dom.Instance{
		ID: dom.InstanceID(id("instance", 1)), ModuleID: "everything", DomDefinitionID: definitionID, StatusID: "draft", Name: "N-0001 - text",
		Sections: []*dom.Section{
			{ID: dom.SectionID(id("part", 1)), SectionDefinitionID: sections[0].ID},
			{ID: dom.SectionID(id("part", 2)), SectionDefinitionID: sections[1].ID},
		},
	}
	for i, s := range sections {
		for _, fd := range s.FieldDescriptors {
			for n, v := range values {
				if fd.ID == dom.FieldDescriptorID(id("field", n)) {
					instance.Sections[i].AddOrReplaceFieldValue(fd.ID, v)
				}
			}
		}
	}
	settings := &dom.ModuleSettings{ModuleID: "everything", DomManagerSettings: dom.DomManagerSettings{
		ModuleSections:             []dom.SectionDefinitionID{sections[0].ID},
		FieldAliases:               []dom.FieldAlias{{Name: "start", FieldDescriptorID: title.ID}},
		ScriptSettings:             scripts,
		InformationEventSettings:   dom.InformationEventSettings{Enable: true},
		DomInstanceNameDefinition:  name,
		ModuleBehaviorDefinition:   behavior.ID,
		TTLSettings:                dom.TTLSettings{DomInstanceTTL: 30*24*time.Hour + time.Second, DomTemplateTTL: time.Minute, DomInstanceHistoryTTL: 100},
		DomInstanceHistorySettings: dom.HistorySettings{StorageBehavior: dom.HistoryEnabledSync},
		StorageSettings: dom.StorageSettings{
			CachingSettings: dom.CachingSettings{DomDefinition: dom.CachingFull, SectionDefinition: dom.CachingDisabled},
			IndexedFields:   []dom.FieldDescriptorID{title.ID}, TextSearchFields: []dom.FieldDescriptorID{title.ID},
		},
		SecuritySettings: dom.DomManagerSecuritySettings{
			ViewPermissions: 7, CreateAndUpdateDomInstancePermission: 8, DeleteDomInstancePermission: dom.PermissionPlmDeleteDomInstances, ConfigurePermission: 9,
			LinkSecurity: &dom.LinkSecuritySettings{GroupLinks: []dom.GroupLink{
				{GroupName: "Planners", DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: definitionID}}},
				{
					GroupName:               "London employees",
					DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: definitionID, ReadOnly: true}},
					FieldValueReferences: []dom.FieldValueReference{
						{DomDefinitionID: definitionID, FieldDescriptorID: dom.FieldDescriptorID(id("field", 13)), Values: []dom.Value{dom.ValueOf(id("instance", 3)), dom.ValueOf(uuid.Nil)}, ReadOnly: true},
						{DomDefinitionID: definitionID, FieldDescriptorID: dom.FieldDescriptorID(id("field", 4)), Values: []dom.Value{dom.ValueOf(int32(-1))}},
						{DomDefinitionID: definitionID, FieldDescriptorID: dom.FieldDescriptorID(id("field", 5)), Values: []dom.Value{dom.ValueOf("r"), dom.ValueOf(uuid.Nil.String())}},
					},
				},
			}},
		},
		DomInstanceNetworkAttachmentSettings: dom.NetworkAttachmentSettings{NetworkSharePath: `\\host\share`, CredentialID: id("credential", 1)},
	}}
	m := &interchange.Module{
		ID: "everything", Settings: settings, SectionDefinitions: sections, BehaviorDefinitions: []*dom.BehaviorDefinition{behavior, child},
		Definitions: []*dom.Definition{definition},
		Templates: []*dom.Template{
			{ID: dom.TemplateID(id("template", 1)), ModuleID: "everything", Name: "Start", TemplateData: &dom.Instance{StatusID: "draft", ModuleID: "everything"}},
			{ID: dom.TemplateID(id("template", 2)), ModuleID: "everything", Name: "None"},
		},
		Instances: []*dom.Instance{instance},
	}
	for i, o := range m.Objects() {
		*o.GetTracking() = dom.Tracking{
			CreatedAt: time.Date(2024, 1, 2, 3, 4, 5, 600_000_000, time.UTC), CreatedBy: "ann",
			LastModified: time.Date(2024, 1, 3, 0, 0, i, 0, time.UTC), LastModifiedBy: "bob",
		}
	}
	return m
}

// serviceManagement is a model of the size of the one that dom.md part 7 names:
// 15 definitions, 23 sections, 3 behaviors; the first behavior has 12 statuses,
// 17 transitions, 48 status links and 180 field links.
func serviceManagement() *interchange.Module {
	const module = "(slc)services"
	m := &interchange.Module{ID: module, Settings: &dom.ModuleSettings{ModuleID: module}}
	types := dom.PlainFieldTypes()
	for s := range 23 {
		section := &dom.SectionDefinition{ID: dom.SectionDefinitionID(id("sm section", s)), ModuleID: module, Name: fmt.Sprintf("Section %d", s)}
		for f := range 6 {
			fd := &dom.FieldDescriptor{
				ID: dom.FieldDescriptorID(id("sm field", s*10+f)), Name: fmt.Sprintf("Field %d", f), FieldType: types[(s+f)%len(types)], IsOptional: true,
			}
			switch {
			case s == 0 && f == 0:
				fd.FieldType, fd.Kind = dom.TypeString, dom.FieldAutoIncrement
				fd.AutoIncrement = &dom.AutoIncrementOptions{AutoIncrementerID: id("sm counter", 0), IDFormat: "ORDER-{0:D6}"}
			case f == 5:
				fd.FieldType, fd.Kind = dom.TypeListGuid, dom.FieldDomInstance
				fd.Reference = &dom.ReferenceOptions{ModuleID: module, DomDefinitionIDs: []dom.DefinitionID{dom.DefinitionID(id("sm definition", s%15))}}
			}
			section.FieldDescriptors = append(section.FieldDescriptors, fd)
		}
		m.SectionDefinitions = append(m.SectionDefinitions, section)
	}
	for b, size := range []struct{ statuses, transitions, sections int }{{12, 17, 4}, {6, 5, 2}, {3, 2, 1}} {
		m.BehaviorDefinitions = append(m.BehaviorDefinitions, lifeCycle(m, b, size.statuses, size.transitions, size.sections))
	}
	for d := range 15 {
		definition := &dom.Definition{ID: dom.DefinitionID(id("sm definition", d)), ModuleID: module, Name: fmt.Sprintf("Definition %d", d)}
		for s := d; s < 23; s += 15 {
			definition.SectionDefinitionLinks = append(definition.SectionDefinitionLinks, dom.SectionDefinitionLink{
				SectionDefinitionID: m.SectionDefinitions[s].ID, AllowMultipleSections: s >= 15, IsOptional: s >= 15,
			})
		}
		if d < 3 {
			definition.DomBehaviorDefinitionID = m.BehaviorDefinitions[d].ID
		}
		definition.ModuleSettingsOverrides.NameDefinition = &dom.NameDefinition{
			ConcatenationItems: []dom.NameItem{dom.NameField(m.SectionDefinitions[d].FieldDescriptors[0].ID)},
		}
		m.Definitions = append(m.Definitions, definition)
	}
	return m
}

// lifeCycle is a behavior with links for each of its statuses and sections; the
// first one has 15 field links a status.
func lifeCycle(m *interchange.Module, n, statuses, transitions, sections int) *dom.BehaviorDefinition {
	b := &dom.BehaviorDefinition{ID: dom.BehaviorDefinitionID(id("sm behavior", n)), ModuleID: m.ID, Name: fmt.Sprintf("Behavior %d", n)}
	status := func(i int) string { return fmt.Sprintf("status %d", i%statuses) }
	b.InitialStatusID = status(0)
	for i := range statuses {
		b.Statuses = append(b.Statuses, dom.Status{ID: status(i), DisplayName: fmt.Sprintf("Status %d", i)})
		for s := range sections {
			link := dom.StatusSectionDefinitionLink{StatusID: status(i), SectionDefinitionID: m.SectionDefinitions[s].ID, AllowMultipleSections: s > 1}
			for _, fd := range m.SectionDefinitions[s].FieldDescriptors[:4-s%4/3] {
				link.FieldDescriptorLinks = append(link.FieldDescriptorLinks, dom.FieldDescriptorLink{FieldDescriptorID: fd.ID, Visible: true})
			}
			b.StatusSectionDefinitionLinks = append(b.StatusSectionDefinitionLinks, link)
		}
	}
	for i := range transitions {
		from, to := i%statuses, i%statuses+1+i/statuses
		transition := dom.StatusTransition{ID: fmt.Sprintf("transition %d", i), FromStatusID: status(from), ToStatusID: status(to), FlowLevel: int64(i / statuses)}
		b.StatusTransitions = append(b.StatusTransitions, transition)
		condition := &dom.Condition{Statuses: []string{status(from)}}
		b.ActionDefinitions = append(b.ActionDefinitions, dom.ActionDefinition{
			ID: transition.ID, Condition: condition, Script: "Transitions",
			ScriptOptions: []string{"PARAMETERBYNAME:From:" + status(from), "PARAMETERBYNAME:To:" + status(to)},
		})
		b.ButtonDefinitions = append(b.ButtonDefinitions, dom.ButtonDefinition{
			ID: transition.ID, VisibilityCondition: condition, Layout: dom.ButtonLayout{Text: "To " + status(to)}, ActionDefinitionIDs: []string{transition.ID},
		})
	}
	return b
}
