package slnet_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"domovoi.dev/sdk/slnet"
)

// replyForms are the two wire forms of a reply.
var replyForms = []struct {
	name   string
	append func([]byte, []slnet.Message, error) ([]byte, error)
	decode func(*slnet.Registry, []byte) ([]slnet.Message, error)
}{
	{"MessagePack", slnet.AppendReply, (*slnet.Registry).DecodeReply},
	{"JSON", slnet.AppendReplyJSON, (*slnet.Registry).DecodeReplyJSON},
}

func TestReplyRoundTrip(t *testing.T) {
	denied := slnet.Errorf(slnet.KindPermissionDenied, "not yours").WithReason("NoPermission")
	user := &slnet.UserResponse{User: slnet.User{Name: "ann", Groups: []string{"accounting"}}}
	tests := []struct {
		name      string
		responses []slnet.Message
		err       error
		want      *slnet.Error
	}{
		{"nothing", []slnet.Message{}, nil, nil},
		{"responses", []slnet.Message{user, &slnet.Empty{}}, nil, nil},
		{"error only", nil, denied, denied},
		{"responses before the error", []slnet.Message{user}, denied, denied},
		{"wrapped error keeps its whole text", nil, fmt.Errorf("message 2: %w", denied),
			&slnet.Error{Kind: slnet.KindPermissionDenied, Reason: "NoPermission", Message: "message 2: not yours"}},
		{"error from elsewhere is internal", nil, errors.New("disk on fire"),
			&slnet.Error{Kind: slnet.KindInternal, Message: "disk on fire"}},
	}
	registry := slnet.NewRegistry(slnet.Messages())
	for _, form := range replyForms {
		for _, test := range tests {
			t.Run(form.name+"/"+test.name, func(t *testing.T) {
				b, err := form.append(nil, test.responses, test.err)
				if err != nil {
					t.Fatal(err)
				}
				got, err := form.decode(registry, b)
				if len(got) != len(test.responses) || len(got) > 0 && !reflect.DeepEqual(got, test.responses) {
					t.Errorf("responses: got %v, want %v", got, test.responses)
				}
				var gotErr *slnet.Error
				errors.As(err, &gotErr)
				if !reflect.DeepEqual(gotErr, test.want) {
					t.Errorf("error: got %+v, want %+v", gotErr, test.want)
				}
			})
		}
	}
}

func TestReplyJSONIsReadable(t *testing.T) {
	b, err := slnet.AppendReplyJSON(nil, []slnet.Message{&slnet.Empty{}},
		slnet.Errorf(slnet.KindNotFound, "no such run").WithReason("RunNotFound"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"responses":[{"type":"Empty","message":{}}],"error":{"Kind":"NotFound","Reason":"RunNotFound","Message":"no such run"}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestMalformedReplyIsInternal(t *testing.T) {
	registry := slnet.NewRegistry(slnet.Messages())
	whole, err := slnet.AppendReply(nil, []slnet.Message{&slnet.Empty{}}, slnet.KindConflict)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		if _, err := registry.DecodeReply(whole[:cut]); !errors.Is(err, slnet.KindInternal) {
			t.Errorf("cut at %d: got %v, want an internal error", cut, err)
		}
	}
	if _, err := registry.DecodeReply(append(whole, 0)); !errors.Is(err, slnet.KindInternal) {
		t.Errorf("one byte too many: got %v, want an internal error", err)
	}
	for _, s := range []string{"", "[]", `{"responses":1}`, `{"error":{"Kind":"Invalid"},"more":1}`, `{"responses":[{"type":"Nothing"}]}`} {
		if _, err := registry.DecodeReplyJSON([]byte(s)); !errors.Is(err, slnet.KindInternal) {
			t.Errorf("%q: got %v, want an internal error", s, err)
		}
	}
}

func FuzzDecodeReply(f *testing.F) {
	registry := slnet.NewRegistry(slnet.Messages())
	for _, err := range []error{nil, slnet.KindConflict} {
		b, encodeErr := slnet.AppendReply(nil, []slnet.Message{&slnet.Empty{}, &slnet.UserResponse{}}, err)
		if encodeErr != nil {
			f.Fatal(encodeErr)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		responses, failure := registry.DecodeReply(b)
		var known *slnet.Error
		if failure != nil && !errors.As(failure, &known) {
			t.Fatalf("%v is not an *slnet.Error", failure)
		}
		if known != nil && known.Kind == slnet.KindInternal {
			return
		}
		again, err := slnet.AppendReply(nil, responses, failure)
		if err != nil {
			t.Fatal(err)
		}
		same, _ := registry.DecodeReply(again)
		if len(same) != len(responses) {
			t.Fatalf("got %d responses after a round trip, want %d", len(same), len(responses))
		}
	})
}
