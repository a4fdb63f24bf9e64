package cloud

import (
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

type cloudflareState struct {
	zones        map[string]*zone // by ID
	tokens       map[string][]Permission
	certificates map[string]*originCertificate // by ID
	networks     networks
}

func newCloudflareState(token string) cloudflareState {
	return cloudflareState{
		zones: map[string]*zone{}, tokens: map[string][]Permission{token: AllPermissions},
		certificates: map[string]*originCertificate{}, networks: publishedNetworks,
	}
}

// endpoint is one of Cloudflare's. Its do runs under the lock.
type endpoint struct {
	needs   Permission // "": any token
	lacking *denial    // the answer to a token without it
	do      func(r *http.Request) (any, error)
}

func (c *Cloud) cloudflareRoutes() http.Handler {
	routes := http.NewServeMux()
	for _, group := range []map[string]endpoint{c.zoneRoutes(), c.recordRoutes(), c.settingRoutes(), c.certificateRoutes(), c.ruleRoutes()} {
		for pattern, e := range group {
			routes.HandleFunc(pattern, c.cloudflareHandler(c.authorized(e)))
		}
	}
	routes.HandleFunc("GET /client/v4/user/tokens/verify", c.cloudflareHandler(c.verifyToken))
	routes.HandleFunc("GET /client/v4/ips", c.cloudflareHandler(c.listNetworks))
	// In plain text, and the same for every host behind Cloudflare, the API's too.
	routes.HandleFunc("GET /cdn-cgi/trace", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "h=api.cloudflare.com\nip=%s\nvisit_scheme=https\n", c.config.Developer)
	})
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { writeDenial(w, noRoute(r)) })
	return routes
}

func (c *Cloud) authorized(e endpoint) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		allowed, err := c.permissions(r)
		if err != nil {
			return nil, err
		}
		if !permits(allowed, e.needs) {
			return nil, e.lacking
		}
		return e.do(r)
	}
}

func (c *Cloud) cloudflareHandler(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := c.handleCloudflare(do, r)
		if denied := (*denial)(nil); errors.As(err, &denied) {
			writeDenial(w, denied)
			return
		}
		if err != nil {
			writeDenial(w, &denial{http.StatusInternalServerError, 10013, err.Error()})
			return
		}
		writeBody(w, http.StatusOK, body)
	}
}

// handleCloudflare also writes the answer out under the lock: it shows things
// that go on changing.
func (c *Cloud) handleCloudflare(do func(*http.Request) (any, error), r *http.Request) ([]byte, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	result, err := do(r)
	if err != nil {
		return nil, err
	}
	wrapped := envelope{Success: true, Errors: []flaw{}, Messages: []string{}, Result: result}
	if pages, ok := result.(pages); ok {
		wrapped.Result, wrapped.ResultInfo = pages.page(r)
	}
	return json.Marshal(wrapped)
}

// envelope is what Cloudflare wraps every answer in.
type envelope struct {
	Success    bool        `json:"success"`
	Errors     []flaw      `json:"errors"`
	Messages   []string    `json:"messages"`
	Result     any         `json:"result"`
	ResultInfo *resultInfo `json:"result_info,omitempty"`
}

type flaw struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type resultInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	TotalPages int `json:"total_pages"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
}

// pages is a result that is answered page by page.
type pages interface {
	page(r *http.Request) (any, *resultInfo)
}

type listing[T any] []T

func (l listing[T]) page(r *http.Request) (any, *resultInfo) {
	query := r.URL.Query()
	page, perPage := number(query, "page", 1), number(query, "per_page", 100)
	part, last := paginate(l, page, perPage)
	return part, &resultInfo{Page: page, PerPage: perPage, TotalPages: last, Count: len(part), TotalCount: len(l)}
}

// denial is an answer other than success, with Cloudflare's own code.
type denial struct {
	status, code int
	message      string
}

func (d *denial) Error() string { return fmt.Sprintf("%s (%d)", d.message, d.code) }

func bad(code int, message string) *denial { return &denial{http.StatusBadRequest, code, message} }

func noRoute(r *http.Request) *denial {
	return &denial{http.StatusNotFound, 7003, "Could not route to " + r.URL.Path + ", perhaps your object identifier is invalid?"}
}

func writeDenial(w http.ResponseWriter, denied *denial) {
	if denied.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	body, err := json.Marshal(envelope{Errors: []flaw{{denied.code, denied.message}}, Messages: []string{}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeBody(w, denied.status, body)
}

func decode(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return bad(6007, "Malformed JSON in request body")
	}
	return nil
}

// identifier makes an ID as Cloudflare's look, always the same for the same text.
func identifier(text string) string {
	return fmt.Sprintf("%x", md5.Sum([]byte(text)))
}
