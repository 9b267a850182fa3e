package dom_test

import (
	"errors"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestSubscriptionFilterRoundTrips(t *testing.T) {
	for _, kind := range append(dom.ObjectKinds(), dom.KindStatusChange) {
		want, moduleID := dom.Not(dom.Or()), "m"
		if kind == dom.KindModuleSettings {
			moduleID = ""
		}
		s, err := dom.SubscribeToChanges(moduleID, kind, want)
		if err != nil || s.ModuleID != moduleID || len(s.Events) != 1 || s.Events[0] != dom.ChangedEventName(kind) {
			t.Fatalf("%s: %+v, %v", kind, s, err)
		}
		got, gotKind, err := dom.DecodeSubscriptionFilter(s)
		if err != nil || gotKind != kind || got.Operator != want.Operator || len(got.Operands) != 1 {
			t.Errorf("%s: came back as %v of %s, %v", kind, got, gotKind, err)
		}
	}
	if filter, kind, err := dom.DecodeSubscriptionFilter(slnet.Subscription{}); err != nil || kind != "" || filter.Operator != dom.OperatorTrue {
		t.Errorf("without a filter: %v, %s, %v", filter, kind, err)
	}
}

// Module settings belong to no module: a module id means those of that module.
func TestSubscriptionToTheSettingsOfOneModule(t *testing.T) {
	s, err := dom.SubscribeToChanges("m", dom.KindModuleSettings, dom.True())
	if err != nil || s.ModuleID != "" {
		t.Fatalf("%+v, %v", s, err)
	}
	filter, _, err := dom.DecodeSubscriptionFilter(s)
	if err != nil || !filter.Matches(&dom.ModuleSettings{ModuleID: "m"}) || filter.Matches(&dom.ModuleSettings{ModuleID: "n"}) {
		t.Errorf("the filter is %+v, %v", filter, err)
	}
}

func TestMalformedSubscriptionsAreRefused(t *testing.T) {
	good, err := dom.SubscribeToChanges("m", dom.KindInstance, dom.InstanceExposers.Name.Equal("x"))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(s *slnet.Subscription)) slnet.Subscription {
		s := good
		change(&s)
		return s
	}
	for name, s := range map[string]slnet.Subscription{
		"no event":         with(func(s *slnet.Subscription) { s.Events = nil }),
		"two events":       with(func(s *slnet.Subscription) { s.Events = append(s.Events, s.Events[0]) }),
		"not filterable":   with(func(s *slnet.Subscription) { s.Events = []string{"RunChangedEventMessage"} }),
		"another kind":     with(func(s *slnet.Subscription) { s.Events = []string{dom.ChangedEventName(dom.KindStatusChange)} }),
		"malformed":        with(func(s *slnet.Subscription) { s.Filter = slnet.Raw{0xc1} }),
		"followed by":      with(func(s *slnet.Subscription) { s.Filter = append(append(slnet.Raw(nil), s.Filter...), 0xc0) }),
		"cut short":        with(func(s *slnet.Subscription) { s.Filter = s.Filter[:len(s.Filter)-1] }),
		"no filter at all": with(func(s *slnet.Subscription) { s.Filter, _ = new(dom.Filter).MarshalMsg(nil) }),
	} {
		if _, _, err := dom.DecodeSubscriptionFilter(s); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := dom.SubscribeToChanges("m", dom.KindHistoryChange, dom.True()); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("history: %v", err)
	}
	if _, err := dom.SubscribeToChanges("m", dom.KindInstance, dom.Filter{}); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("no filter: %v", err)
	}
}

func TestFiltersOfStatusChanges(t *testing.T) {
	e := dom.StatusChangeExposers
	change := &dom.InstanceStatusChange{DomInstanceID: dom.NewInstanceID(), FromStatusID: "draft", ToStatusID: "active", Username: "Ann"}
	for _, c := range []struct {
		name   string
		filter dom.Filter
		want   bool
	}{
		{"instance and status", e.DomInstanceID.Equal(change.DomInstanceID).And(e.ToStatusID.Equal("active")), true},
		{"other instance", e.DomInstanceID.Equal(dom.NewInstanceID()), false},
		{"other status", e.ToStatusID.Equal("draft"), false},
		{"from", e.FromStatusID.NotEqual("draft"), false},
		{"user", e.Username.Equal("ann"), true},
		{"all", dom.True(), true},
	} {
		if err := c.filter.Check(dom.KindStatusChange, nil); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := change.Matches(c.filter); got != c.want {
			t.Errorf("%s: selected %v, want %v", c.name, got, c.want)
		}
	}
}
