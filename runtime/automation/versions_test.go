package automation_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// anything lets a caller know of every reference.
func anything(slnet.ScriptReference) bool { return true }

func (h *house) update(m *slnet.UpdateScriptMessage) (*slnet.ScriptResponse, error) {
	return h.UpdateScript(h.t.Context(), ann, m)
}

func TestVersionsAreListedInPages(t *testing.T) {
	h := openHouse(t)
	for i := range 3 {
		h.deploy("s", fmt.Sprintf("return engine.AddScriptOutput(`n`, `%d`)", i))
	}
	message := &slnet.DeployScriptMessage{Name: "s", Files: source("return engine.AddScriptOutput(`n`, `2`)"), Manifest: "description: same source"}
	if _, err := h.DeployScript(t.Context(), chris, message); err != nil {
		t.Fatal(err)
	}
	var got []string
	for before := int64(0); ; {
		page, err := h.Versions(t.Context(), &slnet.GetScriptVersionsMessage{Name: "S", Limit: 2, Before: before})
		if err != nil || page.Name != "s" || len(page.Versions) > 2 {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, v := range page.Versions {
			got = append(got, fmt.Sprintf("%d %s %v %v", v.Version, v.DeployedBy, v.SourceChanged, v.ManifestChanged))
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	want := "4 chris false true, 3 ann true false, 2 ann true false, 1 ann true false"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestRollingBackMakesANewVersion(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", "return engine.ExitSuccess(`one`)")
	h.deploy("s", "return engine.ExitSuccess(`two`)")
	back, err := h.RollBack(t.Context(), chris, &slnet.RollBackScriptMessage{Name: "s", Version: 1})
	if err != nil || back.Script.Version != 3 || back.Script.RestoredFrom != 1 || back.Script.DeployedBy != "chris" {
		t.Fatalf("%+v, %v", back, err)
	}
	for version, want := range map[int64]string{0: "one", 1: "one", 2: "two", 3: "one"} {
		if run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s", ScriptVersion: version}); run.ExitReason != want {
			t.Errorf("version %d says %q %v, want %q", version, run.ExitReason, run.Errors, want)
		}
	}
	// What has grants needs who may give them, each time.
	granted := &slnet.DeployScriptMessage{Name: "g", Files: source("return nil"), Manifest: "grants: {network: ['example.com:443']}"}
	if _, err := h.DeployScript(t.Context(), ann, granted); err != nil {
		t.Fatal(err)
	}
	h.deploy("g", "return ctx.Err()")
	if _, err := h.RollBack(t.Context(), chris, &slnet.RollBackScriptMessage{Name: "g", Version: 1}); !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("a version with grants was rolled back to by who may give none: %v", err)
	}
}

func TestRunsOfADisabledScriptDoNotStart(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", waiting)
	var executing []slnet.Run
	for range slots {
		executing = append(executing, h.start("s"))
		<-h.said
	}
	queued := h.start("s")
	disabled, enabled := true, false
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "s", Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Execute(t.Context(), ann, &slnet.ExecuteScriptMessage{ScriptName: "s"}); !errors.Is(err, slnet.KindConflict) || !strings.Contains(err.Error(), "disabled") {
		t.Errorf("a disabled script was started: %v", err)
	}
	for _, run := range executing {
		h.goOn <- struct{}{}
		h.wantEnd(h.ended(run.ID), slnet.RunSucceeded, "")
	}
	h.wantEnd(h.ended(queued.ID), slnet.RunFailed, "the run did not start: script \"s\" is disabled")
	// A new version does not enable it.
	if s := h.deploy("s", quick); !s.Disabled {
		t.Error("a new version enabled the script")
	}
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "s", Disabled: &enabled}); err != nil {
		t.Fatal(err)
	}
	h.wantEnd(h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s"}), slnet.RunSucceeded, "")
}

func TestANewVersionLeavesRunsInFlightAlone(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", waiting)
	var old []slnet.Run
	for range slots {
		old = append(old, h.start("s"))
		<-h.said
	}
	old = append(old, h.start("s")) // waits in the queue, for the version it was started in
	h.deploy("s", "return engine.ExitSuccess(`new`)")
	for i := range old {
		if i == slots {
			<-h.said
		}
		h.goOn <- struct{}{}
	}
	for _, run := range old {
		ended := h.ended(run.ID)
		h.wantEnd(ended, slnet.RunSucceeded, "")
		if ended.ScriptVersion != 1 || ended.ExitReason != "" {
			t.Errorf("a run of version 1 ended as %+v", ended)
		}
	}
	if run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s"}); run.ScriptVersion != 2 || run.ExitReason != "new" {
		t.Errorf("the next run is %+v", run)
	}
}

