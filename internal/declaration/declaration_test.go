package declaration_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/declaration"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

func TestMain(m *testing.M) { daemontest.Main(m) }

// everything declares an object of each kind that needs no file.
const everything = `
Kind: ApiDefinition
Name: look
Route: look
Methods: [PUT, GET]
Script: report
Disabled: true
---
Kind: Schedule
Name: nightly
Script: report
Expression: "@daily"
Start: 2026-01-01T00:00:00+01:00
Misfire: {Mode: all, Limit: 3}
---
Kind: Trigger
Name: told
ModuleId: shop
Events: [updated, created]
Script: report
EntryPoint: Run
Values: {Instance: InstanceId}
---
Kind: Script
Name: report
Files:
  - Name: report.go
    Content: |
      package main

      import (
      	"context"

      	"domovoi.dev/sdk"
      	"lib/text"
      )

      func Run(ctx context.Context, engine *sdk.Engine) error {
      	return engine.AddScriptOutput("said", text.Loud("hello"))
      }
---
Kind: Library
Name: text
Files:
  - Name: text.go
    Content: |
      package text

      import "strings"

      func Loud(s string) string { return strings.ToUpper(s) }
---
Kind: Module
ModuleSettings: {ModuleId: shop}
DomDefinitions:
  - Id: {Id: 22222222-0000-4000-8000-000000000001}
    Name: Order
---
Kind: Group
Name: clerks
Permissions: [AutomationView, AutomationExecute]
ScriptGrants: [{Pattern: b*, View: true}, {Pattern: a*, Edit: true}]
Members: [ann]
---
Kind: User
Name: ann
Disabled: true
`

func read(t *testing.T, text string) *declaration.Declaration {
	t.Helper()
	return declaration.Read([]string{"-"}, declaration.Options{
		Stdin:      strings.NewReader(text),
		ReadScript: func(string) ([]slnet.ScriptFile, error) { return nil, errors.New("there is no file") },
		Upload: func(context.Context, slnet.SendFunc, io.Reader) (uuid.UUID, string, error) {
			return uuid.Nil, "", errors.New("there is no plugin")
		},
	})
}

