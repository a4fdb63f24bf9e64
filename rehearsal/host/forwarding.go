package host

import (
	"os"
	"path/filepath"
	"strings"
)

// The machine's own ip_forward is switched on while any rehearsal runs. The
// first one writes down what it was; the last one puts it back.

func rememberForwarding(name string) error {
	if err := os.MkdirAll(filepath.Join(stateDir, "users"), 0o700); err != nil {
		return err
	}
	before := filepath.Join(stateDir, "ip_forward")
	if _, err := os.Stat(before); err != nil {
		value, err := os.ReadFile(forwarding)
		if err != nil {
			return err
		}
		if err := os.WriteFile(before, value, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(stateDir, "users", name), nil, 0o600)
}

func restoreForwarding(name string) error {
	_ = os.Remove(filepath.Join(stateDir, "users", name))
	others, err := os.ReadDir(filepath.Join(stateDir, "users"))
	if err != nil || len(others) > 0 {
		return nil // never set up, or still in use
	}
	before, err := os.ReadFile(filepath.Join(stateDir, "ip_forward"))
	if err != nil {
		return nil
	}
	if err := os.WriteFile(forwarding, []byte(strings.TrimSpace(string(before))), 0o644); err != nil {
		return err
	}
	return os.RemoveAll(stateDir)
}
