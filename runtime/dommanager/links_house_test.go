package dommanager_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// linkHouse has the people of the rows of part 4.17: u is in the group us, v in
// the groups vs, Beta and alpha, and the Administrator has
// PermissionModuleSettingsConfiguration.
type linkHouse struct {
	d           *daemontest.Daemon
	admin, u, v slnet.Connection
}

func newLinkHouse(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) *linkHouse {
	t.Helper()
	h := &linkHouse{d: d, admin: open(d.Token()), u: open(d.User("u")), v: open(d.User("v"))}
	for _, name := range []string{"Beta", "alpha", "spare"} {
		daemontest.Send[*slnet.GroupResponse](t, d.Administrator(), &slnet.CreateGroupMessage{Group: slnet.Group{Name: name}})
	}
	h.groups(t, "v", []string{"Beta", "alpha"}, nil)
	return h
}

// groups changes the groups of a user.
func (h *linkHouse) groups(t testing.TB, user string, add, remove []string) {
	t.Helper()
	daemontest.Send[*slnet.UserResponse](t, h.d.Administrator(), &slnet.UpdateUserMessage{Name: user, AddGroups: add, RemoveGroups: remove})
}

// linkModule is a module with the definitions A, A2 and B, an instance or two of
// each, and offices to tell the instances apart.
type linkModule struct {
	*linkHouse
	id                   string
	admin, u, v          *dom.DomHelper
	section              *dom.SectionDefinition
	office, colour, text dom.FieldDescriptorID
	a, a2, b             dom.DefinitionID
	a1, a2nd, other, b1  *dom.Instance // of A, A, A2, B
	london, paris, rome  uuid.UUID
}

// newModule makes a module whose one link is that of the group us to A.
func (h *linkHouse) newModule(t testing.TB) *linkModule {
	t.Helper()
	office := optional(dom.NewDomInstanceFieldDescriptor("Office", dom.TypeListGuid, ""))
	colour := optional(dom.NewGenericEnumFieldDescriptor("Colour", dom.TypeEnumString, enumOf(t, "Red", "red", "RED", "RED", "Blue", "blue")))
	text := plainField("Text", dom.TypeString)
	id := newModuleWith(t, h.admin, dom.DomManagerSettings{
		DomInstanceNameDefinition: &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameField(text.ID)}},
	})
	m := &linkModule{
		linkHouse: h, id: id, office: office.ID, colour: colour.ID, text: text.ID,
		admin: dom.NewDomHelper(h.admin.SendSLNetMessages, id),
		u:     dom.NewDomHelper(h.u.SendSLNetMessages, id), v: dom.NewDomHelper(h.v.SendSLNetMessages, id),
		london: uuid.New(), paris: uuid.New(), rome: uuid.New(),
	}
	m.section = createSection(t, m.admin, dom.NewSectionDefinition("Info", office, colour, text))
	link := dom.SectionDefinitionLink{SectionDefinitionID: m.section.ID}
	m.a = createDefinition(t, m.admin, dom.NewDefinition("A", link)).ID
	m.a2 = createDefinition(t, m.admin, dom.NewDefinition("A2", link)).ID
	m.b = createDefinition(t, m.admin, dom.NewDefinition("B", link)).ID
	m.a1, m.a2nd, m.other, m.b1 = m.instance(m.a, "a1", m.london), m.instance(m.a, "a2", m.paris), m.instance(m.a2, "other", m.london), m.instance(m.b, "b1", m.london)
	stored, err := m.admin.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{m.a1, m.a2nd, m.other, m.b1})
	if err != nil {
		t.Fatal(err)
	}
	m.a1, m.a2nd, m.other, m.b1 = stored.SuccessfulItems[0], stored.SuccessfulItems[1], stored.SuccessfulItems[2], stored.SuccessfulItems[3]
	m.link(t, whole("us", m.a))
	return m
}

// instance is a new instance; it is not saved.
func (m *linkModule) instance(definition dom.DefinitionID, text string, offices ...uuid.UUID) *dom.Instance {
	i := dom.NewInstance(definition)
	i.AddOrUpdateFieldValue(m.section.ID, m.text, text)
	if len(offices) > 0 {
		i.AddOrUpdateFieldValue(m.section.ID, m.office, offices)
	}
	return i
}

// moved is a copy of an instance with other offices.
func (m *linkModule) moved(i *dom.Instance, offices ...uuid.UUID) *dom.Instance {
	i = i.Clone()
	i.AddOrUpdateFieldValue(m.section.ID, m.office, offices)
	return i
}

// link replaces the links of the module, and lets them take effect.
func (m *linkModule) link(t testing.TB, links ...dom.GroupLink) {
	t.Helper()
	changeSettings(t, m.linkHouse.admin, m.id, func(s *dom.DomManagerSettings) {
		s.SecuritySettings.LinkSecurity = &dom.LinkSecuritySettings{GroupLinks: links}
	})
}

