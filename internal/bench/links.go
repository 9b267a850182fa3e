package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// links is the group of P10: two modules with the same instances, one with many
// group links and one without any, and users who have access through one of the
// links. The floor of each measure is the same work in the module without.
type links struct {
	*measure.House
	linked, open  *module
	whole, byText *dom.DomHelper // of the linked module, for the two users
	freely        *dom.DomHelper // of the open module, for the first
	ids           map[*module][]dom.InstanceID
}

const (
	groupLinks = 100_000
	// linkedInstances are in each module; the second user has access to one in
	// every linkedShare.
	linkedInstances = 2000
	linkedShare     = 20
	linkedText      = "accessible"
)

func linksGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	l := &links{House: h, ids: make(map[*module][]dom.InstanceID)}
	var err error
	if l.open, err = newModule(ctx, h.User.SendSLNetMessages, "open", 5, 24, 0); err != nil {
		return nil, err
	}
	if l.linked, err = newModule(ctx, h.User.SendSLNetMessages, "linked", 5, 24, 0); err != nil {
		return nil, err
	}
	for _, m := range []*module{l.open, l.linked} {
		if err := l.fill(ctx, m); err != nil {
			return nil, err
		}
	}
	if err := l.link(ctx); err != nil {
		return nil, err
	}
	whole, err := l.member(ctx, "whole")
	if err != nil {
		return nil, err
	}
	byText, err := l.member(ctx, "bytext")
	if err != nil {
		return nil, err
	}
	l.whole, l.freely = dom.NewDomHelper(whole.SendSLNetMessages, "linked"), dom.NewDomHelper(whole.SendSLNetMessages, "open")
	l.byText = dom.NewDomHelper(byText.SendSLNetMessages, "linked")
	return []*measure.Measure{l.bulk(), l.byID(), l.byDefinition(), l.count(), l.byValue()}, l.Store.Compact(ctx)
}

// fill stores the instances of a module.
func (l *links) fill(ctx context.Context, m *module) error {
	for begin := 0; begin < linkedInstances; begin += dom.MaxAmountBulkOperation {
		list := make([]*dom.Instance, dom.MaxAmountBulkOperation)
		for n := range list {
			list[n] = m.instance()
			if (begin+n)%linkedShare == 0 {
				list[n].AddOrUpdateFieldValue(m.section, m.fields[0], linkedText)
			}
			l.ids[m] = append(l.ids[m], list[n].ID)
		}
		if _, err := m.helper.DomInstances.CreateOrUpdate(ctx, list); err != nil {
			return err
		}
	}
	return nil
}

// link gives the linked module its links: those of the two users stand last.
func (l *links) link(ctx context.Context) error {
	s := new(dom.LinkSecuritySettings)
	for n := range groupLinks - 2 {
		s.GroupLinks = append(s.GroupLinks, dom.GroupLink{
			GroupName: fmt.Sprintf("group %06d", n), DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: l.linked.definition}},
		})
	}
	s.GroupLinks = append(s.GroupLinks, dom.GroupLink{
		GroupName: "whole", DomDefinitionReferences: []dom.DomDefinitionReference{{DomDefinitionID: l.linked.definition}},
	}, dom.GroupLink{
		GroupName: "bytext", FieldValueReferences: []dom.FieldValueReference{{
			DomDefinitionID: l.linked.definition, FieldDescriptorID: l.linked.fields[0], Values: []dom.Value{dom.ValueOf(linkedText)},
		}},
	})
	settings := &dom.ModuleSettings{ModuleID: "linked"}
	settings.DomManagerSettings.SecuritySettings.LinkSecurity = s
	if _, err := dom.NewModuleSettingsHelper(l.User.SendSLNetMessages).ModuleSettings.Update(ctx, settings); err != nil {
		return err
	}
	_, err := slnet.Send1(ctx, l.User.SendSLNetMessages, &dom.ReinitializeManagerMessage{ModuleID: "linked"})
	return err
}

// member makes a user in a group of the same name, and connects them.
func (l *links) member(ctx context.Context, name string) (slnet.Connection, error) {
	answers, err := l.User.SendSLNetMessages(ctx,
		&slnet.CreateGroupMessage{Group: slnet.Group{Name: name}}, &slnet.CreateUserMessage{Name: name, Groups: []string{name}},
		&slnet.CreateTokenMessage{User: name})
	if err != nil {
		return nil, err
	}
	token, ok := answers[2].(*slnet.CreateTokenResponse)
	if !ok {
		return nil, errors.New("no token")
	}
	return l.Daemon.Connect(ctx, token.Secret)
}

