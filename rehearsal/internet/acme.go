package internet

import (
	"log"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// acme is Pebble, Let's Encrypt's own small server for tests, where Let's
// Encrypt is. It really asks for each challenge, at ports 80 and 443 of the name.
type acme struct {
	authority *ca.CAImpl
	pebble    http.Handler
}

func newACME(resolver netip.Addr, log *log.Logger) *acme {
	// It waits and refuses at random otherwise, to try its clients.
	for name, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"} {
		_ = os.Setenv(name, value)
	}
	store := db.NewMemoryStore()
	authority := ca.New(log, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "The default profile"}})
	validation := va.New(log, 80, 443, false, netip.AddrPortFrom(resolver, 53).String(), store)
	front := wfe.New(log, store, validation, authority, []string{"letsencrypt.org"}, false, false, 1, 1)
	return &acme{authority: authority, pebble: front.Handler()}
}

// ServeHTTP answers at Let's Encrypt's own address of the directory, and tells
// where an order is when it is finalized, which Pebble leaves out and Go's
// client wants.
func (a *acme) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/directory" {
		r.URL.Path = wfe.DirectoryPath
	}
	if order, finalizes := strings.CutPrefix(r.URL.Path, "/finalize-order/"); finalizes {
		w.Header().Set("Location", "https://"+r.Host+"/my-order/"+order)
	}
	a.pebble.ServeHTTP(w, r)
}

func (a *acme) roots() []byte { return a.authority.GetRootCert(0).PEM() }
