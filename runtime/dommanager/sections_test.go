package dommanager_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestFieldTypes(t *testing.T) {
	of := func(kind dom.FieldDescriptorKind, types ...dom.FieldType) func(*testing.T) []*dom.FieldDescriptor {
		return func(t *testing.T) []*dom.FieldDescriptor {
			var list []*dom.FieldDescriptor
			for _, fieldType := range types {
				fd := dom.NewFieldDescriptor("F", fieldType)
				fd.Kind = kind
				switch kind {
				case dom.FieldAutoIncrement:
					fd.AutoIncrement = &dom.AutoIncrementOptions{AutoIncrementerID: uuid.New()}
				case dom.FieldGenericEnum:
					fd.GenericEnum = dom.NewGenericEnum("enum")
				}
				list = append(list, fd)
			}
			return list
		}
	}
	type kinds struct {
		id     string
		fields func(*testing.T) []*dom.FieldDescriptor
		ok     bool
	}
	var rows []row
	for _, k := range []kinds{
		{"SD-01", of(dom.FieldPlain, "Decimal", "", dom.TypeEnumInt, dom.TypeListGuid), false},
		{"SD-01 Guid", of(dom.FieldPlain, dom.TypeGuid), false},
		{"SD-02", of(dom.FieldPlain, dom.PlainFieldTypes()...), true},
		{"SD-03 AutoIncrement", of(dom.FieldAutoIncrement, dom.TypeListString, dom.TypeLong), false},
		{"SD-03 User", of(dom.FieldUser, dom.TypeListString), false},
		{"SD-03 Group", of(dom.FieldGroup, dom.TypeListString), false},
		{"SD-03 StaticText", of(dom.FieldStaticText, dom.TypeListString), false},
		{"SD-04 DomInstance", of(dom.FieldDomInstance, dom.TypeGuid, dom.TypeListGuid), true},
		{"SD-04 DomInstanceValue", of(dom.FieldDomInstanceValue, dom.TypeGuid, dom.TypeListGuid), true},
		{"SD-04 Resource", of(dom.FieldResource, dom.TypeGuid, dom.TypeListGuid), true},
		{"SD-04 Reservation", of(dom.FieldReservation, dom.TypeGuid, dom.TypeListGuid), true},
		{"SD-04 ServiceDefinition", of(dom.FieldServiceDefinition, dom.TypeGuid, dom.TypeListGuid), true},
		{"SD-04 Element", of(dom.FieldElement, dom.TypeString, dom.TypeListString), true},
		{"SD-04 GenericEnum", of(dom.FieldGenericEnum, dom.TypeEnumInt, dom.TypeEnumString, dom.TypeListEnumInt, dom.TypeListEnumString), true},
		{"SD-04 strings", of(dom.FieldDomInstance, dom.TypeString), false},
	} {
		rows = append(rows, row{k.id, func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			for _, fd := range k.fields(t) {
				s := dom.NewSectionDefinition("S", fd)
				if k.ok {
					if stored := createSection(t, h, s); stored.FieldDescriptors[0].FieldType != fd.FieldType {
						t.Errorf("stored %+v", stored.FieldDescriptors[0])
					}
					continue
				}
				e := refused(t, h, dom.SectionDefinitionError, dom.ErrFieldTypeNotSupported, func() error {
					_, err := h.SectionDefinitions.Create(t.Context(), s)
					return err
				})
				var supported []string
				for _, fieldType := range fd.Kind.FieldTypes() {
					supported = append(supported, string(fieldType))
				}
				p := e.Properties
				if p.FieldType != string(fd.FieldType) || !slices.Equal(p.SupportedTypes, supported) ||
					!slices.Equal(p.FieldDescriptorIDs, []uuid.UUID{uuid.UUID(fd.ID)}) {
					t.Errorf("properties %+v", p)
				}
			}
		}})
	}
	eachDoor(t, rows)
}

