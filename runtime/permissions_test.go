package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime/openapi"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

var update = flag.Bool("update", false, "write the golden files again")

// kind is a kind of user of the permission matrix.
type kind struct {
	name string
	conn slnet.Connection
}

// probe is a script that sends one empty message of each type, and outputs those
// that were refused.
const probe = `package main

import (
	"context"
	"errors"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	for _, t := range append(slnet.Messages(), dom.Messages()...) {
		message := t.New()
		_, err := slnet.Send1(ctx, engine.SendSLNetMessages, message)
		if errors.Is(err, slnet.KindPermissionDenied) || errors.Is(err, slnet.KindUnauthenticated) {
			engine.AddOrUpdateScriptOutput(message.MessageName(), "refused")
		}
	}
	return nil
}
`

// kinds makes a user of each kind: without rights, of each preset, with exactly
// one permission, with a grant, and one who was disabled. All may run the script
// probe, by a grant.
func kinds(t *testing.T, d *daemontest.Daemon) []kind {
	t.Helper()
	admin := d.Administrator()
	granted := []slnet.ScriptGrant{{Pattern: "probe", Execute: true}}
	user := func(name string, preset slnet.GroupPreset, permissions ...slnet.PermissionFlag) kind {
		group := slnet.Group{Name: name + "s", Permissions: permissions, ScriptGrants: granted}
		daemontest.Send[*slnet.GroupResponse](t, admin, &slnet.CreateGroupMessage{Group: group, Preset: preset})
		daemontest.Send[*slnet.UserResponse](t, admin, &slnet.CreateUserMessage{Name: name, Groups: []string{group.Name}})
		return kind{name, d.As(daemontest.Send[*slnet.CreateTokenResponse](t, admin, &slnet.CreateTokenMessage{User: name}).Secret)}
	}
	list := []kind{{"Administrators", admin}, user("nothing", "")}
	for _, preset := range slnet.GroupPresets() {
		list = append(list, user(string(preset), preset))
	}
	for _, p := range slnet.Permissions() {
		list = append(list, user(p.String(), "", p))
	}
	token := func(name string, scope *slnet.TokenScope) kind {
		return kind{name, d.As(daemontest.Send[*slnet.CreateTokenResponse](t, admin, &slnet.CreateTokenMessage{User: slnet.AdministratorName, Scope: scope}).Secret)}
	}
	list = append(list, token("read-only-token", &slnet.TokenScope{ReadOnly: true}),
		token("token-without-permissions", &slnet.TokenScope{Permissions: []slnet.PermissionFlag{slnet.PermissionNone}}))
	off := user("disabled", "", slnet.Permissions()...)
	disabled := true
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.UpdateUserMessage{Name: "disabled", Disabled: &disabled})
	return append(list, off)
}

// requests are the messages of the matrix: each type once, those about objects
// once for instances and once for the model.
func requests(t *testing.T) (names []string, messages []slnet.Message) {
	t.Helper()
	for _, name := range sdk.Registry().Names() {
		if strings.HasSuffix(name, "Response") || strings.HasSuffix(name, "EventMessage") || name == "Empty" {
			continue
		}
		for _, objects := range []dom.ObjectKind{dom.KindInstance, dom.KindDefinition} {
			message, err := sdk.Registry().New(name)
			if err != nil {
				t.Fatal(err)
			}
			fields := reflect.ValueOf(message).Elem()
			if f := fields.FieldByName("ModuleID"); f.IsValid() {
				f.SetString("m")
			}
			row := name
			if f := fields.FieldByName("Kind"); f.IsValid() {
				f.Set(reflect.ValueOf(objects))
				row += " " + string(objects)
			} else if objects != dom.KindInstance {
				continue
			}
			names, messages = append(names, row), append(messages, message)
		}
	}
	return names, messages
}

// refused reports whether a message was refused for want of a right, and not for
// what it says.
func refused(t *testing.T, conn slnet.Connection, message slnet.Message) bool {
	t.Helper()
	response, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, message)
	if err != nil {
		if errors.Is(err, slnet.KindInternal) || strings.Contains(err.Error(), "is no request") {
			t.Errorf("%s: %v", message.MessageName(), err)
		}
		return errors.Is(err, slnet.KindPermissionDenied) || errors.Is(err, slnet.KindUnauthenticated)
	}
	crud, ok := response.(*dom.ManagerStoreCrudResponse)
	return ok && slices.ContainsFunc(crud.TraceData.ErrorData, func(e slnet.ErrorData) bool { return e.Reason == dom.ErrNoPermission })
}

// TestTheReferenceHasTheRequests: what the OpenAPI document says can be sent is what
// TestPermissionMatrix sends, which the router knows.
func TestTheReferenceHasTheRequests(t *testing.T) {
	var document struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(openapi.Document(), &document); err != nil {
		t.Fatal(err)
	}
	described := make(map[string]bool)
	for name := range document.Components.Schemas {
		if request, ok := strings.CutPrefix(name, "Request."); ok {
			described[request] = true
		}
	}
	sent := make(map[string]bool)
	_, messages := requests(t)
	for _, message := range messages {
		sent[message.MessageName()] = true
	}
	if !maps.Equal(described, sent) {
		t.Errorf("the document has the requests %v, the router takes %v", described, sent)
	}
}