// measure is one of P10: an operation in the linked module and in the open one.
func (l *links) measure(id, work string, atATime int, ours, bare func(ctx context.Context) error) *measure.Measure {
	return &measure.Measure{
		ID:      id,
		Work:    fmt.Sprintf("%s in a module with %d group links, in process", work, groupLinks),
		Counted: "router, access, DOM manager, store, decoding the answer",
		Floor:   "the same in a module without links, by the same user",
		Bound:   measure.AtMost(1.05),
		Unit:    measure.Latency,
		Ours:    measure.LatencyOf(atATime, ours),
		Bare:    measure.LatencyOf(atATime, bare),
	}
}

func (l *links) bulk() *measure.Measure {
	store := func(m *module, h *dom.DomHelper) func(ctx context.Context) error {
		list := make([]*dom.Instance, dom.MaxAmountBulkOperation)
		for n := range list {
			list[n] = m.instance()
			list[n].AddOrUpdateFieldValue(m.section, m.fields[0], "bulk")
		}
		return func(ctx context.Context) error {
			_, err := h.DomInstances.CreateOrUpdate(ctx, list)
			return err
		}
	}
	return l.measure("P10", fmt.Sprintf("create or update %d small instances in one bulk request", dom.MaxAmountBulkOperation), 1,
		store(l.linked, l.whole), store(l.open, l.freely))
}

func (l *links) byID() *measure.Measure {
	read := func(m *module, h *dom.DomHelper) func(ctx context.Context) error {
		ids := l.ids[m]
		return func(ctx context.Context) error {
			return wantInstances(1)(h.DomInstances.Read(ctx, dom.InstanceExposers.ID.Equal(ids[rand.IntN(len(ids))])))
		}
	}
	return l.measure("P10 id", "read an instance by id", readsAtATime, read(l.linked, l.whole), read(l.open, l.freely))
}

func (l *links) byDefinition() *measure.Measure {
	const some = 100
	read := func(m *module, h *dom.DomHelper) func(ctx context.Context) error {
		query := dom.NewQuery(dom.InstanceExposers.DomDefinitionID.Equal(m.definition)).Limit(some)
		return func(ctx context.Context) error { return wantInstances(some)(h.DomInstances.ReadQuery(ctx, query)) }
	}
	return l.measure("P10 definition", fmt.Sprintf("read %d instances by definition", some), 5, read(l.linked, l.whole), read(l.open, l.freely))
}

func (l *links) count() *measure.Measure {
	count := func(m *module, h *dom.DomHelper) func(ctx context.Context) error {
		filter := dom.InstanceExposers.DomDefinitionID.Equal(m.definition)
		return func(ctx context.Context) error {
			n, err := h.DomInstances.Count(ctx, filter)
			if err == nil && n < linkedInstances {
				err = fmt.Errorf("counted %d", n)
			}
			return err
		}
	}
	return l.measure("P10 count", "count the instances of a definition", readsAtATime, count(l.linked, l.whole), count(l.open, l.freely))
}

// byValue compares a reference by value with the filter that says the same.
func (l *links) byValue() *measure.Measure {
	ours := dom.InstanceExposers.DomDefinitionID.Equal(l.linked.definition)
	bare := dom.InstanceExposers.DomDefinitionID.Equal(l.open.definition).
		And(dom.InstanceExposers.FieldValue(l.open.fields[0]).Equal(linkedText).Ordinal())
	want := wantInstances(linkedInstances / linkedShare)
	m := l.measure("P10 value", fmt.Sprintf("read by definition with access to %d of %d instances by value", linkedInstances/linkedShare, linkedInstances), 5,
		func(ctx context.Context) error { return want(l.byText.DomInstances.Read(ctx, ours)) },
		func(ctx context.Context) error { return want(l.freely.DomInstances.Read(ctx, bare)) })
	m.Floor = "in a module without links, with a filter by that value"
	return m
}

// wantInstances checks how many instances a read gave.
func wantInstances(want int) func(list []*dom.Instance, err error) error {
	return func(list []*dom.Instance, err error) error {
		if err == nil && len(list) != want {
			err = fmt.Errorf("read %d instances, %d were expected", len(list), want)
		}
		return err
	}
}
