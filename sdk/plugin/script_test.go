package plugin_test

import (
	"errors"
	"testing"

	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

func TestErrorTexts(t *testing.T) {
	gone := slnet.Errorf(slnet.KindNotFound, "gone")
	for _, test := range []struct {
		err  error
		want string
	}{
		{plugin.CompileError{File: "script.go", Line: 3, Column: 1, Message: "message"}, "script.go:3:1: message"},
		{plugin.CompileError{File: "script.go", Line: 3, Message: "message"}, "script.go:3: message"},
		{plugin.CompileError{File: "script.go", Message: "message"}, "script.go: message"},
		{plugin.CompileError{Message: "message"}, "message"},
		{plugin.CompileErrors{{Message: "one"}, {Message: "two"}}, "one\ntwo"},
		{&plugin.LocatedError{Message: "message", File: "script.go", Line: 3, Err: gone}, "script.go:3: message"},
		{&plugin.LocatedError{File: "script.go", Line: 3, Err: gone}, "script.go:3: gone"},
		{&plugin.LocatedError{Message: "message"}, "message"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%#v: got %q, want %q", test.err, got, test.want)
		}
	}
	if err := error(&plugin.LocatedError{Message: "message", Err: gone}); !errors.Is(err, slnet.KindNotFound) {
		t.Error("a LocatedError hides its cause")
	}
}
