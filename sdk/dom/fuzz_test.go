package dom_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func FuzzValueMessagePack(f *testing.F) {
	for _, v := range values() {
		b, err := v.MarshalMsg(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0xc7, 12, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}) // too many nanoseconds
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})                                   // a list without its items
	f.Fuzz(func(t *testing.T, b []byte) {
		var v dom.Value
		rest, err := v.UnmarshalMsg(b)
		if err != nil || v.Kind() == dom.KindInvalid {
			return
		}
		again, err := v.MarshalMsg(nil)
		if err != nil {
			t.Fatalf("%x gave %v %q, which cannot be encoded: %v", b[:len(b)-len(rest)], v.Kind(), v, err)
		}
		var w dom.Value
		if rest, err := w.UnmarshalMsg(again); err != nil || len(rest) > 0 || !w.Equal(v) {
			t.Errorf("%v %q came back as %v %q (%v)", v.Kind(), v, w.Kind(), w, err)
		}
	})
}

func FuzzValueJSON(f *testing.F) {
	for _, v := range values() {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range []string{`null`, `{}`, `{"Int":1e3}`, `[1,"a"]`, `[[1]]`, `1e400`, `{"DateTime":"9999-12-31T23:59:59-12:00"}`, `{"TimeSpan":"-10675199.02:48:05.4775808"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v dom.Value
		if json.Unmarshal(b, &v) != nil {
			return
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%s gave %v %q, which cannot be encoded: %v", b, v.Kind(), v, err)
		}
		var w dom.Value
		if err := json.Unmarshal(again, &w); err != nil || !w.Equal(v) {
			t.Errorf("%s gave %v %q, which came back as %v %q (%v)", b, v.Kind(), v, w.Kind(), w, err)
		}
	})
}

// FuzzDecodeObject decodes objects as a daemon does: from a message that has
// been found well-formed.
func FuzzDecodeObject(f *testing.F) {
	kinds := append(dom.ObjectKinds(), dom.KindHistoryChange)
	for _, o := range append(someObjects(), &dom.HistoryChange{}) {
		raw, err := dom.EncodeObject(o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(slices.Index(kinds, o.Kind())), []byte(raw))
	}
	// A list of billions that is not there.
	f.Add(byte(0), []byte("\x92\x01\x81\xb2DomManagerSettings\x81\xaeModuleSections\xdd\xac\x0e\x04J"))
	registry := sdk.Registry()
	f.Fuzz(func(t *testing.T, n byte, b []byte) {
		kind := kinds[int(n)%len(kinds)]
		message, err := slnet.AppendMessages(nil, []slnet.Message{&dom.ManagerStoreCreateRequest{Kind: kind, Object: b}})
		if err != nil {
			return
		}
		messages, err := registry.DecodeMessages(message)
		if err != nil || len(messages) != 1 {
			return
		}
		o, err := dom.DecodeObject(kind, messages[0].(*dom.ManagerStoreCreateRequest).Object)
		if err != nil {
			return
		}
		raw, err := dom.EncodeObject(o)
		if err != nil {
			return // it holds something that is no value
		}
		again, err := dom.DecodeObject(kind, raw)
		if err != nil {
			t.Fatalf("the canonical form of a %s cannot be read: %v", kind, err)
		}
		if twice, err := dom.EncodeObject(again); err != nil || !bytes.Equal(twice, raw) {
			t.Errorf("the canonical form of a %s is not one: %v", kind, err)
		}
	})
}
