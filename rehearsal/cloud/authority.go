package cloud

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority of the rehearsal's own.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(20, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{key, certificate}, err
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

func (a *authority) serverCertificate(host string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := a.sign(key.Public(), []string{host}, time.Now().AddDate(1, 0, 0))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func (a *authority) sign(publicKey any, hosts []string, until time.Time) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	return x509.CreateCertificate(rand.Reader, template, a.certificate, publicKey, a.key)
}

func serial() *big.Int {
	var random [15]byte
	_, _ = rand.Read(random[:]) // documented never to fail
	return new(big.Int).SetBytes(random[:])
}

// systemAuthorities are where distributions keep the public authorities.
var systemAuthorities = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}

// writeAuthorities writes the file for SSL_CERT_FILE. It replaces the system's
// own for every program that reads it, so it has to contain that too.
func writeAuthorities(dir string, edge, origin *authority) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	var bundle []byte
	for _, path := range append([]string{os.Getenv("SSL_CERT_FILE")}, systemAuthorities...) {
		if text, err := os.ReadFile(path); err == nil {
			bundle = text
			break
		}
	}
	path := filepath.Join(dir, "authorities.pem")
	return path, errors.Join(
		os.WriteFile(path, append(bundle, edge.pem()...), 0o644),
		os.WriteFile(filepath.Join(dir, "origin-ca.pem"), origin.pem(), 0o644),
	)
}