func TestInvalidFieldDescriptors(t *testing.T) {
	plain := func(change func(*dom.FieldDescriptor)) func(*testing.T) []*dom.FieldDescriptor {
		return func(*testing.T) []*dom.FieldDescriptor {
			fd := dom.NewFieldDescriptor("F", dom.TypeString)
			change(fd)
			return []*dom.FieldDescriptor{fd}
		}
	}
	enum := func(fieldType dom.FieldType, entries ...dom.GenericEnumEntry) func(*testing.T) []*dom.FieldDescriptor {
		return func(*testing.T) []*dom.FieldDescriptor {
			return []*dom.FieldDescriptor{dom.NewGenericEnumFieldDescriptor("F", fieldType, &dom.GenericEnum{Entries: entries})}
		}
	}
	entry := func(displayName string, value any) dom.GenericEnumEntry {
		return dom.GenericEnumEntry{DisplayName: displayName, Value: dom.ValueOf(value)}
	}
	value := func(v any) *dom.Value {
		value := dom.ValueOf(v)
		return &value
	}
	var rows []row
	for _, invalid := range []struct {
		name   string
		fields func(*testing.T) []*dom.FieldDescriptor
	}{
		{"unknown kind", plain(func(fd *dom.FieldDescriptor) { fd.Kind = "Magic" })},
		{"no id", plain(func(fd *dom.FieldDescriptor) { fd.ID = dom.FieldDescriptorID{} })},
		{"counter without options", plain(func(fd *dom.FieldDescriptor) { fd.Kind = dom.FieldAutoIncrement })},
		{"counter without id", plain(func(fd *dom.FieldDescriptor) {
			fd.Kind, fd.AutoIncrement = dom.FieldAutoIncrement, new(dom.AutoIncrementOptions)
		})},
		{"counter with a malformed format", plain(func(fd *dom.FieldDescriptor) {
			fd.Kind, fd.AutoIncrement = dom.FieldAutoIncrement, &dom.AutoIncrementOptions{AutoIncrementerID: uuid.New(), IDFormat: "{0"}
		})},
		{"counter of a plain field", plain(func(fd *dom.FieldDescriptor) {
			fd.AutoIncrement = &dom.AutoIncrementOptions{AutoIncrementerID: uuid.New()}
		})},
		{"enum of a plain field", plain(func(fd *dom.FieldDescriptor) { fd.GenericEnum = dom.NewGenericEnum("enum") })},
		{"enum without entries part", plain(func(fd *dom.FieldDescriptor) { fd.Kind, fd.FieldType = dom.FieldGenericEnum, dom.TypeEnumInt })},
		{"enum without entries part, with a default value", plain(func(fd *dom.FieldDescriptor) {
			fd.Kind, fd.FieldType, fd.DefaultValue = dom.FieldGenericEnum, dom.TypeEnumString, value("x")
		})},
		{"reference of a plain field", plain(func(fd *dom.FieldDescriptor) { fd.Reference = new(dom.ReferenceOptions) })},
		{"text of a plain field", plain(func(fd *dom.FieldDescriptor) { fd.StaticText = "text" })},
		{"default value of another type", plain(func(fd *dom.FieldDescriptor) { fd.DefaultValue = value(1) })},
		{"malformed regular expression", plain(func(fd *dom.FieldDescriptor) {
			fd.Validators = []dom.FieldValidator{{Kind: dom.ValidatorRegex, Pattern: "("}}
		})},
		{"unknown validator", plain(func(fd *dom.FieldDescriptor) { fd.Validators = []dom.FieldValidator{{Kind: "Magic"}} })},
		{"SD-05 value twice", enum(dom.TypeEnumInt, entry("High", int32(1)), entry("Low", 1))},
		{"SD-05 display name twice", enum(dom.TypeEnumString, entry("High", "a"), entry("High", "b"))},
		{"entry of another type", enum(dom.TypeEnumInt, entry("High", "a"))},
		{"entry beyond 32 bits", enum(dom.TypeEnumInt, entry("High", 1<<40))},
		{"default value that is no entry", func(*testing.T) []*dom.FieldDescriptor {
			fd := dom.NewGenericEnumFieldDescriptor("F", dom.TypeEnumInt, &dom.GenericEnum{Entries: []dom.GenericEnumEntry{entry("High", 1)}})
			fd.DefaultValue = value(2)
			return []*dom.FieldDescriptor{fd}
		}},
		{"the same id twice", func(*testing.T) []*dom.FieldDescriptor {
			fd := dom.NewFieldDescriptor("F", dom.TypeString)
			return []*dom.FieldDescriptor{fd, fd}
		}},
	} {
		rows = append(rows, row{invalid.name, func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := &dom.SectionDefinition{ID: dom.NewSectionDefinitionID(), Name: "S", FieldDescriptors: invalid.fields(t)}
			e := refused(t, h, dom.SectionDefinitionError, dom.ErrInvalidFieldDescriptor, func() error {
				_, err := h.SectionDefinitions.Create(t.Context(), s)
				return err
			})
			if !slices.Equal(e.Properties.FieldDescriptorIDs, []uuid.UUID{uuid.UUID(s.FieldDescriptors[0].ID)}) || e.Properties.ID != s.Key() {
				t.Errorf("properties %+v", e.Properties)
			}
		}})
	}
	eachDoor(t, rows)
}

