package kamal

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
)

// environment is a process's environment, as "NAME=value".
type environment []string

// get is a variable's value, "" when it is not set; the last one counts.
func (e environment) get(name string) string {
	text := ""
	for _, entry := range e {
		if rest, ok := strings.CutPrefix(entry, name+"="); ok {
			text = rest
		}
	}
	return text
}

// home is where keys and known hosts are.
func (e environment) home() string {
	if home := e.get("HOME"); home != "" {
		return home
	}
	if me, err := user.Current(); err == nil {
		return me.HomeDir
	}
	return "/"
}

// expanded is a path with its ~ replaced.
func (e environment) expanded(path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		return e.home() + path[1:]
	}
	return path
}

// program is where PATH has a program; the error is exec.ErrNotFound.
func (e environment) program(name string) (string, error) {
	if strings.Contains(name, "/") {
		if _, err := os.Stat(name); err != nil {
			return "", exec.ErrNotFound
		}
		return name, nil
	}
	for _, dir := range filepath.SplitList(e.get("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}
