package client_test

import (
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// TestTLS: a client trusts whom it was told to, and says what is wrong with
// others.
func TestTLS(t *testing.T) {
	options := apitest.NewHouse().Options()
	options.Logger = slog.New(slog.DiscardHandler)
	server := httptest.NewUnstartedServer(api.New(options))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0) // of handshakes that are meant to fail
	server.StartTLS()
	defer server.Close()
	plain := httptest.NewServer(api.New(options))
	defer plain.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate()) // for example.com and 127.0.0.1
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")

	for _, test := range []struct {
		name    string
		options client.Options
		says    string // empty: it works
	}{
		{"trusted", client.Options{Address: server.URL, RootCAs: trusted}, ""},
		{"trusted under another name", client.Options{Address: server.URL, RootCAs: trusted, ServerName: "example.com"}, ""},
		{"authority of nobody", client.Options{Address: server.URL}, "not issued by an authority that is trusted here"},
		{"another name", client.Options{Address: "https://localhost:" + port, RootCAs: trusted}, "for another name"},
		{"no TLS there", client.Options{Address: strings.Replace(plain.URL, "http:", "https:", 1), RootCAs: trusted}, "does not speak TLS"},
		{"no TLS here", client.Options{Address: strings.Replace(server.URL, "https:", "http:", 1)}, "wants TLS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Token = apitest.Secret
			c, err := client.Dial(test.options)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{})
			if test.says == "" && err != nil {
				t.Errorf("got %v", err)
			} else if test.says != "" && (!errors.Is(err, slnet.KindUnavailable) || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want Unavailable that says %q", err, test.says)
			}
		})
	}
}