func TestARenamedScriptIsFoundByItsFormerName(t *testing.T) {
	h := openHouse(t)
	h.deploy("old", quick)
	h.deploy("other", quick)
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "old"})
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "old", NewName: "other"}); !errors.Is(err, slnet.KindConflict) {
		t.Errorf("renamed to a name that is taken: %v", err)
	}
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "old", NewName: "new"}); err != nil {
		t.Fatal(err)
	}
	if run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "OLD"}); run.Script != "new" || run.State != slnet.RunSucceeded {
		t.Errorf("by its former name: %+v", run)
	}
	if _, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: "old", Files: source("return nil")}); !errors.Is(err, slnet.KindConflict) {
		t.Errorf("deployed under the former name: %v", err)
	}
	// Another script takes the name only when nothing means the first by it.
	h.refer = []string{"Old"}
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "other", NewName: "old"}); !errors.Is(err, slnet.KindConflict) || !strings.Contains(err.Error(), `schedule "s1"`) {
		t.Errorf("took a name that is used: %v", err)
	}
	h.refer = nil
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "other", NewName: "old"}); err != nil {
		t.Fatal(err)
	}
	if s, err := h.Script(t.Context(), &slnet.GetScriptMessage{Name: "old"}); err != nil || s.Script.ID == run.ScriptID {
		t.Errorf("the name leads to %+v, %v", s, err)
	}
}

func TestAScriptThatIsUsedIsNotDeleted(t *testing.T) {
	h := openHouse(t)
	h.deploy("first", waiting)
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "first", NewName: "s"}); err != nil {
		t.Fatal(err)
	}
	h.refer = strings.Split(strings.Repeat("first ", 12)+"other", " ")
	remove := func(force bool) (*slnet.ScriptReferencesResponse, error) {
		return h.DeleteScript(t.Context(), ann, &slnet.DeleteScriptMessage{Name: "s", Force: force}, func(r slnet.ScriptReference) bool { return r.Name != "s3" })
	}
	_, err := remove(false)
	if !errors.Is(err, slnet.KindConflict) || !strings.Contains(err.Error(), `schedule "s1" starts it`) || strings.Contains(err.Error(), "s3") || !strings.Contains(err.Error(), "and 2 more") {
		t.Fatalf("deleted though it is used: %v", err)
	}
	running := h.start("s")
	<-h.said
	response, err := remove(true)
	if err != nil || len(response.References) != 11 || response.More != 1 {
		t.Fatalf("%+v, %v", response, err)
	}
	h.goOn <- struct{}{}
	h.wantEnd(h.ended(running.ID), slnet.RunSucceeded, "")
	for _, name := range []string{"s", "first"} {
		if _, err := h.Script(t.Context(), &slnet.GetScriptMessage{Name: name}); !errors.Is(err, slnet.KindNotFound) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	if s := h.deploy("s", quick); s.Version != 1 || s.ID == running.ScriptID {
		t.Errorf("the next of the name is %+v", s)
	}
}

// A queued run of a script that was deleted does not start, and does not keep the
// daemon from starting.
func TestQueuedRunsOfADeletedScriptFail(t *testing.T) {
	fs := pebblekv.NewCrashFS()
	h := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs))
	h.deploy("s", waiting)
	for range slots {
		h.start("s")
		<-h.said
	}
	queued := h.start("s")
	if _, err := h.DeleteScript(t.Context(), ann, &slnet.DeleteScriptMessage{Name: "s"}, anything); err != nil {
		t.Fatal(err)
	}
	after := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs.Clone(0)))
	after.wantEnd(after.ended(queued.ID), slnet.RunFailed, "the run did not start: script \"s\" was deleted")
	for range slots {
		h.goOn <- struct{}{}
	}
	h.wantEnd(h.ended(queued.ID), slnet.RunFailed, "the run did not start: script \"s\" was deleted")
}

