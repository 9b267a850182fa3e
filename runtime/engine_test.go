package runtime_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/scripttest"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// Secrets that the tests of the engine set. The first has characters that each
// form of a text writes in its own way.
const (
	apiKey = "sword\"fi<sh>&\\ä 42 and a bit"
	pem    = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
)

// pieces of the secrets that nobody may find afterwards.
var pieces = []string{"sword", "fi<sh>", "MIIBVg", "hkiG9w"}

func setSecret(t *testing.T, conn slnet.Connection, name, value string, scripts ...string) {
	t.Helper()
	daemontest.Send[*slnet.SecretResponse](t, conn, &slnet.SetSecretMessage{Name: name, Value: &value, Scripts: scripts, SetScripts: true})
}

// TestEngine tests on one daemon, with the script of testdata/engine interpreted and
// compiled.
func TestEngine(t *testing.T) {
	store := daemontest.MemoryStore(t)
	d := daemontest.StartOn(t, t.TempDir(), store)
	admin := d.Administrator()
	released := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			released <- struct{}{}
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Kind", "tea")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.Method, " ", r.Header.Get("Content-Type"), " ", string(body))
	}))
	t.Cleanup(server.Close)
	manifest := "grants: {network: [" + strings.TrimPrefix(server.URL, "http://") + "]}"
	source, err := os.ReadFile("testdata/engine/script.go")
	if err != nil {
		t.Fatal(err)
	}
	setSecret(t, admin, "Api-Key", apiKey, "engine*")
	setSecret(t, admin, "pem", pem, "ENGINE-*")
	setSecret(t, admin, "closed", "nobody reads it", "other")
	for name, deploy := range map[string]func(t *testing.T, name string){
		"engine-interpreted": func(t *testing.T, name string) {
			daemontest.Send[*slnet.ScriptResponse](t, admin, &slnet.DeployScriptMessage{
				Name: name, Files: []slnet.ScriptFile{{Name: "script.go", Content: string(source)}}, Manifest: manifest,
			})
		},
		"engine-compiled": func(t *testing.T, name string) {
			daemontest.DeployPluginAs(t, admin, name, scripttest.Build(t, "testdata/engine"), manifest)
		},
	} {
		t.Run(name, func(t *testing.T) {
			deploy(t, name)
			do := func(t *testing.T, what string) slnet.Run {
				t.Helper()
				return daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{
					ScriptName: name, Parameters: map[string]string{"do": what},
				}).Run
			}
			t.Run("secrets", func(t *testing.T) { secretsStayHidden(t, d, store, do) })
			t.Run("memory", func(t *testing.T) { memoryIsShared(t, d, name, do) })
			t.Run("http", func(t *testing.T) { requestsAreCarriedOut(t, d, name, server.URL, released, do) })
			t.Run("dry run", func(t *testing.T) { dryRunsLeaveNothing(t, admin, name, server.URL, do) })
			t.Run("run", func(t *testing.T) {
				run := do(t, "who")
				id := run.ID.String()
				if run.Output["who"] != "Administrator, Administrator, Administrator, "+name+", 1 0" || run.Output["id"] != id+" "+id {
					t.Errorf("output %v", run.Output)
				}
			})
		})
	}
	t.Run("audit", func(t *testing.T) { readsAreAudited(t, admin) })
}

// What a run has read of secrets is nowhere in what it leaves behind, whatever it
// does with them, but in the answers to nobody else.
func secretsStayHidden(t *testing.T, d *daemontest.Daemon, store kv.Store, do func(*testing.T, string) slnet.Run) {
	const mark = "[secret api-key]"
	said := do(t, "say")
	if said.ExitReason != "because "+mark || len(said.Errors) != 1 || said.Errors[0].Message != "added "+mark {
		t.Errorf("exit reason %q, errors %v", said.ExitReason, said.Errors)
	}
	if got := said.Output["output of "+mark]; got != "[secret pem]" {
		t.Errorf("output %q", said.Output)
	}
	log := logOf(t, d.Administrator(), said)
	// Each of six long lines has one whole secret, or one that was cut.
	for text, want := range map[string]int{mark: 3 + 6 + 3 + 1, "printed " + mark + " and": 1, "[secret pem]": 5, " after yyy": 3} {
		if n := strings.Count(log, text); n != want {
			t.Errorf("the log has %q %d times, want %d", text, n, want)
		}
	}
	died, panicked := do(t, "die"), do(t, "panic")
	for _, run := range []slnet.Run{died, panicked} {
		if run.State != slnet.RunFailed || len(run.Errors) != 1 || !strings.Contains(run.Errors[0].Message, mark) {
			t.Errorf("a run that panicked %s: %v", run.State, run.Errors)
		}
	}
	if run := do(t, "closed"); run.State != slnet.RunFailed || !strings.Contains(run.Errors[0].Message, "may not read a secret") {
		t.Errorf("a secret of another script: %s %v", run.State, run.Errors)
	}
	refuteSecrets(t, d, store)
}

