package slnet_test

import (
	"bytes"
	"errors"
	"testing"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

func TestHostileMessagesAreRefused(t *testing.T) {
	header := []byte("\x91\x92\xb8ManagerStoreCrudResponse")
	tests := []struct {
		name string
		body []byte
		kind slnet.Kind
	}{
		{"deep nesting", append(header[:len(header):len(header)], bytes.Repeat([]byte{0x91}, 1<<20)...), slnet.KindTooLarge},
		{"a list longer than the message", append(header[:len(header):len(header)], 0x81, 0xa7, 'O', 'b', 'j', 'e', 'c', 't', 's', 0xdd, 0xff, 0xff, 0xff, 0xff), slnet.KindInvalid},
		{"many empty maps", append(append(header[:len(header):len(header)], 0xdd, 0, 8, 0, 0), bytes.Repeat([]byte{0x80}, 8<<16)...), slnet.KindTooLarge},
		{"a byte that is no MessagePack", []byte{0xc1}, slnet.KindInvalid},
		{"nothing", nil, slnet.KindInvalid},
		{"more than the messages", []byte{0x90, 0x90}, slnet.KindInvalid},
	}
	for _, test := range tests {
		messages, err := sdk.Registry().DecodeRequests(test.body)
		if !errors.Is(err, test.kind) || messages != nil {
			t.Errorf("%s: got %v, %v; want %s", test.name, messages, err, test.kind)
		}
	}
}

func FuzzDecodeRequests(f *testing.F) {
	seed, err := slnet.AppendMessages(nil, []slnet.Message{&slnet.WhoAmIMessage{}, &slnet.CreateUserMessage{Name: "ann", Groups: []string{"g"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		messages, err := sdk.Registry().DecodeRequests(b)
		if err != nil {
			return
		}
		if _, err := slnet.AppendMessages(nil, messages); err != nil {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
	})
}
