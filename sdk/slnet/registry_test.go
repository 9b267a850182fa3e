package slnet_test

import (
	"errors"
	"strings"
	"testing"

	"domovoi.dev/sdk/slnet"
)

// TestWrongJSONIsExplained: an error says which message it is in, and the place or
// the member.
func TestWrongJSONIsExplained(t *testing.T) {
	registry := slnet.NewRegistry(slnet.Messages())
	for _, test := range []struct{ text, says string }{
		{``, "there is nothing"},
		{`[{"type": "WhoAmIMessage"}`, "line 1, column 27: it ends there"},
		{"[\n {\"type\": \"WhoAmIMessage\"},\n {\"type\" \"x\"}\n]", "line 3, column 10: invalid character"},
		{`[{"type": "WhoAmIMessage"}] []`, "line 1, column 29: more follows"},
		{`[{"typ": "WhoAmIMessage"}]`, `unknown field "typ"`},
		{`{"type": "WhoAmIMessage"}`, `want [{"type"`},
		{`[{"type": "WhoAmI"}]`, "did you mean WhoAmIMessage or WhoAmIResponse?"},
		{`[{"type": "WhoAmIMessage"}, {"type": "GetRunsMessage", "message": {"Limit": "ten"}}]`, `message 2: GetRunsMessage is malformed: the member "Limit" cannot be a string`},
		{`[{"type": "GetRunsMessage", "message": {"Filter": {"State": 7}}}]`, `the member "Filter.State" cannot be a number`},
		{`[{"type": "GetRunsMessage", "message": {"Limits": 10}}]`, `unknown field "Limits"`},
	} {
		_, err := registry.DecodeJSON([]byte(test.text))
		if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want Invalid that says %s", test.text, err, test.says)
		}
	}
}