// refuteSecrets searches log files, the store and the daemon's log for secrets.
func refuteSecrets(t *testing.T, d *daemontest.Daemon, store kv.Store) {
	t.Helper()
	search := func(where, text string) {
		for _, piece := range pieces {
			if strings.Contains(text, piece) {
				t.Errorf("%s has %q of a secret", where, piece)
			}
		}
	}
	err := filepath.WalkDir(d.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.HasSuffix(path, ".jsonl") {
			return err
		}
		b, err := os.ReadFile(path)
		search("the log "+entry.Name(), string(b))
		return err
	})
	if err != nil {
		t.Error(err)
	}
	search("the daemon's log", d.Log())
	err = store.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.Range{})
		defer it.Close()
		for it.Next() {
			search("the store", string(it.Key())+string(it.Value()))
		}
		return it.Err()
	})
	if err != nil {
		t.Error(err)
	}
}

func logOf(t *testing.T, conn slnet.Connection, run slnet.Run) string {
	t.Helper()
	var b strings.Builder
	for _, line := range daemontest.Send[*slnet.RunLogResponse](t, conn, &slnet.GetRunLogMessage{ID: run.ID}).Lines {
		b.WriteString(line.Text)
		if !line.Continued {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Each read of a secret is in the audit, with its name and count; of refused ones
// one record is enough, for their names can be made up.
func readsAreAudited(t *testing.T, admin slnet.Connection) {
	records := daemontest.Send[*slnet.AuditResponse](t, admin, &slnet.GetAuditMessage{}).Records
	got := make(map[string]int64)
	for _, r := range records {
		if r.Message == "GetSecretValueMessage" && len(r.Objects) == 1 {
			got[string(r.Outcome)+" "+r.Objects[0].ID] += r.Count
		}
	}
	if got["allowed api-key"] != 6 || got["allowed pem"] != 6 || got["refused closed"] != 2 {
		t.Errorf("the audit has %v", got)
	}
}

// Runs of a script share what it remembers, also at the same time, and it stays
// with a new version.
func memoryIsShared(t *testing.T, d *daemontest.Daemon, name string, do func(*testing.T, string) slnet.Run) {
	admin := d.Administrator()
	if run := do(t, "remember"); run.State != slnet.RunSucceeded || run.Output["keys"] != "[a c]" {
		t.Errorf("%s %v, keys %s", run.State, run.Errors, run.Output["keys"])
	}
	if name == "engine-interpreted" { // a thousand commits are enough once
		defer func() {
			if run := do(t, "fill"); run.State != slnet.RunSucceeded {
				t.Errorf("%s %v", run.State, run.Errors)
			}
		}()
	}
	var runs []slnet.Run
	for range 4 {
		runs = append(runs, daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{
			ScriptName: name, Parameters: map[string]string{"do": "count"}, Async: true,
		}).Run)
	}
	for _, run := range runs {
		if ended := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.GetRunMessage{ID: run.ID, Wait: true}).Run; ended.State != slnet.RunSucceeded {
			t.Errorf("%s %v", ended.State, ended.Errors)
		}
	}
	memory := daemontest.Send[*slnet.ScriptMemoryResponse](t, admin, &slnet.GetScriptMemoryMessage{Name: strings.ToUpper(name)})
	var got strings.Builder
	for _, entry := range memory.Entries {
		fmt.Fprintf(&got, "%s=%s ", entry.Key, entry.Value)
	}
	if got.String() != "a=1 c=3 count=4 " || memory.Next != "" {
		t.Errorf("it remembers %s", got.String())
	}
	ann := d.As(d.User("ann of " + name))
	for _, m := range []slnet.Message{&slnet.GetScriptMemoryMessage{Name: name}, &slnet.ClearScriptMemoryMessage{Name: name}} {
		if _, err := slnet.Send1(t.Context(), ann.SendSLNetMessages, m); !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("%s of somebody who may not edit the script: %v", m.MessageName(), err)
		}
	}
	daemontest.Send[*slnet.Empty](t, admin, &slnet.ClearScriptMemoryMessage{Name: name})
	if memory := daemontest.Send[*slnet.ScriptMemoryResponse](t, admin, &slnet.GetScriptMemoryMessage{Name: name}); len(memory.Entries) > 0 {
		t.Errorf("after clear: %+v", memory)
	}
}

func requestsAreCarriedOut(t *testing.T, d *daemontest.Daemon, name, url string, released <-chan struct{}, do func(*testing.T, string) slnet.Run) {
	if run := do(t, "get "+url); run.Output["response"] != "418 tea GET  " {
		t.Errorf("get: %v %v", run.Output, run.Errors)
	}
	if run := do(t, "post "+url); run.Output["response"] != "418 tea POST text/plain hello" {
		t.Errorf("post: %v %v", run.Output, run.Errors)
	}
	if run := do(t, "get https://example.com"); len(run.Errors) != 1 || !strings.Contains(run.Errors[0].Message, "is not granted the server example.com:443") {
		t.Errorf("a server that is not granted: %v", run.Errors)
	}
	run := daemontest.Send[*slnet.RunResponse](t, d.Administrator(), &slnet.ExecuteScriptMessage{
		ScriptName: name, Parameters: map[string]string{"do": "get " + url + "/slow"}, Timeout: 300 * time.Millisecond,
	}).Run
	if run.State != slnet.RunTimedOut {
		t.Errorf("a slow server: %s %v", run.State, run.Errors)
	}
	<-released // the request ended with the run
}

