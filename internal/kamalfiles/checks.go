package kamalfiles

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// notes tells what in the app would spoil a deploy and is not this program's to
// change. Each says where, what, and what mends it.
func (p *Plan) notes(w Settings) []string {
	return slices.Concat(
		p.masterKey(),
		p.missingFiles(),
		p.uncommitted(),
		literals(".kamal/secrets", p.read(".kamal/secrets")),
		literals(".kamal/secrets-common", p.read(".kamal/secrets-common")),
		p.softwareNotes(w.Deploy),
		p.databaseSettings(w.Deploy),
		p.severalServers(w.Deploy),
		p.destinations(w.Deploy),
		p.kamalVersion(w.Deploy),
		p.ownTrustedProxies(w.Deploy),
	)
}

func (p *Plan) read(path string) []byte {
	text, err := os.ReadFile(filepath.Join(p.dir, path))
	if err != nil {
		return nil
	}
	return text
}

func (p *Plan) masterKey() []string {
	const path = "config/master.key"
	git := exec.Command("git", "-C", p.dir, "ls-files", "--error-unmatch", path)
	if git.Run() == nil {
		return []string{path + ": git tracks it, so everyone with the repository can decrypt the app's credentials; run: git rm --cached config/master.key && echo /config/master.key >> .gitignore, then make a new key (bin/rails credentials:edit)"}
	}
	if len(bytes.TrimSpace(p.read(path))) == 0 && strings.Contains(string(p.read(".kamal/secrets")), path) {
		return []string{path + ": it is missing or empty, and RAILS_MASTER_KEY comes from it; copy it from where the app was made, or make one: bin/rails credentials:edit"}
	}
	return nil
}

// uncommitted tells of files about to be changed that have been edited since
// the last commit: git diff would then show both changes as one.
func (p *Plan) uncommitted() []string {
	var told []string
	for _, f := range p.files {
		if f.before == nil || bytes.Equal(f.before, f.after) {
			continue
		}
		status, err := exec.Command("git", "-C", p.dir, "status", "--porcelain", "--", f.path).Output()
		if err == nil && len(status) > 0 {
			told = append(told, f.path+": it has changes that are not committed, and pulumi up will change it further; commit them first, so that git diff then shows what the program did: git commit "+f.path)
		}
	}
	return told
}

func (p *Plan) missingFiles() []string {
	if p.read("Dockerfile") == nil {
		return []string{"Dockerfile: there is none, and Kamal builds the image from it; Rails makes one: bin/rails app:update (7.1 and later)"}
	}
	return nil
}

// destinations tells of deploy.<name>.yml files that hide what is written here:
// Kamal merges them over deploy.yml.
func (p *Plan) destinations(w Deploy) []string {
	paths, _ := filepath.Glob(filepath.Join(p.dir, "config", "deploy.*.yml"))
	keys := []string{"service", "image", "servers", "proxy.ssl", "proxy.host", "proxy.hosts", "registry.server", "registry.username", "registry.password", "ssh.user", "env.clear.DB_HOST", "env.secret", strings.Join(w.db(), ".")}
	if len(w.JobHosts) > 0 {
		keys = append(keys, "env.clear."+queueInPuma)
	}
	var told []string
	for _, path := range paths {
		path = "config/" + filepath.Base(path)
		read, err := readMasked(p.read(path))
		if err != nil {
			told = append(told, fmt.Sprintf("%s: it cannot be read, so whether it overrides config/deploy.yml is not known: %v", path, err))
			continue
		}
		var hidden []string
		for _, key := range keys {
			if at(read, key) != nil {
				hidden = append(hidden, key)
			}
		}
		if len(hidden) > 0 {
			name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "deploy."), ".yml")
			told = append(told, fmt.Sprintf("%s: with `kamal -d %s` it overrides %s of config/deploy.yml, and .kamal/secrets.%s is read instead of .kamal/secrets", path, name, strings.Join(hidden, ", "), name))
		}
	}
	return told
}

var lockedKamal = regexp.MustCompile(`(?m)^    kamal \((\d+)\.(\d+)\.(\d+)`)

// kamalVersion holds the locked Kamal against what is written: `proxy.hosts`
// came with 2.1.2, custom certificates with 2.7.0, aliased secrets with 2.6.0.
func (p *Plan) kamalVersion(w Deploy) []string {
	found := lockedKamal.FindSubmatch(p.read("Gemfile.lock"))
	if found == nil {
		return nil
	}
	have := []int{0, 0, 0}
	for i := range have {
		have[i], _ = strconv.Atoi(string(found[i+1]))
	}
	need, what := []int{2, 0, 0}, "kamal-proxy"
	if len(w.Hosts) > 1 {
		need, what = []int{2, 1, 2}, "proxy.hosts"
	}
	if strings.Contains(strings.Join(w.AppSecrets, " "), ":") {
		need, what = []int{2, 6, 0}, "an aliased secret"
	}
	if w.OriginCert != nil {
		need, what = []int{2, 7, 0}, "a certificate of one's own"
	}
	if w.Registry.isLocal() && slices.Compare(need, []int{2, 8, 0}) < 0 {
		need, what = []int{2, 8, 0}, "the local registry"
	}
	if slices.Compare(have, need) >= 0 {
		return nil
	}
	return []string{fmt.Sprintf("Gemfile.lock: Kamal %d.%d.%d is too old for %s, which needs %d.%d.%d; run: bundle update kamal", have[0], have[1], have[2], what, need[0], need[1], need[2])}
}
