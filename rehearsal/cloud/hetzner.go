package cloud

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

type hetznerState struct {
	sshKeys       map[int64]*schema.SSHKey
	firewalls     map[int64]*schema.Firewall
	primaryIPs    map[int64]*schema.PrimaryIP
	networks      map[int64]*network
	loadBalancers map[int64]*loadBalancer
	servers       map[int64]*server
	actions       map[int64]*action
	busy          map[int64]int // server or box -> how many actions on it run
	boxes         map[int64]*storageBox

	boxConnections map[string]int // by user
	readOnly       bool           // the token may only read
}

func newHetznerState() hetznerState {
	return hetznerState{
		sshKeys: map[int64]*schema.SSHKey{}, firewalls: map[int64]*schema.Firewall{},
		primaryIPs: map[int64]*schema.PrimaryIP{}, servers: map[int64]*server{}, networks: map[int64]*network{}, loadBalancers: map[int64]*loadBalancer{},
		actions: map[int64]*action{}, busy: map[int64]int{},
		boxes: map[int64]*storageBox{}, boxConnections: map[string]int{},
	}
}

// answer is a successful one.
type answer struct {
	status int // 0: 200
	body   any // nil: none
}

// handle is one endpoint of Hetzner's. It runs under the lock.
type handle func(r *http.Request) (answer, error)

// hetznerRoutes are those of api.hetzner.cloud, and under /boxes those of
// api.hetzner.com, which has the Storage Boxes.
func (c *Cloud) hetznerRoutes() http.Handler {
	routes := c.routes(
		c.actionRoutes(), locationKind.routes(), serverTypeKind.routes(), imageKind.routes(),
		pricingRoutes(), c.sshKeyRoutes(), c.firewallRoutes(), c.primaryIPRoutes(), c.networkRoutes(), c.serverRoutes(), loadBalancerTypeKind.routes(), c.loadBalancerRoutes(),
	)
	boxes := c.routes(storageBoxTypeKind.routes(), c.storageBoxRoutes(), c.storageBoxAccountRoutes(), c.storageBoxSnapshotRoutes())
	routes.Handle("/boxes/", http.StripPrefix("/boxes", boxes))
	return routes
}

func (c *Cloud) routes(groups ...map[string]handle) *http.ServeMux {
	routes := http.NewServeMux()
	for _, group := range groups {
		for pattern, do := range group {
			routes.HandleFunc(pattern, c.hetznerHandler(do))
		}
	}
	routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { writeRefusal(w, notFound("route")) })
	return routes
}

func (c *Cloud) hetznerHandler(do handle) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+c.config.HetznerToken {
			writeRefusal(w, &refusal{status: http.StatusUnauthorized, code: "unauthorized", message: "the token you are using is not valid"})
			return
		}
		if r.Method != http.MethodGet && c.tokenReadsOnly() {
			writeRefusal(w, &refusal{status: http.StatusForbidden, code: "token_readonly", message: "the token is only allowed to perform GET requests"})
			return
		}
		status, body, err := c.handleHetzner(do, r)
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			writeRefusal(w, refused)
			return
		}
		if err != nil {
			writeRefusal(w, &refusal{status: http.StatusInternalServerError, code: "server_error", message: err.Error()})
			return
		}
		writeBody(w, status, body)
	}
}

// handleHetzner also writes the answer out under the lock: it shows things that
// go on changing.
func (c *Cloud) handleHetzner(do handle, r *http.Request) (int, []byte, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	result, err := do(r)
	if err != nil || result.body == nil {
		return result.status, nil, err
	}
	body, err := json.Marshal(result.body)
	return max(result.status, http.StatusOK), body, err
}

// A refusal is an answer other than success.
type refusal struct {
	status        int
	code, message string
	fields        []string // optional: the input at fault
	reason        string   // optional: what is wrong with it
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func notFound(what string) *refusal {
	return &refusal{status: http.StatusNotFound, code: "not_found", message: strings.ReplaceAll(what, "_", " ") + " not found"}
}

// invalid says what is wrong with a field of the request.
func invalid(field, reason string) *refusal {
	return &refusal{http.StatusUnprocessableEntity, "invalid_input", "invalid input in field '" + field + "': " + reason, []string{field}, reason}
}

// unfit says that good fields do not fit each other, or the account.
func unfit(message string) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, code: "invalid_input", message: message}
}

func taken(message, field string) *refusal {
	return &refusal{status: http.StatusConflict, code: "uniqueness_error", message: message, fields: []string{field}}
}

func conflicting(code, message string) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, code: code, message: message}
}

var errProtected = &refusal{status: http.StatusForbidden, code: "protected", message: "the resource is protected: delete protection is enabled"}

func writeRefusal(w http.ResponseWriter, refused *refusal) {
	type field struct {
		Name     string   `json:"name"`
		Messages []string `json:"messages,omitempty"`
	}
	var details any
	var fields []field
	for _, name := range refused.fields {
		at := field{Name: name}
		if refused.reason != "" {
			at.Messages = []string{refused.reason}
		}
		fields = append(fields, at)
		details = map[string]any{"fields": fields}
	}
	body, err := json.Marshal(map[string]any{"error": map[string]any{"code": refused.code, "message": refused.message, "details": details}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeBody(w, refused.status, body)
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only when the client has gone
}

func pathID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, invalid("id", "must be a number")
	}
	return id, nil
}

// find looks a thing up by the ID in the path.
func find[T any](r *http.Request, things map[int64]*T) (*T, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	thing, ok := things[id]
	if !ok {
		return nil, notFound("resource")
	}
	return thing, nil
}

// idle finds a thing on which no action runs; what names its kind.
func idle[T any](c *Cloud, r *http.Request, things map[int64]*T, what string) (*T, error) {
	thing, err := find(r, things)
	if err != nil {
		return nil, err
	}
	if id, _ := pathID(r); c.hetzner.busy[id] > 0 {
		return nil, &refusal{status: http.StatusLocked, code: "locked", message: what + " is locked"}
	}
	return thing, nil
}

// idleAndRead finds a thing on which no action runs, and reads what is wanted of it.
func idleAndRead[T, W any](r *http.Request, idle func(*http.Request) (*T, error)) (thing *T, wanted W, err error) {
	if thing, err = idle(r); err == nil {
		err = read(r, &wanted)
	}
	return thing, wanted, err
}

// setName gives a thing a name that no other of its kind has; inUse says that one has.
func setName[T any](things map[int64]*T, thing *T, nameOf func(*T) *string, name, inUse string) error {
	if name == "" {
		return invalid("name", "missing data for required field")
	}
	for _, other := range things {
		if *nameOf(other) == name && other != thing {
			return taken(inUse, "name")
		}
	}
	*nameOf(thing) = name
	return nil
}

// findAndRead looks a thing up and reads what is wanted of it.
func findAndRead[T, W any](r *http.Request, things map[int64]*T) (thing *T, wanted W, err error) {
	if thing, err = find(r, things); err == nil {
		err = read(r, &wanted)
	}
	return thing, wanted, err
}

func read(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return &refusal{status: http.StatusBadRequest, code: "json_error", message: "invalid JSON input in your request"}
	}
	return nil
}

// values lists the things as pointers, in no order.
func values[T any](things map[int64]*T) func() []*T {
	return func() []*T { return slices.Collect(maps.Values(things)) }
}
