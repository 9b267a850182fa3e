package dom_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

var (
	someSection = dom.NewSectionDefinitionID()
	someField   = dom.NewFieldDescriptorID()
	otherField  = dom.NewFieldDescriptorID()
	field       = dom.InstanceExposers.FieldValue(someField)
	other       = dom.InstanceExposers.FieldValue(otherField)
)

// instanceWith returns an instance with a section for each value of someField.
func instanceWith(values ...any) *dom.Instance {
	instance := dom.NewInstance(dom.NewDefinitionID())
	for _, v := range values {
		section := dom.NewSection(someSection)
		section.AddOrReplaceFieldValue(someField, v)
		instance.Sections = append(instance.Sections, section)
	}
	return instance
}

// connected returns an instance with two connections: London to Helsinki and
// Brussels to Paris.
func connected() *dom.Instance {
	instance := instanceWith("London", "Brussels")
	instance.Sections[0].AddOrReplaceFieldValue(otherField, "Helsinki")
	instance.Sections[1].AddOrReplaceFieldValue(otherField, "Paris")
	return instance
}

// filterRow is a filter and whether it selects an object.
type filterRow struct {
	row    string
	object dom.Object
	filter dom.Filter
	want   bool
}

func testFilterRows(t *testing.T, rows []filterRow) {
	t.Helper()
	for _, r := range rows {
		if err := r.filter.Check(r.object.Kind(), nil); err != nil {
			t.Errorf("%s: %v is refused: %v", r.row, r.filter, err)
			continue
		}
		if got := r.filter.Matches(r.object); got != r.want {
			t.Errorf("%s: %v selects %v: %v, want %v", r.row, r.filter, r.object, got, r.want)
		}
	}
}

func TestFilterRowsOfAbsentAndManyValues(t *testing.T) {
	absent, both := instanceWith(), instanceWith("A", "B")
	testFilterRows(t, []filterRow{
		{"FIL-01", instanceWith(int32(123)), field.Equal(int64(123)), true},
		{"FIL-02", instanceWith(int32(123)), field.Equal(int64(999)), false},
		{"FIL-04", instanceWith("Value 1"), field.Equal("Value 1"), true},
		{"FIL-05", connected(), field.Equal("London").And(other.Equal("Paris")), true},
		{"FIL-06", instanceWith(1, 100), field.GreaterThan(50).And(field.LessThan(10)), true},
		{"FIL-07", both, field.NotEqual("A"), false},
		{"FIL-08", both, field.Equal("A"), true},
		{"FIL-09", absent, field.Equal("x"), false},
		{"FIL-09", absent, field.GreaterThan(1), false},
		{"FIL-09", absent, field.Contains("x"), false},
		{"FIL-09", absent, field.Regex(""), false},
		{"FIL-10", absent, field.NotEqual("x"), true},
		{"FIL-10", absent, field.NotContains("x"), true},
		{"FIL-10", absent, field.NotRegex(""), true},
		{"FIL-11", absent, dom.Not(field.Equal("x")), true},
		{"FIL-12", absent, dom.Not(field.GreaterThan(5)), true},
		{"FIL-12", absent, field.LessThanOrEqual(5), false},
		{"FIL-32", both, dom.InstanceExposers.KeyExists(someField).Equal(true), true},
		{"FIL-32", both, dom.InstanceExposers.KeyExists(someField).Equal(false), false},
		{"FIL-32", absent, dom.InstanceExposers.KeyExists(someField).Equal(false), true},
		{"FIL-32", absent, dom.InstanceExposers.KeyExists(someField).Equal(true), false},
		{"FIL-32 empty list", instanceWith([]string{}), dom.InstanceExposers.KeyExists(someField).Equal(true), false},
	})
}

