package stress

import (
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// modelOperation changes the definitions of the module.
func (r *run) modelOperation(user string) error {
	if user == Cat {
		user = Ann
	}
	switch n := r.random.IntN(10); {
	case n < 4:
		return r.changeSection(user)
	case n < 7:
		return r.changeDefinition(user)
	case n < 8:
		return r.changeBehavior(user)
	case n < 9:
		return r.addDefinitions(user)
	}
	return r.removeDefinition(user)
}

// permitted is why a user may not change definitions, else want.
func permitted(user string, want slnet.Reason) slnet.Reason {
	if user != Ann {
		return dom.ErrNoPermission
	}
	return want
}

func (r *run) changeSection(user string) error {
	s := clone(pick(r.random, all[*dom.SectionDefinition](r.model, dom.KindSectionDefinition)))
	var want slnet.Reason
	fd := pick(r.random, s.FieldDescriptors)
	switch n := r.random.IntN(10); {
	case n < 3 && len(s.FieldDescriptors) < 8:
		s.FieldDescriptors = append(s.FieldDescriptors, r.random.field())
		r.say("%s adds a field to section definition %s", user, s.ID)
	case n < 6 && fd != nil:
		for try := 0; try < 3 && r.model.usesField(s.ID, fd.ID); try++ { // rather one that may go
			fd = pick(r.random, s.FieldDescriptors)
		}
		if r.model.usesField(s.ID, fd.ID) {
			want = dom.ErrSectionDefinitionFieldsInUse
		}
		s.RemoveFieldDescriptor(fd.ID)
		r.say("%s removes field %s from section definition %s", user, fd.ID, s.ID)
	case n < 8 && fd != nil && fd.GenericEnum != nil && len(fd.GenericEnum.Entries) > 1:
		entry := pick(r.random, fd.GenericEnum.Entries)
		uses := dom.InstanceExposers.FieldValue(fd.ID).Equal(entry.Value).Ordinal()
		if r.model.any(dom.And(inSection(s.ID), uses)) {
			want = dom.ErrGenericEnumEntryInUseByDomInstances
		}
		fd.GenericEnum.RemoveEntry(entry.Value)
		r.say("%s removes entry %s of field %s", user, entry.Value, fd.ID)
	default:
		s.Name = pick(r.random, texts)
		r.say("%s renames section definition %s", user, s.ID)
	}
	return r.update(user, s, 0, permitted(user, want))
}

func inSection(id dom.SectionDefinitionID) dom.Filter {
	return dom.InstanceExposers.SectionDefinitionIDs.Equal(id)
}

// any reports whether a filter selects an instance.
func (m *model) any(filter dom.Filter) bool {
	return len(m.selected(dom.KindInstance, dom.NewQuery(filter).Limit(1))) > 0
}

// usesField reports whether something keeps a field from being removed.
func (m *model) usesField(section dom.SectionDefinitionID, field dom.FieldDescriptorID) bool {
	for _, b := range all[*dom.BehaviorDefinition](m, dom.KindBehaviorDefinition) {
		for _, link := range b.StatusSectionDefinitionLinks {
			names := func(f dom.FieldDescriptorLink) bool { return f.FieldDescriptorID == field }
			if link.SectionDefinitionID == section && slices.ContainsFunc(link.FieldDescriptorLinks, names) {
				return true
			}
		}
	}
	for _, d := range all[*dom.Definition](m, dom.KindDefinition) {
		name := d.ModuleSettingsOverrides.NameDefinition
		names := func(item dom.NameItem) bool { return item.FieldDescriptorID == field }
		if name != nil && slices.ContainsFunc(name.ConcatenationItems, names) {
			return true
		}
	}
	return m.any(dom.And(inSection(section), dom.InstanceExposers.KeyExists(field).Equal(true)))
}

func (r *run) changeDefinition(user string) error {
	d := clone(pick(r.random, all[*dom.Definition](r.model, dom.KindDefinition)))
	switch r.random.IntN(3) {
	case 0:
		d.Name = pick(r.random, texts)
		r.say("%s renames definition %s", user, d.ID)
	case 1:
		d.ModuleSettingsOverrides.HistorySettings = &dom.HistorySettings{
			StorageBehavior: pick(r.random, []dom.HistoryStorageBehavior{dom.HistoryEnabledAsync, dom.HistoryEnabledSync, dom.HistoryDisabled}),
		}
		r.say("%s makes the history of definition %s %q", user, d.ID, d.ModuleSettingsOverrides.HistorySettings.StorageBehavior)
	case 2:
		d.ModuleSettingsOverrides.NameDefinition = r.nameDefinition(d)
		r.say("%s makes the names of definition %s %+v", user, d.ID, d.ModuleSettingsOverrides.NameDefinition)
	}
	return r.update(user, d, 0, permitted(user, ""))
}

// nameDefinition draws how the instances of a definition are named.
func (r *run) nameDefinition(d *dom.Definition) *dom.NameDefinition {
	name := &dom.NameDefinition{}
	for _, at := range r.model.slots(d) {
		if fd := pick(r.random, at.fields); fd != nil && r.random.chance(50) {
			name.ConcatenationItems = append(name.ConcatenationItems, dom.NameText(pick(r.random, texts)), dom.NameField(fd.ID))
		}
	}
	return name
}

// changeBehavior makes a behavior allow what the sections it links have now.
func (r *run) changeBehavior(user string) error {
	b := clone(pick(r.random, all[*dom.BehaviorDefinition](r.model, dom.KindBehaviorDefinition)))
	sections := slices.DeleteFunc(all[*dom.SectionDefinition](r.model, dom.KindSectionDefinition), func(s *dom.SectionDefinition) bool {
		links := func(link dom.StatusSectionDefinitionLink) bool { return link.SectionDefinitionID == s.ID }
		return !slices.ContainsFunc(b.StatusSectionDefinitionLinks, links)
	})
	linkAll(b, sections)
	r.say("%s links all fields in behavior %s", user, b.ID)
	return r.update(user, b, 0, permitted(user, ""))
}

func (r *run) addDefinitions(user string) error {
	sections := all[*dom.SectionDefinition](r.model, dom.KindSectionDefinition)
	var o dom.Object = r.random.definition(sections)
	if len(sections) < 6 && r.random.chance(30) {
		o = r.random.sectionDefinition()
	}
	r.say("%s creates %s %s", user, o.Kind(), o.Key())
	return r.create(user, o, permitted(user, ""))
}

func (r *run) removeDefinition(user string) error {
	d := pick(r.random, all[*dom.Definition](r.model, dom.KindDefinition))
	var want slnet.Reason
	if r.model.any(dom.InstanceExposers.DomDefinitionID.Equal(d.ID)) {
		want = dom.ErrDomDefinitionHasLinkedDomInstances
	}
	if !d.DomBehaviorDefinitionID.IsZero() || len(r.model.objects[dom.KindDefinition]) < 3 {
		user = Ben
	}
	r.say("%s deletes definition %s", user, d.ID)
	return r.delete(user, dom.KindDefinition, d.Key(), permitted(user, want))
}
