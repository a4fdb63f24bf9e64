package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Each of these stands in the way of a first deploy. The preview says so, and
// what mends it; nothing is made.
func TestWhatTheZoneHasAgainstItIsToldInThePreview(t *testing.T) {
	t.Parallel()
	r := start(t, "test-zone", "start")
	const domain = "running-calendar.test"
	api := func(method, path, body string) string {
		return r.run(t, 0, "exec", "bash", "-c", fmt.Sprintf(`
			ask() { curl -sS --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "https://$CLOUDFLARE_API_HOSTNAME/client/v4/$1" "${@:2}"; }
			zone=$(ask 'zones?name=%s' | grep -o '"id":"[0-9a-f]\{32\}"' | sed -n 2p | cut -d '"' -f 4)
			ask "zones/$zone/%s" -X %s -d '%s'`, domain, path, method, body))
	}
	id := func(answer string) string {
		_, rest, _ := strings.Cut(answer, `"id":"`)
		found, _, _ := strings.Cut(rest, `"`)
		return found
	}
	record := func(body string) func() func() {
		return func() func() {
			made := id(api("POST", "dns_records", body))
			if made == "" {
				t.Fatal("the record could not be made")
			}
			return func() { api("DELETE", "dns_records/"+made, "") }
		}
	}
	fault := func(name, back string) func() func() {
		return func() func() {
			r.run(t, 0, "fault", name)
			return func() { r.run(t, 0, "fault", back) }
		}
	}
	config := func(key, value string) func() func() {
		return func() func() {
			r.pulumi(t, 0, "config", "set", key, value)
			return func() { r.pulumi(t, 0, "config", "rm", key) }
		}
	}
	for name, c := range map[string]struct {
		arrange func() func()
		told    string
	}{
		"a record":       {record(`{"type":"A","name":"` + domain + `","content":"192.0.2.1","proxied":true}`), "dnsTakeover: there is a record already, " + domain + " A 192.0.2.1 (proxied); to replace it: pulumi config set dnsTakeover true; to adopt it as it is, before that: pulumi import cloudflare:index/record:Record dns-" + domain + " "},
		"an alias":       {record(`{"type":"CNAME","name":"www","content":"example.net","proxied":false}`), "dnsTakeover: there is a record already, www." + domain + " CNAME example.net (not proxied)"},
		"IPv6 elsewhere": {record(`{"type":"AAAA","name":"` + domain + `","content":"2001:db8::7","proxied":false}`), "certificate: " + domain + " AAAA 2001:db8::7 is not proxied and not this server"},
		"CAA for others": {record(`{"type":"CAA","name":"` + domain + `","data":{"flags":0,"tag":"issue","value":"digicert.com"}}`), "certificate: the zone's CAA records allow only digicert.com"},
		"Always Use HTTPS": {func() func() {
			api("PATCH", "settings/always_use_https", `{"value":"on"}`)
			return func() { api("PATCH", "settings/always_use_https", `{"value":"off"}`) }
		}, "certificate: Always Use HTTPS is on in the zone"},
		"a pending zone": {fault("zone-pending", "zone-active"), "is pending at Cloudflare, not active; at your registrar set the name servers "},
		"another zone": {func() func() {
			r.pulumi(t, 0, "config", "set", "domain", "unknown.example")
			return func() { r.pulumi(t, 0, "config", "set", "domain", domain) }
		}, `zone: the token sees no zone "unknown.example"; add the domain to Cloudflare first, or give the token the permission Zone:Read for it`},
		"no DNS:Edit":      {fault("token-without-DNS:Edit", "token-without-nothing"), "cloudflare:apiToken: the token lacks the permission DNS:Edit for the zone " + domain},
		"no Zone Settings": {fault("token-without-Zone-Settings:Edit", "token-without-nothing"), "cloudflare:apiToken: the token lacks the permission Zone Settings:Edit for the zone " + domain},
		"no Zone:Read":     {fault("token-without-Zone:Read", "token-without-nothing"), `zone: the token sees no zone "` + domain + `"`},
		"an empty list": {func() func() {
			back := config("originLock", "true")()
			r.run(t, 0, "fault", "networks-none")
			return back
		}, "originLock: Cloudflare's list of its networks is empty, which would close the app to everyone"},
	} {
		t.Run(name, func(t *testing.T) {
			defer c.arrange()()
			if text := r.pulumi(t, -1, "preview"); !strings.Contains(text, c.told) || !strings.Contains(text, "error") {
				t.Errorf("it is not told %q:\n%s", c.told, text)
			}
		})
	}
	for name, told := range map[string]string{"zone-redirect": "certificate: the redirect rule with the expression not ssl", "zone-page-rule": "certificate: the page rule for http://" + domain + "/* (always_use_https) would redirect"} {
		t.Run(name, func(t *testing.T) { // these stay, so they come last
			r.run(t, 0, "fault", name)
			if text := r.pulumi(t, -1, "preview"); !strings.Contains(text, told) {
				t.Errorf("it is not told %q:\n%s", told, text)
			}
		})
	}
	calls, err := os.ReadFile(filepath.Join(r.status(t).Logs, "cloud-calls.jsonl"))
	if err != nil || strings.Contains(string(calls), "/v1/servers\",\"method\":\"POST\"") || strings.Contains(string(calls), `"POST","path":"/v1/`) {
		t.Errorf("something was made at Hetzner (%v)", err)
	}
}