func TestSD05EntryIsUnique(t *testing.T) {
	enum := enumOf(t, "High", 1)
	if err := enum.AddEntry("High", 2); !errors.Is(err, slnet.KindAlreadyExists) {
		t.Errorf("same display name: %v", err)
	}
	if err := enum.AddEntry("Low", 1); !errors.Is(err, slnet.KindAlreadyExists) {
		t.Errorf("same value: %v", err)
	}
	if len(enum.Entries) != 1 {
		t.Errorf("entries %+v", enum.Entries)
	}
}

// update changes and saves the section definition of a fixture.
func (f fixture) update(t testing.TB, change func(s *dom.SectionDefinition)) error {
	t.Helper()
	list, err := f.SectionDefinitions.Read(t.Context(), dom.SectionDefinitionExposers.ID.Equal(f.section.ID))
	if err != nil || len(list) != 1 {
		t.Fatalf("read %d, %v", len(list), err)
	}
	change(list[0])
	_, err = f.SectionDefinitions.Update(t.Context(), list[0])
	return err
}

// removeField removes the first field of the section definition.
func removeField(s *dom.SectionDefinition) { s.RemoveFieldDescriptor(s.FieldDescriptors[0].ID) }

// refusedUpdate is the error of a change of the section definition that must be
// refused.
func (f fixture) refusedUpdate(t testing.TB, reason slnet.Reason, change func(s *dom.SectionDefinition)) slnet.ErrorProperties {
	t.Helper()
	e := refused(t, f.DomHelper, dom.SectionDefinitionError, reason, func() error { return f.update(t, change) })
	if p := e.Properties; p.ID != f.section.Key() || !slices.Equal(p.FieldDescriptorIDs, []uuid.UUID{uuid.UUID(f.section.FieldDescriptors[0].ID)}) {
		t.Errorf("properties %+v", p)
	}
	return e.Properties
}

