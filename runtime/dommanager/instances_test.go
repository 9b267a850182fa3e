package dommanager_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// refusedCreate is the error of an instance that must be refused.
func refusedCreate(t testing.TB, h *dom.DomHelper, instance *dom.Instance, reason slnet.Reason) slnet.ErrorProperties {
	t.Helper()
	e := refused(t, h, dom.InstanceError, reason, func() error {
		_, err := h.DomInstances.Create(t.Context(), instance)
		return err
	})
	if e.Properties.ID != instance.Key() {
		t.Errorf("properties %+v", e.Properties)
	}
	return e.Properties
}

// refusedUpdate is the error of a new version of an instance that must be
// refused.
func refusedUpdate(t testing.TB, h *dom.DomHelper, instance *dom.Instance, reason slnet.Reason) slnet.ErrorProperties {
	t.Helper()
	return refused(t, h, dom.InstanceError, reason, func() error {
		_, err := h.DomInstances.Update(t.Context(), instance)
		return err
	}).Properties
}

// updateInstance saves a new version that must be accepted.
func updateInstance(t testing.TB, h *dom.DomHelper, instance *dom.Instance) *dom.Instance {
	t.Helper()
	stored, err := h.DomInstances.Update(t.Context(), instance)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// wantField checks which one field of the first section an error is about.
func wantField(t testing.TB, p slnet.ErrorProperties, instance *dom.Instance, fd *dom.FieldDescriptor) {
	t.Helper()
	section := instance.Sections[0]
	want := []slnet.AssociatedField{{
		SectionDefinitionID: uuid.UUID(section.SectionDefinitionID), SectionID: uuid.UUID(section.ID), FieldDescriptorID: uuid.UUID(fd.ID),
	}}
	if !slices.Equal(p.AssociatedFields, want) || !slices.Equal(p.FieldDescriptorIDs, []uuid.UUID{uuid.UUID(fd.ID)}) {
		t.Errorf("fields %+v, want %+v", p.AssociatedFields, want)
	}
}

// uuids are ids as errors have them.
func uuids[T ~[16]byte](ids ...T) []uuid.UUID {
	list := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		list[i] = uuid.UUID(id)
	}
	return list
}

