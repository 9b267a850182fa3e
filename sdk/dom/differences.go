package dom

// FieldValueDifference is one value that differs between two versions of an
// instance. ValueBefore is invalid for a value that was added, ValueAfter for
// one that was removed.
type FieldValueDifference struct {
	Type                CrudType
	ValueBefore         Value
	ValueAfter          Value
	FieldDescriptorID   FieldDescriptorID
	SectionID           SectionID
	SectionDefinitionID SectionDefinitionID
}

// FieldValueDifferences is a list of differences that can be narrowed.
type FieldValueDifferences struct{ list []FieldValueDifference }

// InstanceDifferences are what differs between two versions of an instance.
type InstanceDifferences struct {
	FieldValues FieldValueDifferences
	// StatusBefore and StatusAfter are equal when the status did not change.
	StatusBefore, StatusAfter string
}

// Differences compares two versions of an instance by the ids of their sections
// and fields. Either may be nil: then all values were added or removed (rows
// TRG-03, TRG-04).
func Differences(before, after *Instance) InstanceDifferences {
	var d InstanceDifferences
	if before == nil {
		before = new(Instance)
	}
	if after == nil {
		after = new(Instance)
	}
	d.StatusBefore, d.StatusAfter = before.StatusID, after.StatusID
	was := make(map[SectionID]*Section, len(before.Sections))
	for _, s := range before.Sections {
		was[s.ID] = s
	}
	for _, s := range after.Sections {
		d.FieldValues.compare(was[s.ID], s)
		delete(was, s.ID)
	}
	for _, s := range before.Sections {
		if was[s.ID] != nil {
			d.FieldValues.compare(s, nil)
		}
	}
	return d
}

// compare adds the differences between two versions of a section; either may be
// nil.
func (d *FieldValueDifferences) compare(before, after *Section) {
	section := after
	if section == nil {
		section = before
	}
	add := func(t CrudType, id FieldDescriptorID, was, is Value) {
		d.list = append(d.list, FieldValueDifference{t, was, is, id, section.ID, section.SectionDefinitionID})
	}
	if after != nil {
		for _, fv := range after.FieldValues {
			var was Value
			had := false
			if before != nil {
				was, had = before.GetFieldValueByID(fv.FieldDescriptorID)
			}
			switch {
			case !had:
				add(CrudCreate, fv.FieldDescriptorID, Value{}, fv.Value)
			case !was.Equal(fv.Value):
				add(CrudUpdate, fv.FieldDescriptorID, was, fv.Value)
			}
		}
	}
	if before == nil {
		return
	}
	for _, fv := range before.FieldValues {
		has := false
		if after != nil {
			_, has = after.GetFieldValueByID(fv.FieldDescriptorID)
		}
		if !has {
			add(CrudDelete, fv.FieldDescriptorID, fv.Value, Value{})
		}
	}
}

// Get returns the differences.
func (d FieldValueDifferences) Get() []FieldValueDifference {
	return append([]FieldValueDifference(nil), d.list...)
}

// Created returns the values that were added.
func (d FieldValueDifferences) Created() []FieldValueDifference { return d.OfType(CrudCreate).list }

// Updated returns the values that changed.
func (d FieldValueDifferences) Updated() []FieldValueDifference { return d.OfType(CrudUpdate).list }

// Deleted returns the values that were removed.
func (d FieldValueDifferences) Deleted() []FieldValueDifference { return d.OfType(CrudDelete).list }

// OfType narrows the list to one type of difference.
func (d FieldValueDifferences) OfType(t CrudType) FieldValueDifferences {
	return d.where(func(f FieldValueDifference) bool { return f.Type == t })
}

// OfFieldDescriptor narrows the list to one field.
func (d FieldValueDifferences) OfFieldDescriptor(id FieldDescriptorID) FieldValueDifferences {
	return d.where(func(f FieldValueDifference) bool { return f.FieldDescriptorID == id })
}

// OfSectionDefinition narrows the list to one section definition.
func (d FieldValueDifferences) OfSectionDefinition(id SectionDefinitionID) FieldValueDifferences {
	return d.where(func(f FieldValueDifference) bool { return f.SectionDefinitionID == id })
}

func (d FieldValueDifferences) where(keep func(FieldValueDifference) bool) FieldValueDifferences {
	var kept FieldValueDifferences
	for _, f := range d.list {
		if keep(f) {
			kept.list = append(kept.list, f)
		}
	}
	return kept
}
