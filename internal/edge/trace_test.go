package edge

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestSeenAs_IsTheAddressThatCloudflareTells(t *testing.T) {
	for answer, want := range map[string]netip.Addr{
		"fl=1f1\nh=api.cloudflare.com\nip=203.0.113.7\nts=1.0\n": netip.MustParseAddr("203.0.113.7"),
		"ip=somebody\n": {},
		"nothing":       {},
	} {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/cdn-cgi/trace" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, answer)
		}))
		defer server.Close()
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		if got := seenAs(context.Background(), &client, strings.TrimPrefix(server.URL, "https://")); got != want {
			t.Errorf("%q: got %v", answer, got)
		}
	}
	if got := SeenAs(context.Background(), "127.0.0.1:1"); got.IsValid() {
		t.Errorf("of nobody: %v", got)
	}
}
