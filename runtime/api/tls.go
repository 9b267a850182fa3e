package api

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"domovoi.dev/sdk/slnet"
)

// TLSOptions say which certificate a server shows. Either both files are given
// or the hosts of Autocert.
type TLSOptions struct {
	// CertFile and KeyFile are PEM files with the chain of certificates and the
	// key. A new pair is taken up while the server runs.
	CertFile, KeyFile string
	// Autocert are the host names to get certificates for from Let's Encrypt,
	// which reaches the server at port 443 of each of them for that (challenge
	// TLS-ALPN-01). Getting them accepts its terms of service.
	Autocert []string
	// CacheDir keeps certificates and keys of Autocert.
	CacheDir string
	// Local is shown to those who ask for the name LocalName, beside the others.
	Local *LocalCertificate
	// Logger is told when a new pair of files cannot be taken up, once for each.
	// Nil means slog.Default.
	Logger *slog.Logger
}

// NewTLS returns the configuration of a server: TLS 1.2 or later, with HTTP/2.
// A pair of files that cannot be used is an error of KindInvalid.
func NewTLS(o TLSOptions) (*tls.Config, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if len(o.Autocert) > 0 {
		manager := &autocert.Manager{
			Prompt:     autocert.AcceptTOS,
			Cache:      autocert.DirCache(o.CacheDir),
			HostPolicy: autocert.HostWhitelist(o.Autocert...),
		}
		config.GetCertificate = manager.GetCertificate
		config.NextProtos = append(config.NextProtos, acme.ALPNProto)
	} else {
		files := &certificateFiles{cert: o.CertFile, key: o.KeyFile, log: o.Logger}
		if err := files.load(); err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "the certificate %s with the key %s cannot be used: %v", o.CertFile, o.KeyFile, err)
		}
		config.GetCertificate = files.get
	}
	if o.Local != nil {
		config.GetCertificate = o.Local.before(config.GetCertificate)
	}
	return config, nil
}

// checkFiles is how often the files of a certificate are looked at, at most.
const checkFiles = time.Second

// certificateFiles is a certificate in two files that may change.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate // guarded by mu
	checked time.Time        // guarded by mu
	seen    [2]fileState     // guarded by mu: the files last loaded or refused
}

// fileState tells one content of a file from the next.
type fileState struct {
	size    int64
	changed time.Time
}

// get is a GetCertificate. A pair that cannot be used leaves the old one in
// place: a renewal writes one file after the other, and may go wrong.
func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.checked) >= checkFiles {
		f.checked = now
		if f.states() != f.seen {
			if err := f.load(); err != nil {
				f.log.Warn("the new certificate cannot be used, the old one stays", "certificate", f.cert, "key", f.key, "err", err)
			} else {
				f.log.Info("a new certificate is in use", "certificate", f.cert)
			}
		}
	}
	return f.current, nil
}

// load reads the pair. The caller holds mu, or is alone. The files are looked at
// before they are read, so that a later change is noticed.
func (f *certificateFiles) load() error {
	f.seen = f.states()
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	f.current = &pair
	return nil
}

// states are the states of both files; those of a missing file are zero.
func (f *certificateFiles) states() (states [2]fileState) {
	for i, name := range []string{f.cert, f.key} {
		if info, err := os.Stat(name); err == nil {
			states[i] = fileState{info.Size(), info.ModTime()}
		}
	}
	return states
}
