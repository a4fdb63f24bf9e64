package kamal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// bootApp starts a version on all hosts, tells kamal-proxy of it, and stops what
// ran before (boot in lib/kamal/cli/app.rb).
func (r *run) bootApp(version string) error {
	return r.withVersion(version, func() error {
		r.say("Start container with version %s (or reboot if already running)...", version)
		if err := r.on(r.appHosts, r.prepareHost); err != nil {
			return err
		}
		barrier := newBarrier()
		for _, hosts := range r.bootGroups() {
			if err := r.bootGroup(hosts, version, barrier); err != nil {
				return err
			}
		}
		return r.on(r.appHosts, func(h *remote) error {
			if err := h.audit("", "Tagging %s as the latest image", r.config.absoluteImage()); err != nil {
				return err
			}
			return h.execute(r.app(nil, h.host).tagLatest())
		})
	})
}

func (r *run) bootGroup(hosts []string, version string, barrier *barrier) error {
	named := map[string]string{"HOSTS": strings.Join(hosts, ",")}
	if err := r.hook("pre-app-boot", false, named); err != nil {
		return err
	}
	parallel := r.config.root.get("boot", "parallel_roles").isTrue()
	if err := r.onRoles(hosts, parallel, func(h *remote, role *role) error {
		return (&boot{h, r.app(role, h.host), version, barrier}).run()
	}); err != nil {
		return err
	}
	if err := r.hook("post-app-boot", false, named); err != nil {
		return err
	}
	if wait := r.config.root.get("boot", "wait").number(0); wait > 0 {
		return r.sleep(time.Duration(wait) * time.Second)
	}
	return nil
}

// bootGroups are the hosts, boot.limit at a time: a number, or a percentage of all.
func (r *run) bootGroups() [][]string {
	limit := r.config.root.get("boot", "limit")
	size := limit.number(len(r.appHosts))
	if percent, ok := strings.CutSuffix(limit.text(), "%"); ok {
		size = max(textValue(percent).number(100)*len(r.config.allHosts())/100, 1)
	}
	var groups [][]string
	for rest := r.appHosts; len(rest) > 0; {
		n := min(max(size, 1), len(rest))
		groups, rest = append(groups, rest[:n]), rest[n:]
	}
	return groups
}

// prepareHost puts error pages, assets and certificates on a host.
func (r *run) prepareHost(h *remote) error {
	if err := r.uploadErrorPages(h); err != nil {
		return err
	}
	for _, role := range r.rolesOn(h.host) {
		app := r.app(role, h.host)
		if role.hasAssets() {
			if err := h.execute(app.extractAssets()); err != nil {
				return err
			}
			old, err := h.tryCapture(app.currentVersion())
			if err != nil {
				return err
			}
			if err := h.execute(app.syncAssets(old)); err != nil {
				return err
			}
		}
		if err := r.uploadCertificate(h, role); err != nil {
			return err
		}
	}
	return nil
}

// uploadCertificate writes the app's own certificate and key where kamal-proxy
// finds them, both readable by all (lib/kamal/cli/app/ssl_certificates.rb).
func (r *run) uploadCertificate(h *remote, role *role) error {
	proxy := role.proxy()
	if proxy == nil || !proxy.customCertificate() {
		return nil
	}
	h.out.log(info, "", "Writing SSL certificates for %s on %s", role.name, h.host)
	if err := h.execute(makeDirectory(proxy.tlsDirectory() + "/" + role.name)); err != nil {
		return err
	}
	for _, file := range [][2]string{{"certificate_pem", "cert.pem"}, {"private_key_pem", "key.pem"}} {
		text, err := r.config.secrets.get(proxy.root.get("ssl", file[0]).text())
		if err != nil {
			return err
		}
		if err := h.upload(text, proxy.hostFile(file[1]), "0644"); err != nil {
			return err
		}
	}
	return nil
}

var errorPage = regexp.MustCompile(`^[45]..\.html$`)

// uploadErrorPages sends error_pages_path's 4xx.html and 5xx.html as a directory
// of the version's name (lib/kamal/cli/app/error_pages.rb).
func (r *run) uploadErrorPages(h *remote) error {
	path := r.config.errorPagesPath()
	if path == "" {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(r.dir, path))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	pages := upload{name: r.config.version(), mode: "0755", isDir: true}
	for _, entry := range entries {
		if errorPage.MatchString(entry.Name()) {
			page, err := localUpload(filepath.Join(r.dir, path, entry.Name()))
			if err != nil {
				return err
			}
			pages.files = append(pages.files, page)
		}
	}
	if len(pages.files) == 0 {
		return nil
	}
	directory := r.app(nil, h.host).errorPagesDirectory()
	if err := h.execute(makeDirectory(directory)); err != nil {
		return err
	}
	return h.sendUpload(pages, directory, path)
}
