package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// network is how the daemon meets the network.
type network struct {
	address           string
	certFile, keyFile string
	autocert          []string
	insecureHTTP      bool
	trustedProxies    []string

	local *api.LocalCertificate // nil without TLS
}

func (n *network) flags(flags *pflag.FlagSet) {
	flags.StringVar(&n.address, "address", client.DefaultAddress, "`host:port` to listen on; port 0 takes a free one")
	flags.StringVar(&n.certFile, "tls-cert", "", "PEM `file` with the certificate to show, and those above it; a new one is taken up by itself")
	flags.StringVar(&n.keyFile, "tls-key", "", "PEM `file` with the key of --tls-cert")
	flags.StringArrayVar(&n.autocert, "autocert", nil, "`host` name to get a certificate for from Let's Encrypt; may be repeated")
	flags.BoolVar(&n.insecureHTTP, "insecure-http", false, "listen without TLS also where other machines can listen in")
	flags.StringArrayVar(&n.trustedProxies, "trusted-proxy", nil, "`address` or CIDR of a proxy whose X-Forwarded-For and X-Forwarded-Proto are believed; may be repeated")
}

func (n *network) encrypted() bool { return n.certFile != "" || len(n.autocert) > 0 }

// check refuses flags that do not go together.
func (n *network) check() error {
	switch {
	case (n.certFile == "") != (n.keyFile == ""):
		return slnet.Errorf(slnet.KindInvalid, "--tls-cert and --tls-key go together; give both files")
	case n.certFile != "" && len(n.autocert) > 0:
		return slnet.Errorf(slnet.KindInvalid, "--autocert gets its own certificate; leave --tls-cert out, or --autocert")
	case n.encrypted() && n.insecureHTTP:
		return slnet.Errorf(slnet.KindInvalid, "--insecure-http means no TLS; leave it out, or the certificate")
	}
	for _, host := range n.autocert {
		if net.ParseIP(host) != nil || !strings.Contains(strings.Trim(host, "."), ".") || strings.ContainsAny(host, ":/*") {
			return slnet.Errorf(slnet.KindInvalid, "--autocert %q is not the public name of a host, such as domovoi.example.com", host)
		}
	}
	return nil
}

// checkFiles tries to read the certificate.
func (n *network) checkFiles() error {
	if n.certFile == "" {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(n.certFile, n.keyFile); err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the certificate of --tls-cert cannot be used: %v", err)
	}
	return nil
}

// proxies are the trusted proxies.
func (n *network) proxies() ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range n.trustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "--trusted-proxy %q is neither an address nor a CIDR such as 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// mayListen refuses to talk unencrypted where others can listen in, unless that
// was asked for.
func (n *network) mayListen(ip net.IP) error {
	if ip.IsLoopback() || n.encrypted() || n.insecureHTTP {
		return nil
	}
	return slnet.Errorf(slnet.KindInvalid, "on %s other machines could read passwords, tokens and data as they travel; "+
		"give a certificate with --tls-cert and --tls-key or --autocert, listen on a loopback address such as %s, "+
		"or say --insecure-http if the network in between is trusted", n.address, client.DefaultAddress)
}

// listen opens the port.
func (n *network) listen() (net.Listener, error) {
	address, err := net.ResolveTCPAddr("tcp", n.address)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindUnavailable, "the daemon cannot listen: %v", err)
	}
	if err := n.mayListen(address.IP); err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindUnavailable, "the daemon cannot listen: %v", err)
	}
	return listener, nil
}

// tls is the encryption of the server, nil for none.
func (n *network) tls(dataDir string, logger *slog.Logger) (*tls.Config, error) {
	if !n.encrypted() {
		return nil, nil
	}
	var err error
	if n.local, err = api.NewLocalCertificate(); err != nil {
		return nil, err
	}
	return api.NewTLS(api.TLSOptions{
		CertFile: n.certFile, KeyFile: n.keyFile,
		Autocert: n.autocert, CacheDir: filepath.Join(dataDir, "autocert"),
		Local: n.local, Logger: logger,
	})
}

// serve answers requests until the server is shut down.
func serve(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// info is what other commands need to find the daemon.
func (n *network) info(ctx context.Context, address net.Addr, logger *slog.Logger) daemonInfo {
	tcp := *address.(*net.TCPAddr)
	if !tcp.IP.IsLoopback() && !n.encrypted() {
		logger.WarnContext(ctx, "passwords, tokens and data travel unencrypted (--insecure-http)", "address", tcp.String())
	}
	if tcp.IP.IsUnspecified() {
		tcp.IP = net.IPv4(127, 0, 0, 1)
	}
	if n.local == nil {
		return daemonInfo{Address: tcp.String()}
	}
	return daemonInfo{Address: "https://" + tcp.String(), Certificate: string(n.local.PEM())}
}