func TestChangesOfFields(t *testing.T) {
	counter := func() *dom.FieldDescriptor { return dom.NewAutoIncrementFieldDescriptor("F", "{0}") }
	numbers := func(t *testing.T) *dom.FieldDescriptor {
		return optional(dom.NewGenericEnumFieldDescriptor("F", dom.TypeEnumInt, enumOf(t, "One", 1, "Two", 2, "Three", 3)))
	}
	eachDoor(t, []row{
		{"SD-06", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			createInstance(t, h, f.instance("x"))
			err := f.update(t, func(s *dom.SectionDefinition) {
				fd := s.FieldDescriptors[0]
				fd.Name, fd.Tooltip, fd.IsHidden, fd.IsReadonly, fd.IsOptional = "G", "tip", true, true, false
			})
			if err != nil {
				t.Error(err)
			}
		}},
		{"SD-07", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			f.fill(t, 150, "x")
			p := f.refusedUpdate(t, dom.ErrSectionDefinitionInUseByDomInstances, func(s *dom.SectionDefinition) {
				s.FieldDescriptors[0].FieldType = dom.TypeLong
			})
			if len(p.DomInstanceIDs) != 100 {
				t.Errorf("%d ids", len(p.DomInstanceIDs))
			}
		}},
		{"SD-07 without values", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			createInstance(t, h, f.instance(nil))
			if err := f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].FieldType = dom.TypeLong }); err != nil {
				t.Error(err)
			}
		}},
		{"SD-08 kind", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			instance := createInstance(t, h, f.instance("x"))
			p := f.refusedUpdate(t, dom.ErrSectionDefinitionInUseByDomInstances, func(s *dom.SectionDefinition) {
				s.FieldDescriptors[0].Kind = dom.FieldUser
			})
			if !slices.Equal(p.DomInstanceIDs, []uuid.UUID{uuid.UUID(instance.ID)}) {
				t.Errorf("ids %v", p.DomInstanceIDs)
			}
		}},
		{"SD-08 counter", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, counter())
			createInstance(t, h, f.instance("1"))
			f.refusedUpdate(t, dom.ErrSectionDefinitionInUseByDomInstances, func(s *dom.SectionDefinition) {
				s.FieldDescriptors[0].AutoIncrement.AutoIncrementerID = uuid.New()
			})
			f.refusedUpdate(t, dom.ErrSectionDefinitionInUseByDomInstances, func(s *dom.SectionDefinition) {
				s.FieldDescriptors[0].AutoIncrement.IDFormat = "X{0}"
			})
		}},
		{"SD-17", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, numbers(t))
			f.fill(t, 150, 3)
			p := f.refusedUpdate(t, dom.ErrGenericEnumEntryInUseByDomInstances, func(s *dom.SectionDefinition) {
				s.FieldDescriptors[0].GenericEnum.RemoveEntry(3)
			})
			if p.Name != "Three" || p.Value != "3" || len(p.DomInstanceIDs) != 100 {
				t.Errorf("entry %q (%s), %d ids", p.Name, p.Value, len(p.DomInstanceIDs))
			}
		}},
		{"SD-17 string", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, dom.NewGenericEnumFieldDescriptor("F", dom.TypeListEnumString, enumOf(t, "Upper", "A", "Lower", "a")))
			createInstance(t, h, f.instance([]string{"a"}))
			if err := f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].GenericEnum.RemoveEntry("A") }); err != nil {
				t.Errorf("unused entry that differs in case: %v", err)
			}
			f.refusedUpdate(t, dom.ErrGenericEnumEntryInUseByDomInstances, func(s *dom.SectionDefinition) {
				s.FieldDescriptors[0].GenericEnum.RemoveEntry("a")
			})
		}},
		{"SD-18", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, numbers(t))
			createInstance(t, h, f.instance(2))
			p := f.refusedUpdate(t, dom.ErrGenericEnumEntryInUseByDomInstances, func(s *dom.SectionDefinition) {
				s.FieldDescriptors[0].GenericEnum.Entries[1].Value = dom.ValueOf(int32(9))
			})
			if p.Name != "Two" || p.Value != "2" {
				t.Errorf("entry %q (%s)", p.Name, p.Value)
			}
		}},
		{"SD-19", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, numbers(t))
			changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) {
				s.DomInstanceNameDefinition = &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameField(f.section.FieldDescriptors[0].ID)}}
			})
			instance := createInstance(t, h, f.instance(2))
			if err := f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].GenericEnum.Entries[1].DisplayName = "Deux" }); err != nil {
				t.Fatal(err)
			}
			before := readInstance(t, h, instance.ID)
			after, err := h.DomInstances.Update(t.Context(), before)
			if err != nil || before.Name != "Two" || after.Name != "Deux" {
				t.Errorf("before the next save %q, after it %+v, %v", before.Name, after, err)
			}
		}},
		{"SD-20", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, numbers(t))
			createInstance(t, h, f.instance(2))
			if err := f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].GenericEnum.RemoveEntry(3) }); err != nil {
				t.Error(err)
			}
		}},
	})
}