func TestFieldValues(t *testing.T) {
	wrongValues := map[dom.FieldType][]any{
		dom.TypeLong:       {int32(1), "1", 1.0},
		dom.TypeBool:       {"true", 1},
		dom.TypeDouble:     {1, "1", math.NaN()},
		dom.TypeDateTime:   {"2024-05-01T00:00:00Z", time.Second},
		dom.TypeTimeSpan:   {"00:00:01", time.Unix(0, 0)},
		dom.TypeString:     {1, []string{"x"}},
		dom.TypeListString: {"x", []int{1}},
	}
	wrong := func(types ...dom.FieldType) func(*testing.T, slnet.Connection, *dom.DomHelper) {
		return func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			for _, fieldType := range types {
				f := newFixture(t, h, plainField("F", fieldType))
				for _, value := range wrongValues[fieldType] {
					instance := f.instance(value)
					p := refusedCreate(t, h, instance, dom.ErrDomInstanceSectionInvalidFieldValueTypes)
					wantField(t, p, instance, f.section.FieldDescriptors[0])
				}
			}
		}
	}
	required := func(fieldType dom.FieldType) *dom.FieldDescriptor { return dom.NewFieldDescriptor("F", fieldType) }
	numbers := func(t *testing.T, fieldType dom.FieldType) *dom.FieldDescriptor {
		return optional(dom.NewGenericEnumFieldDescriptor("F", fieldType, enumOf(t, "One", 1, "Two", 2)))
	}
	const missing = dom.ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition
	eachDoor(t, []row{
		{"INS-02", wrong(dom.TypeLong)},
		{"INS-03", wrong(dom.TypeBool, dom.TypeDouble, dom.TypeDateTime, dom.TypeTimeSpan, dom.TypeString, dom.TypeListString)},
		{"INS-05", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, required(dom.TypeString))
			instance := f.instance(nil)
			wantField(t, refusedCreate(t, h, instance, missing), instance, f.section.FieldDescriptors[0])
		}},
		{"INS-06", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, required(dom.TypeListString))
			instance := f.instance([]string{})
			wantField(t, refusedCreate(t, h, instance, missing), instance, f.section.FieldDescriptors[0])
		}},
		{"INS-07", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			createInstance(t, h, newFixture(t, h, plainField("F", dom.TypeListString)).instance([]string{}))
		}},
		{"INS-08", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			createInstance(t, h, newFixture(t, h, required(dom.TypeString)).instance(""))
		}},
		{"INS-16", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			unknown := plainField("Unknown", dom.TypeString)
			instance := f.instance(nil)
			instance.Sections[0].AddOrReplaceFieldValue(unknown.ID, "x")
			p := refusedCreate(t, h, instance, dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor)
			wantField(t, p, instance, unknown)
		}},
		{"INS-17", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString), plainField("L", dom.TypeListString))
			createInstance(t, h, f.instance(strings.Repeat("x", 32_766)))
			for size, text := range map[int64]string{32_767: strings.Repeat("x", 32_767), 32_768: strings.Repeat("é", 16_384)} {
				instance := f.instance(text)
				p := refusedCreate(t, h, instance, dom.ErrValueTooLarge)
				wantField(t, p, instance, f.section.FieldDescriptors[0])
				if p.ActualSize != size || p.MaxSize != 32_766 {
					t.Errorf("size %d of at most %d, want %d", p.ActualSize, p.MaxSize, size)
				}
			}
			instance := f.instance(nil)
			instance.Sections[0].AddOrReplaceFieldValue(f.section.FieldDescriptors[1].ID, []string{"x", strings.Repeat("x", 40_000)})
			if p := refusedCreate(t, h, instance, dom.ErrValueTooLarge); p.ActualSize != 40_000 {
				t.Errorf("size %d in a list", p.ActualSize)
			}
		}},
		{"INS-17 TimeSpan", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			const limit = int64(3_652_425) * 24 * 3600 * 10_000_000
			f := newFixture(t, h, plainField("F", dom.TypeTimeSpan))
			createInstance(t, h, f.instance(dom.TimeSpanTicks(limit)))
			createInstance(t, h, f.instance(dom.TimeSpanTicks(-limit)))
			for _, ticks := range []int64{limit + 1, -limit - 1, math.MaxInt64, math.MinInt64} {
				if p := refusedCreate(t, h, f.instance(dom.TimeSpanTicks(ticks)), dom.ErrValueTooLarge); p.ActualSize <= limit || p.MaxSize != limit {
					t.Errorf("%d ticks: size %d of at most %d", ticks, p.ActualSize, p.MaxSize)
				}
			}
		}},
		{"INS-18", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			for fieldType, value := range map[dom.FieldType]any{dom.TypeEnumInt: 3, dom.TypeListEnumInt: []int{1, 3}} {
				f := newFixture(t, h, numbers(t, fieldType))
				instance := f.instance(value)
				p := refusedCreate(t, h, instance, dom.ErrDomInstanceSectionInvalidFieldValueTypes)
				wantField(t, p, instance, f.section.FieldDescriptors[0])
			}
		}},
		{"INS-18 stored as int", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			for fieldType, value := range map[dom.FieldType]any{dom.TypeEnumInt: 2, dom.TypeListEnumInt: []int{2, 1}} {
				f := newFixture(t, h, numbers(t, fieldType))
				stored := createInstance(t, h, f.instance(value)).Sections[0].FieldValues[0].Value
				if item := stored.Values()[0]; item.Kind() != dom.KindInt || item.Long() != 2 {
					t.Errorf("%s: stored %v of kind %s", fieldType, stored, item.Kind())
				}
			}
		}},
		{"INS-19", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			reference := plainField("Instance", dom.TypeGuid)
			reference.Kind = dom.FieldDomInstance
			element := plainField("Element", dom.TypeString)
			element.Kind = dom.FieldElement
			user := plainField("User", dom.TypeString)
			user.Kind = dom.FieldUser
			f := newFixture(t, h, reference, element, user)
			instance := f.instance(uuid.New())
			instance.Sections[0].AddOrReplaceFieldValue(element.ID, "1/2")
			instance.Sections[0].AddOrReplaceFieldValue(user.ID, "nobody")
			createInstance(t, h, instance)
		}},
		{"INS-25", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, dom.NewStaticTextFieldDescriptor("F", "read this"))
			createInstance(t, h, f.instance(nil))
			for _, value := range []any{"x", 1} {
				if stored := createInstance(t, h, f.instance(value)); len(stored.Sections[0].FieldValues) != 0 {
					t.Errorf("stored %+v", stored.Sections[0].FieldValues)
				}
			}
		}},
		{"INS-26", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			stored := createInstance(t, h, newFixture(t, h, plainField("F", dom.TypeString)).instance(nil))
			if len(stored.Sections) != 1 {
				t.Errorf("sections %+v", stored.Sections)
			}
		}},
		{"two values of one field", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			instance := f.instance("x")
			instance.Sections[0].FieldValues = append(instance.Sections[0].FieldValues, instance.Sections[0].FieldValues[0])
			p := refusedCreate(t, h, instance, dom.ErrDomInstanceSectionInvalidFieldValueTypes)
			wantField(t, p, instance, f.section.FieldDescriptors[0])
		}},
		{"no value", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			instance := f.instance(dom.Value{})
			p := refusedCreate(t, h, instance, dom.ErrDomInstanceSectionInvalidFieldValueTypes)
			wantField(t, p, instance, f.section.FieldDescriptors[0])
		}},
		{"infinity", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeDouble))
			stored := createInstance(t, h, f.instance(math.Inf(-1)))
			if v := stored.Sections[0].FieldValues[0].Value; !math.IsInf(v.Double(), -1) {
				t.Errorf("stored %v", v)
			}
		}},
	})
}