func plan(t *testing.T, conn slnet.Connection, text string) *declaration.Plan {
	t.Helper()
	p, err := declaration.NewPlan(t.Context(), conn.SendSLNetMessages, read(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func apply(t *testing.T, conn slnet.Connection, text string) *declaration.Plan {
	t.Helper()
	p := plan(t, conn, text)
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func storeVersion(t *testing.T, conn slnet.Connection) int64 {
	t.Helper()
	return daemontest.Send[*slnet.SystemInfoResponse](t, conn, &slnet.GetSystemInfoMessage{}).StoreVersion
}

func TestApply(t *testing.T) {
	d := daemontest.Start(t)
	conn := d.Administrator()
	if p := apply(t, conn, everything); p.Count(interchange.Create) != 9 || p.Steps[0].Kind != declaration.KindGroup {
		t.Fatalf("the first application was %+v", p.Steps)
	}

	t.Run("a second one commits nothing", func(t *testing.T) {
		before := storeVersion(t, conn)
		if p := apply(t, conn, everything); p.Differs() {
			t.Errorf("the second application was %+v", p.Steps)
		}
		if after := storeVersion(t, conn); after != before {
			t.Errorf("the store went from version %d to %d", before, after)
		}
	})

	t.Run("what is not given gets its default, but for what people switch", func(t *testing.T) {
		const less = "Kind: Schedule\nName: nightly\nScript: REPORT\nExpression: '@daily'\n"
		daemontest.Send[*slnet.ScheduleResponse](t, conn, &slnet.PauseScheduleMessage{ID: scheduleNamed(t, conn).ID, Paused: true})
		p := apply(t, conn, less)
		var texts []string
		for _, c := range p.Steps[0].Changes {
			texts = append(texts, c.String())
		}
		want := `Start "2025-12-31T23:00:00Z" -> null; Misfire {"Limit":3,"Mode":"all"} -> null`
		if got := strings.Join(texts, "; "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if s := scheduleNamed(t, conn); !s.Paused || s.Owner != slnet.AdministratorName || !s.Start.IsZero() {
			t.Errorf("the schedule became %+v", s)
		}
		apply(t, conn, everything)
	})

	t.Run("what was changed meanwhile is refused", func(t *testing.T) {
		for kind, text := range map[declaration.Kind]string{
			declaration.KindSchedule:      "Kind: Schedule\nName: nightly\nScript: report\nExpression: '@hourly'\n",
			declaration.KindTrigger:       "Kind: Trigger\nName: told\nModuleId: shop\nEvents: [deleted]\nScript: report\nEntryPoint: Run\n",
			declaration.KindApiDefinition: "Kind: ApiDefinition\nName: look\nRoute: other\nMethods: [GET]\nScript: report\n",
			declaration.KindScript: "Kind: Script\nName: report\nFiles: [{Name: a.go, Content: \"package main\\n\\nimport (\\n\\t\\\"context\\\"\\n\\n\\t\\\"domovoi.dev/sdk\\\"\\n)\\n\\n" +
				"func Run(ctx context.Context, engine *sdk.Engine) error { return nil }\\n\"}]\n",
			declaration.KindModule: "Kind: Module\nModuleSettings: {ModuleId: shop}\nDomDefinitions: [{Id: {Id: 22222222-0000-4000-8000-000000000001}, Name: New}]\n",
		} {
			late := plan(t, conn, text)
			changed := strings.NewReplacer("'@hourly'", "'@weekly'", "[deleted]", "[created]", "[GET]", "[PUT]", "return nil", "return ctx.Err()", "Name: New", "Name: Newer").Replace(text)
			apply(t, conn, changed)
			before := storeVersion(t, conn)
			err := late.Apply(t.Context())
			if !errors.Is(err, slnet.KindConflict) && !errors.Is(err, dom.ErrObjectChangedSinceRead) {
				t.Errorf("%s: got %v, want a conflict", kind, err)
			}
			last := late.Steps[len(late.Steps)-1]
			if after := storeVersion(t, conn); after != before || last.State != declaration.Failed {
				t.Errorf("%s: the store went from version %d to %d, and the step is %+v", kind, before, after, last)
			}
		}
		apply(t, conn, everything)
	})

	t.Run("the first refusal ends it", func(t *testing.T) {
		p := plan(t, conn, "Kind: Schedule\nName: later\nScript: report\nExpression: '@daily'\n---\nKind: Trigger\nName: wrong\nModuleId: shop\nEvents: [exploded]\nScript: report\n---\nKind: User\nName: bob\n")
		if err := p.Apply(t.Context()); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("got %v", err)
		}
		for i, want := range []declaration.State{declaration.Done, declaration.Failed, declaration.Planned} {
			if p.Steps[i].State != want {
				t.Errorf("%s is %q, want %q", p.Steps[i].Name, p.Steps[i].State, want)
			}
		}
	})
}

func scheduleNamed(t *testing.T, conn slnet.Connection) slnet.Schedule {
	t.Helper()
	return daemontest.Send[*slnet.ScheduleResponse](t, conn, &slnet.GetScheduleMessage{Name: "nightly"}).Schedule
}

// TestRead tells what is wrong without a daemon.
func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "-: there is no document",
		"# nothing\n---\n---\n":   "-: there is no document",
		"just a text":             `-:1: a document must be an object, and is "just a text"`,
		"Kind: [User]\nName: x":   "-:1: there is no Kind \"\"; there are ",
		"Kind: User":              "-:1: the User has no Name",
		"Trigger: [x]":            "-:1: Trigger must be an object, and is a list",
		"Kind: User\nName: *x":    "-: this is no YAML: unknown anchor 'x' referenced",
		"Kind: User\nName: {a: 1": "this is no YAML",
		"Kind: Webhook\nName: w\nEvents: &e [*e]":                          "this is no YAML: anchor 'e' value contains itself",
		"Kind: Schedule\nName: s\nId: x":                                   "-:3: Schedule.Id cannot be read: ",
		"Kind: Schedule\nName: s\nInput: {a: .inf}":                        `-:3: Schedule.Input.a: ".inf" is not in JSON; write it in quotes if it is a text`,
		"Kind: Schedule\nName: s\n? [a]\n: b":                              "this is no YAML",
		"Kind: Group\nName: g\nMembers: ann":                               `-:3: Group.Members must be a list, and is "ann"`,
		"Kind: Module\nName: m":                                            `-:1: Module "m": it has neither a Source`,
		"Kind: Module\nSource: x\nModuleSettings: {}":                      `it has a Source and also what is in one`,
		"[{ModuleSettings: {ModuleId: a}}, {ModuleSettings: {}}]":          `-:1: Module "": `,
		"Kind: Script\nName: s\nSource: x\nFiles: [{Name: a, Content: b}]": `-:3: Script "s": it has a Source and also Files; leave one out`,
		"Kind: Plugin\nName: p":                                            "-:1: Plugin \"p\": it has no Source, which is the file of the binary",
	} {
		err := read(t, text).Err()
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestReadFolder passes over what belongs to sources, and what begins with a dot.
func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"all.yaml":          "Kind: Script\nName: s\nSource: s\n",
		"s/s.go":            "package main",
		"s/script.yaml":     "timeout: 1m\n",
		"s/data/x.json":     "1",
		".hidden/x.yaml":    "Kind: Nothing\n",
		"deep/er/user.json": "{\n\t\"Kind\": \"User\",\n\t\"Name\": \"ann\"\n}",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	options := declaration.Options{ReadScript: func(path string) ([]slnet.ScriptFile, error) {
		if path != filepath.Join(dir, "s") {
			t.Errorf("the source is looked for at %s", path)
		}
		return []slnet.ScriptFile{{Name: "s.go", Content: "package main"}}, nil
	}}
	if err := declaration.Read([]string{dir}, options).Err(); err != nil {
		t.Error(err)
	}
	if err := declaration.Read([]string{filepath.Join(dir, "s", "script.yaml")}, options).Err(); err == nil || !strings.Contains(err.Error(), "script.yaml:1: the document has no Kind") {
		t.Errorf("a manifest by itself: got %v", err)
	}
}

// FuzzRead reads anything without a panic.
func FuzzRead(f *testing.F) {
	f.Add(everything)
	f.Add("a: &a [*a]\n---\n{Trigger: {Filter: {Operands: [{}]}}}")
	f.Fuzz(func(t *testing.T, text string) { read(t, text).Err() })
}
