package edge

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cloudflare/cloudflare-go"
)

func TestMustBeStrict_AsksAgainWhereTheZoneWasNot(t *testing.T) {
	for _, c := range []struct{ found, now, wrong string }{
		{"strict", "", ""}, // nothing is asked
		{"flexible", "strict", ""},
		{"flexible", "flexible", `the SSL mode of the zone example.com is "flexible", although Pulumi takes it for strict, as after an attempt that was refused; try again with: pulumi up --refresh`},
	} {
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c.now == "" || r.URL.Path != "/zones/z1/settings" {
				t.Errorf("%+v: it asked for %s", c, r.URL.Path)
			}
			fmt.Fprintf(w, `{"success": true, "result": [{"id": "ssl", "value": %q}]}`, c.now)
		}))
		client, err := cloudflare.NewWithAPIToken("a token", cloudflare.BaseURL(api.URL))
		if err != nil {
			t.Fatal(err)
		}
		view := &View{ZoneID: "z1", SSL: c.found, site: Site{Zone: "example.com"}, api: client}
		said := ""
		if err := view.MustBeStrict(t.Context()); err != nil {
			said = err.Error()
		}
		if said != c.wrong {
			t.Errorf("%+v: it said %q", c, said)
		}
		api.Close()
	}
}