func TestSections(t *testing.T) {
	const mismatch = dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition
	of := func(d *dom.Definition, sections ...dom.SectionDefinitionID) *dom.Instance {
		instance := dom.NewInstance(d.ID)
		for _, id := range sections {
			instance.Sections = append(instance.Sections, dom.NewSection(id))
		}
		return instance
	}
	eachDoor(t, []row{
		{"INS-01", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			unknown := dom.NewDefinitionID()
			for _, id := range []dom.DefinitionID{{}, unknown} {
				p := refusedCreate(t, h, dom.NewInstance(id), dom.ErrDomInstanceRequiresLinkToValidDomDefinition)
				if !slices.Equal(p.DomDefinitionIDs, uuids(id)) {
					t.Errorf("properties %+v", p)
				}
			}
		}},
		{"INS-09", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h)
			p := refusedCreate(t, h, of(f.definition), mismatch)
			if !slices.Equal(p.MissingSections, uuids(f.section.ID)) || len(p.InvalidSections) != 0 {
				t.Errorf("properties %+v", p)
			}
		}},
		{"INS-10", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			d := createDefinition(t, h, dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: s.ID, IsOptional: true}))
			createInstance(t, h, of(d))
		}},
		{"INS-11", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			d := createDefinition(t, h, dom.NewDefinition("D"))
			p := refusedCreate(t, h, of(d, s.ID, s.ID), mismatch)
			if !slices.Equal(p.InvalidSections, uuids(s.ID)) || len(p.MissingSections) != 0 {
				t.Errorf("properties %+v", p)
			}
		}},
		{"INS-12", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			id := dom.NewSectionDefinitionID()
			d := createDefinition(t, h, dom.NewDefinition("D", link(id)))
			instance := of(d, id)
			p := refusedCreate(t, h, instance, dom.ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition)
			if !slices.Equal(p.SectionDefinitionIDs, uuids(id)) || !slices.Equal(p.SectionIDs, uuids(instance.Sections[0].ID)) {
				t.Errorf("properties %+v", p)
			}
		}},
		{"INS-14", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			d := createDefinition(t, h, dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: s.ID, AllowMultipleSections: true}))
			if p := refusedCreate(t, h, of(d), mismatch); !slices.Equal(p.MissingSections, uuids(s.ID)) {
				t.Errorf("properties %+v", p)
			}
			createInstance(t, h, of(d, s.ID))
			createInstance(t, h, of(d, slices.Repeat([]dom.SectionDefinitionID{s.ID}, 50)...))
			one := newFixture(t, h)
			p := refusedCreate(t, h, of(one.definition, one.section.ID, one.section.ID), dom.ErrMultipleSectionsNotAllowedForSectionDefinition)
			if !slices.Equal(p.SectionDefinitionIDs, uuids(one.section.ID)) {
				t.Errorf("properties %+v", p)
			}
		}},
		{"INS-15", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			changeSettings(t, conn, h.ModuleID, func(settings *dom.DomManagerSettings) { settings.ModuleSections = []dom.SectionDefinitionID{s.ID} })
			// The flags of the link do not count.
			d := createDefinition(t, h, dom.NewDefinition("D",
				dom.SectionDefinitionLink{SectionDefinitionID: s.ID, IsOptional: true, AllowMultipleSections: true}))
			for _, instance := range []*dom.Instance{of(d), of(d, s.ID, s.ID)} {
				p := refusedCreate(t, h, instance, dom.ErrDomInstanceDoesNotContainRequiredModuleSections)
				if !slices.Equal(p.SectionDefinitionIDs, uuids(s.ID)) {
					t.Errorf("properties %+v", p)
				}
			}
			createInstance(t, h, of(d, s.ID))
			required := createDefinition(t, h, dom.NewDefinition("R", link(s.ID)))
			createInstance(t, h, of(required, s.ID))
			_, err := h.DomInstances.Create(t.Context(), of(required))
			if n := len(slnet.TraceDataOf(err).ErrorData); n != 1 {
				t.Errorf("%d errors: %v", n, err)
			}
		}},
		{"the same section id twice", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			s := createSection(t, h, dom.NewSectionDefinition("S"))
			d := createDefinition(t, h, dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: s.ID, AllowMultipleSections: true}))
			instance := of(d, s.ID, s.ID)
			instance.Sections[1].ID = instance.Sections[0].ID
			if p := refusedCreate(t, h, instance, mismatch); !slices.Equal(p.SectionIDs, uuids(instance.Sections[0].ID)) {
				t.Errorf("properties %+v", p)
			}
		}},
		{"1,000 sections", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			fd := plainField("F", dom.TypeString)
			s := createSection(t, h, dom.NewSectionDefinition("S", fd))
			d := createDefinition(t, h, dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: s.ID, AllowMultipleSections: true}))
			instance := of(d, slices.Repeat([]dom.SectionDefinitionID{s.ID}, 1_000)...)
			for _, section := range instance.Sections {
				section.AddOrReplaceFieldValue(fd.ID, "x")
			}
			stored := createInstance(t, h, instance)
			fd.IsSoftDeleted = true
			if _, err := h.SectionDefinitions.Update(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if stored = updateInstance(t, h, stored); len(stored.Sections) != 1_000 {
				t.Errorf("%d sections", len(stored.Sections))
			}
		}},
		{"a status without a status system", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			instance := of(createDefinition(t, h, dom.NewDefinition("D")))
			instance.StatusID = "draft"
			if p := refusedCreate(t, h, instance, dom.ErrDomInstanceContainsInvalidStatus); p.StatusID != "draft" {
				t.Errorf("properties %+v", p)
			}
		}},
	})
}

