package internet

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/miekg/dns"
)

func TestRegistry_GivesWhatIsOfferedToWhoHasThePassword(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "image")
	made, err := random.Image(4096, 2)
	must(t, err)
	at, err := layout.Write(directory, empty.Index)
	must(t, err)
	must(t, at.AppendImage(made))

	offered := newImages(log.New(io.Discard, "", 0))
	server := httptest.NewServer(withPassword("secret", offered.registry("ghcr.io")))
	defer server.Close()
	must(t, offered.offer("ghcr.io/octocat/app:v1", directory))
	if err := offered.offer("quay.io/octocat/app:v1", directory); err == nil || !strings.Contains(err.Error(), "there is no registry quay.io here") {
		t.Errorf("a registry that is not here: %v", err)
	}

	reference, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/octocat/app:v1")
	must(t, err)
	if _, err := remote.Image(reference, remote.WithAuth(&authn.Basic{Username: "octocat", Password: "wrong"})); err == nil || !strings.Contains(err.Error(), "DENIED") {
		t.Errorf("with a wrong password: %v", err)
	}
	pulled, err := remote.Image(reference, remote.WithAuth(&authn.Basic{Username: "octocat", Password: "secret"}))
	must(t, err)
	want, _ := made.Digest()
	if got, err := pulled.Digest(); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	layers, err := pulled.Layers()
	must(t, err)
	for _, layer := range layers {
		content, err := layer.Compressed()
		must(t, err)
		if _, err := io.Copy(io.Discard, content); err != nil { // which checks the digest
			t.Error(err)
		}
	}
}

func TestNames_KnowsWhatIsHereAndTheZoneAndAsksForTheRest(t *testing.T) {
	elsewhere := serveDNS(t, dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		answer := new(dns.Msg).SetReply(r)
		answer.Answer = records(r.Question[0], []netip.Addr{netip.MustParseAddr("203.0.113.80")})
		_ = w.WriteMsg(answer)
	}))
	resolver := serveDNS(t, &names{
		hosts: map[string]http.Handler{"ghcr.io": http.NotFoundHandler()}, address: netip.MustParseAddr("198.18.0.53"), resolver: elsewhere,
		zone: func(host string) ([]netip.Addr, bool) {
			if host == "example.com" {
				return []netip.Addr{netip.MustParseAddr("198.18.0.131")}, true
			}
			return nil, strings.HasSuffix(host, ".example.com")
		},
	})
	for _, test := range []struct {
		name  string
		kind  uint16
		rcode int
		want  string
	}{
		{"ghcr.io.", dns.TypeA, dns.RcodeSuccess, "198.18.0.53"},
		{"GHCR.io.", dns.TypeA, dns.RcodeSuccess, "198.18.0.53"},
		{"example.com.", dns.TypeA, dns.RcodeSuccess, "198.18.0.131"},
		{"example.com.", dns.TypeAAAA, dns.RcodeSuccess, ""},
		{"none.example.com.", dns.TypeA, dns.RcodeNameError, ""},
		{"deb.debian.org.", dns.TypeA, dns.RcodeSuccess, "203.0.113.80"},
	} {
		answer, err := dns.Exchange(new(dns.Msg).SetQuestion(test.name, test.kind), resolver)
		must(t, err)
		got := ""
		for _, record := range answer.Answer {
			got += record.(*dns.A).A.String()
		}
		if answer.Rcode != test.rcode || got != test.want {
			t.Errorf("%s: %s %q", test.name, dns.RcodeToString[answer.Rcode], got)
		}
	}
}

func TestACME_HasItsDirectoryWhereLetsEncryptHasIt(t *testing.T) {
	a := newACME(netip.MustParseAddr("127.0.0.1"), log.New(io.Discard, "", 0))
	request := httptest.NewRequest(http.MethodGet, (&url.URL{Scheme: "https", Host: "acme-v02.api.letsencrypt.org", Path: "/directory"}).String(), nil)
	request.Header.Set("User-Agent", "autocert")
	answer := httptest.NewRecorder()
	a.ServeHTTP(answer, request)
	if answer.Code != 200 || !strings.Contains(answer.Body.String(), `"newOrder": "https://acme-v02.api.letsencrypt.org/`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if !strings.Contains(string(a.roots()), "BEGIN CERTIFICATE") {
		t.Error("it has no root")
	}
}

func serveDNS(t *testing.T, handler dns.Handler) (address string) {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	server := &dns.Server{PacketConn: packets, Handler: handler}
	go server.ActivateAndServe()
	t.Cleanup(func() { _ = server.Shutdown() })
	return packets.LocalAddr().String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
