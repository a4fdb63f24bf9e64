package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOriginCertificateAndLock(t *testing.T) {
	t.Parallel()
	r := start(t, "test-origin", "start", "--furnished", "--config", "certificate=cloudflare-origin", "--config", "dnsTakeover=true", "--config", "ipv6=true", "--config", "zoneRestore=true")
	r.askZone(t, "POST", "dns_records", `{"type":"A","name":"`+domain+`","content":"192.0.2.1"}`)
	r.askZone(t, "POST", "dns_records", `{"type":"TXT","name":"`+domain+`","content":"keep me"}`)
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
	edge := newOutsider(t, r, "edge", "198.18.0.130/24", "2001:db8:18:cf::7/48")
	stranger := newOutsider(t, r, "stranger", "198.18.0.202/24", "2001:db8:18::202/64")
	t.Run("LetsOnlyCloudflareReachTheWeb", func(t *testing.T) {
		check := func(what string) {
			for _, open := range []string{"0", "1"} { // the server's own firewall alone, too
				r.run(t, 0, "fault", "firewall-open", open)
				t.Logf("%s; Hetzner's firewall open: %s", what, open)
				stranger.finds(t, map[int]bool{22: true, 80: false, 443: false}, "198.18.0.10")
				stranger.finds(t, map[int]bool{443: false}, r.ipv6(t))
				edge.finds(t, map[int]bool{80: true, 443: true}, "198.18.0.10")
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
			return r.askZone(t, "GET", "settings/ssl", "") + r.askZone(t, "GET", "settings/min_tls_version", "") + r.askZone(t, "GET", "dns_records", "")
		}
		if text := settings(); !strings.Contains(text, `"value":"strict"`) || !strings.Contains(text, `"value":"1.2"`) || !strings.Contains(text, "keep me") || strings.Contains(text, "192.0.2.1") || strings.Count(text, `"type":"AAAA"`) != 2 {
			t.Errorf("the zone: %s", text)
		}
		r.destroy(t)
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

const domain = "running-calendar.test"

// askZone calls Cloudflare's API about the domain's zone, as a developer could.
func (r *running) askZone(t *testing.T, method, path, body string) string {
	t.Helper()
	return r.run(t, 0, "exec", "bash", "-c", `
		ask() { curl -sS --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "https://$CLOUDFLARE_API_HOSTNAME/client/v4/$1" "${@:2}"; }
		zone=$(ask "zones?name=$0" | grep -o '"id":"[0-9a-f]\{32\}"' | sed -n 2p | cut -d '"' -f 4)
		ask "zones/$zone/$2" -X "$1" -d "$3"`, domain, method, path, body)
}
