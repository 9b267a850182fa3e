package automation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"domovoi.dev/sdk/slnet"
)

func TestDeployingTheSameAgainChangesNothing(t *testing.T) {
	h := openHouse(t)
	first := h.deploy("Greet", "return nil")
	if first.Version != 1 || first.DeployedBy != "ann" || first.Hash == "" || len(first.Files) != 0 || len(first.EntryPoints) != 1 || first.EntryPoints[0] != "Run" {
		t.Errorf("the first is %+v", first)
	}
	before := h.store.Version()
	if again := h.deploy("Greet", "return nil"); again.Version != 1 || !again.DeployedAt.Equal(first.DeployedAt) || h.store.Version() != before {
		t.Errorf("the same again is %+v", again)
	}
	if changed := h.deploy("Greet", "return ctx.Err()"); changed.Version != 2 || changed.Hash == first.Hash {
		t.Errorf("changed it is %+v", changed)
	}
	if back := h.deploy("Greet", "return nil"); back.Version != 3 || back.Hash != first.Hash {
		t.Errorf("changed back it is %+v", back)
	}
	for name, change := range map[string]*slnet.DeployScriptMessage{
		"timeout":     {Name: "Greet", Timeout: time.Minute},
		"description": {Name: "Greet", Timeout: time.Minute, Description: "greets"},
		"case":        {Name: "greet", Timeout: time.Minute, Description: "greets"},
	} {
		change.Files = source("return nil")
		before, err := h.Script(t.Context(), &slnet.GetScriptMessage{Name: "GREET"})
		if err != nil {
			t.Fatal(err)
		}
		after, err := h.DeployScript(t.Context(), chris, change)
		if err != nil || after.Script.Version != before.Script.Version+1 || after.Script.DeployedBy != "chris" {
			t.Errorf("another %s: %+v, %v", name, after, err)
		}
	}
}

func TestScriptsAreFoundByNameAndVersion(t *testing.T) {
	h := openHouse(t)
	h.deploy("b", "return nil")
	h.deploy("b", "return ctx.Err()")
	h.deploy("a", "return nil")
	for version, want := range map[int64]string{0: "ctx.Err", 1: "return nil", 2: "ctx.Err"} {
		response, err := h.Script(t.Context(), &slnet.GetScriptMessage{Name: "B", Version: version})
		if err != nil || !strings.Contains(response.Script.Files[0].Content, want) {
			t.Errorf("version %d: %v, %v", version, response, err)
		}
	}
	for _, m := range []*slnet.GetScriptMessage{{Name: "c"}, {Name: "a", Version: 2}, {Name: "a", Version: -1}, {Name: ""}} {
		if _, err := h.Script(t.Context(), m); !errors.Is(err, slnet.KindNotFound) {
			t.Errorf("%+v: %v", m, err)
		}
	}
	for engine, want := range map[slnet.ScriptEngine]string{"": "a1 b2", slnet.EngineInterpreted: "a1 b2", slnet.EnginePlugin: ""} {
		list, err := h.Scripts(t.Context(), &slnet.GetScriptsMessage{Engine: engine}, everything)
		var got []string
		for _, s := range list.Scripts {
			got = append(got, s.Name+string(rune('0'+s.Version)))
			if len(s.Files) > 0 {
				t.Errorf("the list has the source of %s", s.Name)
			}
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("engine %q: %v, %v", engine, got, err)
		}
	}
}

func TestNamesOfScripts(t *testing.T) {
	h := openHouse(t)
	for _, name := range []string{"a", "Größe 2", "report-v1.2 (old)_x", strings.Repeat("é", 100)} {
		h.deploy(name, "return nil")
	}
	for _, name := range []string{
		"", " a", "a ", "a\t", strings.Repeat("a", 101), "a/b", `a\b`, "a\x00b", "a\nb", "a:b", "a*b", "\xff", "a\u200bb", "../a/b", "a;b",
	} {
		_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: name, Files: source("return nil")})
		if !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if list, err := h.Scripts(t.Context(), &slnet.GetScriptsMessage{}, everything); err != nil || len(list.Scripts) != 4 {
		t.Errorf("%d scripts are stored, %v", len(list.Scripts), err)
	}
}

func TestScriptsThatCannotRunAreNotDeployed(t *testing.T) {
	h := openHouse(t)
	for name, m := range map[string]*slnet.DeployScriptMessage{
		"no file":          {},
		"syntax":           {Files: source("return (")},
		"unknown name":     {Files: source("return nothing")},
		"negative timeout": {Files: source("return nil"), Timeout: -1},
		"timeout":          {Files: source("return nil"), Timeout: 31 * 24 * time.Hour},
		"no entry point":   {Files: []slnet.ScriptFile{{Name: "a.go", Content: "package main\n"}}},
		"file name":        {Files: []slnet.ScriptFile{{Name: "../a.go", Content: source("return nil")[0].Content}}},
	} {
		m.Name = "bad"
		if _, err := h.DeployScript(t.Context(), ann, m); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := h.Scripts(t.Context(), &slnet.GetScriptsMessage{}, everything); err != nil || len(list.Scripts) != 0 {
		t.Errorf("%d scripts are stored, %v", len(list.Scripts), err)
	}
}