func TestFilterRowsOfStrings(t *testing.T) {
	antwerp, tags := instanceWith("Antwerp"), instanceWith([]string{"tag1", "x"})
	testFilterRows(t, []filterRow{
		{"FIL-13", antwerp, field.Equal("antwerp"), true},
		{"FIL-13", antwerp, field.Contains("WERP"), true},
		{"FIL-14", antwerp, field.Contains("werp").Ordinal(), true},
		{"FIL-14", antwerp, field.Contains("WERP").Ordinal(), false},
		{"FIL-14", antwerp, field.Equal("antwerp").Ordinal(), false},
		{"FIL-14", antwerp, field.NotEqual("antwerp").Ordinal(), true},
		{"FIL-15", antwerp, field.NotEqual("ANTWERP"), false},
		{"FIL-15", antwerp, field.NotContains("ant"), false},
		{"FIL-19", tags, field.Contains("tag1"), true},
		{"FIL-19", tags, field.NotContains("tag1"), false},
		{"FIL-19", instanceWith([]string{"y"}), field.NotContains("tag1"), true},
		{"FIL-20", instanceWith([]string{"alphabet"}), field.Contains("bet"), true},
		{"FIL-44", instanceWith("US$ 5"), field.Contains("$"), true},
		{"FIL-44", antwerp, field.Contains("$"), false},
		{"FIL-45", antwerp, field.Regex("^A"), true},
		{"FIL-45", antwerp, field.NotRegex("^A"), false},
		{"FIL-45", instanceWith("Berlin"), field.Regex("^A"), false},
		{"FIL-45", instanceWith("Berlin"), field.NotRegex("^A"), true},
		{"FIL-45 case counts", antwerp, field.Regex("^a"), false},
		{"FIL-45 case by flag", antwerp, field.Regex("(?i)^a"), true},
		{"FIL-45 no strings", instanceWith(5), field.Regex("5"), false},
		{"order without case", antwerp, field.GreaterThan("ANTWERP"), false},
		{"order by case", antwerp, field.GreaterThan("ANTWERP").Ordinal(), true},
		{"not ASCII", instanceWith("ÉCOLE"), field.Equal("école"), true},
	})
}

func TestFilterRowsOfNumbers(t *testing.T) {
	const past = int64(1)<<53 + 1 // no double is equal to it
	testFilterRows(t, []filterRow{
		{"FIL-18", instanceWith([]int32{1, 3}), field.Contains(3), true},
		{"FIL-18", instanceWith([]int32{1, 3}), field.Contains(2), false},
		{"FIL-21", instanceWith(int32(0)), field.Contains(0), true},
		{"FIL-22", instanceWith(int32(2)), field.LessThan(3), true},
		{"FIL-22", instanceWith(int32(2)), field.GreaterThanOrEqual(2), true},
		{"FIL-22", instanceWith(int32(2)), field.NotEqual(2), false},
		{"past 2^53", instanceWith(past), field.Equal(float64(1 << 53)), false},
		{"past 2^53", instanceWith(past), field.GreaterThan(float64(1 << 53)), true},
		{"past 2^53", instanceWith(float64(1 << 53)), field.LessThan(past), true},
		{"past 2^53", instanceWith(past), field.Equal(past), true},
		{"greatest long", instanceWith(int64(math.MaxInt64)), field.LessThan(float64(1 << 63)), true},
		{"greatest long", instanceWith(int64(math.MaxInt64)), field.Equal(float64(1 << 63)), false},
		{"smallest long", instanceWith(int64(math.MinInt64)), field.Equal(-float64(1 << 63)), true},
		{"fractions", instanceWith(3), field.LessThan(3.5), true},
		{"fractions", instanceWith(-3), field.GreaterThan(-3.5), true},
		{"fractions", instanceWith(3.5), field.GreaterThan(3), true},
		{"infinity", instanceWith(3), field.LessThan(math.Inf(1)), true},
		{"infinity", instanceWith(3), field.GreaterThan(math.Inf(-1)), true},
		{"NaN is below all", instanceWith(3), field.GreaterThan(math.NaN()), true},
		{"NaN is below all", instanceWith(math.NaN()), field.LessThan(math.Inf(-1)), true},
		{"NaN is itself", instanceWith(math.NaN()), field.Equal(math.NaN()), true},
		{"zero has no sign", instanceWith(math.Copysign(0, -1)), field.Equal(0.0), true},
		{"zero has no sign", instanceWith(math.Copysign(0, -1)), field.Equal(0), true},
	})
}

