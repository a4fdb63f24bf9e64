package kamal

import "regexp"

// The sections that stand in more than one place of deploy.yml, or have rules of
// their own (lib/kamal/configuration/validator/*.rb).

func checkRole(context string, role value) error {
	if role.isList() {
		return nil
	}
	if !role.isMap() {
		return refused(context, "should be an array or a hash")
	}
	if err := roleShape.check(context, role, false); err != nil {
		return err
	}
	if err := checkOptions(context, role); err != nil {
		return err
	}
	if err := checkEnv(context+"/env", role.get("env")); err != nil {
		return err
	}
	proxy := role.get("proxy")
	if proxy.isNull() || proxy.isTrue() || proxy.isFalse() {
		return nil
	}
	return checkProxy(context+"/proxy", proxy)
}

var restartPolicies = regexp.MustCompile(`^(?:no|always|unless-stopped|on-failure(?::\d+)?)$`)

// checkOptions refuses labels that are Kamal's own, and restart policies that
// Docker has not; `restart: no` is false in YAML.
func checkOptions(context string, v value) error {
	for _, p := range v.get("labels").pairs() {
		if p.key == "destination" || p.key == "role" || p.key == "service" {
			return refused(context+"/labels/"+p.key, "invalid label. destination, role, and service are reserved labels")
		}
	}
	restart := v.get("options", "restart")
	switch {
	case restart.node == nil:
		return nil
	case !restart.isScalar() || restart.isTrue() || restart.isFalse() || restart.isNumber():
		return refused(context+"/options/restart", `should be a string. Use "no" to disable restarts`)
	case !restartPolicies.MatchString(restart.text()):
		return refused(context+"/options/restart", "should be no, always, unless-stopped, on-failure, or on-failure:N")
	}
	return nil
}

func checkRegistry(context string, v value) error {
	if err := registryShape.check(context, v.orEmpty(), false); err != nil {
		return err
	}
	if (registry{root: v}).local() {
		return nil
	}
	for _, key := range []string{"username", "password"} {
		switch at := v.get(key); {
		case at.isBlank():
			return refused(context+"/"+key, "is required")
		case !at.isScalar() && (!at.isList() || len(at.list()) != 1):
			return refused(context+"/"+key, "should be a string or an array with one string (for secret lookup)")
		}
	}
	return nil
}

func checkAccessory(context string, a, root value) error {
	if err := accessoryShape.check(context, a, false); err != nil {
		return err
	}
	places := 0
	for _, key := range []string{"host", "hosts", "role", "roles", "tag", "tags"} {
		if a.has(key) {
			places++
		}
	}
	if places != 1 {
		return refused(context, "specify one of `host`, `hosts`, `role`, `roles`, `tag` or `tags`")
	}
	if err := checkOptions(context, a); err != nil {
		return err
	}
	if name := a.get("role"); name.node != nil && !root.get("servers").has(name.text()) && (!root.get("servers").isList() || name.text() != "web") {
		return refused(context, "unknown role %s", name.text())
	}
	if err := checkEnv(context+"/env", a.get("env")); err != nil {
		return err
	}
	if a.has("proxy") {
		if err := checkProxy(context+"/proxy", a.get("proxy")); err != nil {
			return err
		}
	}
	if a.get("registry").isBlank() {
		return nil
	}
	return checkRegistry(context+"/registry", a.get("registry"))
}

func checkEnv(context string, env value) error {
	if env.node == nil {
		return nil
	}
	if !env.has("clear") && !env.has("secret") && !env.has("tags") {
		return checkVariables(context, env)
	}
	if err := shapeOf("clear{} secret[] tags{}").check(context, env, false); err != nil {
		return err
	}
	return checkVariables(context+"/clear", env.get("clear"))
}

func checkVariables(context string, clear value) error {
	for _, p := range clear.pairs() {
		if !p.value.isScalar() {
			return refused(context+"/"+p.key, "should be a string")
		}
	}
	return nil
}

func checkProxy(context string, v value) error {
	if v.node == nil {
		return nil
	}
	if err := proxyShape.check(context, v, false); err != nil {
		return err
	}
	ssl := v.get("ssl")
	if ssl.node != nil && !ssl.isMap() && !ssl.isTrue() && !ssl.isFalse() {
		return refused(context+"/ssl", "should be a boolean or a hash")
	}
	if ssl.isMap() {
		if err := sslShape.check(context+"/ssl", ssl, false); err != nil {
			return err
		}
	}
	if err := checkSections(context, v, map[string]shape{"healthcheck": healthShape, "buffering": bufferShape, "logging": headersShape, "run": runShape}); err != nil {
		return err
	}
	switch certificate, key := ssl.get("certificate_pem"), ssl.get("private_key_pem"); {
	case v.get("host").isBlank() && v.get("hosts").isBlank() && (ssl.isTrue() || ssl.isMap()):
		return refused(context, "Must set a host to enable automatic SSL")
	case v.has("host") && v.has("hosts"):
		return refused(context, "Specify one of 'host' or 'hosts', not both")
	case !certificate.isBlank() && key.isBlank():
		return refused(context, "Missing private_key_pem setting (required when certificate_pem is present)")
	case !key.isBlank() && certificate.isBlank():
		return refused(context, "Missing certificate_pem setting (required when private_key_pem is present)")
	}
	return nil
}
