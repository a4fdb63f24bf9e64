package kamal

import (
	"regexp"
	"slices"
	"strings"
)

// shape says which keys a section may have and of what type each is. The type is
// the key's last character: [] a list, {} a mapping, ? true or false, # a whole
// number, * what is checked elsewhere, and none a string, which any scalar is.
// Kamal's own shapes are its documentation (lib/kamal/configuration/docs/*.yml).
type shape []string

func shapeOf(keys string) shape { return strings.Fields(keys) }

var (
	rootShape = shapeOf(`service image labels{} volumes[] registry{} servers* env{} asset_path hooks_path
		hooks_output* secrets_path error_pages_path require_destination? primary_role allow_empty_roles?
		retain_containers# minimum_version readiness_delay# deploy_timeout# drain_timeout# stop_timeout#
		run_directory ssh{} builder{} accessories{} proxy{} sshkit{} boot{} logging{} output{} aliases{}`)
	roleShape      = shapeOf(`hosts[] cmd stop_timeout# options{} logging{} proxy* labels{} env{} asset_path`)
	accessoryShape = shapeOf(`service image registry{} host hosts[] role roles[] tag tags[] cmd port labels{}
		options{} env{} files[] directories[] volumes[] network proxy{}`)
	proxyShape = shapeOf(`host hosts[] app_port# ssl* ssl_redirect? forward_headers? response_timeout# path_prefix
		path_prefixes[] strip_path_prefix? healthcheck{} buffering{} logging{} run{}`)
	healthShape   = shapeOf(`interval# path timeout#`)
	bufferShape   = shapeOf(`requests? responses? max_request_body# max_response_body# memory#`)
	headersShape  = shapeOf(`request_headers[] response_headers[]`)
	runShape      = shapeOf(`http_port# https_port# metrics_port# debug? log_max_size publish? bind_ips[] registry repository version options{}`)
	sslShape      = shapeOf(`certificate_pem private_key_pem`)
	registryShape = shapeOf(`server username* password*`)
	bootShape     = shapeOf(`limit wait# parallel_roles?`)
	loggingShape  = shapeOf(`driver options{}`)
	sshShape      = shapeOf(`user port proxy proxy_command log_level keys_only? keys[] key_data[] config* forward_agent?`)
	sshkitShape   = shapeOf(`max_concurrent_starts# pool_idle_timeout# dns_retries#`)
	builderShape  = shapeOf(`arch* remote local? pack{} cache{} context dockerfile target args{} secrets[] ssh driver provenance sbom?`)
	wholeNumber   = regexp.MustCompile(`^-?[0-9]+$`)
	mainCommands  = shapeOf(`accessory app audit build config deploy details docs help init lock proxy prune redeploy registry remove rollback secrets server setup upgrade version`)
	aliasName     = regexp.MustCompile(`^[a-z0-9_-]+$`)
)

func refused(context, message string, values ...any) error {
	if context != "" {
		context += ": "
	}
	return failed("Kamal::ConfigurationError", context+message, values...)
}

// check refuses a section that has other keys, or other types.
func (s shape) check(context string, v value, extensions bool) error {
	if !v.isMap() {
		return refused(context, "should be a hash")
	}
	var unknown []string
	for _, p := range v.pairs() {
		if _, known := s.kind(p.key); !known && !(extensions && strings.HasPrefix(p.key, "x-")) {
			unknown = append(unknown, p.key)
		}
	}
	switch len(unknown) {
	case 0:
	case 1:
		return refused(context, "unknown key: %s", unknown[0])
	default:
		return refused(context, "unknown keys: %s", strings.Join(unknown, ", "))
	}
	for _, p := range v.pairs() {
		kind, known := s.kind(p.key)
		if wanted := unlike(kind, p.value); known && wanted != "" {
			return refused(slashed(context, p.key), "should be %s", wanted)
		}
	}
	return nil
}

func (s shape) kind(key string) (kind string, known bool) {
	for _, entry := range s {
		if rest, ok := strings.CutPrefix(entry, key); ok && (rest == "" || strings.Contains("[]{}?#*", rest)) {
			return rest, true
		}
	}
	return "", false
}

// unlike is what a value should be and is not, "" when it is.
func unlike(kind string, v value) string {
	switch {
	case kind == "[]" && !v.isList():
		return "an array"
	case kind == "{}" && !v.isMap():
		return "a hash"
	case kind == "?" && !v.isTrue() && !v.isFalse():
		return "a boolean"
	case kind == "#" && (!v.isScalar() || !v.isNumber()):
		return "an integer"
	case kind == "" && !v.isScalar():
		return "a string"
	}
	return ""
}

// isNumber tells a whole number that stands without quotes.
func (v value) isNumber() bool {
	_, plain := v.plain()
	return plain && wholeNumber.MatchString(v.text())
}

// checkShape refuses what Kamal's validator refuses, one thing at a time and in
// its order (lib/kamal/configuration/validator.rb and validator/*.rb).
func checkShape(root value) error {
	if err := rootShape.check("", root, true); err != nil {
		return err
	}
	if servers := root.get("servers"); root.has("servers") && !servers.isMap() && !servers.isList() {
		return refused("servers", "should be an array or a hash")
	}
	for _, p := range root.get("servers").pairs() {
		if err := checkRole("servers/"+p.key, p.value); err != nil {
			return err
		}
	}
	if err := checkRegistry("registry", root.get("registry")); err != nil {
		return err
	}
	for _, p := range root.get("accessories").pairs() {
		if err := checkAccessory("accessories/"+p.key, p.value, root); err != nil {
			return err
		}
	}
	for _, p := range root.get("aliases").pairs() {
		switch context := "aliases/" + p.key; {
		case !p.value.isScalar():
			return refused(context, "should be a string")
		case !aliasName.MatchString(p.key):
			return refused(context, "Invalid alias name: '%s'. Must only contain lowercase letters, alphanumeric, hyphens and underscores.", p.key)
		case slices.Contains(mainCommands, p.key):
			return refused(context, "Alias '%s' conflicts with a built-in command.", p.key)
		}
	}
	if err := checkSections("", root, map[string]shape{"boot": bootShape}); err != nil {
		return err
	}
	if err := builderShape.check("builder", root.get("builder").orEmpty(), false); err != nil {
		return err
	}
	if root.get("builder", "arch").isBlank() {
		return refused("builder", "Builder arch not set")
	}
	if err := checkEnv("env", root.get("env")); err != nil {
		return err
	}
	if err := checkSections("", root, map[string]shape{"logging": loggingShape}); err != nil {
		return err
	}
	if err := checkProxy("proxy", root.get("proxy")); err != nil {
		return err
	}
	return checkSections("", root, map[string]shape{"ssh": sshShape, "sshkit": sshkitShape})
}

// orEmpty is a mapping where nothing is.
func (v value) orEmpty() value {
	if v.node == nil {
		return mapValue(nil)
	}
	return v
}

// checkSections checks sections that need not be there.
func checkSections(context string, v value, shapes map[string]shape) error {
	for _, p := range v.pairs() {
		if s, ok := shapes[p.key]; ok {
			if err := s.check(slashed(context, p.key), p.value, false); err != nil {
				return err
			}
		}
	}
	return nil
}
