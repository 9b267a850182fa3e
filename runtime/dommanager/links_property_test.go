package dommanager_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/memkv"
)

// linkWorld is a module with random links, people in random groups, and a model:
// the instances in a map, and the rules written down once more in the plainest
// way.
type linkWorld struct {
	t           *rapid.T
	store       *storage.Store
	accounts    *security.Accounts
	managers    *dommanager.Managers
	members     map[string][]string // groups by user; chief configures
	links       []dom.GroupLink     // of the running manager
	section     *dom.SectionDefinition
	number      dom.FieldDescriptorID // a text that no two versions share
	values      [2]dom.FieldDescriptorID
	definitions []dom.DefinitionID
	instances   map[dom.InstanceID]*dom.Instance
	last        int // of the numbers
}

const linkedModule = "linked"

var (
	linkGroups = []string{"alpha", "Beta", "gamma"}
	linkUsers  = []string{"ann", "bob", "chief"}
	linkTexts  = []string{"x", "X", "y", ""}
)

func newLinkWorld(t *rapid.T) *linkWorld {
	w := &linkWorld{t: t, members: make(map[string][]string), instances: make(map[dom.InstanceID]*dom.Instance)}
	var err error
	if w.store, err = storage.Open(t.Context(), memkv.New(), nil); err != nil {
		t.Fatal(err)
	}
	if w.accounts, err = security.Open(t.Context(), w.store, nil); err != nil {
		t.Fatal(err)
	}
	w.managers = dommanager.New(w.store, dommanager.Options{Accounts: w.accounts, Logger: slog.New(slog.DiscardHandler)})
	administrator := security.Caller{User: slnet.AdministratorName}
	for _, name := range linkGroups {
		w.must(w.accounts.CreateGroup(t.Context(), administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: name}}))
	}
	w.must(w.accounts.CreateGroup(t.Context(), administrator, &slnet.CreateGroupMessage{
		Group: slnet.Group{Name: "chiefs", Permissions: []slnet.PermissionFlag{slnet.PermissionModuleSettingsConfiguration}},
	}))
	for _, name := range linkUsers {
		w.must(w.accounts.CreateUser(t.Context(), administrator, &slnet.CreateUserMessage{Name: name}))
	}
	w.must(w.accounts.UpdateUser(t.Context(), administrator, &slnet.UpdateUserMessage{Name: "chief", AddGroups: []string{"chiefs"}}))
	w.send("chief", &dom.ManagerStoreCreateRequest{Kind: dom.KindModuleSettings, Object: w.encode(&dom.ModuleSettings{ModuleID: linkedModule})})
	one, many, number := plainField("One", dom.TypeString), plainField("Many", dom.TypeListString), plainField("Number", dom.TypeString)
	w.values, w.number = [2]dom.FieldDescriptorID{one.ID, many.ID}, number.ID
	w.section = dom.NewSectionDefinition("Info", one, many, number)
	w.send("chief", &dom.ManagerStoreCreateRequest{ModuleID: linkedModule, Kind: dom.KindSectionDefinition, Object: w.encode(w.section)})
	for range 3 {
		d := dom.NewDefinition("D", dom.SectionDefinitionLink{SectionDefinitionID: w.section.ID})
		w.definitions = append(w.definitions, d.ID)
		w.send("chief", &dom.ManagerStoreCreateRequest{ModuleID: linkedModule, Kind: dom.KindDefinition, Object: w.encode(d)})
	}
	for range rapid.IntRange(4, 12).Draw(t, "instances") {
		w.write("chief", w.create(w.instance()))
	}
	return w
}

