package stress

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// model is what a module must hold: maps, without an index. Queries go through
// all objects.
type model struct {
	settings *dom.ModuleSettings
	objects  map[dom.ObjectKind]map[string]dom.Object
	// ids are those instances have here; there are few, so that they come again.
	ids []dom.InstanceID

	// Of each instance, by its key:
	versions map[string]map[int64]*dom.Instance
	history  map[string][]dom.HistoryChange // without ids, runs and changes
	outlived map[string]int64               // the last revision where the history outlived the instance
}

func newModel(settings *dom.ModuleSettings) *model {
	m := &model{
		settings: settings, objects: make(map[dom.ObjectKind]map[string]dom.Object),
		versions: make(map[string]map[int64]*dom.Instance),
		history:  make(map[string][]dom.HistoryChange), outlived: make(map[string]int64),
	}
	for _, kind := range dom.ObjectKinds() {
		m.objects[kind] = make(map[string]dom.Object)
	}
	return m
}

// all are the objects of a kind, by id.
func all[T dom.Object](m *model, kind dom.ObjectKind) []T {
	list := make([]T, 0, len(m.objects[kind]))
	for _, key := range slices.Sorted(maps.Keys(m.objects[kind])) {
		list = append(list, m.objects[kind][key].(T))
	}
	return list
}

func (m *model) instance(id dom.InstanceID) *dom.Instance {
	o, _ := m.objects[dom.KindInstance][id.String()].(*dom.Instance)
	return o
}

func (m *model) definitionOf(instance *dom.Instance) *dom.Definition {
	d, _ := m.objects[dom.KindDefinition][instance.DomDefinitionID.String()].(*dom.Definition)
	return d
}

// selected lists what a query selects of objects that come by id.
func selected(objects []dom.Object, query dom.Query) []dom.Object {
	list := make([]dom.Object, 0, len(objects))
	for _, o := range objects {
		if query.Filter.Matches(o) {
			list = append(list, o)
		}
	}
	if len(query.Orders) > 0 {
		slices.SortStableFunc(list, query.Compare)
	}
	if query.Max != nil && int64(len(list)) > *query.Max {
		list = list[:*query.Max]
	}
	return list
}

// stored takes over an object as a daemon says it has stored it for a user, when
// it was sent this one. What the daemon decides must be as it should be.
func (m *model) stored(user string, sent dom.Object, raw slnet.Raw) error {
	got, err := dom.DecodeObject(sent.Kind(), raw)
	if err != nil {
		return err
	}
	want, old := clone(sent), m.objects[sent.Kind()][sent.Key()]
	tracking := want.GetTracking()
	*tracking = *got.GetTracking()
	tracking.CreatedBy, tracking.LastModifiedBy, tracking.Revision = user, user, 1+m.outlived[sent.Key()]
	if old != nil {
		was := old.GetTracking()
		tracking.CreatedAt, tracking.CreatedBy, tracking.Revision = was.CreatedAt, was.CreatedBy, was.Revision+1
	}
	switch want := want.(type) {
	case *dom.SectionDefinition:
		want.ModuleID = m.settings.ModuleID
	case *dom.BehaviorDefinition:
		want.ModuleID = m.settings.ModuleID
	case *dom.Definition:
		want.ModuleID = m.settings.ModuleID
	case *dom.Instance:
		for _, s := range want.Sections { // an empty list is no value
			s.FieldValues = slices.DeleteFunc(s.FieldValues, func(fv dom.FieldValue) bool { return len(fv.Value.Values()) == 0 })
		}
		want.ModuleID, want.Name = m.settings.ModuleID, m.name(want)
		if want.StatusID == "" && !m.definitionOf(want).DomBehaviorDefinitionID.IsZero() {
			want.StatusID = statuses[0]
		}
	}
	if b, err := dom.EncodeObject(want); err != nil || !bytes.Equal(b, raw) {
		return fmt.Errorf("%s %s is stored as\n%+v, want\n%+v (%v)", sent.Kind(), sent.Key(), got, want, err)
	}
	m.objects[sent.Kind()][sent.Key()] = got
	if instance, ok := got.(*dom.Instance); ok {
		was, _ := old.(*dom.Instance)
		m.record(was, instance)
	}
	return nil
}

// record keeps a version of an instance, and its history where that is enabled.
func (m *model) record(old, instance *dom.Instance) {
	key := instance.Key()
	delete(m.outlived, key)
	if m.versions[key] == nil {
		m.versions[key] = make(map[int64]*dom.Instance)
	}
	m.versions[key][instance.Revision] = instance
	if m.historyDisabled(instance) {
		return
	}
	if old != nil {
		d := dom.Differences(old, instance)
		if len(d.FieldValues.Get()) == 0 && d.StatusBefore == d.StatusAfter {
			return
		}
	}
	m.history[key] = append(m.history[key], dom.HistoryChange{
		SubjectID: instance.ID.ToFileFriendlyString(), Time: instance.LastModified,
		FullUsername: instance.LastModifiedBy, DmaID: 1, Revision: instance.Revision,
	})
}

