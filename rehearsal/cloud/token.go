package cloud

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Permission is one of a Cloudflare API token's, spelled as the dashboard does.
type Permission string

// The permissions that the endpoints here ask for. Edit includes Read.
const (
	ZoneRead           Permission = "Zone:Read"
	DNSRead            Permission = "DNS:Read"
	DNSEdit            Permission = "DNS:Edit"
	ZoneSettingsRead   Permission = "Zone Settings:Read"
	ZoneSettingsEdit   Permission = "Zone Settings:Edit"
	CertificatesRead   Permission = "SSL and Certificates:Read"
	CertificatesEdit   Permission = "SSL and Certificates:Edit"
	PageRulesRead      Permission = "Page Rules:Read"
	SingleRedirectRead Permission = "Single Redirect:Read"
)

// AllPermissions is what Config.CloudflareToken may do at first.
var AllPermissions = []Permission{ZoneRead, DNSEdit, ZoneSettingsEdit, CertificatesEdit, PageRulesRead, SingleRedirectRead}

// SetToken adds a Cloudflare token, or changes what an existing one may do.
func (c *Cloud) SetToken(token string, permissions ...Permission) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.cloudflare.tokens[token] = permissions
}

// SetHetznerReadOnly makes Hetzner's token one that may only read, or not.
func (c *Cloud) SetHetznerReadOnly(readOnly bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.hetzner.readOnly = readOnly
}

func (c *Cloud) tokenReadsOnly() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.hetzner.readOnly
}

var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{40,}$`)

var (
	errNoToken       = &denial{http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"}
	errTokenForm     = &denial{http.StatusBadRequest, 6003, "Invalid request headers"}
	errUnknownToken  = &denial{http.StatusForbidden, 9109, "Invalid access token"}
	errUnverified    = &denial{http.StatusUnauthorized, 1000, "Invalid API Token"}
	errUnauthorized  = &denial{http.StatusForbidden, 9109, "Unauthorized to access requested resource"}
	errAuthorization = &denial{http.StatusForbidden, 10000, "Authentication error"}
)

// permissions returns what the request's token may do.
func (c *Cloud) permissions(r *http.Request) ([]Permission, error) {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	allowed, known := c.cloudflare.tokens[token]
	switch {
	case !isBearer:
		return nil, errNoToken
	case known:
		return allowed, nil
	case !tokenForm.MatchString(token):
		return nil, errTokenForm
	default:
		return nil, errUnknownToken
	}
}

func permits(allowed []Permission, needed Permission) bool {
	edit := Permission(strings.TrimSuffix(string(needed), ":Read") + ":Edit")
	return needed == "" || slices.Contains(allowed, needed) || slices.Contains(allowed, edit)
}

func (c *Cloud) verifyToken(r *http.Request) (any, error) {
	if _, err := c.permissions(r); err == errUnknownToken {
		return nil, errUnverified
	} else if err != nil {
		return nil, err
	}
	return map[string]string{"id": "ed17574386854bf78a67040be0a770b0", "status": "active"}, nil
}