// TestTheRegistryKnowsWhatReads: clients send again what the registry says changes
// nothing; it is what the router says.
func TestTheRegistryKnowsWhatReads(t *testing.T) {
	d := daemontest.Start(t)
	createModule(t, d.Administrator(), "m")
	_, messages := requests(t)
	for _, message := range messages {
		if got, want := sdk.Registry().Reads(message), d.Reads(t.Context(), message); got != want {
			t.Errorf("%s: the registry says that it only reads: %t, the router: %t", message.MessageName(), got, want)
		}
	}
}

// Every request of the registry has a rule; testdata/permissions.txt says, for
// each, which kinds of users it lets through. A new message that is not in the
// table of handlers, or not in that file, fails here.
func TestPermissionMatrix(t *testing.T) {
	d := daemontest.Start(t)
	createModule(t, d.Administrator(), "m")
	everybody := kinds(t, d)
	var got strings.Builder
	names, messages := requests(t)
	for i, message := range messages {
		var may, not []string
		for _, who := range everybody {
			if refused(t, who.conn, message) {
				not = append(not, who.name)
			} else {
				may = append(may, who.name)
			}
		}
		text := strings.Join(may, " ")
		if len(not) < len(may) {
			text = "all but " + strings.Join(not, " ")
		}
		if slices.Contains(may, "disabled") {
			t.Errorf("a disabled user may send %s", names[i])
		}
		got.WriteString(names[i] + ": " + text + "\n")
	}
	golden := filepath.Join("testdata", "permissions.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("who may send what has changed; when that is meant, run the test with -update. got:\n%s\nwant:\n%s", got.String(), want)
	}
	t.Run("nobody", func(t *testing.T) {
		if _, err := d.Connect(t.Context(), ""); !errors.Is(err, slnet.KindUnauthenticated) {
			t.Errorf("without a token: %v", err)
		}
	})
	t.Run("in a run", func(t *testing.T) {
		daemontest.Deploy(t, d.Administrator(), "probe", probe)
		for _, who := range everybody {
			if !slices.Contains([]string{"nothing", "operators", slnet.PermissionSecurityAdministration.String()}, who.name) {
				continue
			}
			run := daemontest.Execute(t, who.conn, "probe")
			if run.State != slnet.RunSucceeded {
				t.Fatalf("%s: the run %s: %+v", who.name, run.State, run.Errors)
			}
			for _, name := range sdk.Registry().Names() {
				message, err := sdk.Registry().New(name)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(name, "Response") || strings.HasSuffix(name, "EventMessage") || name == "Empty" {
					continue
				}
				if runsOnly[name] {
					continue
				}
				_, err = slnet.Send1(t.Context(), who.conn.SendSLNetMessages, message)
				outside := errors.Is(err, slnet.KindPermissionDenied)
				if inside := run.Output[name] == "refused"; inside != outside && !inside {
					t.Errorf("%s sends %s: refused outside, not in a run", who.name, name)
				} else if inside != outside && !ownOnly[name] {
					t.Errorf("%s sends %s: refused in a run, not outside", who.name, name)
				}
			}
		}
	})
}

// ownOnly are messages that a user may send and a run of the same user not,
// because what they do outlives the run.
var ownOnly = map[string]bool{"ChangePasswordMessage": true, "CreateTokenMessage": true, "GetTokensMessage": true, "RevokeTokenMessage": true}

// runsOnly are messages that only runs may send, whoever's rights they have.
var runsOnly = map[string]bool{
	"GetMemoryMessage": true, "SetMemoryMessage": true, "DeleteMemoryMessage": true, "GetMemoryKeysMessage": true,
	"GetSecretValueMessage": true, "SendHTTPRequestMessage": true,
}

