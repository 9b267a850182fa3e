package runtime_test

import (
	"errors"
	"os"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// invoicesSource is the script of the issue, verbatim.
func source(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + "/script.go")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestScriptCreatesModuleAndThousandInvoices(t *testing.T) {
	d := start(t)
	admin := d.administrator()
	deploy(t, admin, "invoices", source(t, "invoices"))
	run := execute(t, admin, "invoices")
	if run.State != slnet.RunSucceeded || run.Output["found"] != "10" {
		t.Fatalf("the run %s with output %v and errors %v", run.State, run.Output, run.Errors)
	}
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "my_secured_module")
	n, err := helper.DomInstances.Count(t.Context(), dom.True())
	if err != nil || n != 1000 {
		t.Errorf("there are %d instances (%v), want 1000", n, err)
	}
}

func TestUserWithoutPermissionCannotCreateModuleSettings(t *testing.T) {
	d := start(t)
	admin := d.administrator()
	deploy(t, admin, "invoices", source(t, "invoices"))
	ann := d.user("ann", slnet.PermissionAutomationExecute)
	run := execute(t, ann, "invoices")
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
	_, err = dom.NewDomHelper(ann.SendSLNetMessages, "my_secured_module").DomInstances.Count(t.Context(), dom.True())
	if !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("count in a module without settings: %v", err)
	}
}