func TestSoftDeletion(t *testing.T) {
	const notAllowed = dom.ErrValueForSoftDeletedFieldNotAllowed
	// softDeleted is a module with an instance that has a value of a field that
	// was soft deleted since.
	softDeleted := func(t *testing.T, h *dom.DomHelper, fd *dom.FieldDescriptor, value any) (f fixture, stored *dom.Instance) {
		t.Helper()
		f = newFixture(t, h, fd)
		stored = createInstance(t, h, f.instance(value))
		if err := f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].IsSoftDeleted = true }); err != nil {
			t.Fatal(err)
		}
		return f, stored
	}
	eachDoor(t, []row{
		{"SOF-01", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			_, stored := softDeleted(t, h, plainField("F", dom.TypeString), "x")
			if stored = updateInstance(t, h, stored); stored.Sections[0].FieldValues[0].Value.Text() != "x" {
				t.Errorf("stored %+v", stored.Sections[0].FieldValues)
			}
		}},
		{"SOF-02", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f, stored := softDeleted(t, h, plainField("F", dom.TypeString), "x")
			fd := f.section.FieldDescriptors[0]
			stored.Sections[0].AddOrReplaceFieldValue(fd.ID, "y")
			wantField(t, refusedUpdate(t, h, stored, notAllowed), stored, fd)
			without := createInstance(t, h, f.instance(nil))
			without.Sections[0].AddOrReplaceFieldValue(fd.ID, "x")
			wantField(t, refusedUpdate(t, h, without, notAllowed), without, fd)
			refusedCreate(t, h, f.instance("x"), notAllowed)
		}},
		{"SOF-03", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f, stored := softDeleted(t, h, plainField("F", dom.TypeString), "x")
			stored.Sections[0].RemoveFieldValueByID(f.section.FieldDescriptors[0].ID)
			if stored = updateInstance(t, h, stored); len(stored.Sections[0].FieldValues) != 0 {
				t.Errorf("stored %+v", stored.Sections[0].FieldValues)
			}
		}},
		{"SOF-04", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f, _ := softDeleted(t, h, dom.NewFieldDescriptor("F", dom.TypeString), "x")
			createInstance(t, h, f.instance(nil))
		}},
		{"SOF-05", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h)
			stored := createInstance(t, h, f.instance(nil))
			f.definition.SectionDefinitionLinks[0].IsSoftDeleted = true
			if _, err := h.DomDefinitions.Update(t.Context(), f.definition); err != nil {
				t.Fatal(err)
			}
			createInstance(t, h, dom.NewInstance(f.definition.ID))
			p := refusedCreate(t, h, f.instance(nil), dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition)
			if !slices.Equal(p.InvalidSections, uuids(f.section.ID)) {
				t.Errorf("properties %+v", p)
			}
			updateInstance(t, h, stored)
		}},
		{"SOF-07", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			for fieldType, values := range map[dom.FieldType][2]any{
				dom.TypeEnumInt:     {1, 2},
				dom.TypeListEnumInt: {[]int{1}, []int{1, 2}},
			} {
				f := newFixture(t, h, optional(dom.NewGenericEnumFieldDescriptor("F", fieldType, enumOf(t, "One", 1, "Two", 2))))
				fd := f.section.FieldDescriptors[0]
				has, changes := createInstance(t, h, f.instance(values[1])), createInstance(t, h, f.instance(values[0]))
				if err := f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].GenericEnum.Entries[1].IsSoftDeleted = true }); err != nil {
					t.Fatal(err)
				}
				instance := f.instance(values[1])
				wantField(t, refusedCreate(t, h, instance, notAllowed), instance, fd)
				changes.Sections[0].AddOrReplaceFieldValue(fd.ID, values[1])
				wantField(t, refusedUpdate(t, h, changes, notAllowed), changes, fd)
				updateInstance(t, h, has)
			}
		}},
		{"SOF-10", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f, _ := softDeleted(t, h, dom.NewFieldDescriptor("F", dom.TypeBool), true)
			if stored := createInstance(t, h, f.instance(nil)); len(stored.Sections[0].FieldValues) != 0 {
				t.Errorf("stored %+v", stored.Sections[0].FieldValues)
			}
		}},
	})
}

