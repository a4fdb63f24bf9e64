package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"rails-on-hetzner/rehearsal/work"
)

// installing is what a script stands behind that installs packages where nothing runs.
const installing = `set -e
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
apt-get update -qq
`

// Over has a script install packages over the root file system in base, which is
// left as it is: what changes comes to lie in building, an empty directory, below
// "upper". files, which can be run, are put there first. done gets the whole root.
func Over(ctx context.Context, base, building string, files map[string]string, script string, tell func(string), done func(root string) error) (err error) {
	root := filepath.Join(building, "root")
	for _, dir := range []string{"root", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(building, dir), 0o755); err != nil {
			return err
		}
	}
	if err := overlay(ctx, base, building); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, exec.Command("umount", root).Run()) }()
	for path, text := range files {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o755); err != nil {
			return err
		}
	}
	inside := exec.CommandContext(ctx, "chroot", root, "/bin/sh", "-c", installing+script)
	inside.Env = append(os.Environ(), "DPKG_FORCE=unsafe-io")
	if err := work.Run(inside, tell); err != nil {
		return err
	}
	return done(root)
}

// overlay mounts dir/root: base, and over it what changes, in dir/upper.
func overlay(ctx context.Context, base, dir string) error {
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", base, dir, dir)
	return run(ctx, "mount", "-t", "overlay", "rehearsal", "-o", layers, filepath.Join(dir, "root"))
}
