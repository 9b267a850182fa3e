package api_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk/slnet"
)

// certify makes a certificate of a host that signs itself, and its key, in PEM.
func certify(t *testing.T, host string, serial int64) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, crypto.PublicKey(private.Public()), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: pkcs8})
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shown is the serial number of the certificate that a client is shown who asks
// for a name.
func shown(t *testing.T, config *tls.Config, name string) (int64, error) {
	t.Helper()
	certificate, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: name, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, SupportedVersions: []uint16{tls.VersionTLS13}})
	if err != nil {
		return 0, err
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf.SerialNumber.Int64(), nil
}

// TestCertificatesAreTakenUpAsTheyChange: a new pair of files is in use within
// a second or so; while it does not fit, the old one stays and the log says so,
// once.
func TestCertificatesAreTakenUpAsTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		certificate, key := certify(t, "example.com", 1)
		write(t, certFile, certificate)
		write(t, keyFile, key)
		var log bytes.Buffer
		config, err := api.NewTLS(api.TLSOptions{CertFile: certFile, KeyFile: keyFile, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		is := func(want int64) {
			t.Helper()
			<-time.After(time.Second)
			if got, err := shown(t, config, "example.com"); got != want || err != nil {
				t.Errorf("got certificate %d, %v, want %d", got, err, want)
			}
		}
		is(1)
		certificate, key = certify(t, "example.com", 1002)
		write(t, certFile, certificate) // and the key of the old one
		for range 5 {
			is(1)
		}
		if got := strings.Count(log.String(), "cannot be used"); got != 1 {
			t.Errorf("the log complains %d times, want once:\n%s", got, log.String())
		}
		write(t, keyFile, append(key, '\n')) // of another size, should the clock be coarse
		is(1002)
		if err := os.Remove(certFile); err != nil {
			t.Fatal(err)
		}
		is(1002)
	})
}

func TestCertificateThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	certificate, _ := certify(t, "example.com", 1)
	_, key := certify(t, "example.com", 2)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, certificate)
	write(t, keyFile, key)
	for _, o := range []api.TLSOptions{{CertFile: certFile, KeyFile: keyFile}, {CertFile: dir + "/none", KeyFile: keyFile}} {
		if _, err := api.NewTLS(o); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), o.CertFile) {
			t.Errorf("got %v, want what is wrong with %s", err, o.CertFile)
		}
	}
}

// serveTLS runs an edge with TLS on a loopback port.
func serveTLS(t *testing.T, o api.TLSOptions) (address string, root *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	certificate, key := certify(t, "domovoi.example.com", 1)
	o.CertFile, o.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, o.CertFile, certificate)
	write(t, o.KeyFile, key)
	config, err := api.NewTLS(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	options := apitest.NewHouse().Options()
	server := api.NewServer(api.New(options), api.ServerOptions{TLS: config, Logger: slog.New(slog.DiscardHandler)})
	go server.ServeTLS(listener, "", "")
	t.Cleanup(func() { server.Close() })
	root = x509.NewCertPool()
	root.AppendCertsFromPEM(certificate)
	return listener.Addr().String(), root
}

func TestTLS(t *testing.T) {
	local, err := api.NewLocalCertificate()
	if err != nil {
		t.Fatal(err)
	}
	address, root := serveTLS(t, api.TLSOptions{Local: local})
	localRoot := x509.NewCertPool()
	localRoot.AppendCertsFromPEM(local.PEM())
	for _, test := range []struct {
		name   string
		config *tls.Config
		works  bool
	}{
		{"TLS 1.3", &tls.Config{RootCAs: root, ServerName: "domovoi.example.com"}, true},
		{"TLS 1.2", &tls.Config{RootCAs: root, ServerName: "domovoi.example.com", MaxVersion: tls.VersionTLS12}, true},
		{"TLS 1.1", &tls.Config{RootCAs: root, ServerName: "domovoi.example.com", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		{"local name", &tls.Config{RootCAs: localRoot, ServerName: api.LocalName}, true},
		{"local name of another daemon", &tls.Config{RootCAs: root, ServerName: api.LocalName}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			transport := &http.Transport{TLSClientConfig: test.config, ForceAttemptHTTP2: true}
			defer transport.CloseIdleConnections()
			response, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Get("https://" + address + "/healthz")
			if (err == nil) != test.works {
				t.Fatalf("got %v, want it to work: %t", err, test.works)
			}
			if err != nil {
				return
			}
			response.Body.Close()
			if response.ProtoMajor != 2 || response.Header.Get("Strict-Transport-Security") == "" {
				t.Errorf("got %s with the header %v, want HTTP/2 and Strict-Transport-Security", response.Proto, response.Header)
			}
		})
	}
}

// TestAutocert: what was fetched earlier is shown without asking anybody, and
// nothing is fetched for a name that is not on the list.
func TestAutocert(t *testing.T) {
	dir := t.TempDir()
	certificate, key := certify(t, "domovoi.example.com", 7)
	write(t, filepath.Join(dir, "domovoi.example.com"), append(key, certificate...))
	config, err := api.NewTLS(api.TLSOptions{Autocert: []string{"domovoi.example.com"}, CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := shown(t, config, "domovoi.example.com"); got != 7 || err != nil {
		t.Errorf("got certificate %d, %v, want the one in the folder", got, err)
	}
	if _, err := shown(t, config, "other.example.com"); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("got %v for a name that is not on the list", err)
	}
	if got := strings.Join(config.NextProtos, " "); got != "h2 http/1.1 acme-tls/1" {
		t.Errorf("the protocols are %q, want HTTP and the challenge", got)
	}
}