// whole links a group to definitions.
func whole(group string, definitions ...dom.DefinitionID) dom.GroupLink {
	link := dom.GroupLink{GroupName: group}
	for _, id := range definitions {
		link.DomDefinitionReferences = append(link.DomDefinitionReferences, dom.DomDefinitionReference{DomDefinitionID: id})
	}
	return link
}

// byOffice links a group to the instances of A in some offices.
func (m *linkModule) byOffice(group string, offices ...uuid.UUID) dom.GroupLink {
	return dom.GroupLink{GroupName: group, FieldValueReferences: []dom.FieldValueReference{m.offices(m.a, offices...)}}
}

func (m *linkModule) offices(definition dom.DefinitionID, offices ...uuid.UUID) dom.FieldValueReference {
	r := dom.FieldValueReference{DomDefinitionID: definition, FieldDescriptorID: m.office}
	for _, office := range offices {
		r.Values = append(r.Values, dom.ValueOf(office))
	}
	return r
}

// The filters of the examples.

func ofDefinition(id dom.DefinitionID) dom.Filter {
	return dom.InstanceExposers.DomDefinitionID.Equal(id)
}

func withID(i *dom.Instance) dom.Filter { return dom.InstanceExposers.ID.Equal(i.ID) }

func subject(i *dom.Instance) dom.Filter {
	return dom.HistoryExposers.SubjectID.Equal(i.ID.ToFileFriendlyString())
}

func (m *linkModule) textIs(text string) dom.Filter {
	return dom.InstanceExposers.FieldValue(m.text).Equal(text)
}

func inProgress() dom.Filter { return dom.InstanceExposers.StatusID.Equal("in_progress") }

// wantRead checks the names of what a filter reads, also in pages and as selected
// values.
func wantRead(t testing.TB, h *dom.DomHelper, f dom.Filter, want ...string) {
	t.Helper()
	list, err := h.DomInstances.Read(t.Context(), f)
	if err != nil {
		t.Errorf("read: %v", err)
		return
	}
	names := make([]string, len(list))
	for n, i := range list {
		names[n] = i.Name
	}
	paged, err := h.DomInstances.PreparePaging(f, 1).GetAll(t.Context())
	if err != nil || len(paged) != len(list) {
		t.Errorf("%d in pages, %v; %d at once", len(paged), err, len(list))
	}
	rows, err := h.DomInstances.ReadSelected(t.Context(), dom.NewQuery(f).OrderBy(dom.InstanceExposers.Name), dom.InstanceExposers.Name)
	if err != nil || len(rows) != len(list) {
		t.Errorf("%d selected, %v; %d read", len(rows), err, len(list))
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != strings.Join(want, " ") {
		t.Errorf("read %q, want %q", got, want)
	}
}

func wantCount(t testing.TB, h *dom.DomHelper, f dom.Filter, want int64) {
	t.Helper()
	if n, err := h.DomInstances.Count(t.Context(), f); err != nil || n != want {
		t.Errorf("counted %d, %v; want %d", n, err, want)
	}
}

// wantDenied checks that a request was refused, and with which definitions and
// instances in its properties.
func wantDenied(t testing.TB, err error, definitions []dom.DefinitionID, instances []dom.InstanceID) {
	t.Helper()
	e := wantReason(t, err, dom.InstanceError, dom.ErrNoPermission)
	if !errors.Is(err, dom.ErrNoPermission) {
		t.Errorf("%v is not NoPermission", err)
	}
	var gotDefinitions []dom.DefinitionID
	for _, id := range e.Properties.DomDefinitionIDs {
		gotDefinitions = append(gotDefinitions, dom.DefinitionID(id))
	}
	var gotInstances []dom.InstanceID
	for _, id := range e.Properties.DomInstanceIDs {
		gotInstances = append(gotInstances, dom.InstanceID(id))
	}
	if !slices.Equal(gotDefinitions, definitions) || !slices.Equal(gotInstances, instances) {
		t.Errorf("denied definitions %v, instances %v; want %v, %v", gotDefinitions, gotInstances, definitions, instances)
	}
}

// readError and countError are why reading and counting fail, in each way to do so.
func readError(t testing.TB, h *dom.DomHelper, f dom.Filter) error {
	t.Helper()
	ctx := t.Context()
	_, err := h.DomInstances.Read(ctx, f)
	_, selected := h.DomInstances.ReadSelected(ctx, dom.NewQuery(f), dom.InstanceExposers.Name)
	_, paged := h.DomInstances.PreparePaging(f, 1).GetAll(ctx)
	_, explained := h.DomInstances.Explain(ctx, dom.NewQuery(f))
	for _, other := range []error{selected, paged, explained} {
		if other == nil || err == nil || other.Error() != err.Error() {
			t.Errorf("%v, but read says %v", other, err)
		}
	}
	return err
}

func countError(t testing.TB, h *dom.DomHelper, f dom.Filter) error {
	t.Helper()
	_, err := h.DomInstances.Count(t.Context(), f)
	return err
}