func TestRemovalOfFields(t *testing.T) {
	naming := func(f fixture) *dom.NameDefinition {
		return &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameText("x "), dom.NameField(f.section.FieldDescriptors[0].ID)}}
	}
	// inSettings is a row about a field that the module settings name.
	inSettings := func(id string, change func(f fixture, s *dom.DomManagerSettings)) row {
		return row{id, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) { change(f, s) })
			p := f.refusedUpdate(t, dom.ErrSectionDefinitionFieldsInUse, removeField)
			if !p.UsedInDomManagerSettings || len(p.DomInstanceIDs)+len(p.DomDefinitionIDs)+len(p.DomBehaviorDefinitionIDs) != 0 {
				t.Errorf("properties %+v", p)
			}
		}}
	}
	inOverride := func(id string, override func(f fixture) dom.ModuleSettingsOverrides) row {
		return row{id, func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			d := dom.NewDefinition("Other")
			d.ModuleSettingsOverrides = override(f)
			createDefinition(t, h, d)
			p := f.refusedUpdate(t, dom.ErrSectionDefinitionFieldsInUse, removeField)
			if !slices.Equal(p.DomDefinitionIDs, []uuid.UUID{uuid.UUID(d.ID)}) || p.UsedInDomManagerSettings {
				t.Errorf("properties %+v", p)
			}
		}}
	}
	eachDoor(t, []row{
		{"SD-09", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			createInstance(t, h, f.instance(nil))
			if err := f.update(t, removeField); err != nil {
				t.Error(err)
			}
		}},
		{"SD-09 empty lists", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeListString))
			field := f.section.FieldDescriptors[0].ID
			instance := createInstance(t, h, f.instance([]string{}))
			if v, ok := instance.GetFieldValue(f.section.ID, field); ok {
				t.Errorf("the empty list is stored as %v", v)
			}
			held := instance.Clone()
			held.AddOrUpdateFieldValue(f.section.ID, field, []string{})
			if err := f.update(t, removeField); err != nil {
				t.Fatal(err)
			}
			for _, o := range []*dom.Instance{held, instance} {
				if _, err := h.DomInstances.Update(t.Context(), o); err != nil {
					t.Errorf("after the field was removed: %v", err)
				}
			}
		}},
		{"SD-10", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			f.fill(t, 150, "x")
			p := f.refusedUpdate(t, dom.ErrSectionDefinitionFieldsInUse, removeField)
			if len(p.DomInstanceIDs) != 100 || p.UsedInDomManagerSettings {
				t.Errorf("%d ids, properties %+v", len(p.DomInstanceIDs), p)
			}
		}},
		{"SD-10 two fields", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString), plainField("G", dom.TypeString), plainField("Unused", dom.TypeString))
			f.fill(t, 60, "x")
			list := f.instances(60, nil)
			for _, instance := range list {
				instance.AddOrUpdateFieldValue(f.section.ID, f.section.FieldDescriptors[1].ID, "y")
			}
			if _, err := h.DomInstances.CreateOrUpdate(t.Context(), list); err != nil {
				t.Fatal(err)
			}
			e := refused(t, h, dom.SectionDefinitionError, dom.ErrSectionDefinitionFieldsInUse, func() error {
				return f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors = nil })
			})
			want := uuids(f.section.FieldDescriptors[0].ID, f.section.FieldDescriptors[1].ID)
			if p := e.Properties; !slices.Equal(p.FieldDescriptorIDs, want) || len(p.DomInstanceIDs) != 100 {
				t.Errorf("fields %v, %d ids", p.FieldDescriptorIDs, len(p.DomInstanceIDs))
			}
		}},
		inSettings("SD-11", func(f fixture, s *dom.DomManagerSettings) { s.DomInstanceNameDefinition = naming(f) }),
		{"SD-11 before the reinitialisation", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			settings := settingsOf(t, conn, h.ModuleID)
			settings.DomManagerSettings.DomInstanceNameDefinition = naming(f)
			if _, err := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Update(t.Context(), settings); err != nil {
				t.Fatal(err)
			}
			if p := f.refusedUpdate(t, dom.ErrSectionDefinitionFieldsInUse, removeField); !p.UsedInDomManagerSettings {
				t.Errorf("properties %+v", p)
			}
		}},
		inSettings("SD-12", func(f fixture, s *dom.DomManagerSettings) {
			s.FieldAliases = []dom.FieldAlias{{Name: "alias", FieldDescriptorID: f.section.FieldDescriptors[0].ID}}
		}),
		inSettings("SD-12 trigger condition", func(f fixture, s *dom.DomManagerSettings) {
			s.ScriptSettings.OnUpdateTriggerConditions = []dom.UpdateTriggerCondition{{FieldDescriptorID: f.section.FieldDescriptors[0].ID}}
		}),
		inOverride("SD-13", func(f fixture) dom.ModuleSettingsOverrides {
			return dom.ModuleSettingsOverrides{NameDefinition: naming(f)}
		}),
		inOverride("SD-13 trigger condition", func(f fixture) dom.ModuleSettingsOverrides {
			return dom.ModuleSettingsOverrides{ScriptSettings: &dom.ScriptSettings{
				OnUpdateTriggerConditions: []dom.UpdateTriggerCondition{{FieldDescriptorID: f.section.FieldDescriptors[0].ID}},
			}}
		}),
		{"SD-14", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			b := dom.NewBehaviorDefinition("B", dom.Status{ID: "draft"})
			b.StatusSectionDefinitionLinks = []dom.StatusSectionDefinitionLink{{
				StatusID: "draft", SectionDefinitionID: f.section.ID,
				FieldDescriptorLinks: []dom.FieldDescriptorLink{{FieldDescriptorID: f.section.FieldDescriptors[0].ID}},
			}}
			createBehavior(t, h, b)
			p := f.refusedUpdate(t, dom.ErrSectionDefinitionFieldsInUse, removeField)
			if !slices.Equal(p.DomBehaviorDefinitionIDs, []uuid.UUID{uuid.UUID(b.ID)}) || len(p.DomDefinitionIDs) != 0 {
				t.Errorf("properties %+v", p)
			}
		}},
	})
}

