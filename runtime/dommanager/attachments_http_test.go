package dommanager_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// cabinet is an instance whose attachments are reached over HTTP.
type cabinet struct {
	*daemontest.Daemon
	helper   *dom.DomHelper
	instance *dom.Instance
	base     string // of the files of the instance
	token    string
}

const cabinetLimit = 8 << 20

func openCabinet(t *testing.T) *cabinet {
	t.Helper()
	d := daemontest.StartWith(t, func(o *runtime.Options) { o.MaxAttachment = cabinetLimit })
	helper, instance := newInstanceFor(t, d.Administrator())
	base := "http://" + d.Listen() + "/attachments/" + helper.ModuleID + "/" + instance.ID.String() + "/"
	return &cabinet{d, helper, instance, base, d.Token()}
}

// do sends a request with pairs of headers and returns the answer with its body.
func (c *cabinet) do(t *testing.T, method, url string, body io.Reader, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return response, got
}

func wantStatus(t *testing.T, response *http.Response, body []byte, status int) {
	t.Helper()
	if response.StatusCode != status {
		t.Fatalf("%s %s: got %s %.300s, want %d", response.Request.Method, response.Request.URL.Path, response.Status, body, status)
	}
}

// wantRefusal checks the status and the form that all errors have.
func wantRefusal(t *testing.T, response *http.Response, body []byte, status int) {
	t.Helper()
	wantStatus(t, response, body, status)
	var reply struct {
		Error struct{ Kind, Message string } `json:"error"`
	}
	if err := json.Unmarshal(body, &reply); err != nil || reply.Error.Kind == "" || reply.Error.Message == "" {
		t.Errorf("%d is answered with %.200q, want an error in JSON (%v)", status, body, err)
	}
	if got := response.Header.Get("Content-Disposition"); got != "" {
		t.Errorf("%d has Content-Disposition %q; a client would save the error under it", status, got)
	}
}

