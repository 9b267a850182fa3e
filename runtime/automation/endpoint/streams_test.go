package endpoint_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// filing is a script that attaches what it is sent and answers with attachments.
const filing = `package main

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error) {
	id, err := uuid.Parse(input.RouteValues["id"])
	if err != nil {
		return slnet.ApiTriggerOutput{}, err
	}
	name := input.RouteValues["name"]
	if input.Method == "GET" {
		output := slnet.ApiTriggerOutput{Attachment: &slnet.AttachmentName{ModuleID: "files", DomInstanceID: id, FileName: name}}
		if input.Query["created"] != nil {
			output.StatusCode = 201
		}
		if input.Query["both"] != nil {
			output.Body = []byte("too much")
		}
		return output, nil
	}
	body := input.StreamedBody
	if given := input.Query["body"]; given != nil {
		body = &slnet.StreamedBody{ID: uuid.MustParse(given[0])}
	}
	if input.Query["hang"] != nil {
		engine.GenerateInformation(ctx, "hangs")
		<-ctx.Done()
		return slnet.ApiTriggerOutput{}, ctx.Err()
	}
	output := slnet.ApiTriggerOutput{}
	if input.Query["leave"] == nil {
		if err := dom.NewDomHelper(engine.SendSLNetMessages, "files").DomInstances.Attachments().AddStreamed(ctx, dom.InstanceID(id), name, body); err != nil {
			e, _ := slnet.AsError(err)
			output.StatusCode = int64(e.Kind.HTTPStatus())
		}
	}
	output.Body, err = json.Marshal(input)
	return output, err
}
`

// archive is a daemon with the API of filing, for a token of ann.
type archive struct {
	*house
	helper     *dom.DomHelper
	definition slnet.ApiDefinition
	secret     string
	instance   *dom.Instance
}

const largest = 8 << 20 // bytes of an attachment of an archive

func openArchive(t *testing.T) *archive {
	t.Helper()
	d := daemontest.StartWith(t, func(o *runtime.Options) { o.MaxAttachment = largest })
	a := &archive{house: &house{d, t, d.Administrator(), "http://" + d.Listen() + "/api/custom/"}}
	a.User("ann")
	daemontest.Deploy(t, a.admin, "filing", filing)
	a.definition = a.define(slnet.ApiDefinition{Name: "files", Route: "files/{id}/{name}", Methods: []string{"GET", "PUT"}, Script: "filing", StreamBody: true})
	a.secret = a.token("ann", "ann", a.definition.ID).Secret
	a.helper = dom.NewDomHelper(a.admin.SendSLNetMessages, "files")
	if _, err := dom.NewModuleSettingsHelper(a.admin.SendSLNetMessages).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: "files"}); err != nil {
		t.Fatal(err)
	}
	definition, err := a.helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("File"))
	if err != nil {
		t.Fatal(err)
	}
	a.instance, err = a.helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *archive) in(t *testing.T) *archive {
	inner := *a
	inner.house = a.house.in(t)
	return &inner
}

func (a *archive) route(name string) string { return "files/" + a.instance.ID.String() + "/" + name }

