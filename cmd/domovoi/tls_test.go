package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"domovoi.dev/sdk/slnet"
)

func certificateCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: certificate HOST")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(args[0]); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{args[0]}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	keyDER, err := x509.MarshalECPrivateKey(key)
	ts.Check(err)
	for name, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+name), pem.EncodeToMemory(block), 0o600))
	}
}

func httpsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: https REGEXP HOST PATH")
	}
	expression, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	info, err := readDaemonInfo(ts.Getenv("DOMOVOI_DATA_DIR"))
	ts.Check(err)
	root := x509.NewCertPool()
	root.AppendCertsFromPEM([]byte(ts.ReadFile(args[1] + ".pem")))
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: root},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(info.Address, "https://"))
		},
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + args[1] + args[2])
	ts.Check(err)
	defer response.Body.Close()
	answer, err := httputil.DumpResponse(response, true)
	ts.Check(err)
	if !expression.Match(answer) {
		ts.Fatalf("got\n%s\nwant %q", answer, args[0])
	}
}

// TestUnencryptedOnlyWhereNobodyListensIn says where the daemon listens without
// a certificate.
func TestUnencryptedOnlyWhereNobodyListensIn(t *testing.T) {
	for _, test := range []struct {
		network network
		ip      net.IP
		refused bool
	}{
		{network{}, net.IPv4(127, 0, 0, 1), false},
		{network{}, net.IPv4(127, 8, 8, 8), false},
		{network{}, net.IPv6loopback, false},
		{network{}, net.IPv4zero, true},
		{network{}, net.IPv6unspecified, true},
		{network{}, nil, true},
		{network{}, net.IPv4(192, 0, 2, 1), true},
		{network{insecureHTTP: true}, net.IPv4zero, false},
		{network{certFile: "x"}, net.IPv4zero, false},
		{network{autocert: []string{"x"}}, net.IPv4zero, false},
	} {
		if err := test.network.mayListen(test.ip); (err != nil) != test.refused || err != nil && !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%+v on %v: got %v, want a refusal: %t", test.network, test.ip, err, test.refused)
		}
	}
}
