package dom_test

import (
	"context"
	"errors"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// scripted answers the messages of a helper with what is set at the time.
type scripted struct {
	response slnet.Message
	err      error
	sent     []slnet.Message
}

func (s *scripted) send(_ context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	s.sent = append(s.sent, messages...)
	return []slnet.Message{s.response}, s.err
}

func TestMakingAHelperSendsNothing(t *testing.T) {
	var s scripted
	helper := dom.NewDomHelper(s.send, "m")
	dom.NewModuleSettingsHelper(s.send)
	if trace := helper.DomInstances.GetTraceDataLastCall(); trace == nil || !trace.HasSucceeded() || len(s.sent) != 0 {
		t.Errorf("before any call: trace %v, %d messages", trace, len(s.sent))
	}
}

func TestTraceDataOfTheLastCall(t *testing.T) {
	var s scripted
	helper := dom.NewDomHelper(s.send, "m")
	instances := helper.DomInstances
	last := func() *slnet.TraceData { return helper.DomInstances.GetTraceDataLastCall() }

	refused := slnet.TraceData{ErrorData: []slnet.ErrorData{{Type: dom.ManagerStoreError, Reason: dom.ErrObjectDidNotExist, Message: "gone"}}}
	s.response = &dom.ManagerStoreCrudResponse{Kind: dom.KindInstance, TraceData: refused}
	if _, ok := instances.TryUpdate(t.Context(), instanceWith()); ok || len(last().ErrorDataOfType(dom.ManagerStoreError)) != 1 {
		t.Errorf("refused: %v, %v", ok, last())
	}
	kept := last()

	s.response, s.err = nil, slnet.Errorf(slnet.KindUnavailable, "no daemon")
	if _, err := instances.Read(t.Context(), dom.True()); !errors.Is(err, slnet.KindUnavailable) {
		t.Errorf("read: %v", err)
	}
	if e := last().ErrorData; len(e) != 1 || e[0].Reason != dom.ErrUnknown || e[0].Message != "no daemon" {
		t.Errorf("an error without trace data: %v", last())
	}

	warned := slnet.TraceData{WarningData: []slnet.ErrorData{{Message: "careful"}}}
	s.response, s.err = &dom.ManagerStoreCrudResponse{Kind: dom.KindInstance, TraceData: warned}, nil
	if list, err := instances.Read(t.Context(), dom.True()); err != nil || list == nil || len(list) != 0 {
		t.Errorf("read: %v, %v", list, err)
	}
	if !last().HasSucceeded() || !last().HasWarnings() {
		t.Errorf("a warning: %v", last())
	}

	s.response = &dom.ManagerStoreCountResponse{Count: 3}
	if n, err := instances.Count(t.Context(), dom.True()); err != nil || n != 3 || !last().IsEmpty() {
		t.Errorf("count: %d, %v, %v", n, err, last())
	}
	if _, err := instances.Count(t.Context(), dom.Filter{}); err == nil || last().HasSucceeded() {
		t.Errorf("count without a filter: %v, %v", err, last())
	}

	if len(kept.ErrorData) != 1 || kept.ErrorData[0].Reason != dom.ErrObjectDidNotExist {
		t.Errorf("trace data that was kept changed: %v", kept)
	}
	if trace := helper.DomTemplates.GetTraceDataLastCall(); !trace.IsEmpty() {
		t.Errorf("another component: %v", trace)
	}
}

func TestUnusableArgumentsSendNothing(t *testing.T) {
	var s scripted
	instances := dom.NewDomHelper(s.send, "m").DomInstances
	bad := instanceWith(struct{}{})
	for name, call := range map[string]func() error{
		"create nil": func() error { _, err := instances.Create(t.Context(), nil); return err },
		"update nil": func() error { _, err := instances.Update(t.Context(), nil); return err },
		"delete nil": func() error { return instances.Delete(t.Context(), nil) },
		"no value":   func() error { _, err := instances.Create(t.Context(), bad); return err },
		"nil section": func() error {
			_, err := instances.Create(t.Context(), &dom.Instance{Sections: []*dom.Section{nil}})
			return err
		},
		"not read":  func() error { _, err := instances.UpdateIfUnchanged(t.Context(), instanceWith()); return err },
		"no filter": func() error { _, err := instances.Read(t.Context(), dom.Filter{}); return err },
		"unknown order": func() error {
			_, err := instances.ReadQuery(t.Context(), dom.NewQuery(dom.True()).OrderBy(dom.Exposer{}))
			return err
		},
	} {
		if err := call(); !errors.Is(err, slnet.KindInvalid) || instances.GetTraceDataLastCall().HasSucceeded() {
			t.Errorf("%s: %v, %v", name, err, instances.GetTraceDataLastCall())
		}
	}
	if len(s.sent) != 0 {
		t.Errorf("%d messages were sent", len(s.sent))
	}
}

func TestAnswersOfTheWrongTypeAreErrors(t *testing.T) {
	s := scripted{response: &slnet.Empty{}}
	instances := dom.NewDomHelper(s.send, "m").DomInstances
	if _, err := instances.Read(t.Context(), dom.True()); !errors.Is(err, slnet.KindInternal) {
		t.Errorf("read: %v", err)
	}
	s.response = &dom.ManagerStoreCrudResponse{Kind: dom.KindInstance}
	if _, err := instances.Create(t.Context(), instanceWith()); !errors.Is(err, slnet.KindInternal) {
		t.Errorf("create without an object: %v", err)
	}
	s.response = &dom.ManagerStoreCrudResponse{Kind: dom.KindInstance, Objects: []slnet.Raw{{0xc0}}}
	if _, err := instances.Create(t.Context(), instanceWith()); err == nil {
		t.Error("an object that is none was accepted")
	}
}