func TestOriginCertificateAndLock(t *testing.T) {
	t.Parallel()
	r := start(t, "test-origin", "start", "--config", "certificate=cloudflare-origin", "--config", "dnsTakeover=true", "--config", "ipv6=true")
	const domain = "running-calendar.test"
	r.run(t, 0, "exec", "bash", "-c", `
		ask() { curl -sS --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "https://$CLOUDFLARE_API_HOSTNAME/client/v4/$1" "${@:2}"; }
		zone=$(ask 'zones?name=`+domain+`' | grep -o '"id":"[0-9a-f]\{32\}"' | sed -n 2p | cut -d '"' -f 4)
		ask "zones/$zone/dns_records" -d '{"type":"A","name":"`+domain+`","content":"192.0.2.1"}'; ask "zones/$zone/dns_records" -d '{"type":"TXT","name":"`+domain+`","content":"keep me"}'`)
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")

	t.Run("IsAcceptedByAStrictClient", func(t *testing.T) {
		output := func(name string) []byte {
			return []byte(r.pulumi(t, 0, "stack", "output", name, "--show-secrets"))
		}
		pair, err := tls.X509KeyPair(output("originCertificate"), output("originPrivateKey"))
		if err != nil {
			t.Fatal(err)
		}
		root, err := os.ReadFile(filepath.Join(r.status(t).Directory, "certificates", "origin-ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(root)
		for _, name := range []string{domain, "www." + domain} {
			if err := handshake(pair, roots, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if handshake(pair, roots, "other.test") == nil || handshake(pair, x509.NewCertPool(), domain) == nil {
			t.Error("anything is accepted, so this proves nothing")
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil || time.Until(leaf.NotAfter) < 14*365*24*time.Hour {
			t.Errorf("it is valid until %v (%v)", leaf.NotAfter, err)
		}
	})
	t.Run("KeepsItsKeySecret", func(t *testing.T) {
		for where, text := range map[string]string{"export": r.pulumi(t, 0, "stack", "export"), "output": r.pulumi(t, 0, "stack", "output", "--json"), "preview": r.pulumi(t, 0, "preview", "--diff")} {
			if strings.Contains(text, "PRIVATE KEY") {
				t.Errorf("there is a private key in %s", where)
			}
		}
	})
	t.Run("GoesToKamalAsSecrets", func(t *testing.T) {
		app := r.status(t).App
		deploy, _ := os.ReadFile(filepath.Join(app, "config", "deploy.yml"))
		secrets, _ := os.ReadFile(filepath.Join(app, ".kamal", "secrets"))
		if !strings.Contains(string(deploy), "    certificate_pem: ORIGIN_CERTIFICATE\n    private_key_pem: ORIGIN_PRIVATE_KEY\n  forward_headers: true\n") || !strings.Contains(string(secrets), "ORIGIN_PRIVATE_KEY=$(pulumi stack output originPrivateKey --show-secrets ") {
			t.Errorf("deploy.yml:\n%s\nsecrets:\n%s", deploy, secrets)
		}
	})
	t.Run("LetsOnlyCloudflareReachTheWeb", func(t *testing.T) {
		edge := newOutsider(t, r, "edge", "198.18.0.130/24", "2001:db8:18:cf::7/48")
		stranger := newOutsider(t, r, "stranger", "198.18.0.202/24", "2001:db8:18::202/64")
		check := func(what string) {
			for port, open := range map[int]bool{22: true, 80: false, 443: false} {
				if got := stranger.reaches("198.18.0.10", port); got != open {
					t.Errorf("%s, a stranger, port %d: open is %v", what, port, got)
				}
			}
			for _, port := range []int{80, 443} {
				if !edge.reaches("198.18.0.10", port) {
					t.Errorf("%s: Cloudflare does not reach port %d", what, port)
				}
			}
			if stranger.reaches(r.ipv6(t), 443) {
				t.Errorf("%s: a stranger gets in by IPv6", what)
			}
		}
		r.run(t, 0, "ssh", `for port in 80 443; do systemd-run --quiet --unit=listen-$port nc -lk :: $port; done; sleep 1`)
		check("a service of the server")
		r.run(t, 0, "ssh", "systemctl stop listen-80 listen-443")
		r.run(t, 0, "database")
		r.run(t, 0, "ssh", `docker run -d --name web -p 80:80 -p 443:443 --entrypoint bash postgres:16 -c 'nc -lk 80 & nc -lk 443' && sleep 1`)
		check("a container's port")
	})
	t.Run("PutsTheZoneBackAsItWas", func(t *testing.T) {
		settings := func() string {
			return r.run(t, 0, "exec", "bash", "-c", `
				ask() { curl -sS --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "https://$CLOUDFLARE_API_HOSTNAME/client/v4/$1"; }
				zone=$(ask 'zones?name=`+domain+`' | grep -o '"id":"[0-9a-f]\{32\}"' | sed -n 2p | cut -d '"' -f 4)
				ask "zones/$zone/settings/ssl"; ask "zones/$zone/settings/min_tls_version"; ask "zones/$zone/dns_records"`)
		}
		if text := settings(); !strings.Contains(text, `"value":"strict"`) || !strings.Contains(text, `"value":"1.2"`) || !strings.Contains(text, "keep me") || strings.Contains(text, "192.0.2.1") || strings.Count(text, `"type":"AAAA"`) != 2 {
			t.Errorf("the zone: %s", text)
		}
		r.pulumi(t, 0, "state", "unprotect", "--all", "--yes")
		r.pulumi(t, 0, "destroy", "--yes", "--skip-preview")
		if text := settings(); strings.Contains(text, `"value":"strict"`) || strings.Contains(text, `"value":"1.2"`) || !strings.Contains(text, "keep me") {
			t.Errorf("the zone after destroy: %s", text)
		}
	})
}

// handshake starts a TLS server with the pair and connects as Cloudflare would
// in the mode Full (strict): chain, name and date must hold.
func handshake(pair tls.Certificate, roots *x509.CertPool, name string) error {
	client, server := net.Pipe()
	defer client.Close()
	go func() {
		defer server.Close()
		_ = tls.Server(server, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake()
	}()
	return tls.Client(client, &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12}).Handshake()
}