func TestInstances(t *testing.T) {
	eachDoor(t, []row{
		{"INS-20", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			stored := createInstance(t, h, f.instance("x"))
			again := f.instance("y")
			again.ID = stored.ID
			e := refused(t, h, dom.ManagerStoreError, dom.ErrObjectAlreadyExisted, func() error {
				_, err := h.DomInstances.Create(t.Context(), again)
				return err
			})
			if e.Properties.ID != stored.Key() || e.Properties.ModuleID != h.ModuleID {
				t.Errorf("properties %+v", e.Properties)
			}
		}},
		{"INS-22", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			instance := newFixture(t, h).instance(nil)
			instance.Name = "mine"
			if stored := createInstance(t, h, instance); stored.Name != instance.ID.String() {
				t.Errorf("name %q", stored.Name)
			}
		}},
		{"INS-23", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			_, err := h.DomInstances.Create(t.Context(), dom.NewInstance(dom.NewDefinitionID()))
			if !errors.Is(err, dom.ErrDomInstanceRequiresLinkToValidDomDefinition) {
				t.Errorf("error %v", err)
			}
			created, ok := h.DomInstances.TryCreate(t.Context(), dom.NewInstance(dom.NewDefinitionID()))
			if trace := h.DomInstances.GetTraceDataLastCall(); ok || created != nil || trace.HasSucceeded() {
				t.Errorf("tried: %v, %v, %v", created, ok, trace)
			}
		}},
		{"INS-27", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			id := createInstance(t, h, f.instance("x")).ID
			readInstance(t, h, id).Sections[0].FieldValues[0].Value = dom.ValueOf("y")
			if v := readInstance(t, h, id).Sections[0].FieldValues[0].Value; v.Text() != "x" {
				t.Errorf("stored %v", v)
			}
		}},
		{"TRK-03", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			instance := newFixture(t, h).instance(nil)
			instance.CreatedBy, instance.CreatedAt = "mallory", time.Unix(0, 0)
			stored := readInstance(t, h, createInstance(t, h, instance).ID)
			if stored.CreatedAt.IsZero() || !stored.LastModified.Equal(stored.CreatedAt) || stored.CreatedBy != "Administrator" || stored.LastModifiedBy != "Administrator" {
				t.Errorf("tracking %+v", stored.Tracking)
			}
		}},
		{"VAL-01", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			fd := f.section.FieldDescriptors[0]
			instance := dom.NewInstance(f.definition.ID)
			instance.AddOrUpdateFieldValue(f.section.ID, fd.ID, "x")
			instance.AddOrUpdateFieldValue(f.section.ID, fd.ID, "y")
			stored := createInstance(t, h, instance)
			if v, ok := stored.GetFieldValue(f.section.ID, fd.ID); len(stored.Sections) != 1 || !ok || v.Text() != "y" {
				t.Errorf("stored %+v", stored.Sections)
			}
		}},
		{"VAL-02 VAL-03 VAL-05 VAL-07", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			fd := plainField("F", dom.TypeString)
			s := createSection(t, h, dom.NewSectionDefinition("S", fd))
			d := createDefinition(t, h, dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: s.ID, AllowMultipleSections: true}))
			instance := dom.NewInstance(d.ID)
			instance.Sections = []*dom.Section{dom.NewSection(s.ID), dom.NewSection(s.ID)}
			instance.AddOrUpdateFieldValue(s.ID, fd.ID, "x")
			stored := createInstance(t, h, instance)
			if list := stored.SectionsOf(s.ID); len(list) != 2 || len(list[0].FieldValues) != 1 || len(list[1].FieldValues) != 0 {
				t.Errorf("sections %+v", list)
			}
			if v, ok := stored.GetFieldValue(s.ID, fd.ID); !ok || v.Text() != "x" {
				t.Errorf("value %v, %v", v, ok)
			}
			if v, ok := stored.GetFieldValue(s.ID, dom.NewFieldDescriptorID()); ok {
				t.Errorf("absent value %v", v)
			}
			if !stored.RemoveFieldValue(s.ID, fd.ID) || stored.RemoveFieldValue(s.ID, fd.ID) {
				t.Error("a value can be removed once")
			}
		}},
		{"VAL-04", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("F", dom.TypeString))
			instance := f.instance("x")
			instance.Sections[0].AddOrReplaceFieldValue(f.section.FieldDescriptors[0].ID, nil)
			before := snapshot(t, h)
			if _, err := h.DomInstances.Create(t.Context(), instance); !errors.Is(err, slnet.KindInvalid) {
				t.Errorf("error %v", err)
			}
			if len(snapshot(t, h)) != len(before) {
				t.Error("it was stored")
			}
		}},
	})
}