func TestFilterRowsOfOtherKinds(t *testing.T) {
	noon := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	id := uuid.New()
	testFilterRows(t, []filterRow{
		{"FIL-23", instanceWith(noon), field.Equal(noon), true},
		{"FIL-23", instanceWith(noon), field.NotEqual(noon), false},
		{"FIL-23", instanceWith(noon), field.LessThan(noon.Add(100)), true},
		{"FIL-23", instanceWith(noon), field.GreaterThan(noon.Add(-100)), true},
		{"FIL-23", instanceWith(noon), field.LessThanOrEqual(noon), true},
		{"FIL-23", instanceWith(noon), field.GreaterThanOrEqual(noon.Add(100)), false},
		{"FIL-24", instanceWith(noon), field.Equal(noon.In(time.FixedZone("", 7200))), true},
		{"FIL-25", instanceWith(time.Hour), field.Equal(time.Hour), true},
		{"FIL-25", instanceWith(time.Hour), field.GreaterThan(time.Hour), false},
		{"FIL-25", instanceWith(2 * time.Hour), field.GreaterThan(time.Hour), true},
		{"FIL-26", instanceWith(true), field.Equal(true), true},
		{"FIL-26", instanceWith(false), field.Equal(true), false},
		{"FIL-26", instanceWith(), field.Equal(false), false},
		{"FIL-27", instanceWith(id), field.Equal(id), true},
		{"FIL-27", instanceWith(id), field.Equal(id.String()), true},
		{"FIL-27", instanceWith(id.String()), field.Equal(id), true},
		{"FIL-27", instanceWith(id), field.NotEqual(id.String()), false},
		{"FIL-27", instanceWith([]uuid.UUID{uuid.New(), id}), field.Contains(id), true},
	})
}

func TestFilterRowsOfProperties(t *testing.T) {
	e := dom.InstanceExposers
	instance := instanceWith("v")
	instance.Name, instance.StatusID = "Invoice 7", "draft"
	instance.CreatedBy, instance.CreatedAt = "Ann", time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	instance.LastModified = instance.CreatedAt.Add(time.Hour)
	plain := dom.NewInstance(instance.DomDefinitionID)
	testFilterRows(t, []filterRow{
		{"FIL-16", instance, e.Name.Equal("INVOICE 7"), true},
		{"FIL-16", instance, e.StatusID.Equal("DRAFT"), true},
		{"FIL-16", instance, e.CreatedBy.Equal("ann"), true},
		{"FIL-29", instance, e.StatusID.NotEqual("draft"), false},
		{"FIL-29", instance, e.StatusID.Contains("raf"), true},
		{"FIL-29", instance, e.StatusID.NotContains("raf"), false},
		{"FIL-29", plain, e.StatusID.NotEqual("draft"), true},
		{"FIL-29", plain, e.StatusID.Equal("draft"), false},
		{"FIL-30", instance, e.SectionDefinitionIDs.Contains(someSection), true},
		{"FIL-30", instance, e.SectionDefinitionIDs.NotContains(someSection), false},
		{"FIL-30", plain, e.SectionDefinitionIDs.NotContains(someSection), true},
		{"FIL-31", instance, e.SectionIDs.Contains(instance.Sections[0].ID), true},
		{"FIL-31", plain, e.SectionIDs.Contains(instance.Sections[0].ID), false},
		{"FIL-33", instance, e.LastModified.GreaterThan(instance.CreatedAt), true},
		{"FIL-33", instance, e.CreatedAt.LessThan(instance.CreatedAt), false},
		{"FIL-34", instance, e.ID.Equal(instance.ID), true},
		{"FIL-34", instance, e.ID.Equal(uuid.UUID(instance.ID)), true},
		{"FIL-34", instance, e.ID.Equal(instance.ID.String()), true},
		{"FIL-35", instance, e.ID.Equal(uuid.New()), false},
		{"FIL-36", instance, dom.True(), true},
		{"FIL-36", instance, dom.False(), false},
		{"FIL-37", instance, dom.Or(), false},
		{"FIL-39", instance, dom.And(), true},
		{"FIL-43", instance, e.Name.Contains("VOICE"), true},
		{"FIL-43", instance, e.Name.NotContains("voice"), false},
		{"FIL-48", instance, dom.And(e.Name.Contains("voice"), dom.Or()), false},
	})
}

func TestCombinationsOfFilters(t *testing.T) {
	yes, no := dom.True(), dom.False()
	instance := instanceWith()
	testFilterRows(t, []filterRow{
		{"and", instance, yes.And(yes, no), false},
		{"and", instance, yes.And(), true},
		{"or", instance, no.Or(no, yes), true},
		{"or", instance, no.Or(), false},
		{"not", instance, dom.Not(yes), false},
		{"not", instance, dom.Not(dom.Not(yes)), true},
		{"not of an empty or", instance, dom.Not(dom.Or()), true},
		{"not of an empty and", instance, dom.Not(dom.And()), false},
	})
	for _, f := range []dom.Filter{{}, dom.And(), dom.Or()} {
		if !f.IsEmpty() {
			t.Errorf("%v is not empty", f)
		}
	}
	for _, f := range []dom.Filter{yes, no, dom.Not(yes), dom.And(no), field.Equal(1)} {
		if f.IsEmpty() {
			t.Errorf("%v is empty", f)
		}
	}
}
