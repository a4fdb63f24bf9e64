package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cgroups are a machine's own control groups, a directory in each hierarchy.
// Without them two machines would share /payload: each one's systemd would wait
// for the other's processes to end whenever it stops a service.
type cgroups []string

// cgroupsNamed says where the groups of a machine are, or would be: below the
// ones that this process is in.
func cgroupsNamed(name string) (cgroups, error) {
	memberships, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var groups cgroups
	for line := range strings.Lines(string(memberships)) {
		// "4:cpu,cpuacct:/path" in cgroups(7); version 2 has no controllers there.
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		if strings.Contains(controllers, "cpuset") {
			continue // a new one admits no process until it is given processors
		}
		if hierarchy := mountPoint(string(mounts), controllers); hierarchy != "" {
			groups = append(groups, filepath.Join(hierarchy, path, name))
		}
	}
	return groups, nil
}

func (g cgroups) make() error {
	for _, group := range g {
		if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("making a control group for the server: %w", err)
		}
	}
	return nil
}

func mountPoint(mounts, controllers string) string {
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 4:
		case controllers == "" && fields[2] == "cgroup2":
			return fields[1]
		case controllers != "" && fields[2] == "cgroup" && strings.Contains(","+fields[3]+",", ","+controllers+","):
			return fields[1]
		}
	}
	return ""
}

// entering lets cmd start inside the groups.
func (g cgroups) entering(cmd *exec.Cmd) *exec.Cmd {
	enter := `while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"`
	args := append([]string{"sh", "-c", enter, "enter"}, g...)
	cmd.Args = append(append(args, "--"), cmd.Args...)
	cmd.Path = "/bin/sh"
	return cmd
}

// cgroupsLeft finds the groups of a machine wherever they are: the process that
// removes them is not always in the groups of the one that made them.
func cgroupsLeft(name string) (cgroups, error) {
	var left cgroups
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // groups come and go meanwhile
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == name:
			left = append(left, path)
			return fs.SkipDir
		}
		return nil
	})
	return left, err
}

// remove deletes the groups, with the ones that the machine made below them.
// It ends what still runs there.
func (g cgroups) remove() error {
	var failures []error
	for _, group := range g {
		err := removeCgroup(group)
		for wait := 0; err != nil && wait < 200; wait++ {
			time.Sleep(50 * time.Millisecond)
			err = removeCgroup(group)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func removeCgroup(group string) error {
	entries, err := os.ReadDir(group)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeCgroup(filepath.Join(group, entry.Name())); err != nil {
				return err
			}
		}
	}
	if pids, err := os.ReadFile(filepath.Join(group, "cgroup.procs")); err == nil {
		endAll(strings.Fields(string(pids)))
	}
	return os.Remove(group)
}
