package naming_test

import (
	"errors"
	"strings"
	"testing"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/sdk/slnet"
)

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "Nightly report", "Größe/2", strings.Repeat("é", 100)} {
		if err := naming.Check("trigger", name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", " a", "a ", "a\nb", "a\u00a0b", "\xff", "\u202e", strings.Repeat("a", 101)} {
		if err := naming.Check("trigger", name); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), "the trigger's Name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestDescriptions(t *testing.T) {
	for _, text := range []string{"", "two\n\tlines", strings.Repeat("é", 1000)} {
		if err := naming.CheckDescription("trigger", text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"\x00", "\xff", strings.Repeat("a", 1001)} {
		if err := naming.CheckDescription("trigger", text); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), "the trigger's Description") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
