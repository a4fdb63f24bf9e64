package providers

import (
	"testing"
)

const (
	keyToken     = "tls:index/privateKey:PrivateKey"
	requestToken = "tls:index/certRequest:CertRequest"
)

var (
	ed25519Key = map[string]any{"algorithm": "ED25519"}
	rsaKey     = map[string]any{"algorithm": "RSA", "rsaBits": 2048.0}
	requested  = map[string]any{
		"privateKeyPem": map[string]any{"secret": ecKey}, "dnsNames": []any{"example.com", "www.example.com"},
		"subject": map[string]any{"commonName": "example.com"},
	}
)

var tlsScenarios = []scenario{
	{"an ED25519 key", keyToken, []step{
		{does: "create", inputs: ed25519Key}, {does: "update", inputs: ed25519Key}, {does: "refresh", inputs: ed25519Key},
		{does: "update", inputs: map[string]any{"algorithm": "RSA"}}, {does: "update", inputs: changed(ed25519Key, map[string]any{"rsaBits": 4096.0})},
		{does: "update", inputs: changed(ed25519Key, map[string]any{"ecdsaCurve": "P256"})}, {does: "delete"},
	}},
	{"an RSA key", keyToken, []step{
		{does: "create", inputs: rsaKey}, {does: "refresh", inputs: rsaKey}, {does: "update", inputs: map[string]any{"algorithm": "RSA"}},
		{does: "update", inputs: map[string]any{"algorithm": "RSA", "rsaBits": 3072.0}}, {does: "delete"},
	}},
	{"ECDSA keys", keyToken, []step{
		{does: "create", inputs: map[string]any{"algorithm": "ECDSA"}},
		{does: "create", inputs: map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P384"}},
	}},
	{"keys that cannot be", keyToken, []step{
		{does: "create", inputs: map[string]any{"algorithm": "DSA"}}, {does: "create", inputs: map[string]any{}},
		{does: "create", inputs: map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P1"}},
		{does: "create", inputs: changed(ed25519Key, map[string]any{"nonsense": "x"})},
		{does: "import", id: "0123456789012345678901234567890123456789"},
	}},
	{"a request", requestToken, []step{
		{does: "create", inputs: requested}, {does: "update", inputs: requested}, {does: "refresh", inputs: requested},
		{does: "update", inputs: changed(requested, map[string]any{"dnsNames": []any{"example.com"}})},
		{does: "update", inputs: changed(requested, map[string]any{"subject": map[string]any{"commonName": "www.example.com"}})},
		{does: "update", inputs: changed(requested, map[string]any{"subject": nil})},
		{does: "update", inputs: changed(requested, map[string]any{"privateKeyPem": map[string]any{"secret": otherKey}})},
		{does: "delete"},
	}},
	{"previews of keys", keyToken, []step{{does: "preview", inputs: ed25519Key}, {does: "preview", inputs: rsaKey}}},
	{"previews of requests", requestToken, []step{
		{does: "preview", inputs: changed(requested, map[string]any{"privateKeyPem": "<unknown>"})}, {does: "preview", inputs: requested},
	}},
	{"requests that cannot be", requestToken, []step{
		{does: "create", inputs: changed(requested, map[string]any{"privateKeyPem": "nonsense"})},
		{does: "create", inputs: changed(requested, map[string]any{"privateKeyPem": nil})},
		{does: "import", id: "0123456789012345678901234567890123456789"},
	}},
}

func TestTLS_DoesWhatThePublishedProviderDoes(t *testing.T) {
	conforms(t, "tls", "terraform-provider-tls 857b38cda3fc, behind pulumi-terraform-bridge v3.134.0 for v3.119.0", map[string]any{}, tlsScenarios, func(*testing.T, scenario) stage { return nowhere{} })
}

// nowhere is the stage of a provider that calls nobody.
type nowhere struct{}

func (nowhere) actual(text string) string { return text }
func (nowhere) usual(text string) string  { return text }
func (nowhere) calls() []call             { return nil }

// Keys of nobody's.
var ecKey, otherKey = newKeyText(), newKeyText()

func newKeyText() string {
	state := privateKeyState{Algorithm: "ECDSA", Curve: "P256"}
	if err := state.draw(); err != nil {
		panic(err)
	}
	return state.PEM
}