func TestRemovalOfSectionDefinitions(t *testing.T) {
	eachDoor(t, []row{
		{"SD-15", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h)
			e := refused(t, h, dom.SectionDefinitionError, dom.ErrSectionDefinitionInUseByDomDefinitions, func() error {
				return h.SectionDefinitions.Delete(t.Context(), f.section)
			})
			if !slices.Equal(e.Properties.DomDefinitionIDs, []uuid.UUID{uuid.UUID(f.definition.ID)}) || e.Properties.ID != f.section.Key() {
				t.Errorf("properties %+v", e.Properties)
			}
		}},
		{"SD-16", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			// With a status system an instance has sections that its definition
			// does not link.
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			b := dom.NewBehaviorDefinition("B", dom.Status{ID: "draft"})
			b.StatusSectionDefinitionLinks = []dom.StatusSectionDefinitionLink{{StatusID: "draft", SectionDefinitionID: s.ID}}
			createBehavior(t, h, b)
			d := dom.NewDefinition("D")
			d.DomBehaviorDefinitionID = b.ID
			createDefinition(t, h, d)
			instance := dom.NewInstance(d.ID)
			instance.Sections = []*dom.Section{dom.NewSection(s.ID)}
			createInstance(t, h, instance)
			e := refused(t, h, dom.SectionDefinitionError, dom.ErrSectionDefinitionInUseByDomInstances, func() error {
				return h.SectionDefinitions.Delete(t.Context(), s)
			})
			if !slices.Equal(e.Properties.DomInstanceIDs, []uuid.UUID{uuid.UUID(instance.ID)}) {
				t.Errorf("properties %+v", e.Properties)
			}
		}},
		{"unused", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S", plainField("F", dom.TypeString)))
			if err := h.SectionDefinitions.Delete(t.Context(), s); err != nil {
				t.Error(err)
			}
			e := wantReason(t, h.SectionDefinitions.Delete(t.Context(), s), dom.ManagerStoreError, dom.ErrObjectDidNotExist)
			if e.Properties.ID != s.Key() {
				t.Errorf("properties %+v", e.Properties)
			}
		}},
	})
}

