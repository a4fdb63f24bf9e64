package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The laptop's lid closes while a script runs on the server: pulumi and all
// that it started are gone at once. The next run reaches the same state.
func TestKilledWhileAScriptRunsTheNextRunReachesTheSameState(t *testing.T) {
	t.Parallel()
	r := start(t, "test-killed", "start")
	killAt(t, r, "hardening-apply")
	r.pulumi(t, 0, "cancel", "--yes") // the lock that the killed one left
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	if text := r.pulumi(t, 0, "stack", "output", "hardening"); !strings.Contains(text, "firewall: 22/tcp, 80/tcp, 443/tcp in, the rest denied") {
		t.Errorf("the end is another than usual:\n%s", text)
	}
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	if servers := r.run(t, 0, "exec", "bash", "-c", `curl -sS -H "Authorization: Bearer $HCLOUD_TOKEN" "$HCLOUD_ENDPOINT/servers" | grep -o '"server_type"' | wc -l`); strings.TrimSpace(servers) != "1" {
		t.Errorf("there are %s servers", servers)
	}
	if state := r.run(t, -1, "ssh", "systemctl is-active rails-on-hetzner-undo.timer; ufw status | grep -c ALLOW; pg-backup list"); !strings.HasPrefix(state, "inactive\n6\n") {
		t.Errorf("the server is not as it should be: %s", state)
	}
}

// killAt runs pulumi up and kills it when it has begun to make a resource.
func killAt(t *testing.T, r *running, resource string) {
	t.Helper()
	program := r.status(t).Program
	cmd := exec.Command(script(), "pulumi", "--name", r.name, "up", "--yes", "--skip-preview")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reached := false
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.Contains(lines.Text(), resource+" creating") && !reached {
			reached = true
			time.Sleep(1500 * time.Millisecond) // the state is written, the script runs
			for _, pid := range processesIn(program) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	if err := cmd.Wait(); !reached || err == nil {
		t.Fatalf("%s was not reached, or nothing was killed (%v)", resource, err)
	}
}

// processesIn lists the processes that work in a directory.
func processesIn(dir string) []int {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	var found []int
	for _, link := range links {
		if at, err := os.Readlink(link); err == nil && (at == dir || strings.HasPrefix(at, dir+"/")) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			if err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
}
