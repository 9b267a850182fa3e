package automation_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"domovoi.dev/sdk/slnet"
)

func (h *house) deployWith(manifest string) (*slnet.ScriptResponse, error) {
	return h.DeployScript(h.t.Context(), ann, &slnet.DeployScriptMessage{Name: "s", Files: source(quick), Manifest: manifest})
}

func TestManifestIsKeptWithTheVersion(t *testing.T) {
	h := openHouse(t)
	text := `# what it is
description: sends invoices
timeout: 90s
retry: {attempts: 3, delay: 10s, max_delay: 5m}
concurrency: 2
retention: {age: 12h, failed_age: 30d, runs: 5, logs: 1MiB}
process: own
grants:
  network: [api.example.com:443, "[::1]:80"]
  files:
    read: [/srv/in]
    write: [/srv/out]
  processes: true
limits:
  memory: 256MiB
  cpu: 30s
  output: 1024
`
	response, err := h.deployWith(text)
	if err != nil {
		t.Fatal(err)
	}
	want := &slnet.Manifest{
		Description: "sends invoices", Timeout: 90 * time.Second, Concurrency: 2,
		Retry: slnet.ScriptRetry{Attempts: 3, Delay: 10 * time.Second, MaxDelay: 5 * time.Minute},
		Grants: slnet.ScriptGrants{
			Network: []string{"api.example.com:443", "[::1]:80"}, Read: []string{"/srv/in"}, Write: []string{"/srv/out"}, Processes: true,
		},
		Retention: slnet.ScriptRetention{Age: 12 * time.Hour, FailedAge: 30 * day, Runs: 5, Logs: 1 << 20},
		Limits:    slnet.ScriptLimits{Memory: 256 << 20, CPU: 30 * time.Second, Output: 1024},
	}
	s := response.Script
	if !reflect.DeepEqual(s.Manifest, want) || s.ManifestText != "" || s.Description != want.Description || s.Timeout != want.Timeout {
		t.Errorf("got %+v %+v", s, s.Manifest)
	}
	// The next version has its own, and that of the first stays.
	if response, err = h.deployWith(""); err != nil || response.Script.Version != 2 || response.Script.Manifest != nil {
		t.Fatalf("got %+v %v", response, err)
	}
	first, err := h.Script(t.Context(), &slnet.GetScriptMessage{Name: "s", Version: 1})
	if err != nil || first.Script.ManifestText != text || !reflect.DeepEqual(first.Script.Manifest, want) {
		t.Errorf("got %+v %v", first, err)
	}
	// What a message says itself counts before the manifest.
	response, err = h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{
		Name: "s", Files: source(quick), Manifest: text, Description: "other", Timeout: time.Minute,
	})
	if err != nil || response.Script.Description != "other" || response.Script.Timeout != time.Minute {
		t.Errorf("got %+v %v", response, err)
	}
}

func TestManifestsThatAreRefused(t *testing.T) {
	h := openHouse(t)
	for text, want := range map[string]string{
		"timeout: 5m\ntimeuot: 1m":                    "script.yaml:2: there is no timeuot; the keys here are concurrency, description",
		"grants:\n  files:\n    red: [/a]":            "script.yaml:3: there is no grants.files.red; the keys here are read, write",
		"timeout: soon":                               `script.yaml:1: timeout is "soon", which is not a time like 90s or 5m`,
		"timeout: 1000000h":                           "it must be more than 0 and at most",
		"timeout: 1m\ntimeout: 2m":                    "script.yaml:2: timeout is there twice",
		"retention: {age: 0d}":                        `retention.age is "0d", which is not a time like`,
		"retention: {age: 99999d}":                    `retention.age is "99999d", which is not`,
		"retention: {runs: 0}":                        "retention.runs",
		"retry: {attempts: -1}":                       "retry.attempts",
		"concurrency: [1]":                            "concurrency is not a number",
		"process: both":                               `process is "both", which is not own or shared`,
		"process: shared":                             "process: shared is for plugins",
		"limits: {memory: 1KiB}":                      "it must be 64 MiB to 64 GiB",
		"limits: {memory: 99999999999GiB}":            "limits.memory",
		"grants: {network: [example.com]}":            `"example.com" in grants.network is not host:port`,
		"grants: {network: ['x:99999']}":              "has no port from 1 to 65535",
		"grants: {files: {read: [etc]}}":              "is not an absolute path",
		"grants: {files: {read: [/a/../etc]}}":        "is not an absolute path in its shortest form",
		"grants: {files: {read: [/]}}":                "the daemon's own data is there",
		"grants: {processes: maybe}":                  "is not true or false",
		"- a":                                         "the file is not a mapping",
		"a: [":                                        "did not find expected",
		"timeout: 1m\n---\ntimeout: 1m":               "more than one document",
		"x: &a {b: *a}":                               "script.yaml",
		"run_as: 5":                                   "run_as is not a text",
		"description: " + strings.Repeat("x", 70<<10): "at most 65536 are allowed",
	} {
		if _, err := h.deployWith(text); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	inside := "grants: {files: {write: [" + filepath.Join(h.Dir, "logs") + "]}}"
	if _, err := h.deployWith(inside); err == nil || !strings.Contains(err.Error(), "the daemon's own data is there") {
		t.Errorf("a folder of the daemon: %v", err)
	}
	if list, err := h.Scripts(t.Context(), &slnet.GetScriptsMessage{}, everything); err != nil || len(list.Scripts) != 0 {
		t.Errorf("%d scripts are stored, %v", len(list.Scripts), err)
	}
}

// Who may edit scripts may not by that give them files and network, not even by
// new code for grants that are there.
func TestGrantsNeedWhoMayGiveThem(t *testing.T) {
	h := openHouse(t)
	deploy := func(manifest string) error {
		_, err := h.DeployScript(t.Context(), chris, &slnet.DeployScriptMessage{Name: "s", Files: source(quick), Manifest: manifest})
		return err
	}
	const grants = "grants: {files: {read: [/srv/in]}}"
	if _, err := h.deployWith(grants); err != nil {
		t.Fatal(err)
	}
	for _, manifest := range []string{grants, "grants: {network: ['x:1']}", "grants: {processes: true}"} {
		if err := deploy(manifest); !errors.Is(err, slnet.KindPermissionDenied) || !strings.Contains(err.Error(), "SystemAdministration") {
			t.Errorf("%s: %v", manifest, err)
		}
	}
	if err := deploy("limits: {memory: 128MiB}"); err != nil {
		t.Errorf("limits: %v", err)
	}
}
