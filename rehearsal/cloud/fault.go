package cloud

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault makes an API misbehave. Its name is an API and a kind: "hetzner-429",
// "cloudflare-503"; a kind alone, as "reset", is both APIs'. The kinds:
//
//	429, 500, 503  the API's own error for that status
//	reset          the connection closes without an answer, nothing was done
//	lost           the request is carried out, then the connection closes
//	timeout        no answer at all
//	unavailable    Hetzner only: servers of no type can be placed just now
type Fault struct {
	Name  string
	Count int    // the next Count calls; -1: until set to 0
	Path  string // optional: only calls whose path begins so, as in "/v1/servers"
	Skip  int    // optional: calls that still go well before
	Each  bool   // of calls alike, the first Count only: each call fails, and well on asking again
}

var faultKinds = []string{"429", "500", "503", "reset", "lost", "timeout", "unavailable"}

type faults struct {
	mutex   sync.Mutex
	pending []Fault
	met     map[string]int // method and path -> calls that failed for a fault that is Each
}

// SetFault switches a fault on, or with Count 0 off.
func (c *Cloud) SetFault(fault Fault) error {
	api, kind := splitFault(fault.Name)
	if !slices.Contains(faultKinds, kind) || !slices.Contains([]string{"", "hetzner", "cloudflare"}, api) {
		return fmt.Errorf("there is no fault named %q; there are hetzner-KIND and cloudflare-KIND with KIND one of %s", fault.Name, strings.Join(faultKinds, ", "))
	}
	c.faults.mutex.Lock()
	defer c.faults.mutex.Unlock()
	c.faults.pending = slices.DeleteFunc(c.faults.pending, func(f Fault) bool { return f.Name == fault.Name && f.Path == fault.Path })
	c.faults.met = map[string]int{}
	if fault.Count != 0 {
		c.faults.pending = append(c.faults.pending, fault)
	}
	return nil
}

func splitFault(name string) (api, kind string) {
	if api, kind, both := strings.Cut(name, "-"); both {
		return api, kind
	}
	return "", name
}

// take returns the kind of fault due for a call to the API, or "".
func (f *faults) take(called string, r *http.Request) string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for i := range f.pending {
		fault := &f.pending[i]
		api, kind := splitFault(fault.Name)
		switch {
		case fault.Count == 0 || !strings.HasPrefix(r.URL.Path, fault.Path) || (api != "" && api != called):
			continue
		case kind == "unavailable" && (called != "hetzner" || r.Method != http.MethodPost || r.URL.Path != "/v1/servers"):
			continue
		}
		switch call := r.Method + " " + r.URL.Path; {
		case fault.Skip > 0:
			fault.Skip--
			continue
		case fault.Each && f.met[call] >= fault.Count:
			continue
		case fault.Each:
			f.met[call]++
		case fault.Count > 0:
			fault.Count--
		}
		return kind
	}
	return ""
}

// misbehave answers, or does not, in the API's place.
func (c *Cloud) misbehave(w http.ResponseWriter, r *http.Request, api, kind string, routes http.Handler) {
	switch kind {
	case "lost":
		routes.ServeHTTP(nowhere{}, r)
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	case "timeout":
		select {
		case <-r.Context().Done():
		case <-c.ctx.Done():
		case <-time.After(25 * time.Second): // longer than anybody here waits
		}
		panic(http.ErrAbortHandler)
	case "reset":
		panic(http.ErrAbortHandler)
	case "unavailable":
		writeRefusal(w, &refusal{status: http.StatusPreconditionFailed, code: "resource_unavailable", message: "error during placement"})
	default:
		if api == "hetzner" {
			writeRefusal(w, hetznerOutages[kind])
		} else {
			writeDenial(w, cloudflareOutages[kind])
		}
	}
}

var hetznerOutages = map[string]*refusal{
	"429": {status: http.StatusTooManyRequests, code: "rate_limit_exceeded", message: "limit of 3600 requests per hour reached"},
	"500": {status: http.StatusInternalServerError, code: "server_error", message: "an internal error occurred"},
	"503": {status: http.StatusServiceUnavailable, code: "unavailable", message: "the service is currently unavailable"},
}

var cloudflareOutages = map[string]*denial{
	"429": {http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed"},
	"500": {http.StatusInternalServerError, 10013, "An unknown error has occurred"},
	"503": {http.StatusServiceUnavailable, 1105, "Service temporarily unavailable"},
}

// nowhere takes an answer that nobody gets.
type nowhere struct{}

func (nowhere) Header() http.Header            { return http.Header{} }
func (nowhere) Write(text []byte) (int, error) { return len(text), nil }
func (nowhere) WriteHeader(int)                {}
