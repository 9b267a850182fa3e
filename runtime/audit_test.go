package runtime_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// audit is what a request to the audit answers.
func audit(t *testing.T, conn slnet.Connection, m slnet.GetAuditMessage) []slnet.AuditRecord {
	t.Helper()
	return daemontest.Send[*slnet.AuditResponse](t, conn, &m).Records
}

// What changes something is audited with who, what, from where and in which run;
// what is refused or fails too; what only reads is not, unless it is refused.
func TestAudit(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	createModule(t, admin, "m")
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "m")
	definition, err := helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Thing"))
	if err != nil {
		t.Fatal(err)
	}
	secret := d.User("ann")
	conn, err := d.ConnectFrom(t.Context(), secret, "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	ann := dom.NewDomHelper(conn.SendSLNetMessages, "m")
	instance, err := ann.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ann.DomInstances.Read(t.Context(), dom.True()); err != nil {
		t.Fatal(err)
	}

	t.Run("a change", func(t *testing.T) {
		records := audit(t, admin, slnet.GetAuditMessage{Object: strings.ToUpper(instance.ID.String())})
		if len(records) != 1 {
			t.Fatalf("got %+v", records)
		}
		r := records[0]
		if r.User != "ann" || r.Message != "ManagerStoreCreateRequest" || r.ModuleID != "m" || r.Outcome != slnet.AuditAllowed ||
			r.Address != "192.0.2.7" || r.Count != 1 || r.Time.IsZero() || len(r.Objects) != 1 || r.Objects[0].Kind != string(dom.KindInstance) {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("refused, several times", func(t *testing.T) {
		for i := range 20 {
			if _, err := ann.DomDefinitions.Create(t.Context(), dom.NewDefinition(fmt.Sprint("no ", i))); !errors.Is(err, dom.ErrNoPermission) {
				t.Fatal(err)
			}
		}
		records := audit(t, admin, slnet.GetAuditMessage{User: "ANN", Outcome: slnet.AuditRefused})
		if len(records) != 1 || records[0].Count != 20 || records[0].Reason != "NoPermission" || records[0].ModuleID != "m" || records[0].Until.Before(records[0].Time) {
			t.Errorf("got %+v", records)
		}
	})
	t.Run("failed", func(t *testing.T) {
		if err := ann.DomInstances.Delete(t.Context(), dom.NewInstance(definition.ID)); !errors.Is(err, dom.ErrObjectDidNotExist) {
			t.Fatal(err)
		}
		if records := audit(t, admin, slnet.GetAuditMessage{Outcome: slnet.AuditFailed, ModuleID: "m"}); len(records) != 1 || records[0].Reason != "ObjectDidNotExist" {
			t.Errorf("got %+v", records)
		}
	})
	t.Run("a run", func(t *testing.T) {
		daemontest.Deploy(t, admin, "token", tokenScript)
		run := daemontest.Execute(t, conn, "token")
		started := audit(t, admin, slnet.GetAuditMessage{Message: "ExecuteScriptMessage"})
		if len(started) != 1 || started[0].User != "ann" || started[0].Objects[0].ID != run.ID.String() || started[0].Address != "192.0.2.7" {
			t.Errorf("the start: %+v", started)
		}
		within := audit(t, admin, slnet.GetAuditMessage{RunID: run.ID})
		if len(within) != 1 || within[0].Message != "CreateTokenMessage" || within[0].Outcome != slnet.AuditRefused || within[0].User != "ann" {
			t.Errorf("what the run did: %+v", within)
		}
	})
	t.Run("a schedule", func(t *testing.T) {
		made := daemontest.Send[*slnet.ScheduleResponse](t, admin, &slnet.CreateScheduleMessage{Schedule: slnet.Schedule{Name: "nightly", Script: "token", Expression: "0 3 * * *"}})
		id := made.Schedule.ID
		daemontest.Send[*slnet.ScheduleResponse](t, admin, &slnet.PauseScheduleMessage{ID: id, Paused: true})
		daemontest.Send[*slnet.Empty](t, admin, &slnet.DeleteScheduleMessage{ID: id})
		var messages []string
		for _, r := range audit(t, admin, slnet.GetAuditMessage{Object: id.String()}) {
			messages = append(messages, r.Message)
		}
		if want := []string{"DeleteScheduleMessage", "PauseScheduleMessage", "CreateScheduleMessage"}; !slices.Equal(messages, want) {
			t.Errorf("got %q, want %q", messages, want)
		}
	})
	t.Run("accounts and the door", func(t *testing.T) {
		if records := audit(t, admin, slnet.GetAuditMessage{Object: "ann", Message: "CreateUserMessage"}); len(records) != 1 || records[0].User != slnet.AdministratorName {
			t.Errorf("the user: %+v", records)
		}
		for _, user := range []string{"ann", "nobody"} {
			if _, err := d.Login(t.Context(), user, "a wrong password", "192.0.2.8", security.ForProgram); err == nil {
				t.Fatal("logged in")
			}
		}
		var users []string
		for _, r := range audit(t, admin, slnet.GetAuditMessage{Message: slnet.AuditLogin}) {
			users = append(users, r.User+" "+r.Address+" "+string(r.Outcome))
		}
		if slices.Sort(users); !slices.Equal(users, []string{" 192.0.2.8 refused", "ann 192.0.2.8 refused"}) {
			t.Errorf("logins: %q", users)
		}
		if _, err := d.ConnectFrom(t.Context(), strings.Repeat("x", len(secret)), "192.0.2.9"); err == nil {
			t.Fatal("connected")
		}
		if records := audit(t, admin, slnet.GetAuditMessage{Message: slnet.AuditConnect}); len(records) != 1 || records[0].Address != "192.0.2.9" {
			t.Errorf("connects: %+v", records)
		}
	})
	t.Run("pages", func(t *testing.T) {
		all := audit(t, admin, slnet.GetAuditMessage{Limit: 1000})
		var paged []slnet.AuditRecord
		for before := ""; ; {
			page := daemontest.Send[*slnet.AuditResponse](t, admin, &slnet.GetAuditMessage{Limit: 2, Before: before})
			paged = append(paged, page.Records...)
			if before = page.Next; before == "" {
				break
			}
		}
		if fmt.Sprint(paged) != fmt.Sprint(all) {
			t.Errorf("by pages:\n%v\nat once:\n%v", paged, all)
		}
		if n := len(audit(t, admin, slnet.GetAuditMessage{From: all[0].Time.Add(1)})); n > 0 {
			t.Errorf("%d records behind the last", n)
		}
		// The order is that of the commits, the time that of their beginning.
		first := slices.MinFunc(all, func(a, b slnet.AuditRecord) int { return a.Time.Compare(b.Time) })
		if n := len(audit(t, admin, slnet.GetAuditMessage{Until: first.Time})); n > 0 {
			t.Errorf("%d records before the first", n)
		}
		for _, m := range []*slnet.GetAuditMessage{{Limit: -1}, {Limit: 1001}, {Outcome: "odd"}, {Before: "odd"}, {From: all[0].Time, Until: all[0].Time}} {
			if _, err := admin.SendSLNetMessages(t.Context(), m); !errors.Is(err, slnet.KindInvalid) {
				t.Errorf("%+v: %v", m, err)
			}
		}
	})
}

// No secret is in the log, in the files of the data directory, or in the store,
// other than the file that hands the first token over.
func TestSecretsAreNowhere(t *testing.T) {
	store := daemontest.MemoryStore(t)
	d := daemontest.StartOn(t, t.TempDir(), store)
	admin := d.Administrator()
	const password, fresh, wrong = "the-password-of-ann", "the-new-password-of-ann", "a-wrong-password-of-ann"
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.CreateUserMessage{Name: "ann", Password: password})
	made := daemontest.Send[*slnet.CreateTokenResponse](t, admin, &slnet.CreateTokenMessage{User: "ann"}).Secret
	login, err := d.Login(t.Context(), "ann", password, "", security.ForBrowser)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{password, fresh, wrong, made, login.Secret, d.Token(), "short-1"}
	fails := func(err error) {
		t.Helper()
		if err == nil {
			t.Error("accepted")
			return
		}
		for _, secret := range secrets {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error has a secret: %v", err)
			}
		}
	}
	ann := d.As(login.Secret)
	for _, m := range []slnet.Message{
		&slnet.ChangePasswordMessage{OldPassword: wrong, NewPassword: fresh},
		&slnet.ChangePasswordMessage{OldPassword: password, NewPassword: "short-1"},
		&slnet.CreateUserMessage{Name: "ann", Password: fresh},
	} {
		_, err := ann.SendSLNetMessages(t.Context(), m)
		fails(err)
	}
	_, err = d.Login(t.Context(), "ann", wrong, "", security.ForProgram)
	fails(err)
	_, err = d.Connect(t.Context(), made[:len(made)-1]+"!")
	fails(err)
	daemontest.Send[*slnet.Empty](t, ann, &slnet.ChangePasswordMessage{OldPassword: password, NewPassword: fresh})
	audit(t, admin, slnet.GetAuditMessage{}) // so that all of it is stored

	places := map[string]string{"the log": d.Log()}
	var stored strings.Builder
	err = store.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.Range{Begin: []byte{0}, End: []byte{0xff}})
		defer it.Close()
		for it.Next() {
			stored.Write(it.Key())
			stored.Write(it.Value())
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stored.String(), "$argon2id$") {
		t.Error("the store was not looked at")
	}
	places["the store"] = stored.String()
	err = filepath.WalkDir(d.Dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == "administrator.token" {
			return err
		}
		b, err := os.ReadFile(path)
		places[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range places {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a secret that begins with %.12q", place, secret)
			}
		}
	}
}

