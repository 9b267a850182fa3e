package console_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"domovoi.dev/console"
)

func get(t *testing.T, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	console.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var asset = regexp.MustCompile(`/console/assets/[^"]+\.(?:js|css)`)

// TestEveryAddressOfThePageIsThePage: links into the console can be opened.
func TestEveryAddressOfThePageIsThePage(t *testing.T) {
	for _, path := range []string{"/", "/console/", "/console/modules/people", "/console/instances/(slc)x/a%20b"} {
		r := get(t, path)
		if text := body(t, r.Body); r.StatusCode != 200 || !strings.Contains(text, `<div id="app">`) {
			t.Errorf("%s: got %d %q, want the page", path, r.StatusCode, text)
		}
		if got := r.Header.Get("Cache-Control"); got != "" {
			t.Errorf("%s: Cache-Control is %q; the page must be asked for again", path, got)
		}
	}
}

// TestFilesAreKeptAndCompressed: a file whose name has its hash is kept for ever,
// and travels compressed.
func TestFilesAreKeptAndCompressed(t *testing.T) {
	files := asset.FindAllString(body(t, get(t, "/console/").Body), -1)
	if len(files) < 2 {
		t.Fatalf("the page names the files %q, want a program and a style sheet", files)
	}
	total := 0
	for _, file := range files {
		plain := body(t, get(t, file).Body)
		for coding, want := range map[string]string{"gzip, deflate, br": "gzip", "": "", "gzip;q=0, br": "", "br": ""} {
			r := get(t, file, "Accept-Encoding", coding)
			if got := r.Header.Get("Content-Encoding"); got != want {
				t.Errorf("%s, asked with %q: Content-Encoding is %q, want %q", file, coding, got, want)
			}
			if !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s is not kept", file)
			}
			if want == "" {
				continue
			}
			total += int(r.ContentLength)
			unpacked, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if body(t, unpacked) != plain {
				t.Errorf("%s: compressed it is another file", file)
			}
		}
	}
	if total == 0 || total > 100<<10 {
		t.Errorf("the first page takes %d bytes, want at most 100 KiB", total)
	}
	if r := get(t, "/console/assets/older-12345678.js"); r.StatusCode != 404 {
		t.Errorf("a file of another version: got %d, want 404", r.StatusCode)
	}
}

func TestAskingAgainTransfersNothing(t *testing.T) {
	tag := get(t, "/console/").Header.Get("ETag")
	if r := get(t, "/console/", "If-None-Match", tag); r.StatusCode != 304 || body(t, r.Body) != "" {
		t.Errorf("got %d, want 304 without a body", r.StatusCode)
	}
}

// TestNothingInThePageNeedsAnException: the Content-Security-Policy has none.
func TestNothingInThePageNeedsAnException(t *testing.T) {
	text := body(t, get(t, "/console/").Body)
	for _, bad := range []string{"<style", " style=", "<script>", "onclick=", "http:", "https:"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q: %s", bad, text)
		}
	}
}
