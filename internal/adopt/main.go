// Command adopt gives a server that somebody else made, or made anew, the two
// keys of the stack: the host key that the stack trusts, and the deploy key it
// logs in with. It logs in as its user already can. And it makes the next
// `pulumi up` run every script on the server again: what is on its disk is
// unknown, and nothing else would tell Pulumi.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"rails-on-hetzner/scripts"
)

func main() {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, `Gives an imported server the stack's host key and deploy key, by SSH as you
can log in now, and has the next pulumi up set it up as a new one: docs/guide.md,
What exists already.

usage: scripts/adopt USER@ADDRESS [OPTIONS OF SSH]

USER is root, or has sudo without a password.`)
		os.Exit(2)
	}
	if err := adopt(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "adopt:", err)
		os.Exit(1)
	}
}

func adopt(address string, options []string) error {
	export := exec.Command("pulumi", "stack", "export", "--show-secrets")
	export.Stderr = os.Stderr
	text, err := export.Output()
	if err != nil {
		return fmt.Errorf("reading the stack's state: %w", err)
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("reading the stack's state: %w", err)
	}
	hostKey, err := s.keyPair("server-host-key")
	if err != nil {
		return err
	}
	deployKey, err := s.keyPair("server-deploy-key")
	if err != nil {
		return err
	}
	// Before anything is changed: a script too many does no harm, one too few would.
	if err := runAgain(s.scripts()); err != nil {
		return err
	}
	ssh := exec.Command("ssh", append(options, address, `[ "$(id -u)" = 0 ] && exec bash -s; exec sudo -n bash -s`)...)
	ssh.Stdin = strings.NewReader(script(hostKey, deployKey)) // by standard input: there is a private key in it
	ssh.Stdout, ssh.Stderr = os.Stdout, os.Stderr
	if err := ssh.Run(); err != nil {
		return fmt.Errorf("ssh %s: %w", address, err)
	}
	return nil
}

// key is a tls.PrivateKey as the state has it.
type key struct{ Private, Public string }

// state is what of the stack's export is needed here.
type state struct {
	Deployment struct {
		Resources []struct {
			URN     string
			Type    string
			Outputs map[string]any
		}
	}
}

func (s state) keyPair(name string) (key, error) {
	for _, r := range s.Deployment.Resources {
		if r.Type == "tls:index/privateKey:PrivateKey" && strings.HasSuffix(r.URN, "::"+name) {
			return key{secretText(r.Outputs["privateKeyOpenssh"]), strings.TrimSpace(secretText(r.Outputs["publicKeyOpenssh"]))}, nil
		}
	}
	return key{}, fmt.Errorf("the stack has no %s yet; make it with: pulumi up --target '**server-host-key' --target '**server-deploy-key'", name)
}

// scripts are the URNs of what has run on the server, as far as Pulumi knows.
func (s state) scripts() []string {
	var urns []string
	for _, r := range s.Deployment.Resources {
		if r.Type == "command:remote:Command" {
			urns = append(urns, r.URN)
		}
	}
	return urns
}

// runAgain marks resources, so that the next update makes them anew.
func runAgain(urns []string) error {
	if len(urns) == 0 {
		return nil
	}
	taint := exec.Command("pulumi", append([]string{"state", "taint", "--yes"}, urns...)...)
	taint.Stderr = os.Stderr
	if err := taint.Run(); err != nil {
		return fmt.Errorf("marking what pulumi up must run again: %w", err)
	}
	return nil
}

// secretText unwraps what `--show-secrets` wraps: {"plaintext": "\"...\""}.
func secretText(output any) string {
	if wrapped, ok := output.(map[string]any); ok {
		var text string
		plain, _ := wrapped["plaintext"].(string)
		if json.Unmarshal([]byte(plain), &text) != nil {
			return ""
		}
		return text
	}
	text, _ := output.(string)
	return text
}

// script runs on the server, as root. sshd shows the new key from then on.
func script(hostKey, deployKey key) string {
	return fmt.Sprintf(`set -eu
main() {
    umask 077
    if sshd -T | grep -qx 'permitrootlogin no'; then
        echo "sshd lets root in by no means (PermitRootLogin no), and pulumi up logs in as root, with a key of its own; set it to prohibit-password or forced-commands-only in /etc/ssh/sshd_config or below, and run this again" >&2
        exit 1
    fi
    mkdir -p /root/.ssh
    keys=/root/.ssh/authorized_keys
    touch "$keys"
    { awk 1 "$keys" | grep -vF '%[1]s' || true; } >"$keys.new"
    echo '%[4]s' >>"$keys.new"
    mv "$keys.new" "$keys"
    cat >/etc/ssh/ssh_host_ed25519_key.new <<'KEY'
%[2]s
KEY
    mv /etc/ssh/ssh_host_ed25519_key.new /etc/ssh/ssh_host_ed25519_key
    echo '%[3]s' >/etc/ssh/ssh_host_ed25519_key.pub
    chmod 644 /etc/ssh/ssh_host_ed25519_key.pub
    sshd -t
    systemctl reload ssh.service 2>/dev/null || systemctl restart ssh.service
    echo "adopted: the server has the stack's host key and deploy key; now: pulumi up"
}
main
`, deployKey.Public, strings.TrimSpace(hostKey.Private), hostKey.Public, scripts.ForCommands(deployKey.Public))
}
