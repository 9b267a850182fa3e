package dom

import "domovoi.dev/sdk/slnet"

// SubscribeToChanges is the subscription to the changes of objects of a kind in
// a module that a filter selects: an event is delivered with only the objects
// the filter selects, and not at all when there are none. An object that an
// update takes out of the filter is in LeftFilter. With KindStatusChange it is
// the subscription to status transitions, filtered by StatusChangeExposers.
// (DOC:DOM_events)
func SubscribeToChanges(moduleID string, kind ObjectKind, filter Filter) (slnet.Subscription, error) {
	name := changedEvents[kind]
	if name == "" {
		return slnet.Subscription{}, slnet.Errorf(slnet.KindInvalid, "there are no events about changes of %q", kind)
	}
	if err := filter.Check(kind, nil); err != nil {
		return slnet.Subscription{}, err
	}
	if kind == KindModuleSettings && moduleID != "" {
		// Module settings belong to no module, they are one.
		filter, moduleID = filter.And(ModuleSettingsExposers.ModuleID.Equal(moduleID)), ""
	}
	raw, err := filter.MarshalMsg(nil)
	if err != nil {
		return slnet.Subscription{}, err
	}
	return slnet.Subscription{Events: []string{name}, ModuleID: moduleID, Filter: raw}, nil
}

// DecodeSubscriptionFilter reads the filter of a subscription, and the kind of
// objects it is for. Without a filter it is True.
func DecodeSubscriptionFilter(s slnet.Subscription) (Filter, ObjectKind, error) {
	if len(s.Filter) == 0 {
		return True(), "", nil
	}
	if len(s.Events) != 1 {
		return Filter{}, "", slnet.Errorf(slnet.KindInvalid, "a subscription with a filter is to exactly one event, this one is to %d", len(s.Events))
	}
	for kind, name := range changedEvents {
		if name != s.Events[0] {
			continue
		}
		var filter Filter
		if rest, err := filter.UnmarshalMsg(s.Filter); err != nil || len(rest) > 0 {
			return Filter{}, "", slnet.Errorf(slnet.KindInvalid, "the filter of the subscription is malformed: %v", err)
		}
		return filter, kind, filter.Check(kind, nil)
	}
	return Filter{}, "", slnet.Errorf(slnet.KindInvalid, "%s cannot be filtered", s.Events[0])
}

// Matches reports whether a filter by StatusChangeExposers selects the
// transition.
func (c *InstanceStatusChange) Matches(filter Filter) bool { return filter.matches(c) }

func (c *InstanceStatusChange) expose(e Exposer) []Value {
	switch e.Name {
	case exposeDomInstanceID:
		return []Value{ValueOf(c.DomInstanceID)}
	case exposeFromStatusID:
		return []Value{ValueOf(c.FromStatusID)}
	case exposeToStatusID:
		return []Value{ValueOf(c.ToStatusID)}
	case exposeUsername:
		return []Value{ValueOf(c.Username)}
	}
	return nil
}
