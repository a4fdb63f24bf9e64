package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// reader looks values up one key at a time and gathers what is wrong with them.
type reader struct {
	src      Source
	env      Environment
	mistakes []error
}

// A rule says whether a value is accepted and, for the message, what would be.
type rule struct {
	accepts func(string) bool
	wanted  string // completes "accepted is ..."
	example string // a value to put into the mending command
}

// get returns the value of key in this project's namespace, trimmed, or "".
func (r *reader) get(key string) string {
	if !strings.Contains(key, ":") {
		key = r.src.Project() + ":" + key
	}
	value, _ := r.src.GetConfig(key)
	return strings.TrimSpace(value)
}

func (r *reader) mistake(format string, args ...any) {
	r.mistakes = append(r.mistakes, fmt.Errorf(format, args...))
}

// check returns value, or notes a mistake and returns "" when it breaks the
// rule. Empty values are left to the caller.
func (r *reader) check(key, value string, want rule) string {
	if value != "" && !want.accepts(value) {
		r.mistake("%s: got %q, accepted is %s; mend it with: pulumi config set %s %s", key, value, want.wanted, key, want.example)
		return ""
	}
	return value
}

func (r *reader) required(key string, want rule) string {
	value := r.get(key)
	if value == "" {
		r.mistake("%s: not set, needed is %s; set it with: pulumi config set %s %s", key, want.wanted, key, want.example)
	}
	return r.check(key, value, want)
}

func (r *reader) optional(key, fallback string, want rule) string {
	if value := r.get(key); value != "" {
		return r.check(key, value, want)
	}
	return fallback
}

func (r *reader) boolean(key string, fallback bool) bool {
	given := r.get(key)
	if given == "" {
		return fallback
	}
	return r.check(key, given, rule{func(v string) bool { return v == "true" || v == "false" }, "true or false", strconv.FormatBool(fallback)}) == "true"
}

func (r *reader) number(key string, fallback, least, most int) int {
	given := r.get(key)
	if given == "" {
		return fallback
	}
	value, err := strconv.Atoi(given)
	inRange := func(string) bool { return err == nil && least <= value && value <= most }
	r.check(key, given, rule{inRange, fmt.Sprintf("a whole number from %d to %d", least, most), strconv.Itoa(fallback)})
	return value
}

// secret returns an optional value that must be stored encrypted. Its mistakes
// never show the value.
func (r *reader) secret(key string, want rule) string {
	value := r.get(key)
	if value == "" {
		return ""
	}
	if !r.src.IsConfigSecret(r.src.Project() + ":" + key) {
		r.mistake("%s: it is stored in clear in the stack's settings file; store a new one encrypted: pulumi config set --secret %s", key, key)
	}
	if !want.accepts(value) {
		r.mistake("%s: the value (not shown) is not accepted, accepted is %s; set it with: pulumi config set --secret %s", key, want.wanted, key)
	}
	return value
}

// token returns a provider's token, "" when it cannot be found or is of the
// wrong form.
func (r *reader) token(key, variable string, want rule) string {
	value, from := r.get(key), key
	if value == "" {
		value, from = strings.TrimSpace(r.env.Getenv(variable)), variable
	}
	switch {
	case value == "":
		r.mistake("%s: not set, and neither is %s in the environment; needed is %s; set it with: pulumi config set --secret %s", key, variable, want.wanted, key)
	case !want.accepts(value):
		r.mistake("%s: the value (%d characters, not shown) is not accepted, accepted is %s; set it with: pulumi config set --secret %s", from, len(value), want.wanted, key)
		return ""
	case from == key && !r.src.IsConfigSecret(key):
		r.mistake("%s: it is stored in clear in the stack's settings file; make a new token and store it encrypted: pulumi config set --secret %s", key, key)
	}
	return value
}

// list reads either a JSON list, as Pulumi gives structured settings, or words
// separated by commas, as one types them after `pulumi config set`.
func (r *reader) list(key string) []string {
	given := r.get(key)
	var items []string
	if strings.HasPrefix(given, "[") {
		if err := json.Unmarshal([]byte(given), &items); err != nil {
			r.mistake("%s: got %q, accepted is a list of texts; mend it with: pulumi config set --path '%s[0]' VALUE", key, given, key)
		}
		return items
	}
	quoted := false // as in from="203.0.113.7,198.51.100.0/24" before a key
	for _, item := range strings.FieldsFunc(given, func(c rune) bool {
		quoted = quoted != (c == '"')
		return c == ',' && !quoted
	}) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func (r *reader) networks(key string) []netip.Prefix {
	var networks []netip.Prefix
	for _, item := range r.list(key) {
		network, err := parseNetwork(item)
		if err != nil {
			r.mistake("%s: got %q, accepted are addresses and networks such as 203.0.113.7 or 2001:db8::/32 (for everyone: pulumi config rm %[1]s); mend it with: pulumi config set %[1]s 203.0.113.7", key, item)
			continue
		}
		networks = append(networks, network)
	}
	return networks
}

// parseNetwork reads an address or a network, and spells it in one way. Everyone
// is no network: that is what an empty list means.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err == nil && network.Bits() == 0 {
		err = errors.New("it is everyone")
	}
	return network.Masked(), err
}

// appPath makes the app's path absolute: relative ones start at the directory
// of Pulumi.yaml, which is where the developer typed them.
func (r *reader) appPath(key string) string {
	given := r.get(key)
	if given == "" {
		r.mistake("%s: not set, needed is the directory of the Rails app; set it with: pulumi config set %s ../running_calendar", key, key)
		return ""
	}
	path := r.expand(given)
	if _, err := r.env.ReadFile(filepath.Join(path, "config", "deploy.yml")); err != nil {
		r.mistake("%s: got %q, but there is no config/deploy.yml in %s, accepted is the directory of a Rails app with Kamal's files; mend it with: pulumi config set %s DIRECTORY, or make the files with `kamal init` in the app", key, given, path, key)
		return ""
	}
	return path
}

func (r *reader) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(r.env.HomeDir, rest)
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(r.env.ProjectDir, path)
}

// registry reads where the image is kept, and who writes it there.
func (r *reader) registry() (host, user string) {
	host = r.optional("registry", GitHubRegistry, registryHost)
	gitHub, other := r.get("githubUser"), r.get("registryUser")
	switch host {
	case "": // mistaken
	case GitHubRegistry:
		user = r.required("githubUser", gitHubUser)
	case LocalRegistry:
		r.check("githubUser", gitHub, gitHubUser)
	default:
		user = r.required("registryUser", registryUser)
	}
	if other != "" && (host == GitHubRegistry || host == LocalRegistry) {
		r.mistake("registryUser: got %q, but the registry is %s, which does not need it; delete it with: pulumi config rm registryUser", other, host)
	}
	return host, user
}
