package kamal

import (
	"crypto/rand"
	"encoding/hex"
	"os/exec"
	"strings"
	"sync"
)

// git asks the app's repository (lib/kamal/git.rb).
type git struct {
	dir string
	env environment
	who func() string // asked once
}

func newGit(dir string, env environment) *git {
	g := &git{dir: dir, env: env}
	g.who = sync.OnceValue(g.askPerformer)
	return g
}

func (g *git) says(args ...string) string {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	text, _ := cmd.Output()
	return strings.TrimSpace(string(text))
}

// version is the commit's. Changes that are not committed are told in it only
// where builder.context is set: otherwise the build is of a clone of the commit
// (git_version in lib/kamal/configuration.rb). "" outside a repository.
func (g *git) version(hasContext bool) string {
	commit := g.says("rev-parse", "HEAD")
	if hasContext && g.says("status", "--porcelain") != "" {
		commit += "_uncommitted_" + randomHex(8)
	}
	return commit
}

// performer is who deploys, for the audit log and the hooks (lib/kamal/tags.rb).
func (g *git) performer() string { return g.who() }

func (g *git) askPerformer() string {
	if email := g.says("config", "user.email"); email != "" {
		return email
	}
	cmd := exec.Command("whoami")
	cmd.Env = g.env
	text, _ := cmd.Output()
	return strings.TrimSpace(string(text))
}

// randomHex is a random number of so many bytes.
func randomHex(bytes int) string {
	number := make([]byte, bytes)
	rand.Read(number) // never fails
	return hex.EncodeToString(number)
}