// deleted forgets an object. The history of an instance goes with it unless
// there is to be none now.
func (m *model) deleted(kind dom.ObjectKind, key string) {
	old := m.objects[kind][key]
	delete(m.objects[kind], key)
	instance, ok := old.(*dom.Instance)
	switch {
	case !ok:
	case m.historyDisabled(instance) && len(m.history[key]) > 0:
		m.outlived[key] = instance.Revision
	default:
		delete(m.history, key)
		delete(m.versions, key)
	}
}

func (m *model) historyDisabled(instance *dom.Instance) bool {
	s := m.settings.DomManagerSettings.DomInstanceHistorySettings
	if d := m.definitionOf(instance); d != nil && d.ModuleSettingsOverrides.HistorySettings != nil {
		s = *d.ModuleSettingsOverrides.HistorySettings
	}
	return s.StorageBehavior == dom.HistoryDisabled
}

// changes are all history records by instance and revision, with what changed,
// without their ids and runs.
func (m *model) changes() []dom.Object {
	var list []dom.Object
	for _, key := range slices.Sorted(maps.Keys(m.history)) {
		for _, change := range m.history[key] {
			m.describe(key, &change)
			list = append(list, &change)
		}
	}
	return list
}

// describe fills in what a change changed.
func (m *model) describe(key string, change *dom.HistoryChange) {
	before, after := m.versions[key][change.Revision-1], m.versions[key][change.Revision]
	if after == nil || before == nil && change.Revision > 1 {
		return
	}
	if before != nil && !before.CreatedAt.Equal(after.CreatedAt) {
		before = nil
	}
	d := dom.Differences(before, after)
	if d.StatusBefore != d.StatusAfter {
		change.StatusChange = &dom.StatusChange{StatusIDBefore: d.StatusBefore, StatusIDAfter: d.StatusAfter}
	}
	for _, value := range d.FieldValues.Get() {
		at := slices.IndexFunc(change.SectionChanges, func(s dom.SectionChange) bool { return s.SectionID == value.SectionID })
		if at < 0 {
			at = len(change.SectionChanges)
			change.SectionChanges = append(change.SectionChanges, dom.SectionChange{SectionID: value.SectionID, SectionDefinitionID: value.SectionDefinitionID})
		}
		difference := dom.FieldValueChange{FieldDescriptorID: value.FieldDescriptorID, CrudType: value.Type}
		if value.Type != dom.CrudCreate {
			difference.ValueBefore = &value.ValueBefore
		}
		if value.Type != dom.CrudDelete {
			difference.ValueAfter = &value.ValueAfter
		}
		change.SectionChanges[at].FieldValueChanges = append(change.SectionChanges[at].FieldValueChanges, difference)
	}
}

// name is the name an instance must have.
func (m *model) name(instance *dom.Instance) string {
	definition := m.definitionOf(instance).ModuleSettingsOverrides.NameDefinition
	if definition == nil || len(definition.ConcatenationItems) == 0 {
		return instance.Key()
	}
	var name strings.Builder
	for _, item := range definition.ConcatenationItems {
		name.WriteString(item.Value)
		if !item.FieldDescriptorID.IsZero() {
			name.WriteString(m.shown(instance, item.FieldDescriptorID))
		}
	}
	return name.String()
}

// shown is the value of a field as names show it.
func (m *model) shown(instance *dom.Instance, id dom.FieldDescriptorID) string {
	for _, s := range instance.Sections {
		value, ok := s.GetFieldValueByID(id)
		if !ok {
			continue
		}
		d, _ := m.objects[dom.KindSectionDefinition][s.SectionDefinitionID.String()].(*dom.SectionDefinition)
		fd := d.GetFieldDescriptorByID(id)
		if fd.GenericEnum == nil {
			return value.String()
		}
		var entries []string
		for _, item := range value.Values() {
			entries = append(entries, fd.GenericEnum.Entry(item).DisplayName)
		}
		return strings.Join(entries, ";")
	}
	return ""
}

// masked is the canonical form of an object without what differs between two
// daemons that did the same: times, runs, and ids the server makes.
func masked(o dom.Object) slnet.Raw {
	o = clone(o)
	if change, ok := o.(*dom.HistoryChange); ok {
		change.ID, change.RunID, change.Time = dom.HistoryChangeID{}, uuid.Nil, times[0]
	} else {
		t := o.GetTracking()
		t.CreatedAt, t.LastModified = times[0], times[0]
	}
	raw, err := dom.EncodeObject(o)
	if err != nil {
		panic(err)
	}
	return raw
}