// A dry run has a memory that is thrown away, reads secrets, and sends no requests.
func dryRunsLeaveNothing(t *testing.T, admin slnet.Connection, name, url string, do func(*testing.T, string) slnet.Run) {
	daemontest.Send[*slnet.Empty](t, admin, &slnet.ClearScriptMemoryMessage{Name: name})
	if run := do(t, "keep"); run.State != slnet.RunSucceeded {
		t.Fatal(run.Errors)
	}
	run := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{
		ScriptName: name, DryRun: true, Parameters: map[string]string{"do": "rehearse " + url},
	}).Run
	if run.State != slnet.RunSucceeded || run.Output["memory"] != "text changed [kept new]" || run.Output["secret"] != "[secret api-key]" {
		t.Errorf("%s %v %v", run.State, run.Errors, run.Output)
	}
	if !strings.Contains(run.Output["http"], "a dry run sends no requests") {
		t.Errorf("the request came to %q", run.Output["http"])
	}
	memory := daemontest.Send[*slnet.ScriptMemoryResponse](t, admin, &slnet.GetScriptMemoryMessage{Name: name})
	if len(memory.Entries) != 1 || memory.Entries[0].Value != "text" {
		t.Errorf("it remembers %+v", memory.Entries)
	}
}

// The examples of the documentation pass the check of a deployment, and those
// whose output it shows have that output.
func TestDocumentedOutput(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	shown := 0
	for i, listing := range scripttest.Documented(t, "../docs/scripts.md") {
		if _, err := script.Check([]slnet.ScriptFile{{Name: "script.go", Content: listing.Source}}); err != nil {
			t.Errorf("%v\nin\n%s", err, listing.Source)
			continue
		}
		if len(listing.Output) == 0 {
			continue
		}
		shown++
		name := fmt.Sprint("example ", i)
		daemontest.Deploy(t, admin, name, listing.Source)
		run := daemontest.Execute(t, admin, name)
		var got []string
		for _, key := range slices.Sorted(maps.Keys(run.Output)) {
			got = append(got, key+"="+run.Output[key])
		}
		if run.State != slnet.RunSucceeded || !slices.Equal(got, listing.Output) {
			t.Errorf("%s %v with output %q, want %q, of\n%s", run.State, run.Errors, got, listing.Output, listing.Source)
		}
	}
	if shown < 4 {
		t.Errorf("the page shows the output of %d", shown)
	}
}

// Secrets are not read, memory not used and no request sent but by a run, and
// only who holds the permission sees and sets secrets, never their values.
func TestEngineIsForRuns(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	setSecret(t, admin, "key", apiKey, "*")
	for _, m := range []slnet.Message{
		&slnet.GetSecretValueMessage{Name: "key"}, &slnet.GetMemoryMessage{Key: "a"}, &slnet.SetMemoryMessage{Key: "a"},
		&slnet.DeleteMemoryMessage{Key: "a"}, &slnet.GetMemoryKeysMessage{}, &slnet.SendHTTPRequestMessage{URL: "http://127.0.0.1/"},
	} {
		if _, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, m); !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("%s outside of a run: %v", m.MessageName(), err)
		}
	}
	list := daemontest.Send[*slnet.SecretsResponse](t, admin, &slnet.GetSecretsMessage{})
	if b, err := json.Marshal(list); err != nil || len(list.Secrets) != 1 || strings.Contains(string(b), "sword") {
		t.Errorf("%s %v", b, err)
	}
	if info, err := os.Stat(filepath.Join(d.Dir, "secrets.key")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key: %v %v", info, err)
	}
}

// A secret in a typed result is replaced too, and the result stays JSON.
func TestSecretsInResults(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	setSecret(t, admin, "pin", "90210", "typed")
	setSecret(t, admin, "key", apiKey, "typed")
	daemontest.Deploy(t, admin, "typed", `package main

import (
	"context"
	"strconv"

	"domovoi.dev/sdk"
)

type Result struct {
	Text  string
	Lines []string
	Map   map[string]string
	Pin   int
	Other int
}

func Run(ctx context.Context, engine *sdk.Engine, p struct{}) (Result, error) {
	key, err := engine.Secret(ctx, "key")
	if err != nil {
		return Result{}, err
	}
	pin, err := engine.Secret(ctx, "pin")
	n, _ := strconv.Atoi(pin)
	return Result{"a " + key, []string{key}, map[string]string{key: key}, n, 7}, err
}
`)
	run := daemontest.Execute(t, admin, "typed")
	const want = `{"Lines":["[secret key]"],"Map":{"[secret key]":"[secret key]"},"Other":7,"Pin":"[secret pin]","Text":"a [secret key]"}`
	if string(run.Result) != want {
		t.Errorf("%s: %s %v, want %s", run.State, run.Result, run.Errors, want)
	}
}