// TestAStaleVersionIsRefused: an update that says which revision it was read at does
// not overwrite a later one.
func TestAStaleVersionIsRefused(t *testing.T) {
	eachDoor(t, []row{{"", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
		f := newFixture(t, h, dom.NewFieldDescriptor("F", dom.TypeString))
		stale := createInstance(t, h, f.instance("a"))
		if _, err := h.DomInstances.Update(t.Context(), readInstance(t, h, stale.ID)); err != nil {
			t.Fatal(err)
		}
		e := refused(t, h, dom.ManagerStoreError, dom.ErrObjectChangedSinceRead, func() error {
			_, err := h.DomInstances.UpdateIfUnchanged(t.Context(), stale)
			return err
		})
		if e.Properties.ID != stale.Key() {
			t.Errorf("properties %+v", e.Properties)
		}
	}}})
}

// TestINS24AllViolations makes an instance with several mistakes, which must
// leave no trace but its errors.
func TestINS24AllViolations(t *testing.T) {
	eachDoor(t, []row{{"INS-24", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		f := newFixture(t, h, plainField("F", dom.TypeString), dom.NewFieldDescriptor("R", dom.TypeLong))
		events, err := conn.Subscribe(t.Context(), slnet.Subscription{ModuleID: h.ModuleID})
		if err != nil {
			t.Fatal(err)
		}
		defer events.Close()
		instance := f.instance(1)
		instance.StatusID = "draft"
		instance.Sections[0].AddOrReplaceFieldValue(dom.NewFieldDescriptorID(), "x")
		instance.Sections = append(instance.Sections, dom.NewSection(dom.NewSectionDefinitionID()))
		before := snapshot(t, h)
		_, err = h.DomInstances.Create(t.Context(), instance)
		for _, reason := range []slnet.Reason{
			dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition,
			dom.ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition,
			dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor,
			dom.ErrDomInstanceSectionInvalidFieldValueTypes,
			dom.ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition,
			dom.ErrDomInstanceContainsInvalidStatus,
		} {
			wantReason(t, err, dom.InstanceError, reason)
		}
		if n := len(slnet.TraceDataOf(err).ErrorData); n != 6 {
			t.Errorf("%d errors: %v", n, err)
		}
		if after := snapshot(t, h); len(after) != len(before) {
			t.Errorf("%d objects before, %d after", len(before), len(after))
		}
		good := f.instance("x")
		good.Sections[0].AddOrReplaceFieldValue(f.section.FieldDescriptors[1].ID, 1)
		createInstance(t, h, good)
		event, err := events.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		changed, ok := event.Message.(*dom.ObjectsChangedEventMessage)
		if !ok || len(changed.Created) != 1 {
			t.Fatalf("event %+v", event.Message)
		}
		if o, err := dom.DecodeObject(dom.KindInstance, changed.Created[0]); err != nil || o.Key() != good.Key() {
			t.Errorf("the first event is about %v, %v", o, err)
		}
	}}})
}

func TestTRK04UpdateByAnother(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		f := newFixture(t, newHelper(t, d.Administrator()), plainField("F", dom.TypeString))
		created := createInstance(t, f.DomHelper, f.instance("x"))
		ann := dom.NewDomHelper(open(d.User("ann")).SendSLNetMessages, f.ModuleID)
		updated := updateInstance(t, ann, created)
		if updated.CreatedBy != "Administrator" || !updated.CreatedAt.Equal(created.CreatedAt) ||
			updated.LastModifiedBy != "ann" || !updated.LastModified.After(created.LastModified) {
			t.Errorf("created %+v, updated %+v", created.Tracking, updated.Tracking)
		}
	})
}
