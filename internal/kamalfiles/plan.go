// Package kamalfiles edits the Kamal files of a Rails app: config/deploy.yml and
// .kamal/secrets. It changes what it owns and no other byte, refuses what it
// does not understand, and knows nothing of Pulumi.
package kamalfiles

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2/maybe"
	"github.com/pmezard/go-difflib/difflib"
)

// Settings is what the files are to say.
type Settings struct {
	ServerIP string            // the server's address
	Secrets  map[string]string // .kamal/secrets entries to add where missing: name -> reference, never a value
}

// Plan is a checked change to an app's files, not made yet.
type Plan struct {
	dir   string
	files []file
}

type file struct {
	path          string // relative to the app
	before, after []byte
	mode          os.FileMode
}

// NewPlan reads the app's files and works out the change. The error joins one
// message for each file that cannot be edited safely, with the lines to put in
// by hand.
func NewPlan(appDir string, s Settings) (*Plan, error) {
	p := &Plan{dir: appDir}
	return p, errors.Join(
		p.edit("config/deploy.yml", 0o644, func(text []byte) ([]byte, error) { return setHost(text, s.ServerIP) }),
		// References only, but a name on a laptop is nobody else's business: 0600 where it is new.
		p.edit(".kamal/secrets", 0o600, func(text []byte) ([]byte, error) { return addSecrets(text, s.Secrets), nil }),
	)
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
	case !errors.Is(err, os.ErrNotExist) || path == "config/deploy.yml":
		return fmt.Errorf("reading %s: %w", path, err)
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
			A: difflib.SplitLines(string(f.before)), B: difflib.SplitLines(string(f.after)),
			FromFile: "a/" + f.path, ToFile: "b/" + f.path, Context: 3,
		})
		if err == nil && !bytes.Equal(f.before, f.after) {
			all.WriteString(text)
		}
	}
	return all.String()
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
		// A symlink stays one: what it points to is written.
		target := filepath.Join(p.dir, f.path)
		if resolved, err := filepath.EvalSymlinks(target); err == nil {
			target = resolved
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return written, fmt.Errorf("writing %s: %w", f.path, err)
		}
		if err := maybe.WriteFile(target, f.after, f.mode); err != nil {
			return written, fmt.Errorf("writing %s: %w", f.path, err)
		}
		written = append(written, f.path)
	}
	return written, nil
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
