package cloud

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// originCertificate is one that Cloudflare's own authority signed: trusted by
// its edge, and by no browser.
type originCertificate struct {
	ID          string   `json:"id"`
	Certificate string   `json:"certificate"` // PEM
	CSR         string   `json:"csr"`         // PEM
	Hostnames   []string `json:"hostnames"`
	RequestType string   `json:"request_type"`       // origin-rsa or origin-ecc
	Validity    int      `json:"requested_validity"` // days
	ExpiresOn   string   `json:"expires_on"`
	RevokedAt   string   `json:"revoked_at,omitempty"`
}

func (c *Cloud) certificateRoutes() map[string]endpoint {
	const all, one = "/client/v4/certificates", "/client/v4/certificates/{id}"
	return map[string]endpoint{
		"GET " + all:    {CertificatesRead, errAuthorization, c.listCertificates},
		"POST " + all:   {CertificatesEdit, errAuthorization, c.createCertificate},
		"GET " + one:    {CertificatesRead, errAuthorization, c.getCertificate},
		"DELETE " + one: {CertificatesEdit, errAuthorization, c.revokeCertificate},
	}
}

func (c *Cloud) createCertificate(r *http.Request) (any, error) {
	var made originCertificate
	if err := decode(r, &made); err != nil {
		return nil, err
	}
	if made.Validity == 0 {
		made.Validity = 5475
	}
	if !slices.Contains([]int{7, 30, 90, 365, 730, 1095, 5475}, made.Validity) {
		return nil, bad(1013, "Failed to validate requested_validity: it must be one of 7, 30, 90, 365, 730, 1095, 5475 days.")
	}
	if len(made.Hostnames) == 0 {
		return nil, bad(1009, "At least one hostname is required.")
	}
	for _, host := range made.Hostnames {
		if !c.ownsHost(host) {
			return nil, bad(1010, "Failed to validate requested hostname "+host+": This zone is either not part of your account, or you do not have access to it. Please contact support if using a multi-user organization.")
		}
	}
	key, err := requestedKey(made.CSR, made.RequestType)
	if err != nil {
		return nil, err
	}
	expires := time.Now().UTC().AddDate(0, 0, made.Validity).Truncate(time.Second)
	der, err := c.origin.sign(key, made.Hostnames, expires)
	if err != nil {
		return nil, err
	}
	made.ID, made.RevokedAt = fmt.Sprint(serial()), ""
	made.Certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	made.ExpiresOn = expires.String()
	c.cloudflare.certificates[made.ID] = &made
	return made, nil
}

// requestedKey is the public key of a signed request, of the type asked for.
func requestedKey(text, requestType string) (any, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, bad(1001, "Unable to decode the CSR: it must be PEM-encoded.")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || request.CheckSignature() != nil {
		return nil, bad(1001, "Unable to parse the CSR.")
	}
	_, isRSA := request.PublicKey.(*rsa.PublicKey)
	_, isECDSA := request.PublicKey.(*ecdsa.PublicKey)
	if !(requestType == "origin-rsa" && isRSA) && !(requestType == "origin-ecc" && isECDSA) {
		return nil, bad(1012, "The CSR's key does not fit the request_type "+requestType+".")
	}
	return request.PublicKey, nil
}

func (c *Cloud) ownsHost(host string) bool {
	for _, z := range c.cloudflare.zones {
		if host == z.name || strings.HasSuffix(host, "."+z.name) {
			return true
		}
	}
	return false
}

func (c *Cloud) listCertificates(r *http.Request) (any, error) {
	z := c.cloudflare.zones[r.URL.Query().Get("zone_id")]
	if z == nil {
		return nil, bad(1001, "zone_id is required")
	}
	found := listing[*originCertificate]{}
	for _, certificate := range c.cloudflare.certificates {
		if certificate.RevokedAt == "" && strings.HasSuffix(certificate.Hostnames[0], z.name) {
			found = append(found, certificate)
		}
	}
	slices.SortFunc(found, func(a, b *originCertificate) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

func (c *Cloud) getCertificate(r *http.Request) (any, error) {
	found := c.cloudflare.certificates[r.PathValue("id")]
	if found == nil {
		return nil, &denial{http.StatusNotFound, 1101, "Failed to read certificate from Database"}
	}
	return found, nil
}

func (c *Cloud) revokeCertificate(r *http.Request) (any, error) {
	found := c.cloudflare.certificates[r.PathValue("id")]
	if found == nil || found.RevokedAt != "" {
		return nil, &denial{http.StatusNotFound, 1101, "Failed to read certificate from Database"}
	}
	found.RevokedAt = time.Now().UTC().Format(time.RFC3339)
	return map[string]string{"id": found.ID}, nil
}

// OriginRoot is the PEM certificate that Cloudflare's edge validates origins by.
// It is also in the file origin-ca.pem of CertDir.
func (c *Cloud) OriginRoot() []byte { return c.origin.pem() }
