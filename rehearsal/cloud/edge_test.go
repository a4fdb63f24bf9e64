package cloud

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/cloudflare-go"
)

// throughEdge is a visitor's request to www.example.com, whose origin is here.
func throughEdge(t *testing.T, c testCloud, e *edge, https bool, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "http://www.example.com/page?a=b", nil)
	r.RemoteAddr = "203.0.113.9:4711"
	for name, values := range header {
		r.Header[name] = values
	}
	if https {
		r.TLS = &tls.ConnectionState{}
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Result()
}

// testEdge is an edge before an origin at 127.0.0.1 that repeats what it is asked.
func testEdge(t *testing.T, c testCloud, mode string, certificate *tls.Certificate) *edge {
	t.Helper()
	_, err := c.cloudflareClient().UpdateZoneSetting(ctx, cloudflare.ZoneIdentifier(exampleZone), cloudflare.UpdateZoneSettingParams{Name: "ssl", Value: mode})
	must(t, err)
	_, err = c.cloudflareClient().CreateDNSRecord(ctx, cloudflare.ZoneIdentifier(exampleZone), cloudflare.CreateDNSRecordParams{Type: "A", Name: "www", Content: "127.0.0.1", Proxied: cloudflare.BoolPtr(true)})
	must(t, err)
	e, err := c.newEdge(netip.MustParseAddr("127.0.0.1"), nil)
	must(t, err)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s for %s, %s", r.Proto, r.Host, r.RequestURI, r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Proto"))
	}))
	t.Cleanup(origin.Close)
	e.ports["http"] = origin.Listener.Addr().(*net.TCPAddr).Port
	if certificate != nil {
		secure := httptest.NewUnstartedServer(origin.Config.Handler)
		secure.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		secure.StartTLS()
		t.Cleanup(secure.Close)
		e.ports["https"] = secure.Listener.Addr().(*net.TCPAddr).Port
	}
	return e
}

func TestEdge_AsksTheOriginAsTheModeSays(t *testing.T) {
	for _, test := range []struct {
		mode        string
		signed      bool // by Cloudflare's authority for origins
		https       bool
		status      int
		answer, why string
	}{
		{mode: "strict", signed: true, https: true, status: 200, answer: "www.example.com /page?a=b for 203.0.113.9, https"},
		{mode: "strict", signed: false, https: true, status: 526},
		{mode: "full", signed: false, https: true, status: 200, answer: "for 203.0.113.9, https"},
		{mode: "flexible", https: true, status: 200, answer: "for 203.0.113.9, https"},
		{mode: "strict", signed: true, https: false, status: 200, answer: "for 203.0.113.9, http"}, // plain stays plain: a challenge of Let's Encrypt
		{mode: "off", https: true, status: 301},
	} {
		t.Run(fmt.Sprintf("%s, signed %t, https %t", test.mode, test.signed, test.https), func(t *testing.T) {
			c := start(t, Config{})
			authority := c.origin
			if !test.signed {
				var err error
				authority, err = newAuthority("nobody's")
				must(t, err)
			}
			certificate, err := authority.serverCertificate("www.example.com")
			must(t, err)
			answer := throughEdge(t, c, testEdge(t, c, test.mode, certificate), test.https, nil)
			text, _ := bufio.NewReader(answer.Body).ReadString(0)
			if answer.StatusCode != test.status || !strings.Contains(text, test.answer) {
				t.Errorf("%d %s", answer.StatusCode, text)
			}
		})
	}
}

func TestEdge_TellsWhatIsWrongWithAnOrigin(t *testing.T) {
	c := start(t, Config{})
	certificate, err := c.origin.serverCertificate("another.example.com")
	must(t, err)
	e := testEdge(t, c, "strict", certificate)
	if got := throughEdge(t, c, e, true, nil).StatusCode; got != 526 {
		t.Errorf("a certificate for another name: %d", got)
	}
	expired, err := expiredCertificate(c, "www.example.com")
	must(t, err)
	e = &edge{clouds: c.Cloud, from: e.from, roots: e.roots, ports: e.ports, proxy: e.proxy}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*expired}})
	must(t, err)
	defer listener.Close()
	go http.Serve(listener, http.NotFoundHandler())
	e.ports["https"] = listener.Addr().(*net.TCPAddr).Port
	if got := throughEdge(t, c, e, true, nil).StatusCode; got != 526 {
		t.Errorf("an expired certificate: %d", got)
	}
	e.ports["https"] = e.ports["http"] // no TLS there
	if got := throughEdge(t, c, e, true, nil).StatusCode; got != 525 {
		t.Errorf("no TLS at the origin: %d", got)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	e.ports["https"] = closed.Addr().(*net.TCPAddr).Port
	closed.Close()
	if got := throughEdge(t, c, e, true, nil).StatusCode; got != 521 {
		t.Errorf("nobody listens: %d", got)
	}
}

func TestEdge_AppendsTheVisitorToWhatHeClaims(t *testing.T) {
	c := start(t, Config{})
	e := testEdge(t, c, "flexible", nil)
	answer := throughEdge(t, c, e, true, http.Header{"X-Forwarded-For": {"192.0.2.66"}})
	if text, _ := bufio.NewReader(answer.Body).ReadString(0); !strings.Contains(text, "for 192.0.2.66, 203.0.113.9,") {
		t.Error(text)
	}
}

func TestEdge_KnowsProxiedNamesOnlyAndMayRedirect(t *testing.T) {
	c := start(t, Config{})
	e := testEdge(t, c, "flexible", nil)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "http://other.example.com/", nil))
	if w.Code != 409 {
		t.Errorf("an unknown name: %d", w.Code)
	}
	_, err := c.cloudflareClient().UpdateZoneSetting(ctx, cloudflare.ZoneIdentifier(exampleZone), cloudflare.UpdateZoneSettingParams{Name: "always_use_https", Value: "on"})
	must(t, err)
	if answer := throughEdge(t, c, e, false, nil); answer.StatusCode != 301 || answer.Header.Get("Location") != "https://www.example.com/page?a=b" {
		t.Errorf("%d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

func expiredCertificate(c testCloud, host string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := c.origin.sign(key.Public(), []string{host}, time.Now().Add(-time.Minute))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
