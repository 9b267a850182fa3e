package runtime_test

import (
	"errors"
	"os"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// shipped is the source of a shipped script.
func shipped(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../scripts/" + name + "/script.go")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestScriptCreatesModuleAndThousandInvoices(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "invoices", shipped(t, "invoices"))
	run := daemontest.Execute(t, admin, "invoices")
	if run.State != slnet.RunSucceeded || run.Output["found"] != "10" {
		t.Fatalf("the run %s with output %v and errors %v", run.State, run.Output, run.Errors)
	}
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "my_secured_module")
	n, err := helper.DomInstances.Count(t.Context(), dom.True())
	if err != nil || n != 1000 {
		t.Errorf("there are %d instances (%v), want 1000", n, err)
	}
	instances, err := helper.DomInstances.ReadQuery(t.Context(), dom.NewQuery(dom.True()).Limit(1))
	if err != nil || len(instances) != 1 {
		t.Fatalf("read: %d instances, %v", len(instances), err)
	}
	if got := instances[0].CreatedBy; got != run.RunsAs || got != slnet.AdministratorName {
		t.Errorf("CreatedBy is %q, the run ran as %q", got, run.RunsAs)
	}
}

func TestCreatedByIsTheUserTheRunRanAs(t *testing.T) {
	d := daemontest.Start(t)
	ann := d.As(d.User("ann", slnet.PermissionModuleSettingsConfiguration))
	daemontest.Deploy(t, d.Administrator(), "invoices", shipped(t, "createmodule"))
	if run := daemontest.Execute(t, ann, "invoices"); run.State != slnet.RunSucceeded || run.RunsAs != "ann" || run.StartedBy != "ann" {
		t.Fatalf("the run %s as %q, started by %q, with errors %v", run.State, run.RunsAs, run.StartedBy, run.Errors)
	}
	settings, err := dom.NewModuleSettingsHelper(ann.SendSLNetMessages).ModuleSettings.Read(t.Context(), dom.True())
	if err != nil || len(settings) != 1 || settings[0].CreatedBy != "ann" || settings[0].LastModifiedBy != "ann" {
		t.Errorf("stored settings %+v, %v", settings, err)
	}
}

func TestUserWithoutPermission291CannotCreateModuleSettings(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "invoices", shipped(t, "invoices"))
	ann := d.As(d.User("ann"))
	before := daemontest.Send[*slnet.SystemInfoResponse](t, admin, &slnet.GetSystemInfoMessage{}).StoreVersion
	run := daemontest.Execute(t, ann, "invoices")
	if run.State != slnet.RunFailed || len(run.Errors) != 1 {
		t.Fatalf("the run %s with errors %v", run.State, run.Errors)
	}
	if got := run.Errors[0].Reasons; len(got) != 1 || got[0] != dom.ErrNoPermission {
		t.Errorf("the run failed with the reasons %v, want %v", got, dom.ErrNoPermission)
	}
	settings, err := dom.NewModuleSettingsHelper(admin.SendSLNetMessages).ModuleSettings.Read(t.Context(), dom.True())
	if err != nil || len(settings) != 0 {
		t.Errorf("%d module settings are stored (%v), want none", len(settings), err)
	}
	// The two commits are the beginning and the end of the run.
	if after := daemontest.Send[*slnet.SystemInfoResponse](t, admin, &slnet.GetSystemInfoMessage{}).StoreVersion; after != before+2 {
		t.Errorf("the run made %d commits, want the two of its own record", after-before)
	}
}

func TestDeletingInstancesNeedsThePermissionTheModuleAsksFor(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		admin := d.Administrator()
		daemontest.Deploy(t, admin, "invoices", shipped(t, "invoices"))
		daemontest.Execute(t, admin, "invoices")
		for _, who := range []struct {
			token string
			may   bool
		}{
			{d.User("ann"), false},
			{d.User("chris", slnet.PermissionPlmDeleteDomInstances), true},
		} {
			helper := dom.NewDomHelper(open(who.token).SendSLNetMessages, "my_secured_module")
			list, err := helper.DomInstances.ReadQuery(t.Context(), dom.NewQuery(dom.True()).Limit(1))
			if err != nil || len(list) != 1 {
				t.Fatalf("read: %d instances, %v", len(list), err)
			}
			err = helper.DomInstances.Delete(t.Context(), list[0])
			left, readErr := helper.DomInstances.Count(t.Context(), dom.InstanceExposers.ID.Equal(list[0].ID))
			if readErr != nil {
				t.Fatal(readErr)
			}
			switch {
			case who.may && (err != nil || left != 0):
				t.Errorf("with the permission: %v, %d left", err, left)
			case !who.may && (!errors.Is(err, dom.ErrNoPermission) || left != 1):
				t.Errorf("without the permission: %v, %d left", err, left)
			}
		}
	})
}
