package main

import (
	"os"
	"testing"

	"domovoi.dev/sdk"
)

// TestTheConsoleKnowsTheMessages: what the console takes messages for is what they
// are.
func TestTheConsoleKnowsTheMessages(t *testing.T) {
	want, err := generate(sdk.Registry(), "../../sdk/slnet", "../../sdk/dom")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../src/daemon/messages.ts")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("src/daemon/messages.ts is not what the SDK says; run go generate ./console")
	}
}
