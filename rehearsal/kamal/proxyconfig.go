package kamal

import "strings"

// proxy is what kamal-proxy is told of a role or an accessory
// (lib/kamal/configuration/proxy.rb).
type proxy struct {
	config *config
	root   value
	role   string // "" for an accessory
}

// minimumProxy is the kamal-proxy that is started, and the oldest that may run.
const minimumProxy = "v0.9.2"

const (
	proxyContainer     = "kamal-proxy"
	proxyDirectory     = runDirectory + "/proxy"
	proxyApps          = proxyDirectory + "/apps-config"
	proxyAppsContainer = "/home/kamal-proxy/.apps-config"
)

// ssl: a certificate of one's own counts too.
func (p *proxy) ssl() bool {
	ssl := p.root.get("ssl")
	return !ssl.isNull() && !ssl.isFalse()
}

func (p *proxy) customCertificate() bool {
	ssl := p.root.get("ssl")
	return ssl.isMap() && !ssl.get("certificate_pem").isBlank() && !ssl.get("private_key_pem").isBlank()
}

// appDirectory is where kamal-proxy finds an app's certificate and error pages.
func (c *config) proxyAppDirectory() string { return proxyApps + "/" + c.serviceAndDestination() }

func (p *proxy) tlsDirectory() string {
	return p.config.proxyAppDirectory() + "/tls"
}

func (p *proxy) hostFile(name string) string { return slashed(p.tlsDirectory(), p.role, name) }

func (p *proxy) containerFile(name string) string {
	return slashed(proxyAppsContainer, p.config.serviceAndDestination(), "tls", p.role, name)
}

// deployArgs are the options of `kamal-proxy deploy`, in Kamal's order; target
// is a container.
func (p *proxy) deployArgs(target string) string {
	port := p.root.get("app_port").or("80")
	all := []pair{{"target", textValue(target + ":" + port)}}
	add := func(key string, v value) {
		if !v.isNull() {
			all = append(all, pair{key, v})
		}
	}
	seconds := func(key string, v value) {
		if !v.isNull() && !v.isFalse() {
			add(key, textValue(v.text()+"s"))
		}
	}
	orTrue := func(v value) value {
		if v.node == nil {
			return trueValue
		}
		return v
	}
	add("host", listValue(p.hosts()))
	if p.ssl() {
		add("tls", trueValue)
	}
	if p.customCertificate() {
		add("tls-certificate-path", textValue(p.containerFile("cert.pem")))
		add("tls-private-key-path", textValue(p.containerFile("key.pem")))
	}
	seconds("deploy-timeout", textValue(textOf(p.config.deployTimeout())))
	seconds("drain-timeout", textValue(textOf(p.config.drainTimeout())))
	seconds("health-check-interval", p.root.get("healthcheck", "interval"))
	seconds("health-check-timeout", p.root.get("healthcheck", "timeout"))
	add("health-check-path", p.root.get("healthcheck", "path"))
	seconds("target-timeout", p.root.get("response_timeout"))
	add("buffer-requests", orTrue(p.root.get("buffering", "requests")))
	add("buffer-responses", orTrue(p.root.get("buffering", "responses")))
	add("buffer-memory", p.root.get("buffering", "memory"))
	add("max-request-body", p.root.get("buffering", "max_request_body"))
	add("max-response-body", p.root.get("buffering", "max_response_body"))
	add("path-prefix", listValue(p.split("path_prefixes", "path_prefix")))
	add("strip-path-prefix", p.root.get("strip_path_prefix"))
	add("forward-headers", p.root.get("forward_headers"))
	add("tls-redirect", p.root.get("ssl_redirect"))
	headers := p.root.get("logging", "request_headers")
	if headers.isNull() {
		headers = listValue([]string{"Cache-Control", "Last-Modified", "User-Agent"})
	}
	add("log-request-header", headers)
	add("log-response-header", p.root.get("logging", "response_headers"))
	if p.config.errorPagesPath() != "" {
		add("error-pages", textValue(slashed(proxyAppsContainer, p.config.serviceAndDestination(), "error_pages", p.config.version())))
	}
	return options(all, "=")
}

func (p *proxy) hosts() []string { return p.split("hosts", "host") }

// split is a list, or else one text with commas.
func (p *proxy) split(list, text string) []string {
	if v := p.root.get(list); !v.isNull() {
		return v.texts()
	}
	if v := p.root.get(text); !v.isNull() {
		return strings.Split(v.text(), ",")
	}
	return nil
}

// proxyRun is the run section of the proxies of a host, where kamal-proxy's own
// container is described; nothing when there is none.
func (c *config) proxyRun(host string) value {
	for _, r := range c.roles {
		if p := r.proxy(); p != nil && r.on(host) && !p.root.get("run").isBlank() {
			return p.root.get("run")
		}
	}
	for _, a := range c.accessories {
		if run := a.root.get("proxy", "run"); contains(a.hosts(), host) && !run.isBlank() {
			return run
		}
	}
	return value{}
}
