package security_test

import (
	"errors"
	"testing"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// The definitions and instances of the examples.
var (
	definitionA, definitionB = dom.NewDefinitionID(), dom.NewDefinitionID()
	office                   = dom.FieldDescriptorID(dom.NewInstanceID())
	isA, isB                 = dom.InstanceExposers.DomDefinitionID.Equal(definitionA), dom.InstanceExposers.DomDefinitionID.Equal(definitionB)
	isX, isY, isZ            = dom.InstanceExposers.ID.Equal(dom.NewInstanceID()), dom.InstanceExposers.ID.Equal(dom.NewInstanceID()), dom.InstanceExposers.ID.Equal(dom.NewInstanceID())
	hasValue                 = dom.InstanceExposers.FieldValue(office).Equal("Some Value")
	inProgress               = dom.InstanceExposers.StatusID.Equal("in_progress")
	isOf                     = func(id dom.InstanceID) dom.Filter {
		return dom.HistoryExposers.SubjectID.Equal(id.ToFileFriendlyString())
	}
	isBy = dom.HistoryExposers.FullUsername.Equal("some_user")
)

// The examples of DOC:DOM_SecuritySettings, and what follows from them.
func TestFilterExamples(t *testing.T) {
	access := security.NewLinks([]dom.GroupLink{{GroupName: "g"}}).Access(nil, true)
	f, g := isOf(dom.NewInstanceID()), isOf(dom.NewInstanceID())
	type example struct {
		name           string
		filter         dom.Filter
		reads, counted bool
	}
	for _, e := range []example{
		{"definition", isA, true, true},
		{"definition and field", isA.And(hasValue), true, true},
		{"definition or definition", isA.Or(isB), true, true},
		{"status and definitions", inProgress.And(isA.Or(isB)), true, true},
		{"definition and ids", isA.And(isX.Or(isY, isZ)), true, true},
		{"id", isX, true, false},
		{"ids", isX.Or(isY, isZ), true, false},
		{"true", dom.True(), false, false},
		{"field", hasValue, false, false},
		{"status", inProgress, false, false},

		{"false", dom.False(), true, true},
		{"or of nothing", dom.Or(), true, true},
		{"and of nothing", dom.And(), false, false},
		{"and of one id", dom.And(isX), true, false},
		{"id and field", isX.And(hasValue), false, false},
		{"id or definition", isX.Or(isA), false, false},
		{"definition or field", isA.Or(hasValue), false, false},
		{"definition in each branch", isA.And(hasValue).Or(isB.And(inProgress)), true, true},
		{"not", dom.Not(isA), false, false},
		{"not not", dom.Not(dom.Not(isA)), false, false},
		{"not equal", dom.InstanceExposers.DomDefinitionID.NotEqual(definitionA), false, false},
		{"definition and not another", isA.And(dom.Not(isB)), true, true},
		{"definition as text", dom.InstanceExposers.DomDefinitionID.Equal(definitionA.String()), true, true},
	} {
		if _, err := access.ScopeRead(e.filter); (err == nil) != e.reads || err != nil && !errors.Is(err, dom.ErrReadFilterNotSupportedBySecurity) {
			t.Errorf("read by %s: %v", e.name, err)
		}
		if _, err := access.ScopeCount(e.filter); (err == nil) != e.counted || err != nil && !errors.Is(err, dom.ErrCountFilterNotSupportedBySecurity) {
			t.Errorf("count by %s: %v", e.name, err)
		}
	}
	for _, e := range []example{
		{"subject", f, true, true},
		{"subject or subject", f.Or(g), true, true},
		{"user and subjects", isBy.And(f.Or(g)), true, true},
		{"true", dom.True(), false, false},
		{"user", isBy, false, false},
		{"user or subject", isBy.Or(f), false, false},
		{"no subject id", dom.HistoryExposers.SubjectID.Equal("a1ds5z8"), false, false},
	} {
		if _, err := access.HistorySubjects(e.filter, dom.ErrReadFilterNotSupportedBySecurity); (err == nil) != e.reads {
			t.Errorf("history by %s: %v", e.name, err)
		}
	}
}

// A module without links changes nothing.
func TestNoLinks(t *testing.T) {
	access := security.NewLinks(nil).Access([]string{"g"}, false)
	scope, err := access.ScopeRead(dom.True())
	if err != nil || scope.Filter.Operator != dom.OperatorTrue || scope.Visible != nil || scope.IsPartial || access.IsRestricted() || !access.IsFull() {
		t.Errorf("%+v, %v", scope, err)
	}
	if f, err := access.ScopeCount(dom.True()); err != nil || f.Operator != dom.OperatorTrue {
		t.Errorf("%+v, %v", f, err)
	}
}

// Who may do what, by the references of two groups. The rows of the table are
// the decisions of Access.Grant in their order.
func TestGrants(t *testing.T) {
	whole := func(readOnly bool) dom.GroupLink {
		return dom.GroupLink{DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: definitionA, ReadOnly: readOnly}}}
	}
	byValue := func(text string, readOnly bool) dom.GroupLink {
		return dom.GroupLink{FieldValueReferences: []dom.FieldValueReference{{
			DomDefinitionID: definitionA, FieldDescriptorID: office, Values: []dom.Value{dom.ValueOf(text)}, ReadOnly: readOnly,
		}}}
	}
	named := func(name string, link dom.GroupLink) dom.GroupLink {
		link.GroupName = name
		return link
	}
	const none, values, all = security.ReachNone, security.ReachValues, security.ReachAll
	for _, test := range []struct {
		name          string
		alpha, beta   dom.GroupLink
		reads, writes security.Reach
		value         string
	}{
		{"nothing", dom.GroupLink{}, dom.GroupLink{}, none, none, ""},
		{"whole", dom.GroupLink{}, whole(false), all, all, ""},
		{"whole before read-only", whole(true), whole(false), all, all, ""},
		{"whole before a value", byValue("x", false), whole(false), all, all, ""},
		{"read-only", whole(true), dom.GroupLink{}, all, none, ""},
		{"read-only, some written", whole(true), byValue("x", false), all, values, "x"},
		{"read-only twice", whole(true), byValue("x", true), all, none, ""},
		{"the first value", byValue("x", false), byValue("y", false), values, values, "x"},
		{"the first value, read-only", byValue("x", true), byValue("y", false), values, none, "x"},
	} {
		links := security.NewLinks([]dom.GroupLink{named("BETA", test.beta), named("Alpha", test.alpha)})
		g := links.Access([]string{"alpha", "beta", "others"}, false).Grant(definitionA)
		if g.Reads != test.reads || g.Writes != test.writes || test.value != "" && g.Filter().Value.Text() != test.value {
			t.Errorf("%s: %+v", test.name, g)
		}
		if g := links.Access([]string{"alpha", "beta"}, false).Grant(definitionB); g.Reads != none || g.Writes != none {
			t.Errorf("%s: another definition: %+v", test.name, g)
		}
		if g := links.Access([]string{"others"}, false).Grant(definitionA); g.Reads != none || g.Writes != none {
			t.Errorf("%s: another group: %+v", test.name, g)
		}
		if g := links.Access(nil, true).Grant(definitionB); g.Reads != all || g.Writes != all {
			t.Errorf("%s: who configures the module: %+v", test.name, g)
		}
	}
}

// Changed groups count with the next question, also for users that were asked
// about before.
func TestAccessFollowsTheDirectory(t *testing.T) {
	h := open(t)
	links := security.NewLinks([]dom.GroupLink{{GroupName: "Clerks", DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: definitionA}}}})
	h.group("clerks")
	h.user("ann")
	instance := dom.NewInstance(definitionA)
	want := func(reads bool) {
		t.Helper()
		for range 2 {
			if access := h.Access(security.Caller{User: "ann"}, links); access.Reads(instance) != reads || access.Writes(instance) != reads {
				t.Errorf("access %v, want %v", !reads, reads)
			}
		}
	}
	want(false)
	must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "ann", AddGroups: []string{"CLERKS"}}))(t)
	want(true)
	h.disable("ann", true)
	want(false)
	h.disable("ann", false)
	want(true)
	must(h.DeleteGroup(h.ctx, administrator, &slnet.DeleteGroupMessage{Name: "clerks"}))(t)
	want(false)
	if access := (*security.Accounts)(nil).Access(security.Caller{User: "ann"}, links); access.Reads(instance) {
		t.Error("access without accounts")
	}
}