// files counts the files of attachments.
func (a *archive) files() (count int) {
	a.t.Helper()
	err := filepath.WalkDir(filepath.Join(a.Dir, "attachments"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			count++
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		a.t.Fatal(err)
	}
	return count
}

func (a *archive) has(name, want string) {
	a.t.Helper()
	got, err := a.helper.DomInstances.Attachments().Get(a.t.Context(), a.instance.ID, name)
	if err != nil || string(got) != want {
		a.t.Errorf("the attachment %q has %d bytes (%v), want %d", name, len(got), err, len(want))
	}
}

// TestStreamedBodies: a body goes to the files of attachments, and the run it
// starts can attach it, with the rights and bounds of any attachment. What is not
// attached is gone with the run.
func TestStreamedBodies(t *testing.T) {
	a := openArchive(t)
	t.Run("attached", func(t *testing.T) {
		a := a.in(t)
		got := a.ask(a.secret, "PUT", a.route("f.txt"), "some text")
		var seen slnet.ApiTriggerInput
		if err := json.Unmarshal([]byte(got.body), &seen); err != nil || got.StatusCode != 200 || seen.StreamedBody == nil || len(seen.Body) > 0 {
			t.Fatalf("got %d %s (%v)", got.StatusCode, got.body, err)
		}
		sum := sha256.Sum256([]byte("some text"))
		if s := seen.StreamedBody; s.Size != 9 || s.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("got %+v", s)
		}
		a.has("f.txt", "some text")
		if run := a.run(got); run.Trigger.Request.StreamedBody == nil || *run.Trigger.Request.StreamedBody != *seen.StreamedBody {
			t.Errorf("the run says %+v", run.Trigger.Request)
		}
		// Afterwards, and in another run, it is nobody's.
		if again := a.ask(a.secret, "PUT", a.route("g.txt")+"?body="+seen.StreamedBody.ID.String(), "other"); again.StatusCode != 404 {
			t.Errorf("got %d %s", again.StatusCode, again.body)
		}
		err := a.helper.DomInstances.Attachments().AddStreamed(t.Context(), a.instance.ID, "g.txt", seen.StreamedBody)
		if k, _ := slnet.AsError(err); err == nil || k.Kind != slnet.KindNotFound {
			t.Errorf("somebody who is no run: %v", err)
		}
		if a.files() != 1 {
			t.Errorf("there are %d files", a.files())
		}
	})
	t.Run("another run meanwhile", func(t *testing.T) {
		a := a.in(t)
		stream, err := a.admin.Subscribe(t.Context(), slnet.Subscription{Events: []string{"InformationEventMessage"}})
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		sent := a.dial("?hang=1", 4, "body")
		defer sent.Close()
		if _, err := stream.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		runs := daemontest.Send[*slnet.RunsResponse](t, a.admin, &slnet.GetRunsMessage{Filter: slnet.RunFilter{State: slnet.RunRunning}})
		if len(runs.Runs) != 1 || a.files() != 2 {
			t.Fatalf("there are %d runs and %d files", len(runs.Runs), a.files())
		}
		body := runs.Runs[0].Trigger.Request.StreamedBody
		if got := a.ask(a.secret, "PUT", a.route("g.txt")+"?body="+body.ID.String(), "other"); got.StatusCode != 404 {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
		sent.Close() // the caller goes away
		a.settles(1)
	})
	t.Run("left", func(t *testing.T) {
		a := a.in(t)
		if got := a.ask(a.secret, "PUT", a.route("g.txt")+"?leave=1", "nobody wants this"); got.StatusCode != 200 {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
		a.settles(1)
	})
	t.Run("a caller that goes away in the middle", func(t *testing.T) {
		a := a.in(t)
		conn := a.dial("", 1000, "only a part")
		a.settles(2) // it is being written
		conn.Close()
		a.settles(1)
	})
	t.Run("sent again", func(t *testing.T) {
		a := a.in(t)
		first := a.ask(a.secret, "PUT", a.route("f.txt"), "some text", "Idempotency-Key", "k")
		if again := a.ask(a.secret, "PUT", a.route("f.txt"), "some text", "Idempotency-Key", "k"); again.body != first.body || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("got %d %s, want %s", again.StatusCode, again.body, first.body)
		}
		a.fails(a.ask(a.secret, "PUT", a.route("f.txt"), "other text", "Idempotency-Key", "k"), 422, 2004)
		a.settles(1)
	})
	t.Run("too large", func(t *testing.T) {
		a := a.in(t)
		a.fails(a.ask(a.secret, "PUT", a.route("g.txt"), strings.Repeat("x", largest+1)), 413, 1009)
		r, _ := http.NewRequestWithContext(t.Context(), "PUT", a.url+a.route("g.txt"), io.LimitReader(endless{}, largest+1)) // of no known length
		r.Header.Set("Authorization", "Bearer "+a.secret)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(response.Body)
		response.Body.Close()
		a.fails(answer{response, string(b)}, 413, 1009)
		a.settles(1)
	})
	t.Run("a name that is a path, an instance that does not exist", func(t *testing.T) {
		a := a.in(t)
		if got := a.ask(a.secret, "PUT", a.route(strings.Repeat("n", 256)), "x"); got.StatusCode != 400 {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
		if got := a.ask(a.secret, "PUT", "files/"+uuid.NewString()+"/n", "x"); got.StatusCode != 404 {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
		a.settles(1)
	})
	t.Run("without rights", func(t *testing.T) {
		a := a.in(t)
		a.guard()
		if got := a.ask(a.secret, "PUT", a.route("h.txt"), "x"); got.StatusCode != 403 {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
		a.settles(1)
	})
	t.Run("definitions", func(t *testing.T) {
		a := a.in(t)
		daemontest.Deploy(t, a.admin, "say", say)
		d := a.definition
		for _, change := range []func(d *slnet.ApiDefinition){
			func(d *slnet.ApiDefinition) { d.MaxBody = largest + 1 },
			func(d *slnet.ApiDefinition) { d.EntryPoint, d.Script = slnet.EntryPointRun, "say" },
		} {
			wrong := d
			change(&wrong)
			_, err := a.admin.SendSLNetMessages(t.Context(), &slnet.UpdateApiDefinitionMessage{Definition: wrong})
			if known, _ := slnet.AsError(err); err == nil || known.Kind != slnet.KindInvalid {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
	})
}

// dial begins a request with a body of so many bytes and sends the first of them.
func (a *archive) dial(query string, length int, begin string) net.Conn {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.Listen())
	if err != nil {
		a.t.Fatal(err)
	}
	fmt.Fprintf(conn, "PUT /api/custom/%s%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		a.route("g.txt"), query, a.secret, length, begin)
	return conn
}

// settles waits until there are so many files of attachments.
func (a *archive) settles(want int) {
	a.t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	began := time.Now()
	for got := a.files(); got != want; got = a.files() {
		if <-ticker.C; time.Since(began) > 20*time.Second {
			a.t.Fatalf("there are %d files, want %d", got, want)
		}
	}
}

// guard takes a permission for reading and writing instances that ann lacks.
func (a *archive) guard() {
	a.t.Helper()
	helper := dom.NewModuleSettingsHelper(a.admin.SendSLNetMessages)
	settings, err := helper.ModuleSettings.Read(a.t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal("files"))
	if err != nil || len(settings) != 1 {
		a.t.Fatalf("got %d settings (%v)", len(settings), err)
	}
	rules := &settings[0].DomManagerSettings.SecuritySettings
	rules.ViewPermissions, rules.CreateAndUpdateDomInstancePermission = dom.PermissionModuleSettingsConfiguration, dom.PermissionModuleSettingsConfiguration
	if _, err := helper.ModuleSettings.Update(a.t.Context(), settings[0]); err != nil {
		a.t.Fatal(err)
	}
	daemontest.Send[*slnet.Empty](a.t, a.admin, &dom.ReinitializeManagerMessage{ModuleID: "files"})
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestAttachmentsAsAnswers: an attachment is sent as the body, whole or in parts,
// as long as the run may read it.
func TestAttachmentsAsAnswers(t *testing.T) {
	a := openArchive(t)
	attach := func(content string) {
		t.Helper()
		if err := a.helper.DomInstances.Attachments().Add(t.Context(), a.instance.ID, "f.bin", []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	attach("0123456789")
	sum := sha256.Sum256([]byte("0123456789"))
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	for _, c := range []struct {
		query   string
		headers []string
		status  int
		body    string
	}{
		{"", nil, 200, "0123456789"},
		{"", []string{"Range", "bytes=2-4"}, 206, "234"},
		{"", []string{"Range", "bytes=-3"}, 206, "789"},
		{"", []string{"Range", "bytes=2-4", "If-Range", `"other"`}, 200, "0123456789"},
		{"", []string{"If-None-Match", tag}, 304, ""},
		{"?created=1", []string{"Range", "bytes=2-4"}, 201, "0123456789"},
	} {
		got := a.ask(a.secret, "GET", a.route("f.bin")+c.query, "", c.headers...)
		if got.StatusCode != c.status || got.body != c.body || got.Header.Get("ETag") != tag || got.Header.Get("Domovoi-Run") == "" {
			t.Errorf("%q %q: got %d %q %v", c.query, c.headers, got.StatusCode, got.body, got.Header)
		}
		if disposition := got.Header.Get("Content-Disposition"); c.status != 304 &&
			(got.Header.Get("Content-Type") != "application/octet-stream" || disposition != "attachment; filename=f.bin") {
			t.Errorf("got %q, %q", got.Header.Get("Content-Type"), disposition)
		}
	}
	if got := a.ask(a.secret, "GET", a.route("f.bin"), "", "Range", "bytes=20-30"); got.StatusCode != 416 {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	a.fails(a.ask(a.secret, "GET", a.route("f.bin")+"?both=1", ""), 500, 13)
	missing := a.fails(a.ask(a.secret, "GET", a.route("g.bin"), ""), 500, 13).Detail

	// The answer to a request that comes again is that of the first time, or none.
	again := func() answer { return a.ask(a.secret, "GET", a.route("f.bin"), "", "Idempotency-Key", "k") }
	again()
	if got := again(); got.body != "0123456789" || got.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %q", got.StatusCode, got.body)
	}
	attach("9876543210")
	a.fails(again(), 409, 2005)
	attach("0123456789")
	if got := again(); got.body != "0123456789" {
		t.Errorf("got %d %q", got.StatusCode, got.body)
	}

	// Who may not read it learns nothing of it.
	a.guard()
	got := a.ask(a.secret, "GET", a.route("f.bin"), "")
	refused := a.fails(got, 500, 13).Detail
	if run := a.run(answer{&http.Response{Header: http.Header{"Domovoi-Run": {strings.Fields(refused)[1]}}}, ""}); run.State != slnet.RunSucceeded {
		t.Errorf("the run is %s", run.State)
	}
	if after := func(s string) string { return strings.Join(strings.Fields(s)[2:], " ") }; after(missing) != after(refused) {
		t.Errorf("got %q and %q", missing, refused)
	}
	a.fails(again(), 409, 2005)
	audited := daemontest.Send[*slnet.AuditResponse](t, a.admin, &slnet.GetAuditMessage{Message: "AttachmentGetRequest"})
	if len(audited.Records) == 0 || audited.Records[0].Outcome != slnet.AuditRefused || audited.Records[0].User != "ann" {
		t.Errorf("the audit has %+v", audited.Records)
	}
}

// TestStreamsAreNotInMemory: what goes through the daemon takes a fraction of its
// size.
func TestStreamsAreNotInMemory(t *testing.T) {
	a := openArchive(t)
	a.ask(a.secret, "PUT", a.route("warm"), "x")
	a.ask(a.secret, "GET", a.route("warm"), "")
	allocated := func(method string, body io.Reader) int64 {
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		r, err := http.NewRequestWithContext(t.Context(), method, a.url+a.route("large"), body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+a.secret)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if n, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 || method == "GET" && n != largest {
			t.Fatalf("%s: got %d, %d bytes, %v", method, response.StatusCode, n, err)
		}
		goruntime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	up, down := allocated("PUT", io.LimitReader(endless{}, largest)), allocated("GET", nil)
	if up > largest/2 || down > largest/2 {
		t.Errorf("%d bytes were allocated for a body of %d, and %d to send it", up, largest, down)
	}
}
