package dom_test

import (
	"context"
	"errors"
	"testing"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// answering returns a function that answers every message with what answer
// makes of it, after both have gone through the codec that over stands for.
func answering(t *testing.T, over string, answer func(slnet.Message) (slnet.Message, error)) slnet.SendFunc {
	pass := func(message slnet.Message) slnet.Message {
		t.Helper()
		registry := sdk.Registry()
		var list []slnet.Message
		var b []byte
		var err error
		if over == "JSON" {
			if b, err = slnet.AppendJSON(nil, []slnet.Message{message}); err == nil {
				list, err = registry.DecodeJSON(b)
			}
		} else if b, err = slnet.AppendMessages(nil, []slnet.Message{message}); err == nil {
			list, err = registry.DecodeMessages(b)
		}
		if err != nil {
			t.Fatalf("%s over %s: %v\n%s", message.MessageName(), over, err, b)
		}
		return list[0]
	}
	return func(_ context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
		response, err := answer(pass(messages[0]))
		if err != nil {
			return nil, err
		}
		return []slnet.Message{pass(response)}, nil
	}
}

// readSelected selects from one instance.
func readSelected(t *testing.T, over string, instance *dom.Instance, selected ...dom.Exposer) *dom.PartialObject {
	t.Helper()
	send := answering(t, over, func(m slnet.Message) (slnet.Message, error) {
		request := m.(*dom.ManagerStoreReadRequest)
		if err := dom.CheckSelect(request.Kind, request.Select); err != nil {
			return nil, err
		}
		return &dom.ManagerStoreSelectResponse{Rows: []dom.SelectedRow{dom.SelectValues(instance, request.Select)}}, nil
	})
	list, err := dom.NewDomHelper(send, "m").DomInstances.ReadSelected(t.Context(), dom.NewQuery(dom.True()), selected...)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d objects, %v", len(list), err)
	}
	return list[0]
}

func TestSelectedValues(t *testing.T) {
	list := dom.NewFieldDescriptorID()
	instance := instanceWith("one", "two")
	instance.Name = "Invoice 7"
	instance.Sections[1].AddOrReplaceFieldValue(otherField, 5)
	instance.Sections[1].AddOrReplaceFieldValue(list, []int32{3, 1})
	e := dom.InstanceExposers
	absent := e.FieldValue(dom.NewFieldDescriptorID())
	for _, over := range []string{"MessagePack", "JSON"} {
		t.Run(over, func(t *testing.T) {
			p := readSelected(t, over, instance, e.Name, e.StatusID, field, other, e.FieldValue(list), absent)
			t.Run("SEL-01", func(t *testing.T) {
				if p.InstanceID() != instance.ID || p.Key() != instance.Key() {
					t.Errorf("the id is %s", p.Key())
				}
				if v, err := p.GetValue(e.Name); err != nil || v.Text() != "Invoice 7" {
					t.Errorf("name: %v, %v", v, err)
				}
				if v, err := p.GetValue(other); err != nil || v.Kind() != dom.KindLong || v.Long() != 5 {
					t.Errorf("long: %v, %v", v, err)
				}
				if v, err := p.GetValues(e.FieldValue(list)); err != nil || len(v) != 2 || !v[0].Equal(dom.ValueOf(int32(3))) {
					t.Errorf("list: %v, %v", v, err)
				}
			})
			t.Run("SEL-02", func(t *testing.T) {
				for _, none := range []dom.Exposer{absent, e.StatusID} {
					v, err := p.GetValue(none)
					if _, ok := p.TryGetValue(none); err != nil || v.Kind() != dom.KindInvalid || v.Any() != nil || ok {
						t.Errorf("value: %v, %v, %v", v, err, ok)
					}
					values, err := p.GetValues(none)
					if _, ok := p.TryGetValues(none); err != nil || len(values) != 0 || ok {
						t.Errorf("values: %v, %v, %v", values, err, ok)
					}
				}
			})
			t.Run("SEL-03", func(t *testing.T) {
				if _, err := p.GetValue(field); !errors.Is(err, slnet.KindConflict) {
					t.Errorf("value: %v", err)
				}
				if _, ok := p.TryGetValue(field); ok {
					t.Error("one of two values was chosen")
				}
				if v, ok := p.TryGetValues(field); !ok || len(v) != 2 || v[0].Text() != "one" || v[1].Text() != "two" {
					t.Errorf("values: %v, %v", v, ok)
				}
			})
			// A Value tells its kind, and gives the zero of any other.
			t.Run("SEL-04", func(t *testing.T) {
				if v, err := p.GetValue(e.Name); err != nil || v.Kind() != dom.KindString || v.Long() != 0 || v.Bool() || !v.Time().IsZero() {
					t.Errorf("a string as something else: %v, %v", v, err)
				}
			})
			t.Run("not selected", func(t *testing.T) {
				if _, err := p.GetValue(e.LastModified); !errors.Is(err, slnet.KindInvalid) {
					t.Errorf("value: %v", err)
				}
				if _, ok := p.TryGetValues(e.LastModified); ok {
					t.Error("there are values of what was not selected")
				}
			})
		})
	}
}

func TestSEL05WhatCannotBeSelected(t *testing.T) {
	e := dom.InstanceExposers
	for name, selected := range map[string][]dom.Exposer{
		"all field values": {e.Name, {Name: "FieldValue"}},
		"full object":      {{Name: "FullObject"}},
		"another kind's":   {dom.SectionDefinitionExposers.FieldDescriptorIDs},
		"nothing":          nil,
	} {
		helper := dom.NewDomHelper(func(context.Context, ...slnet.Message) ([]slnet.Message, error) {
			t.Errorf("%s: a request was sent", name)
			return nil, errors.New("sent")
		}, "m")
		_, err := helper.DomInstances.ReadSelected(t.Context(), dom.NewQuery(dom.True()), selected...)
		if !errors.Is(err, slnet.KindInvalid) || helper.DomInstances.GetTraceDataLastCall().HasSucceeded() {
			t.Errorf("%s: %v, trace %v", name, err, helper.DomInstances.GetTraceDataLastCall())
		}
	}
}

func TestSelectedValuesOfTwoKinds(t *testing.T) {
	// Two section definitions may share a field's id and differ in its type.
	instance := instanceWith("text", 5)
	p := readSelected(t, "MessagePack", instance, field)
	if v, err := p.GetValues(field); err != nil || len(v) != 2 || v[0].Text() != "text" || v[1].Long() != 5 {
		t.Errorf("values: %v, %v", v, err)
	}
}
