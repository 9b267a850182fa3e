package api_test

import (
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
)

const (
	whoAmI      = `[{"type":"WhoAmIMessage"}]`
	cookieLogin = `{"User":"ann","Password":"` + apitest.Password + `","Cookie":true}`
)

// TestLoginWithACookie: the page gets no secret, and its browser a cookie that
// nobody else gets.
func TestLoginWithACookie(t *testing.T) {
	for _, test := range []struct{ url, name, attributes string }{
		{"http://domovoi.example.com/login", "domovoi", "; Path=/; HttpOnly; SameSite=Strict"},
		{"https://domovoi.example.com/login", "__Host-domovoi", "; Path=/; HttpOnly; Secure; SameSite=Strict"},
	} {
		response := answer(api.New(full()), "POST", test.url, cookieLogin, "Content-Type", jsonType)
		body := string(bodyOf(t, response))
		if want := `{"Token":{"Id":"00000000-0000-0000-0000-000000000000","User":"ann"}}`; response.StatusCode != 200 || body != want {
			t.Errorf("%s: got %d %s, want %s", test.url, response.StatusCode, body, want)
		}
		want := []string{test.name + "=" + apitest.Secret + test.attributes}
		if got := response.Header["Set-Cookie"]; len(got) != 1 || got[0] != want[0] {
			t.Errorf("%s:\ngot  %q\nwant %q", test.url, got, want)
		}
	}
}

// TestCookieSession is a visit of a browser: log in, ask, listen, log out.
func TestCookieSession(t *testing.T) {
	house, server := serve(t, nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	post := func(path, body string) *http.Response {
		t.Helper()
		response, err := browser.Post(server.URL+path, jsonType, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	if got := post("/slnet", whoAmI).StatusCode; got != 401 {
		t.Errorf("before the login: got %d, want 401", got)
	}
	post("/login", cookieLogin)
	if got := post("/slnet", whoAmI).StatusCode; got != 200 {
		t.Errorf("after the login: got %d, want 200", got)
	}
	response, err := browser.Get(server.URL + "/slnet/events")
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("events: got %v, %v", response, err)
	}
	house.Commit(info("to the browser"))
	b := make([]byte, 1024)
	for text := ""; !strings.Contains(text, "to the browser"); {
		n, err := response.Body.Read(b)
		text += string(b[:n])
		if err != nil {
			t.Fatalf("the stream ended behind %q: %v", text, err)
		}
	}
	response.Body.Close()

	old := jar.Cookies(response.Request.URL)
	if got := post("/logout", "{}"); got.StatusCode != 200 {
		t.Errorf("logout: got %d, want 200", got.StatusCode)
	}
	if left := jar.Cookies(response.Request.URL); len(left) != 0 {
		t.Errorf("the browser keeps %v", left)
	}
	jar.SetCookies(response.Request.URL, old)
	if got := post("/slnet", whoAmI).StatusCode; got != 401 {
		t.Errorf("the cookie after the logout: got %d, want 401", got)
	}
}

// TestCookieNeedsItsOwnOrigin: what a browser sends with the cookie for a page
// of somebody else is refused; a token is not sent without being asked, and
// needs no such care.
func TestCookieNeedsItsOwnOrigin(t *testing.T) {
	const cookie, bearer = "domovoi=" + apitest.Secret, "Bearer " + apitest.Secret
	handler := api.New(full())
	for _, test := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"same origin", "POST", "/slnet", whoAmI, []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin"}, 200},
		{"same origin by Origin", "POST", "/slnet", whoAmI, []string{"Cookie", cookie, "Origin", "http://example.com"}, 200},
		{"no browser", "POST", "/slnet", whoAmI, []string{"Cookie", cookie}, 200},
		{"another site", "POST", "/slnet", whoAmI, []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 403},
		{"another origin of the site", "POST", "/slnet", whoAmI, []string{"Cookie", cookie, "Sec-Fetch-Site", "same-site"}, 403},
		{"another port, old browser", "POST", "/slnet", whoAmI, []string{"Cookie", cookie, "Origin", "http://example.com:81"}, 403},
		{"no origin at all", "POST", "/slnet", whoAmI, []string{"Cookie", cookie, "Origin", "null"}, 403},
		{"listening from elsewhere", "GET", "/slnet/events", "", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 403},
		{"logout from elsewhere", "POST", "/logout", "{}", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 403},
		{"login from elsewhere", "POST", "/login", cookieLogin, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"token from elsewhere", "POST", "/slnet", whoAmI, []string{"Authorization", bearer, "Sec-Fetch-Site", "cross-site"}, 200},
		{"wrong token beside the cookie", "POST", "/slnet", whoAmI, []string{"Authorization", "Bearer x", "Cookie", cookie}, 401},
		{"two cookies", "POST", "/slnet", whoAmI, []string{"Cookie", cookie + "; domovoi=planted"}, 401},
		{"cookie of TLS without it", "POST", "/slnet", whoAmI, []string{"Cookie", "__Host-" + cookie}, 401},
		{"malformed cookie", "POST", "/slnet", whoAmI, []string{"Cookie", "domovoi="}, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			response := answer(handler, test.method, test.path, test.body, append(test.headers, "Content-Type", jsonType)...)
			if response.StatusCode != test.status {
				t.Errorf("got %d %s, want %d", response.StatusCode, bodyOf(t, response), test.status)
			}
		})
	}
	// A form needs no leave of ours to be sent from elsewhere, so none is taken.
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
		for _, path := range []string{"/slnet", "/logout", "/login"} {
			if response := answer(handler, "POST", path, "{}", "Cookie", cookie, "Content-Type", contentType); response.StatusCode != 415 {
				t.Errorf("%s with the type %q: got %d, want 415", path, contentType, response.StatusCode)
			}
		}
	}
}
