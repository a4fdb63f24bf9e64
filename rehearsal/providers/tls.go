package providers

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/ssh"
)

func newTLS() standIn {
	return standIn{resources: map[string]resource{
		"tls:index/privateKey:PrivateKey": {
			secret: []string{"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"},
			create: createPrivateKey,
		},
		"tls:index/certRequest:CertRequest": {
			secret: []string{"privateKeyPem"},
			create: createCertRequest,
		},
	}}
}

// createPrivateKey draws a key. Nothing changes one afterwards: it is replaced.
func createPrivateKey(_ context.Context, in values) (string, values, error) {
	key, err := drawKey(in)
	if err != nil {
		return "", nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", nil, err
	}
	openssh, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return "", nil, err
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return "", nil, err
	}
	id := sha1.Sum(spki)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return hex.EncodeToString(id[:]), values{
		"privateKeyPem":              private,
		"privateKeyPemPkcs8":         private,
		"privateKeyOpenssh":          string(pem.EncodeToMemory(openssh)),
		"publicKeyPem":               string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})),
		"publicKeyOpenssh":           string(ssh.MarshalAuthorizedKey(public)),
		"publicKeyFingerprintMd5":    ssh.FingerprintLegacyMD5(public),
		"publicKeyFingerprintSha256": ssh.FingerprintSHA256(public),
		"ecdsaCurve":                 "P224",
		"rsaBits":                    2048,
	}, nil
}

func drawKey(in values) (crypto.Signer, error) {
	switch algorithm := in.text("algorithm"); algorithm {
	case "ED25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case "ECDSA":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RSA":
		return rsa.GenerateKey(rand.Reader, max(2048, in.number("rsaBits")))
	default:
		return nil, fmt.Errorf("algorithm: got %q, accepted are RSA, ECDSA, ED25519", algorithm)
	}
}

func createCertRequest(_ context.Context, in values) (string, values, error) {
	block, _ := pem.Decode([]byte(in.text("privateKeyPem")))
	if block == nil {
		return "", nil, fmt.Errorf("privateKeyPem holds no PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", nil, err
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: in.object("subject").text("commonName")}}
	for _, name := range in.list("dnsNames") {
		template.DNSNames = append(template.DNSNames, fmt.Sprint(name))
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return "", nil, err
	}
	id := sha1.Sum(der)
	return hex.EncodeToString(id[:]), values{
		"certRequestPem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})),
		"keyAlgorithm":   "ED25519",
	}, nil
}