func (w *linkWorld) must(_ slnet.Message, err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *linkWorld) encode(o dom.Object) slnet.Raw {
	raw, err := dom.EncodeObject(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

func (w *linkWorld) send(user string, message slnet.Message) slnet.Message {
	response, err := w.managers.Handle(w.t.Context(), security.Caller{User: user}, message)
	if err != nil {
		w.t.Fatalf("%s: %v", message.MessageName(), err)
	}
	return response
}

func (w *linkWorld) helper(user string) *dom.DomHelper {
	send := func(ctx context.Context, messages ...slnet.Message) (responses []slnet.Message, err error) {
		for _, message := range messages {
			response, err := w.managers.Handle(ctx, security.Caller{User: user}, message)
			if err != nil {
				return nil, err
			}
			responses = append(responses, response)
		}
		return responses, nil
	}
	return dom.NewDomHelper(send, linkedModule)
}

// The parts of a world.

func (w *linkWorld) instance() *dom.Instance {
	i := dom.NewInstance(rapid.SampledFrom(w.definitions).Draw(w.t, "definition"))
	w.fill(i)
	i.ID = w.newID()
	return i
}

// newID is an id, the same in every run of a test, and in no order.
func (w *linkWorld) newID() (id dom.InstanceID) {
	w.last++
	binary.BigEndian.PutUint32(id[:], uint32(w.last)*0x9e3779b9)
	return id
}

func (w *linkWorld) fill(i *dom.Instance) {
	w.last++
	s := dom.NewSection(w.section.ID)
	s.AddOrReplaceFieldValue(w.number, fmt.Sprintf("%06d", w.last))
	if rapid.Bool().Draw(w.t, "has one") {
		s.AddOrReplaceFieldValue(w.values[0], rapid.SampledFrom(linkTexts).Draw(w.t, "one"))
	}
	if rapid.Bool().Draw(w.t, "has many") {
		s.AddOrReplaceFieldValue(w.values[1], rapid.SliceOfN(rapid.SampledFrom(linkTexts), 0, 2).Draw(w.t, "many"))
	}
	i.Sections = []*dom.Section{s}
}

// relink draws links, or none, and lets them take effect.
func (w *linkWorld) relink() {
	t := w.t
	var links []dom.GroupLink
	for range rapid.IntRange(0, 4).Draw(t, "links") {
		link := dom.GroupLink{GroupName: rapid.SampledFrom([]string{"alpha", "ALPHA", "beta", "gamma", "nobody"}).Draw(t, "group")}
		for range rapid.IntRange(0, 2).Draw(t, "whole") {
			link.DomDefinitionReferences = append(link.DomDefinitionReferences, dom.DomDefinitionReference{
				DomDefinitionID: rapid.SampledFrom(w.definitions).Draw(t, "definition"), ReadOnly: rapid.Bool().Draw(t, "read only"),
			})
		}
		for range rapid.IntRange(0, 3).Draw(t, "by value") {
			r := dom.FieldValueReference{
				DomDefinitionID:   rapid.SampledFrom(w.definitions).Draw(t, "definition"),
				FieldDescriptorID: rapid.SampledFrom(w.values[:]).Draw(t, "field"), ReadOnly: rapid.Bool().Draw(t, "read only"),
			}
			for _, text := range rapid.SliceOfN(rapid.SampledFrom(linkTexts), 1, 3).Draw(t, "values") {
				r.Values = append(r.Values, dom.ValueOf(text))
			}
			link.FieldValueReferences = append(link.FieldValueReferences, r)
		}
		links = append(links, link)
	}
	w.links = links
	w.send("chief", &dom.ManagerStoreUpdateRequest{Kind: dom.KindModuleSettings, Object: w.encode(&dom.ModuleSettings{
		ModuleID: linkedModule, DomManagerSettings: dom.DomManagerSettings{
			SecuritySettings: dom.DomManagerSecuritySettings{LinkSecurity: &dom.LinkSecuritySettings{GroupLinks: links}},
		},
	})})
	w.send("chief", &dom.ReinitializeManagerMessage{ModuleID: linkedModule})
}

// regroup draws the groups of a user.
func (w *linkWorld) regroup(user string) {
	var add, remove []string
	for _, group := range linkGroups {
		if rapid.Bool().Draw(w.t, "member") {
			add = append(add, group)
		} else {
			remove = append(remove, group)
		}
	}
	w.must(w.accounts.UpdateUser(w.t.Context(), security.Caller{User: slnet.AdministratorName}, &slnet.UpdateUserMessage{Name: user, AddGroups: add, RemoveGroups: remove}))
	w.members[user] = add
}

// The rules.

// may decides about one instance.
func (w *linkWorld) may(user string, i *dom.Instance, writes bool) bool {
	if len(w.links) == 0 || user == "chief" {
		return true
	}
	in := func(link dom.GroupLink, groups []string) bool {
		return slices.ContainsFunc(groups, func(g string) bool { return strings.EqualFold(g, link.GroupName) })
	}
	for _, link := range w.links {
		for _, r := range link.DomDefinitionReferences {
			if in(link, w.members[user]) && r.DomDefinitionID == i.DomDefinitionID && !(writes && r.ReadOnly) {
				return true
			}
		}
	}
	r := w.deciding(user, i.DomDefinitionID)
	if r == nil || writes && r.ReadOnly {
		return false
	}
	for _, s := range i.Sections {
		if v, ok := s.GetFieldValueByID(r.FieldDescriptorID); ok {
			for _, have := range v.Values() {
				for _, want := range r.Values {
					if have.Text() == want.Text() && have.Text() != "" {
						return true
					}
				}
			}
		}
	}
	return false
}

// deciding is the reference by value of a user to a definition.
func (w *linkWorld) deciding(user string, definition dom.DefinitionID) *dom.FieldValueReference {
	groups := slices.Clone(w.members[user])
	slices.SortFunc(groups, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for _, group := range groups {
		for _, link := range w.links {
			for n := range link.FieldValueReferences {
				if r := &link.FieldValueReferences[n]; strings.EqualFold(link.GroupName, group) && r.DomDefinitionID == definition {
					return r
				}
			}
		}
	}
	return nil
}

// readsAll decides about all instances of a definition.
func (w *linkWorld) readsAll(user string, definition dom.DefinitionID) bool {
	return w.may(user, &dom.Instance{DomDefinitionID: definition}, false)
}

// refusal is the reason for which a read or count is refused, "" for none.
func (w *linkWorld) refusal(user string, f dom.Filter, counts bool) slnet.Reason {
	definitions, bound := boundTo(f)
	switch {
	case len(w.links) == 0 || !counts && isIDs(f):
		return ""
	case !bound && counts:
		return dom.ErrCountFilterNotSupportedBySecurity
	case !bound:
		return dom.ErrReadFilterNotSupportedBySecurity
	}
	distinct := make(map[dom.DefinitionID]bool)
	for _, id := range definitions {
		distinct[id] = true
	}
	for id := range distinct {
		if !w.readsAll(user, id) && (w.deciding(user, id) == nil || len(distinct) > 1) {
			return dom.ErrNoPermission
		}
	}
	return ""
}

// boundTo are the definitions that a filter is bound to. Whether it is bound is
// found by trying: it is when nothing of another definition could match, whatever
// else holds.
func boundTo(f dom.Filter) (definitions []dom.DefinitionID, bound bool) {
	var possible func(f dom.Filter) bool
	possible = func(f dom.Filter) bool {
		switch f.Operator {
		case dom.OperatorFalse:
			return false
		case dom.OperatorAnd:
			return !slices.ContainsFunc(f.Operands, func(f dom.Filter) bool { return !possible(f) })
		case dom.OperatorOr:
			return slices.ContainsFunc(f.Operands, possible)
		case dom.OperatorCompare:
			return f.Exposer != dom.InstanceExposers.DomDefinitionID || f.Comparer != dom.Equals
		}
		return true
	}
	if possible(f) {
		return nil, false
	}
	if f.Operator == dom.OperatorCompare {
		return []dom.DefinitionID{dom.DefinitionID(f.Value.Guid())}, true
	}
	for _, operand := range f.Operands {
		some, _ := boundTo(operand)
		definitions = append(definitions, some...)
	}
	return definitions, true
}

func isIDs(f dom.Filter) bool {
	switch f.Operator {
	case dom.OperatorCompare:
		return f.Exposer == dom.InstanceExposers.ID
	case dom.OperatorAnd, dom.OperatorOr:
		return (len(f.Operands) > 0 || f.Operator == dom.OperatorOr) && !slices.ContainsFunc(f.Operands, func(f dom.Filter) bool { return !isIDs(f) })
	}
	return false
}

// Requests.

func (w *linkWorld) anyID() dom.InstanceID {
	ids := []dom.InstanceID{w.newID()}
	for id := range w.instances {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b dom.InstanceID) int { return strings.Compare(a.String(), b.String()) })
	return rapid.SampledFrom(ids).Draw(w.t, "id")
}

func (w *linkWorld) filter(depth int) dom.Filter {
	t := w.t
	switch kind := rapid.IntRange(0, 11).Draw(t, "filter"); {
	case kind < 4:
		return dom.InstanceExposers.DomDefinitionID.Equal(rapid.SampledFrom(w.definitions).Draw(t, "definition"))
	case kind < 6:
		return dom.InstanceExposers.ID.Equal(w.anyID())
	case kind == 6:
		return dom.InstanceExposers.FieldValue(rapid.SampledFrom(w.values[:]).Draw(t, "field")).Equal(rapid.SampledFrom(linkTexts).Draw(t, "text"))
	case kind == 7:
		return rapid.SampledFrom([]dom.Filter{dom.True(), dom.False(), dom.Not(dom.InstanceExposers.DomDefinitionID.Equal(w.definitions[0])), dom.InstanceExposers.StatusID.Equal("x")}).Draw(t, "constant")
	}
	var operands []dom.Filter
	for range rapid.IntRange(0, 3).Draw(t, "operands") {
		if depth == 0 {
			break
		}
		operands = append(operands, w.filter(depth-1))
	}
	if rapid.Bool().Draw(t, "and") {
		return dom.And(operands...)
	}
	return dom.Or(operands...)
}

// query draws the filter of a read: half of them are as scripts write them.
func (w *linkWorld) query() dom.Filter {
	f := w.filter(2)
	if rapid.Bool().Draw(w.t, "scoped") {
		f = dom.InstanceExposers.DomDefinitionID.Equal(rapid.SampledFrom(w.definitions).Draw(w.t, "definition")).And(f)
	}
	return f
}

// user draws who asks, mostly somebody whose access is restricted.
func (w *linkWorld) user() string {
	return rapid.SampledFrom([]string{"ann", "bob", "ann", "bob", "chief"}).Draw(w.t, "as")
}

// expected are the numbers of the instances that a filter selects for a user, in
// their order.
func (w *linkWorld) expected(user string, f dom.Filter) []string {
	numbers := []string{}
	for _, i := range w.instances {
		if f.Matches(i) && w.may(user, i, false) {
			numbers = append(numbers, w.numberOf(i))
		}
	}
	slices.Sort(numbers)
	return numbers
}

func (w *linkWorld) numberOf(i *dom.Instance) string {
	v, _ := i.Sections[0].GetFieldValueByID(w.number)
	return v.Text()
}

// wantReason compares why a request failed; "" stands for success.
func (w *linkWorld) wantReason(what string, err error, want slnet.Reason) bool {
	if want == "" && err != nil || want != "" && !errors.Is(err, want) {
		w.t.Fatalf("%s: %v, want %q; links %+v, members %v", what, err, want, w.links, w.members)
	}
	return err == nil
}

func (w *linkWorld) read() {
	user, f := w.user(), w.query()
	h, ctx := w.helper(user), w.t.Context()
	order := dom.NewQuery(f).OrderBy(dom.InstanceExposers.FieldValue(w.number))
	limit := rapid.IntRange(0, 5).Draw(w.t, "limit")
	refused, want := w.refusal(user, f, false), w.expected(user, f)

	same := func(what string, list []*dom.Instance, err error, want []string) {
		if !w.wantReason(what, err, refused) {
			return
		}
		got := []string{}
		for _, i := range list {
			got = append(got, w.numberOf(i))
		}
		if what != "limited" {
			slices.Sort(got)
		}
		if !slices.Equal(got, want) {
			w.t.Fatalf("%s as %s: got %v, want %v; filter %+v, links %+v, members %v", what, user, got, want, f, w.links, w.members)
		}
	}
	list, err := h.DomInstances.Read(ctx, f)
	same("read", list, err, want)
	list, err = h.DomInstances.PreparePaging(f, 2).GetAll(ctx)
	same("pages", list, err, want)
	list, err = h.DomInstances.PreparePagingQuery(order, 2).GetAll(ctx)
	same("ordered pages", list, err, want)
	list, err = h.DomInstances.ReadQuery(ctx, order.Limit(int64(limit)))
	same("limited", list, err, want[:min(limit, len(want))])
	rows, err := h.DomInstances.ReadSelected(ctx, order, dom.InstanceExposers.Name)
	if w.wantReason("selected", err, refused) && len(rows) != len(want) {
		w.t.Fatalf("selected as %s: %d, want %d; filter %+v", user, len(rows), len(want), f)
	}
	e, err := h.DomInstances.Explain(ctx, order)
	if w.wantReason("explain", err, refused) && (e.Returned != int64(len(want)) || e.IsPrivate != (len(w.links) > 0 && user != "chief")) {
		w.t.Fatalf("explain as %s: %+v, want %d", user, e, len(want))
	}
	n, err := h.DomInstances.Count(ctx, f)
	if w.wantReason("count", err, w.refusal(user, f, true)) && n != int64(len(want)) {
		w.t.Fatalf("count as %s: %d, want %d; filter %+v, links %+v, members %v", user, n, len(want), f, w.links, w.members)
	}
}

func (w *linkWorld) readHistory() {
	user := w.user()
	var subjects []dom.Filter
	denied := false
	want := 0
	for range rapid.IntRange(1, 3).Draw(w.t, "subjects") {
		id := w.anyID()
		f := dom.HistoryExposers.SubjectID.Equal(id.ToFileFriendlyString())
		if i := w.instances[id]; i == nil || !w.may(user, i, false) {
			denied = true
		} else if !slices.ContainsFunc(subjects, func(g dom.Filter) bool { return g.Value.Equal(f.Value) }) {
			want += int(i.Revision)
		}
		subjects = append(subjects, f)
	}
	denied = denied && len(w.links) > 0 && user != "chief"
	list, err := w.helper(user).DomInstanceHistory.Read(w.t.Context(), dom.Or(subjects...))
	var reason slnet.Reason
	if denied {
		reason = dom.ErrNoPermission
	}
	if w.wantReason("history", err, reason) && len(list) != want {
		w.t.Fatalf("history as %s: %d records, want %d", user, len(list), want)
	}
}

// write is one write and why it has to fail, "" when it has to succeed. done
// changes the model.
type linkWrite struct {
	what   string
	id     dom.InstanceID
	saved  *dom.Instance // nil for a deletion
	do     func(h *dom.DomHelper) (*dom.Instance, error)
	reason func(user string) slnet.Reason
}

func (w *linkWorld) create(i *dom.Instance) linkWrite {
	return linkWrite{"create", i.ID, i, func(h *dom.DomHelper) (*dom.Instance, error) { return h.DomInstances.Create(w.t.Context(), i) }, func(user string) slnet.Reason {
		old := w.instances[i.ID]
		switch {
		case !w.may(user, i, true) || old != nil && !w.may(user, old, false):
			return dom.ErrNoPermission
		case old != nil:
			return dom.ErrObjectAlreadyExisted
		}
		return ""
	}}
}

func (w *linkWorld) update(i *dom.Instance) linkWrite {
	return linkWrite{"update", i.ID, i, func(h *dom.DomHelper) (*dom.Instance, error) { return h.DomInstances.Update(w.t.Context(), i) }, func(user string) slnet.Reason {
		old := w.instances[i.ID]
		switch {
		case !w.may(user, i, true) || old != nil && !w.may(user, old, true):
			return dom.ErrNoPermission
		case old == nil:
			return w.missing(user)
		}
		return ""
	}}
}

func (w *linkWorld) delete(id dom.InstanceID) linkWrite {
	return linkWrite{"delete", id, nil, func(h *dom.DomHelper) (*dom.Instance, error) {
		return nil, h.DomInstances.Delete(w.t.Context(), &dom.Instance{ID: id})
	}, func(user string) slnet.Reason {
		old := w.instances[id]
		switch {
		case old == nil:
			return w.missing(user)
		case !w.may(user, old, true):
			return dom.ErrNoPermission
		}
		return ""
	}}
}

func (w *linkWorld) missing(user string) slnet.Reason {
	if len(w.links) == 0 || user == "chief" {
		return dom.ErrObjectDidNotExist
	}
	return dom.ErrNoPermission
}

func (w *linkWorld) write(user string, write linkWrite) {
	reason := write.reason(user)
	stored, err := write.do(w.helper(user))
	if !w.wantReason(write.what+" as "+user, err, reason) {
		return
	}
	if write.saved == nil {
		delete(w.instances, write.id)
	} else {
		w.instances[write.id] = stored
	}
}

// changed is a stored instance with other values, or a new one of any id.
func (w *linkWorld) changed() *dom.Instance {
	i := w.instance()
	if id := w.anyID(); rapid.Bool().Draw(w.t, "existing") {
		i.ID = id
	}
	return i
}

func (w *linkWorld) bulk() {
	user := w.user()
	var list []*dom.Instance
	seen := make(map[dom.InstanceID]bool)
	for range rapid.IntRange(1, 4).Draw(w.t, "items") {
		if i := w.changed(); !seen[i.ID] {
			seen[i.ID] = true
			list = append(list, i)
		}
	}
	allowed := make(map[dom.InstanceID]bool)
	for _, i := range list {
		old := w.instances[i.ID]
		allowed[i.ID] = w.may(user, i, true) && (old == nil || w.may(user, old, true))
	}
	request := &dom.ManagerStoreBulkCreateOrUpdateRequest{ModuleID: linkedModule, Kind: dom.KindInstance}
	for _, i := range list {
		request.Objects = append(request.Objects, w.encode(i))
	}
	response := w.send(user, request).(*dom.ManagerStoreBulkResponse)
	for _, key := range response.UnsuccessfulKeys {
		trace := response.TraceDataPerItem[key]
		w.wantReason("bulk as "+user, &slnet.CrudFailedError{TraceData: trace}, dom.ErrNoPermission)
		if id, _ := dom.ParseInstanceID(key); allowed[id] {
			w.t.Fatalf("bulk as %s refused %s: %v", user, key, &trace)
		}
	}
	for n, key := range response.SuccessfulKeys {
		o, err := dom.DecodeObject(dom.KindInstance, response.Objects[n])
		if err != nil || o.Key() != key {
			w.t.Fatal(err)
		}
		i := o.(*dom.Instance)
		if w.instances[i.ID] = i; !allowed[i.ID] {
			w.t.Fatalf("bulk as %s stored %s", user, key)
		}
	}
	if len(response.SuccessfulKeys)+len(response.UnsuccessfulKeys) != len(list) {
		w.t.Fatalf("bulk of %d: %+v", len(list), response)
	}
}

// What people get of a module with links is what the rules, tried on every
// instance, allow.
func TestLinkSecurityEqualsBruteForce(t *testing.T) {
	rounds := 1
	if os.Getenv("DOMOVOI_STRESS") != "" {
		rounds = 100
	}
	for range rounds {
		rapid.Check(t, func(t *rapid.T) {
			w := newLinkWorld(t)
			w.relink()
			w.regroup("ann")
			w.regroup("bob")
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				for range 4 {
					w.read()
				}
				switch rapid.IntRange(0, 6).Draw(t, "step") {
				case 0:
					w.relink()
				case 1:
					w.regroup(rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user"))
				case 2:
					w.write(w.user(), w.create(w.changed()))
				case 3:
					w.write(w.user(), w.update(w.changed()))
				case 4:
					w.write(w.user(), w.delete(w.anyID()))
				case 5:
					w.bulk()
				default:
					w.readHistory()
				}
			}
			check, err := w.store.Check(t.Context())
			if err != nil || len(check.Problems) > 0 {
				t.Fatal(err, check.Problems)
			}
			if err := w.store.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
