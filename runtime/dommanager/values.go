package dommanager

import (
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

const (
	// maxStringBytes is the most bytes of a string value (row INS-17).
	maxStringBytes = 32_766
	// maxTimeSpanTicks is the longest TimeSpan, 10,000 years of 365.2425 days,
	// in steps of 100 ns.
	maxTimeSpanTicks = 3_652_425 * 24 * 60 * 60 * 10_000_000
)

// canonical brings the values of an instance into the form in which they are
// stored: the numbers of enumerations are ints, also where they came as longs,
// and fields of the kind StaticText have no values (row INS-25). Nor has a field
// with an empty list, which is accepted and is no value (rows INS-06, INS-07,
// FIL-32): a stored one would outlive its field, for it does not keep a field
// from being removed or changed.
func (m *model) canonical(instance *dom.Instance) {
	for _, s := range instance.Sections {
		fields := m.fieldsOf[s.SectionDefinitionID]
		kept := s.FieldValues[:0]
		for _, fv := range s.FieldValues {
			fd := fields[fv.FieldDescriptorID]
			isEmpty := fv.Value.Kind() == dom.KindList && fv.Value.Len() == 0
			if isEmpty && (fd == nil || fd.FieldType.Accepts(fv.Value)) {
				continue
			}
			if fd != nil {
				if fd.Kind == dom.FieldStaticText {
					continue
				}
				fv.Value = canonicalValue(fd, fv.Value)
			}
			kept = append(kept, fv)
		}
		s.FieldValues = kept
	}
}

func canonicalValue(fd *dom.FieldDescriptor, v dom.Value) dom.Value {
	if fd.Kind == dom.FieldGenericEnum {
		return enumNumber(v)
	}
	return v
}

// enumNumber turns longs into ints, which the values of enumerations are, where
// they fit.
func enumNumber(v dom.Value) dom.Value {
	fits := func(item dom.Value) bool { return item.Long() == int64(int32(item.Long())) }
	switch {
	case v.Kind() == dom.KindLong && fits(v):
		return dom.ValueOf(int32(v.Long()))
	case v.Kind() == dom.KindList && v.ElementKind() == dom.KindLong:
		ints := make([]int32, v.Len())
		for i, item := range v.Values() {
			if !fits(item) {
				return v
			}
			ints[i] = int32(item.Long())
		}
		return dom.ValueOf(ints)
	}
	return v
}

// values validates the values of one section without regard to which are
// required.
func (c *instanceCheck) values(s *dom.Section, d *dom.SectionDefinition) {
	if c.filled == nil {
		c.filled = make(map[dom.FieldDescriptorID]bool, len(s.FieldValues))
	}
	clear(c.filled)
	var unknown, wrong, softDeleted []slnet.AssociatedField
	var problems []string
	fields := c.model.fieldsOf[d.ID]
	for _, fv := range s.FieldValues {
		at := associated(s, fv.FieldDescriptorID)
		fd := fields[fv.FieldDescriptorID]
		if fd == nil {
			unknown = append(unknown, at)
			continue
		}
		problem := valueProblem(fd, fv.Value)
		filled, seen := c.filled[fd.ID]
		c.filled[fd.ID] = filled || fv.Value.Len() > 0
		if seen {
			problem = "there are several values"
		}
		switch {
		case problem != "":
			wrong = append(wrong, at)
			problems = append(problems, fmt.Sprintf("field %q: %s", fd.Name, problem))
		case c.isSoftDeleted(s, fd, fv):
			softDeleted = append(softDeleted, at)
		default:
			c.size(at, fd, fv.Value)
		}
	}
	if len(unknown) > 0 {
		c.failFields(dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor, unknown,
			fmt.Sprintf("section %q has values of fields it does not have", d.Name))
	}
	if len(wrong) > 0 {
		c.failFields(dom.ErrDomInstanceSectionInvalidFieldValueTypes, wrong, fmt.Sprintf("section %q: %v", d.Name, problems))
	}
	if len(softDeleted) > 0 {
		c.failFields(dom.ErrValueForSoftDeletedFieldNotAllowed, softDeleted,
			fmt.Sprintf("section %q has new values of soft deleted fields or enum entries", d.Name))
	}
}

// valueProblem says why a field cannot have a value, "" when it can (rows
// INS-02, INS-03, INS-18). NaN is refused, for it has no place in the order of
// numbers.
func valueProblem(fd *dom.FieldDescriptor, v dom.Value) string {
	switch {
	case v.Kind() == dom.KindInvalid:
		return "there is no value; remove the field value instead"
	case !fd.FieldType.Accepts(v):
		return fmt.Sprintf("it takes %s, not %s", fd.FieldType, describe(v))
	case v.Kind() == dom.KindDouble && math.IsNaN(v.Double()):
		return "NaN is no number"
	case fd.GenericEnum != nil:
		return entryProblem(fd.GenericEnum, v)
	}
	return ""
}

func entryProblem(enum *dom.GenericEnum, v dom.Value) string {
	for _, item := range distinct(v) {
		if enum.Entry(item) == nil {
			return fmt.Sprintf("%q is no entry of the enum %q", item, enum.EnumName)
		}
	}
	return ""
}

// distinct are the different items of a value, so that what looks for each costs
// no more than the entries of an enumeration allow, however long a list is.
func distinct(v dom.Value) []dom.Value {
	items := v.Values()
	if len(items) < 2 {
		return items
	}
	seen := make(map[string]bool)
	return slices.DeleteFunc(items, func(item dom.Value) bool {
		text := item.String()
		found := seen[text]
		seen[text] = true
		return found
	})
}

// describe names the type of a value, with that of a list's items.
func describe(v dom.Value) string {
	if v.Kind() == dom.KindList && v.ElementKind() != dom.KindInvalid {
		return "a list of " + v.ElementKind().String()
	}
	return v.Kind().String()
}

// isSoftDeleted reports whether a value is new or changed and its field soft
// deleted, or has a soft deleted enum entry that is new (rows SOF-02, SOF-07).
func (c *instanceCheck) isSoftDeleted(s *dom.Section, fd *dom.FieldDescriptor, fv dom.FieldValue) bool {
	switch {
	case fd.IsSoftDeleted:
		return c.changed(s, fv)
	case fd.GenericEnum == nil || !slices.ContainsFunc(fd.GenericEnum.Entries, func(e dom.GenericEnumEntry) bool { return e.IsSoftDeleted }):
		return false
	}
	was, _ := c.oldValue(s, fd.ID)
	before := distinct(was)
	return slices.ContainsFunc(distinct(fv.Value), func(item dom.Value) bool {
		return fd.GenericEnum.Entry(item).IsSoftDeleted && !slices.ContainsFunc(before, item.Equal)
	})
}

// changed reports whether a value differs from that of the stored version.
func (c *instanceCheck) changed(s *dom.Section, fv dom.FieldValue) bool {
	was, ok := c.oldValue(s, fv.FieldDescriptorID)
	return !ok || !was.Equal(fv.Value)
}

// oldValue is the value of a field in the stored version of a section, and
// whether there is one.
func (c *instanceCheck) oldValue(s *dom.Section, field dom.FieldDescriptorID) (dom.Value, bool) {
	if c.old == nil {
		return dom.Value{}, false
	}
	if c.oldSections == nil {
		c.oldSections = make(map[dom.SectionID]*dom.Section, len(c.old.Sections))
		for _, s := range c.old.Sections {
			c.oldSections[s.ID] = s
		}
	}
	was := c.oldSections[s.ID]
	if was == nil {
		return dom.Value{}, false
	}
	return was.GetFieldValueByID(field)
}

// size validates the size of strings and TimeSpans (row INS-17).
func (c *instanceCheck) size(field slnet.AssociatedField, fd *dom.FieldDescriptor, v dom.Value) {
	actual, limit, unit := int64(0), int64(maxStringBytes), "bytes"
	switch v.Kind() {
	case dom.KindString:
		actual = int64(len(v.Text()))
	case dom.KindTimeSpan:
		actual, limit, unit = v.Ticks(), maxTimeSpanTicks, "steps of 100 ns"
		if actual < 0 {
			actual = -max(actual, -math.MaxInt64)
		}
	case dom.KindList:
		for _, item := range v.Values() {
			c.size(field, fd, item)
		}
	}
	if actual > limit {
		c.fail(dom.ErrValueTooLarge, slnet.ErrorProperties{
			AssociatedFields: []slnet.AssociatedField{field}, FieldDescriptorIDs: []uuid.UUID{field.FieldDescriptorID},
			ActualSize: actual, MaxSize: limit,
		}, "the value of field %q has %d %s, at most %d are allowed", fd.Name, actual, unit, limit)
	}
}
