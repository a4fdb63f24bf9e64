package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const oneServer = `{
  "hardening": "firewall: ...",
  "ip": "203.0.113.7",
  "ssh": "ssh kamal@203.0.113.7",
  "sshHostKey": "203.0.113.7 ssh-ed25519 AAAA",
  "upkeep": "upkeep: ..."
}`

const severalServers = `{
  "backup": "backup: every day",
  "filesBackup": "backup: every day",
  "hardening": {
    "database": "firewall: ...",
    "web-1": "firewall: ..."
  },
  "servers": {
    "database": "203.0.113.9",
    "web-1": "203.0.113.7",
    "web-2": "203.0.113.8"
  },
  "ssh": "ssh root@203.0.113.7",
  "sshHostKey": "203.0.113.7 ssh-ed25519 AAAA\n203.0.113.8 ssh-ed25519 BBBB\n203.0.113.9 ssh-ed25519 CCCC"
}`

// What the laptop's scripts know of a stack, they know from its outputs.
func TestStack_KnowsItsServers(t *testing.T) {
	for name, c := range map[string]struct{ outputs, servers, addresses, keys, apart string }{
		"one":     {oneServer, "web-1 203.0.113.7", "203.0.113.7 203.0.113.7  ", "203.0.113.7 ssh-ed25519 AAAA", "no"},
		"several": {severalServers, "database 203.0.113.9\nweb-1 203.0.113.7\nweb-2 203.0.113.8", "203.0.113.7 203.0.113.9 203.0.113.8 ", "203.0.113.7 ssh-ed25519 AAAA\n203.0.113.8 ssh-ed25519 BBBB\n203.0.113.9 ssh-ed25519 CCCC", "yes"},
		"several without a database's": {strings.Replace(severalServers, `    "database": "203.0.113.9",`+"\n    \"web-1\"", `    "web-1"`, 1),
			"web-1 203.0.113.7\nweb-2 203.0.113.8", "203.0.113.7 203.0.113.7 203.0.113.8 ", "203.0.113.7 ssh-ed25519 AAAA\n203.0.113.8 ssh-ed25519 BBBB\n203.0.113.9 ssh-ed25519 CCCC", "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			bin := t.TempDir()
			pulumi := "#!/bin/sh\n[ \"$*\" = 'stack output --json' ] || exit 1\ncat <<'END'\n" + c.outputs + "\nEND\n"
			if err := os.WriteFile(filepath.Join(bin, "pulumi"), []byte(pulumi), 0o755); err != nil {
				t.Fatal(err)
			}
			for call, want := range map[string]string{
				"servers": c.servers,
				`echo "$(address_of web-1) $(address_of database) $(address_of web-2) $(address_of web-9)"`: c.addresses,
				"output sshHostKey": c.keys,
				"if files_apart; then echo yes; else echo no; fi": c.apart,
			} {
				cmd := exec.Command("bash", "-c", "set -euo pipefail; fail() { echo \"$1\" >&2; exit 1; }; source ./stack.sh; know_stack; "+call)
				cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
				text, err := cmd.CombinedOutput()
				if got := strings.TrimSuffix(string(text), "\n"); err != nil || got != want {
					t.Errorf("%s: %v: %q, want %q", call, err, got, want)
				}
			}
		})
	}
}
