package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// LocalName is the name under which programs on the machine of the daemon reach
// it over TLS, whatever the certificate says that it shows to others. It is
// reserved: no other host can have it.
const LocalName = "daemon.domovoi.internal"

// LocalCertificate is how such programs know the daemon: it signs itself, and
// its key never leaves the memory of the process that made it.
type LocalCertificate struct {
	certificate tls.Certificate
}

// NewLocalCertificate makes a certificate and its key.
func NewLocalCertificate() (*LocalCertificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: LocalName},
		DNSNames:     []string{LocalName},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(10, 0, 0), // longer than any process runs
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &LocalCertificate{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// PEM returns the certificate without its key.
func (l *LocalCertificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.certificate.Certificate[0]})
}

// before returns a GetCertificate that shows l to those who ask for LocalName.
func (l *LocalCertificate) before(next func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == LocalName {
			return &l.certificate, nil
		}
		return next(hello)
	}
}