// A right that is taken away is gone with the next message of a script that
// runs, and one that is given is there.
func TestRunFeelsChangedRightsAtOnce(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "asks", `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// Run asks for the users, and says whether it may, each time it is told to go
// on.
func Run(ctx context.Context, engine *sdk.Engine) error {
	stream, err := engine.Subscribe(ctx, slnet.Subscription{Events: []string{"InformationEventMessage"}})
	if err != nil {
		return err
	}
	for {
		_, err := engine.SendSLNetMessages(ctx, &slnet.GetUsersMessage{})
		text := "may"
		if err != nil {
			text = "may not"
		}
		if err := engine.GenerateInformation(ctx, text); err != nil {
			return err
		}
		for {
			event, err := stream.Next(ctx)
			if err != nil {
				return err
			}
			if event.Message.(*slnet.InformationEventMessage).Text == "go on" {
				break
			}
		}
	}
}
`)
	ann := d.As(d.User("ann", slnet.PermissionSecurityAdministration))
	stream, err := admin.Subscribe(t.Context(), slnet.Subscription{Events: []string{"InformationEventMessage"}})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	said := func() string {
		t.Helper()
		for {
			event, err := stream.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if text := event.Message.(*slnet.InformationEventMessage).Text; text != "go on" {
				return text
			}
		}
	}
	goOn := func() {
		t.Helper()
		daemontest.Send[*slnet.Empty](t, admin, &slnet.GenerateInformationMessage{Text: "go on"})
	}
	ended := make(chan *slnet.RunResponse, 1)
	go func() {
		response, err := slnet.Send1(context.Background(), ann.SendSLNetMessages, &slnet.ExecuteScriptMessage{ScriptName: "asks"})
		if err != nil {
			t.Error(err)
			response = new(slnet.RunResponse)
		}
		ended <- response.(*slnet.RunResponse)
	}()
	if got := said(); got != "may" {
		t.Fatalf("at first: %s", got)
	}
	rights := func(permissions ...slnet.PermissionFlag) {
		t.Helper()
		daemontest.Send[*slnet.GroupResponse](t, admin, &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "anns", Permissions: permissions}})
	}
	rights()
	goOn()
	if got := said(); got != "may not" {
		t.Errorf("revoked: %s", got)
	}
	rights(slnet.PermissionSecurityAdministration)
	goOn()
	if got := said(); got != "may" {
		t.Errorf("given again: %s", got)
	}
	name := "anna"
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.UpdateUserMessage{Name: "ann", NewName: &name})
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.CreateUserMessage{Name: "ann"})
	goOn()
	if got := said(); got != "may" {
		t.Errorf("renamed, and another has the name: %s", got)
	}
	disabled := true
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.UpdateUserMessage{Name: "anna", Disabled: &disabled})
	goOn()
	// The stream of the run ends, or the next message is refused: either way the
	// script fails.
	if run := (<-ended).Run; run.State != slnet.RunFailed {
		t.Errorf("disabled: the run %s", run.State)
	}
}

// A script that is bound to a user runs as that user for whoever may start it,
// and is changed only by who may act as that user.
func TestBoundScript(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	source := `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	run := engine.Run()
	engine.AddOrUpdateScriptOutput("as", run.RunsAs)
	engine.AddOrUpdateScriptOutput("by", run.StartedBy)
	return nil
}
`
	deploy := func(conn slnet.Connection, name string, runsAs *string) error {
		_, err := conn.SendSLNetMessages(t.Context(), &slnet.DeployScriptMessage{
			Name: name, RunsAs: runsAs, Files: []slnet.ScriptFile{{Name: "script.go", Content: source + "// " + uuid.NewString() + "\n"}},
		})
		return err
	}
	robot, root := "robot", slnet.AdministratorName
	d.User(robot)
	ann := d.As(d.User("ann", slnet.PermissionAutomationEdit))
	binder := d.As(d.User("binder", slnet.PermissionAutomationEdit, slnet.PermissionAutomationRunAs))
	if err := deploy(ann, "bound", &robot); !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("bound without the right: %v", err)
	}
	if err := deploy(binder, "bound", &root); !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("bound to somebody with more rights: %v", err)
	}
	if err := deploy(binder, "bound", &robot); err != nil {
		t.Fatal(err)
	}
	run := daemontest.Execute(t, ann, "bound")
	if run.Output["as"] != "robot" || run.Output["by"] != "ann" || run.RunsAs != "robot" || run.StartedBy != "ann" {
		t.Errorf("the run as %s by %s: %v", run.RunsAs, run.StartedBy, run.Output)
	}
	if runs := daemontest.Send[*slnet.RunsResponse](t, ann, &slnet.GetRunsMessage{Filter: slnet.RunFilter{Script: "bound"}}).Runs; len(runs) != 1 {
		t.Errorf("ann sees %d of the runs she started", len(runs))
	}
	if err := deploy(ann, "bound", nil); !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("a new version by somebody who may not act as robot: %v", err)
	}
	none := ""
	if _, err := ann.SendSLNetMessages(t.Context(), &slnet.UpdateScriptMessage{Name: "bound", RunsAs: &none}); !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("the binding ended by somebody who may not act as robot: %v", err)
	}
	disabled := true
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.UpdateUserMessage{Name: robot, Disabled: &disabled})
	if run := daemontest.Execute(t, ann, "bound"); run.State != slnet.RunFailed || len(run.Errors) != 1 || !strings.Contains(run.Errors[0].Message, "robot is disabled") {
		t.Errorf("robot is disabled, the run %s: %+v", run.State, run.Errors)
	}
	daemontest.Send[*slnet.ScriptResponse](t, binder, &slnet.UpdateScriptMessage{Name: "bound", RunsAs: &none})
	if run := daemontest.Execute(t, ann, "bound"); run.RunsAs != "ann" {
		t.Errorf("not bound any more, the run is %s's", run.RunsAs)
	}
}
