package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goesOverToAUserOfItsOwn has an app that root deployed deployed by another user,
// and by root again.
func (r *running) goesOverToAUserOfItsOwn(t *testing.T, visitor visitor) {
	at := r.status(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	login := func(args string) string {
		return r.run(t, -1, "exec", "bash", "-c", "pulumi -C ../program stack output sshHostKey >"+known+" && timeout 20 ssh -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile="+known+" "+args+" 2>&1")
	}
	mine := "-i " + at.KeyFile + " "
	stays := func(change, back, told string) {
		t.Helper()
		r.run(t, 0, "ssh", change)
		if text := r.pulumi(t, -1, "up", "--yes", "--skip-preview"); !strings.Contains(text, told) {
			t.Errorf("after %s it said:\n%s", change, text)
		}
		if text := login(mine + "root@198.18.0.10 echo in"); text != "in\n" {
			t.Errorf("after %s root is not in: %s", change, text)
		}
		r.run(t, 0, "ssh", back)
	}
	serves := func(what string) {
		t.Helper()
		visitor.losesNone(t, func() { r.run(t, 0, "deploy") })
		r.run(t, 0, "ssh", "docker restart kamal-proxy") // which finds its certificate where it was
		if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
			t.Errorf("%s: %v: %s", what, err, text)
		}
	}

	r.pulumi(t, 0, "config", "set", "sshUser", "kamal")
	stays("mkdir /root/.kamal/lock-running_calendar", "rmdir /root/.kamal/lock-running_calendar", "Kamal is at work on the server (/root/.kamal/lock-running_calendar)")
	const denied = "/etc/ssh/sshd_config.d/10-mine.conf"
	stays("echo DenyUsers kamal >"+denied+" && systemctl reload ssh", "rm "+denied+" && systemctl reload ssh", "kamal cannot log in or has no sudo there")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	serves("deployed by kamal")
	if text := login(mine + "kamal@198.18.0.10 id"); !strings.Contains(text, "(kamal)") || !strings.Contains(text, "(docker)") {
		t.Errorf("as kamal: %s", text)
	}
	if text := login(mine + "root@198.18.0.10 echo in"); !strings.Contains(text, "Permission denied") {
		t.Errorf("as root: %s", text)
	}
	if text := r.typed(t, 0, "scripts/check && scripts/ssh id && scripts/backup"); !strings.Contains(text, ", kamal with key only, root for the deployment's commands only, ") || !strings.Contains(text, "uid=0(root)") {
		t.Errorf("the scripts said:\n%s", text)
	}
	own := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(own, []byte(r.deployKey(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{"root@198.18.0.10 echo in": "in\n", "-tt root@198.18.0.10 true": "PTY allocation request failed", "-W 127.0.0.1:5432 root@198.18.0.10": "administratively prohibited", "kamal@198.18.0.10 true": "Permission denied"} {
		if text := login("-i " + own + " " + args); !strings.Contains(text, want) {
			t.Errorf("with the program's key %s gives: %s", args, text)
		}
	}

	r.pulumi(t, 0, "config", "rm", "sshUser")
	if text := r.pulumi(t, 0, "up", "--yes"); !strings.Contains(text, "Kamal is to log in as kamal, and the server's only user is root; delete the line") {
		t.Errorf("it said:\n%s", text)
	}
	r.run(t, 0, "exec", "sed", "-i", "/^ssh:/,/user:/d", "config/deploy.yml")
	serves("deployed by root again")
	if text := login(mine + "kamal@198.18.0.10 echo in"); !strings.Contains(text, "Permission denied") {
		t.Errorf("as kamal: %s", text)
	}
	if text := r.output(t, "ssh", "id -nG kamal; ls /etc/sudoers.d; readlink /home/kamal/.kamal"); text != "kamal\nREADME\n/root/.kamal\n" {
		t.Errorf("left are %q", text)
	}
	r.typed(t, 0, "scripts/check")
}

// deployKey is the private key with which the stack logs in.
func (r *running) deployKey(t *testing.T) string {
	t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				URN     string
				Outputs map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(r.output(t, "pulumi", "stack", "export", "--show-secrets")), &state); err != nil {
		t.Fatal(err)
	}
	for _, resource := range state.Deployment.Resources {
		if secret, ok := resource.Outputs["privateKeyOpenssh"].(map[string]any); ok && strings.HasSuffix(resource.URN, "::server-deploy-key") {
			var key string
			if err := json.Unmarshal([]byte(secret["plaintext"].(string)), &key); err != nil {
				t.Fatal(err)
			}
			return key
		}
	}
	t.Fatal("the stack has no deploy key")
	return ""
}
