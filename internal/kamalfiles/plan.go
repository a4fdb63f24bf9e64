// Package kamalfiles edits the Kamal files of a Rails app: config/deploy.yml,
// .kamal/secrets, .kamal/hooks/pre-connect and config/environments/production.rb.
//
// A document (document.go) is a YAML file under the knife: parsed to find places,
// cut at those places, and parsed again, so that every other byte stays. Each key
// of deploy.yml that is owned has a file of its name (servers, image, proxy,
// registry, env, database...), which says how the key is to be and what to tell
// the developer of it. Deploy.Apply lets each of them make its cuts and then reads
// both texts as Kamal would: what is owned must be as wanted and nothing else
// changed (verify.go), and a second time must change nothing, or all is refused.
// What is the developer's to decide becomes a note, which says where, what, and
// what mends it; only what cannot be understood, or would deploy to the wrong
// place, is refused. A Plan joins the edits of all files with the notes, shows them
// as a diff, and writes each file whole or not at all; it knows nothing of Pulumi.
package kamalfiles

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"
	"github.com/pmezard/go-difflib/difflib"
)

// Settings is what the files are to say.
type Settings struct {
	Deploy
	Secrets        []Secret // entries of .kamal/secrets to add where they are missing
	TrustedProxies []string // networks in front of kamal-proxy, whose addresses are no visitors'; none: nobody
}

// Plan is a checked change to an app's files, not made yet.
type Plan struct {
	Notes []string // what in the app would spoil a deploy and is not ours to change

	dir   string
	files []file
}

type file struct {
	path          string // relative to the app
	before, after []byte
	mode          os.FileMode
}

const (
	deployFile     = "config/deploy.yml"
	productionFile = "config/environments/production.rb"
)

// NewPlan reads the app's files and works out the change. The error joins one
// message for each file that cannot be edited safely, with the lines to put in
// by hand.
func NewPlan(appDir string, w Settings) (*Plan, error) {
	p := &Plan{dir: appDir}
	if _, err := os.Stat(filepath.Join(appDir, deployFile)); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is none in %s; make the Kamal files with: kamal init", deployFile, appDir)
	}
	w.AppSecrets = p.appSecrets()
	w.Deploy = p.settled(w.Deploy)
	w.Secrets = slices.DeleteFunc(slices.Clone(w.Secrets), func(secret Secret) bool { return !w.needs(secret.Name) })
	var names []string
	for _, secret := range w.Secrets {
		names = append(names, secret.Name)
	}
	err := errors.Join(
		p.edit(deployFile, 0o644, func(text []byte) ([]byte, error) {
			d, err := w.apply(text)
			if err != nil {
				return nil, err
			}
			p.noteOn(deployFile, d.notes)
			return d.text, nil
		}),
		// References only, but a name on a laptop is nobody else's business: 0600 where it is new.
		p.edit(".kamal/secrets", 0o600, func(text []byte) ([]byte, error) {
			return addSecrets(text, p.read(".kamal/secrets-common"), w.Secrets), nil
		}),
		// What all destinations share stands in a file that is the developer's; only our references are kept true.
		p.edit(".kamal/secrets-common", 0o600, func(text []byte) ([]byte, error) { return renewReferences(text, w.Secrets), nil }),
		p.edit(".kamal/hooks/pre-connect", 0o755, func(text []byte) ([]byte, error) { return guardSecrets(text, names) }),
		p.edit(productionFile, 0o644, func(text []byte) ([]byte, error) {
			changed, err := requireSSL(text)
			if err != nil { // Kamal deploys all the same
				p.Notes = append(p.Notes, fmt.Sprintf("%s: %v", productionFile, err))
				changed = text
			}
			return trustProxies(changed, w.TrustedProxies), nil
		}),
	)
	p.Notes = append(p.Notes, p.notes(w)...)
	return p, err
}

// appSecrets are the variables that the app reads: the master key, and the
// database's password under the name that config/database.yml has for it.
func (p *Plan) appSecrets() []string {
	name := variableOf(productionSection(string(p.read("config/database.yml"))), "password")
	if name == "" || name == databasePassword {
		return []string{masterKey, databasePassword}
	}
	return []string{masterKey, name + ":" + databasePassword}
}

// needs tells whether a secret is for something that is written.
func (w Settings) needs(secret string) bool {
	switch {
	case secret == registryPassword[0]:
		return !w.Registry.isLocal()
	case slices.Contains(databaseSecrets, secret):
		return w.hasAccessory()
	}
	return true
}

func (p *Plan) edit(path string, mode os.FileMode, change func([]byte) ([]byte, error)) error {
	before, err := os.ReadFile(filepath.Join(p.dir, path))
	switch {
	case err == nil:
		info, err := os.Stat(filepath.Join(p.dir, path))
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		mode = info.Mode().Perm()
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("reading %s: %w", path, err)
	case strings.HasSuffix(path, ".rb"):
		p.Notes = append(p.Notes, path+": there is none, so whether Rails knows that it is behind TLS cannot be seen to")
		return nil
	}
	after, err := change(before)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p.files = append(p.files, file{path, before, after, mode})
	return nil
}

// Diff is the change as a unified diff, "" when there is none.
func (p *Plan) Diff() string {
	var all strings.Builder
	for _, f := range p.files {
		text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
			A: linesOf(f.before), B: linesOf(f.after),
			FromFile: "a/" + f.path, ToFile: "b/" + f.path, Context: 3,
		})
		if err == nil && !bytes.Equal(f.before, f.after) {
			all.WriteString(text)
		}
	}
	return all.String()
}

// linesOf are a text's lines with their ends; where the last has none, that is
// said as diff(1) does.
func linesOf(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	lines := strings.SplitAfter(string(text), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	} else {
		lines[last] += "\n\\ No newline at end of file\n"
	}
	return lines
}

// Apply makes the change: each file whole or not at all, unchanged ones not
// touched, and none that somebody has edited since the plan was made. It
// returns the files written.
func (p *Plan) Apply() (written []string, err error) {
	for _, f := range p.files {
		if err := f.unchangedIn(p.dir); err != nil {
			return nil, err
		}
	}
	for _, f := range p.files {
		if bytes.Equal(f.before, f.after) {
			continue
		}
		if err := f.unchangedIn(p.dir); err != nil {
			return written, err
		}
		// A symlink stays one: what it points to is written.
		target := filepath.Join(p.dir, f.path)
		if resolved, err := filepath.EvalSymlinks(target); err == nil {
			target = resolved
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return written, fmt.Errorf("writing %s: %w", f.path, err)
		}
		if err := write(target, f.after, f.mode); err != nil {
			return written, fmt.Errorf("writing %s: %w", f.path, err)
		}
		written = append(written, f.path)
	}
	return written, nil
}

// write replaces a file in one step; mode and owner stay.
func write(path string, text []byte, mode os.FileMode) error {
	before, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return renameio.WriteFile(path, text, mode)
	}
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(path, text, mode, renameio.IgnoreUmask()); err != nil {
		return err
	}
	if owner, ok := before.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		return os.Chown(path, int(owner.Uid), int(owner.Gid))
	}
	return nil
}

func (f file) unchangedIn(dir string) error {
	now, err := os.ReadFile(filepath.Join(dir, f.path))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", f.path, err)
	}
	if !bytes.Equal(now, f.before) {
		return fmt.Errorf("%s was edited while the deployment ran and is left as it is; run pulumi up again", f.path)
	}
	return nil
}