func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func TestAttachmentsOverHTTP(t *testing.T) {
	c := openCabinet(t)
	put := func(t *testing.T, name string, content []byte, status int) {
		t.Helper()
		response, body := c.do(t, http.MethodPut, c.base+name, bytes.NewReader(content))
		wantStatus(t, response, body, status)
		if got := response.Header.Get("ETag"); got != etag(content) {
			t.Errorf("PUT %s: the ETag is %q, want %q", name, got, etag(content))
		}
	}

	t.Run("what was put is what messages read, and the other way", func(t *testing.T) {
		put(t, "Offer.pdf", []byte("first"), http.StatusCreated)
		put(t, "offer.pdf", []byte("second"), http.StatusNoContent)
		wantAttachment(t, c.helper, c.instance.ID, "OFFER.PDF", []byte("second"))
		attach(t, c.helper, c.instance.ID, "by-message", []byte("third"))
		response, body := c.do(t, http.MethodGet, c.base+"by-message", nil)
		wantStatus(t, response, body, http.StatusOK)
		if string(body) != "third" {
			t.Errorf("got %q", body)
		}
		put(t, "empty", nil, http.StatusCreated)
		wantAttachment(t, c.helper, c.instance.ID, "empty", nil)
	})

	t.Run("a browser saves a file and never shows it", func(t *testing.T) {
		put(t, "page.html", []byte("<script>alert(1)</script>"), http.StatusCreated)
		response, body := c.do(t, http.MethodGet, c.base+"page.html", nil)
		wantStatus(t, response, body, http.StatusOK)
		for name, want := range map[string]string{
			"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache",
			"Content-Disposition": `attachment; filename=page.html`, "Cross-Origin-Resource-Policy": "same-origin", "Accept-Ranges": "bytes",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
			t.Errorf("the policy is %q", got)
		}
	})

	t.Run("parts and conditions", func(t *testing.T) {
		content := []byte("0123456789")
		put(t, "digits", content, http.StatusCreated)
		for _, test := range []struct {
			name, method string
			headers      []string
			status       int
			body, ranged string
		}{
			{"the middle", "GET", []string{"Range", "bytes=2-4"}, 206, "234", "bytes 2-4/10"},
			{"the end", "GET", []string{"Range", "bytes=-3"}, 206, "789", "bytes 7-9/10"},
			{"from", "GET", []string{"Range", "bytes=8-"}, 206, "89", "bytes 8-9/10"},
			{"still the same", "GET", []string{"Range", "bytes=8-", "If-Range", etag(content)}, 206, "89", "bytes 8-9/10"},
			{"no longer the same", "GET", []string{"Range", "bytes=8-", "If-Range", etag(nil)}, 200, "0123456789", ""},
			{"known", "GET", []string{"If-None-Match", etag(content)}, 304, "", ""},
			{"not known", "GET", []string{"If-None-Match", etag(nil)}, 200, "0123456789", ""},
			{"only the head", "HEAD", nil, 200, "", ""},
		} {
			response, body := c.do(t, test.method, c.base+"digits", nil, test.headers...)
			if response.StatusCode != test.status || string(body) != test.body || response.Header.Get("Content-Range") != test.ranged || response.Header.Get("ETag") != etag(content) {
				t.Errorf("%s: got %s %q %v", test.name, response.Status, body, response.Header)
			}
			if test.method == "HEAD" && response.ContentLength != 10 {
				t.Errorf("HEAD says %d bytes, want 10", response.ContentLength)
			}
		}
		response, body := c.do(t, "GET", c.base+"digits", nil, "Range", "bytes=10-")
		wantRefusal(t, response, body, http.StatusRequestedRangeNotSatisfiable)
		if got := response.Header.Get("Content-Range"); got != "bytes */10" {
			t.Errorf("beyond the end: Content-Range is %q, want bytes */10", got)
		}
		response, body = c.do(t, "GET", c.base+"digits", nil, "If-Match", etag(nil))
		wantRefusal(t, response, body, http.StatusPreconditionFailed)
	})

	t.Run("names", func(t *testing.T) {
		for i, name := range []string{"a b.txt", "100%.txt", "(ä) 'x' & y+z=1;2.txt", `quote".txt`, "?#.txt", "..."} {
			content := fmt.Append(nil, "content ", i)
			put(t, url.PathEscape(name), content, http.StatusCreated)
			wantAttachment(t, c.helper, c.instance.ID, name, content)
			// Some clients escape everything.
			response, body := c.do(t, "GET", c.base+fmt.Sprintf("%%%x", name[0])+url.PathEscape(name[1:]), nil)
			wantStatus(t, response, body, http.StatusOK)
		}
		for _, path := range []string{"", "a/b", "a%2fb", "%2e%2e", "a%5cb", "a%00b", strings.Repeat("x", 256), "digits?x=1"} {
			for _, method := range []string{"GET", "PUT"} {
				response, body := c.do(t, method, c.base+path, nil)
				if status := response.StatusCode; status != 404 && status != 400 {
					t.Errorf("%s %q: got %s %s, want 404 or 400", method, path, response.Status, body)
				}
			}
		}
	})

	t.Run("what is not there, and what is not done", func(t *testing.T) {
		nowhere := strings.Replace(c.base, c.instance.ID.String(), dom.NewInstanceID().String(), 1)
		for _, test := range []struct {
			method, url string
			status      int
			headers     []string
		}{
			{"GET", c.base + "nothing", 404, nil},
			{"GET", nowhere + "x", 404, nil},
			{"PUT", nowhere + "x", 404, nil},
			{"GET", strings.Replace(c.base, c.instance.ID.String(), "some-id", 1) + "x", 400, nil},
			{"PUT", strings.Replace(c.base, c.helper.ModuleID, "no_module", 1) + "x", 404, nil},
			{"POST", c.base + "x", 405, nil},
			{"DELETE", c.base + "x", 405, nil},
			{"PUT", c.base + "x", 415, []string{"Content-Encoding", "gzip"}},
			{"PUT", c.base + "x", 400, []string{"If-None-Match", "*"}},
			{"PUT", c.base + "x", 400, []string{"Content-Range", "bytes 0-1/2"}},
		} {
			response, body := c.do(t, test.method, test.url, nil, test.headers...)
			wantRefusal(t, response, body, test.status)
		}
	})

	t.Run("rights are those of the messages", func(t *testing.T) {
		put(t, "secret", []byte("secret"), http.StatusCreated)
		changeSettings(t, c.Administrator(), c.helper.ModuleID, func(s *dom.DomManagerSettings) {
			s.SecuritySettings.ViewPermissions = dom.PermissionModuleSettingsConfiguration
			s.SecuritySettings.CreateAndUpdateDomInstancePermission = dom.PermissionModuleSettingsConfiguration
		})
		reader := *c
		reader.token = daemontest.Send[*slnet.CreateTokenResponse](t, c.Administrator(), &slnet.CreateTokenMessage{User: "Administrator", Scope: &slnet.TokenScope{ReadOnly: true}}).Secret
		response, body := reader.do(t, "GET", c.base+"secret", nil)
		wantStatus(t, response, body, http.StatusOK)
		response, body = reader.do(t, "PUT", c.base+"secret", nil)
		wantRefusal(t, response, body, http.StatusForbidden)
		stranger := *c
		stranger.token = ""
		outsider := *c
		outsider.token = c.User("eve")
		for _, method := range []string{"GET", "PUT", "HEAD"} {
			response, body := stranger.do(t, method, c.base+"secret", nil)
			wantStatus(t, response, body, http.StatusUnauthorized)
			response, body = outsider.do(t, method, c.base+"secret", nil)
			wantStatus(t, response, body, http.StatusForbidden)
		}
		wantAttachment(t, c.helper, c.instance.ID, "secret", []byte("secret"))
		refused := make(map[string]bool)
		for _, record := range daemontest.Send[*slnet.AuditResponse](t, c.Administrator(), &slnet.GetAuditMessage{User: "eve"}).Records {
			refused[record.Message] = refused[record.Message] || record.Outcome == slnet.AuditRefused
		}
		if !refused["AttachmentGetRequest"] || !refused["AttachmentAddRequest"] {
			t.Errorf("the audit has %v, want both requests as refused", refused)
		}
	})

	t.Run("ATT-06 the limit", func(t *testing.T) {
		before := len(attachmentFiles(t, c.Dir))
		large := bytes.Repeat([]byte{7}, cabinetLimit+1)
		response, body := c.do(t, "PUT", c.base+"large", bytes.NewReader(large))
		wantRefusal(t, response, body, http.StatusRequestEntityTooLarge)
		response, body = c.do(t, "PUT", c.base+"large", io.MultiReader(bytes.NewReader(large))) // of unknown size
		wantRefusal(t, response, body, http.StatusRequestEntityTooLarge)
		if after := len(attachmentFiles(t, c.Dir)); after != before {
			t.Errorf("%d files before what was refused, %d after", before, after)
		}
		response, body = c.do(t, "PUT", c.base+"large", io.MultiReader(bytes.NewReader(large[1:])))
		wantStatus(t, response, body, http.StatusCreated)
		wantAttachment(t, c.helper, c.instance.ID, "large", large[1:])
	})

	t.Run("what breaks off is not attached", func(t *testing.T) {
		before := len(attachmentFiles(t, c.Dir))
		r, _ := http.NewRequestWithContext(t.Context(), "PUT", c.base+"half", io.MultiReader(strings.NewReader("half"), broken{}))
		r.Header.Set("Authorization", "Bearer "+c.token)
		if response, err := http.DefaultClient.Do(r); err == nil {
			t.Errorf("got %s for half a file", response.Status)
		}
		for deadline := time.Now().Add(10 * time.Second); len(attachmentFiles(t, c.Dir)) != before; goruntime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatalf("%d files before, %d after", before, len(attachmentFiles(t, c.Dir)))
			}
		}
		response, body := c.do(t, "GET", c.base+"half", nil)
		wantStatus(t, response, body, http.StatusNotFound)
	})

	t.Run("no file is ever in memory", func(t *testing.T) {
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		response, body := c.do(t, "PUT", c.base+"zeros", io.LimitReader(zeros{}, cabinetLimit))
		wantStatus(t, response, body, http.StatusCreated)
		r, _ := http.NewRequestWithContext(t.Context(), "GET", c.base+"zeros", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if n, err := io.Copy(io.Discard, response.Body); n != cabinetLimit || err != nil {
			t.Errorf("got %d bytes, %v, want %d", n, err, cabinetLimit)
		}
		goruntime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > cabinetLimit/2 {
			t.Errorf("%d KiB were allocated for a file of %d KiB up and down", grown>>10, cabinetLimit>>10)
		}
	})
}

// broken is a source that fails.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
