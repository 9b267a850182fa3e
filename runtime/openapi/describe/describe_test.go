package main

import (
	"os"
	"testing"

	"domovoi.dev/sdk"
)

// TestTheDocumentIsWhatTheSourceSays: nobody forgot to write it again.
func TestTheDocumentIsWhatTheSourceSays(t *testing.T) {
	routes, err := os.ReadFile("routes.json")
	if err != nil {
		t.Fatal(err)
	}
	want, err := describe(sdk.Registry(), routes, "../../../sdk/slnet", "../../../sdk/dom")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("openapi.json is not what the SDK says; run go generate ./runtime/openapi")
	}
}