func TestBinariesGoWithTheLastVersionThatNeedsThem(t *testing.T) {
	h := openHouse(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary := fmt.Appendf(nil, "#!/bin/sh\nexec '%s' plugin\n", self)
	path := filepath.Join(h.Dir, "plugins", hashOf(binary))
	for _, name := range []string{"a", "b"} {
		id := uuid.New()
		if _, err := h.Upload(ann, &slnet.UploadMessage{UploadID: id, Data: binary}); err != nil {
			t.Fatal(err)
		}
		_, err := h.DeployPlugin(t.Context(), ann, &slnet.DeployPluginMessage{
			Name: name, UploadID: id, SHA256: hashOf(binary), Manifest: "grants: {processes: true, files: {read: [/bin, /usr/bin, " + self + "]}}",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		kept bool
	}{{"a", true}, {"b", false}} {
		if _, err := h.DeleteScript(t.Context(), ann, &slnet.DeleteScriptMessage{Name: c.name}, anything); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != c.kept {
			t.Errorf("after %s was deleted: %v", c.name, err)
		}
	}
	wantNothingLeft(t, h)
}

// library deploys a library of one file.
func (h *house) library(name, text string) error {
	_, err := h.DeployScript(h.t.Context(), ann, &slnet.DeployScriptMessage{Name: name, Files: []slnet.ScriptFile{{Name: "a.go", Content: text}}})
	return err
}

func TestScriptsKeepTheLibrariesTheyWereDeployedWith(t *testing.T) {
	h := openHouse(t)
	for _, err := range []error{
		h.library("lib/b", "package b\n\nconst Word = `one`\n"),
		h.library("lib/a", "package a\n\nimport \"lib/b\"\n\nfunc Say() string { return b.Word }\n"),
		h.library("lib/secret", "package secret\n"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	files := source("return engine.ExitSuccess(a.Say())")
	files[0].Content = strings.Replace(files[0].Content, `"context"`, "\"context\"\n\t\"lib/a\"", 1)
	deploy := func() slnet.Script {
		response, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: "s", Files: files})
		if err != nil {
			t.Fatal(err)
		}
		return response.Script
	}
	said := func(want string) {
		t.Helper()
		if run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s"}); run.ExitReason != want {
			t.Errorf("said %q %v, want %q", run.ExitReason, run.Errors, want)
		}
	}
	if s := deploy(); s.Version != 1 || len(s.Libraries) != 2 || s.Libraries[1].Name != "lib/b" || s.Libraries[1].Version != 1 || len(s.Libraries[1].Files) != 0 {
		t.Errorf("%+v", s)
	}
	if err := h.library("lib/b", "package b\n\nconst Word = `two`\n"); err != nil {
		t.Fatal(err)
	}
	said("one")
	if _, err := h.DeleteScript(t.Context(), ann, &slnet.DeleteScriptMessage{Name: "lib/b"}, anything); !errors.Is(err, slnet.KindConflict) {
		t.Errorf("deleted a library that is used: %v", err)
	}
	if s := deploy(); s.Version != 2 || s.Libraries[1].Version != 2 {
		t.Errorf("deployed again it is %+v", s)
	}
	said("two")
	// A circle is refused by name, and leaves no version.
	if err := h.library("lib/b", "package b\n\nimport _ \"lib/a\"\n"); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), "lib/b imports lib/a imports lib/b") {
		t.Errorf("a circle: %v", err)
	}
	if s, err := h.Script(t.Context(), &slnet.GetScriptMessage{Name: "lib/b"}); err != nil || s.Script.Version != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	// Who may not execute a library cannot build with it.
	files[0].Content = strings.Replace(files[0].Content, `"lib/a"`, "\"lib/a\"\n\t_ \"lib/secret\"", 1)
	if _, err := h.DeployScript(t.Context(), chris, &slnet.DeployScriptMessage{Name: "s", Files: files}); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), `there is no library "lib/secret" that this script may use`) {
		t.Errorf("built with a library of others: %v", err)
	}
	// Scripts go on without libraries that were deleted.
	for _, name := range []string{"lib/a", "lib/b"} {
		if _, err := h.DeleteScript(t.Context(), ann, &slnet.DeleteScriptMessage{Name: name, Force: true}, anything); err != nil {
			t.Fatal(err)
		}
	}
	said("two")
}