// The four permissions in the settings of a module are obeyed, also by events,
// and setting them gives a warning each.
func TestPermissionsOfModuleSettings(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	raw, err := dom.EncodeObject(&dom.ModuleSettings{ModuleID: "m", DomManagerSettings: dom.DomManagerSettings{SecuritySettings: dom.DomManagerSecuritySettings{
		ViewPermissions: slnet.PermissionAutomationView, CreateAndUpdateDomInstancePermission: slnet.PermissionAutomationEdit,
		DeleteDomInstancePermission: slnet.PermissionPlmDeleteDomInstances, ConfigurePermission: slnet.PermissionAutomationSchedules,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	created := daemontest.Send[*dom.ManagerStoreCrudResponse](t, admin, &dom.ManagerStoreCreateRequest{Kind: dom.KindModuleSettings, Object: raw})
	if warnings := created.TraceData.WarningData; len(warnings) != 4 || warnings[0].Reason != dom.ErrDeprecatedSetting || !created.TraceData.HasSucceeded() {
		t.Errorf("got %v", created.TraceData.String())
	}
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "m")
	definition, err := helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Thing"))
	if err != nil {
		t.Fatal(err)
	}
	do := map[string]func(h *dom.DomHelper) error{
		"read": func(h *dom.DomHelper) error {
			_, err := h.DomInstances.Read(t.Context(), dom.True())
			return err
		},
		"count": func(h *dom.DomHelper) error {
			_, err := h.DomInstances.Count(t.Context(), dom.True())
			return err
		},
		"create": func(h *dom.DomHelper) error {
			_, err := h.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
			return err
		},
		"delete": func(h *dom.DomHelper) error {
			instance, err := helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
			if err != nil {
				t.Fatal(err)
			}
			return h.DomInstances.Delete(t.Context(), instance)
		},
		"configure": func(h *dom.DomHelper) error {
			_, err := h.DomDefinitions.Create(t.Context(), dom.NewDefinition("Other"))
			return err
		},
	}
	for _, c := range []struct {
		user        string
		permissions []slnet.PermissionFlag
		may         string
	}{
		{"nothing", nil, ""},
		{"viewer", []slnet.PermissionFlag{slnet.PermissionAutomationView}, "read count"},
		{"writer", []slnet.PermissionFlag{slnet.PermissionAutomationEdit}, "create"},
		{"deleter", []slnet.PermissionFlag{slnet.PermissionPlmDeleteDomInstances}, "delete"},
		{"planner", []slnet.PermissionFlag{slnet.PermissionAutomationSchedules}, ""},
		{"configurer", []slnet.PermissionFlag{slnet.PermissionAutomationSchedules, slnet.PermissionModuleSettingsConfiguration}, "configure"},
	} {
		conn := d.As(d.User(c.user, c.permissions...))
		for what, try := range do {
			err := try(dom.NewDomHelper(conn.SendSLNetMessages, "m"))
			denied := errors.Is(err, dom.ErrNoPermission) || errors.Is(err, slnet.KindPermissionDenied)
			if may := strings.Contains(c.may, what); may && err != nil || !may && !denied {
				t.Errorf("%s, %s: %v", c.user, what, err)
			}
		}
		stream, err := conn.Subscribe(t.Context(), slnet.Subscription{Events: []string{"DomInstancesChangedEventMessage", "InformationEventMessage"}})
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		if err := do["create"](helper); err != nil {
			t.Fatal(err)
		}
		daemontest.Send[*slnet.Empty](t, admin, &slnet.GenerateInformationMessage{Text: "end"})
		event, err := stream.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, isEnd := event.Message.(*slnet.InformationEventMessage); isEnd == strings.Contains(c.may, "read") {
			t.Errorf("%s gets the event %s", c.user, event.Message.MessageName())
		}
	}
}