func TestSectionDefinitions(t *testing.T) {
	eachDoor(t, []row{
		{"SD-21", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := dom.NewSectionDefinition("S", dom.NewGenericEnumFieldDescriptor("F", dom.TypeEnumString, enumOf(t, "C", "c", "A", "a", "B", "b")))
			var order []string
			for _, entry := range createSection(t, h, s).FieldDescriptors[0].GenericEnum.Entries {
				order = append(order, entry.DisplayName)
			}
			if got := strings.Join(order, ""); got != "CAB" {
				t.Errorf("order %s", got)
			}
		}},
		{"SD-22", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			text := plainField("Text", dom.TypeString)
			number := plainField("Number", dom.TypeLong)
			number.ID = text.ID
			a := createSection(t, h, dom.NewSectionDefinition("A", text))
			b := createSection(t, h, dom.NewSectionDefinition("B", number))
			d := createDefinition(t, h, dom.NewDefinition("D",
				dom.SectionDefinitionLink{SectionDefinitionID: a.ID}, dom.SectionDefinitionLink{SectionDefinitionID: b.ID}))
			instance := dom.NewInstance(d.ID)
			instance.AddOrUpdateFieldValue(a.ID, text.ID, "x")
			instance.AddOrUpdateFieldValue(b.ID, text.ID, 1)
			createInstance(t, h, instance)
		}},
		{"SD-23", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			a := createSection(t, h, dom.NewSectionDefinition("A", plainField("Brand", dom.TypeString)))
			createSection(t, h, dom.NewSectionDefinition("B", plainField("Model", dom.TypeString)))
			exposers := dom.SectionDefinitionExposers
			for _, filter := range []dom.Filter{
				exposers.Name.Equal("a"), exposers.ID.Equal(a.ID),
				exposers.FieldDescriptorIDs.Contains(a.FieldDescriptors[0].ID), exposers.FieldDescriptorNames.Contains("brand"),
			} {
				list, err := h.SectionDefinitions.Read(t.Context(), filter)
				if err != nil || len(list) != 1 || list[0].ID != a.ID {
					t.Errorf("%s: %d, %v", filter.Exposer, len(list), err)
				}
			}
		}},
		{"SD-24", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := dom.NewSectionDefinition("S", plainField("F", dom.TypeString))
			id, fieldID := s.ID, s.FieldDescriptors[0].ID
			stored := createSection(t, h, s)
			if id.IsZero() || fieldID.IsZero() || stored.ID != id || stored.FieldDescriptors[0].ID != fieldID {
				t.Errorf("ids %s and %s, stored %+v", id, fieldID, stored)
			}
		}},
		{"SD-25", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			fd := plainField("First", dom.TypeString)
			last := *fd
			last.Name = "Last"
			stored := createSection(t, h, dom.NewSectionDefinition("S", fd, &last))
			if len(stored.FieldDescriptors) != 1 || stored.FieldDescriptors[0].Name != "Last" {
				t.Errorf("stored %+v", stored.FieldDescriptors)
			}
		}},
		{"all problems at once", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := dom.NewSectionDefinition("S", plainField("A", "Decimal"), plainField("B", "Float"))
			s.FieldDescriptors[0].StaticText = "text"
			_, err := h.SectionDefinitions.Create(t.Context(), s)
			var reasons []string
			for _, e := range slnet.TraceDataOf(err).ErrorData {
				reasons = append(reasons, fmt.Sprint(e.Reason, " ", e.Properties.Name))
			}
			if want := []string{"FieldTypeNotSupported A", "InvalidFieldDescriptor A", "FieldTypeNotSupported B"}; !slices.Equal(reasons, want) {
				t.Errorf("got %q, want %q", reasons, want)
			}
		}},
	})
}
