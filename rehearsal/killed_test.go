package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var everyKill = flag.Bool("every-kill", false, "kill pulumi up at every step, with both signals, instead of at a few")

// A killPoint is when pulumi up is killed, and how.
type killPoint struct {
	step   string        // what pulumi prints when it begins with a resource
	after  time.Duration // that much later
	signal syscall.Signal
}

// The laptop's lid closes, or somebody types Ctrl-C: whenever that is, the next
// run reaches the state that an undisturbed run reaches.
func TestKilledAtAnyStepTheNextRunReachesTheSameState(t *testing.T) {
	t.Parallel()
	r := start(t, "test-killed", "start")
	undisturbed := r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	want := r.everything(t)
	points := killPoints(undisturbed)
	if !*everyKill {
		points = few(points)
	}
	orphaned := 0
	for _, point := range points {
		t.Run(fmt.Sprintf("%s+%s-%s", strings.ReplaceAll(point.step, " ", "_"), point.after, point.signal), func(t *testing.T) {
			r.reset(t)
			killAt(t, r, point)
			if r.mend(t) {
				orphaned++
			}
			if got := r.everything(t); got != want {
				t.Errorf("the end is another than usual:\n%s\nwanted\n%s", got, want)
			}
			r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		})
	}
	t.Logf("%d kill points, at %d of them something had been made that Pulumi did not know of yet", len(points), orphaned)
}

// killPoints are the beginning of each step, and three moments within each script.
func killPoints(undisturbed string) []killPoint {
	var points []killPoint
	seen := map[string]bool{} // a step that goes on is printed again
	for _, found := range regexp.MustCompile(`(?m)^ \+  (\S+ \S+) creating \(`).FindAllStringSubmatch(undisturbed, -1) {
		if seen[found[1]] || strings.HasPrefix(found[1], "rails-on-hetzner:") || strings.HasPrefix(found[1], "pulumi:") {
			continue // components make nothing
		}
		seen[found[1]] = true
		delays := []time.Duration{0}
		if strings.HasPrefix(found[1], "command:") {
			delays = []time.Duration{200 * time.Millisecond, 1500 * time.Millisecond, 4 * time.Second}
		}
		for _, delay := range delays {
			points = append(points, killPoint{found[1], delay, syscall.SIGKILL}, killPoint{found[1], delay, syscall.SIGINT})
		}
	}
	return points
}

// few are those that did harm once: while a server is made, and within a script.
func few(points []killPoint) []killPoint {
	var chosen []killPoint
	for _, p := range points {
		if strings.HasPrefix(p.step, "hcloud:index:Server") || strings.Contains(p.step, "hardening-apply") && p.after > 2*time.Second {
			chosen = append(chosen, p)
		}
	}
	return chosen
}

// reset takes everything down, as the guide says.
func (r *running) reset(t *testing.T) {
	t.Helper()
	r.destroy(t)
	r.pulumi(t, 0, "config", "rm", "protect")
	r.run(t, 0, "exec", "bash", "-c", "git checkout -q . && git clean -fdq")
}

// mend does what docs/operations.md says after a run that was killed. It tells
// whether something was left that Pulumi does not know of.
func (r *running) mend(t *testing.T) (orphaned bool) {
	t.Helper()
	// Pulumi writes these in place: "failed to load checkpoint: EOF".
	r.run(t, 0, "exec", "bash", "-c", "find ../state -name '*.attrs' -empty -print -delete")
	r.pulumi(t, -1, "cancel", "--yes")
	text, orphaned := r.upRemovingOrphans(t)
	if strings.Contains(text, "errored") {
		t.Errorf("the next run failed:\n%s", text)
	}
	r.pulumi(t, 0, "refresh", "--yes", "--skip-preview", "--clear-pending-creates")
	return orphaned
}

// inTheWay finds, in what Pulumi says of a resource at the end, that its name is taken.
var inTheWay = regexp.MustCompile(`(?m)^  hcloud:index:(\w+) \((\S+)\):\n(?:(?:    .*)?\n)*?    .*(?:already (?:used|exists)|not unique|uniqueness_error)`)

// upRemovingOrphans runs up. Where something is in the way that was made and
// never noted, it is deleted, as the guide says.
func (r *running) upRemovingOrphans(t *testing.T) (text string, orphaned bool) {
	t.Helper()
	for range 10 {
		text = r.pulumi(t, -1, "up", "--yes", "--skip-preview")
		found := inTheWay.FindStringSubmatch(text)
		if found == nil {
			return text, orphaned
		}
		orphaned = true
		t.Logf("%s %s is there and not in the state; it is deleted", found[1], found[2])
		r.deleteAtHetzner(t, found[1])
		r.pulumi(t, 0, "refresh", "--yes", "--skip-preview", "--clear-pending-creates")
	}
	t.Fatalf("what is in the way cannot be deleted:\n%s", text)
	return text, orphaned
}

// deleteAtHetzner deletes what bears our name, as one can in the console.
func (r *running) deleteAtHetzner(t *testing.T, kind string) {
	t.Helper()
	path := map[string]string{
		"Server": "servers?name=running-calendar", "PrimaryIp": "primary_ips?name=running-calendar-ipv4",
		"Firewall": "firewalls?name=running-calendar", "SshKey": "ssh_keys?name=running-calendar-deploy",
	}[kind]
	r.run(t, 0, "exec", "bash", "-c", `
		api() { curl -sS -H "Authorization: Bearer $HCLOUD_TOKEN" -H 'Content-Type: application/json' "$HCLOUD_ENDPOINT/$1" "${@:2}"; }
		id=$(api "$0" | grep -o '"id":[0-9]*' | head -n 1 | tr -dc 0-9)
		kind=${0%%\?*}
		case $kind in
			servers) api "servers/$id/actions/change_protection" -d '{"delete":false,"rebuild":false}' ;;
			primary_ips) api "primary_ips/$id/actions/change_protection" -d '{"delete":false}' ;;
		esac
		sleep 1
		api "$kind/$id" -X DELETE
		sleep 3`, path)
}

// everything is all that a run leaves behind: at the clouds, on the server, in
// the app and in the outputs, without what is chosen anew each time.
func (r *running) everything(t *testing.T) string {
	t.Helper()
	outputs := regexp.MustCompile(`ssh-ed25519 \S+`).ReplaceAllString(r.output(t, "pulumi", "stack", "output", "--json"), "KEY")
	outputs = regexp.MustCompile(`198\.18\.0\.\d+`).ReplaceAllString(outputs, "ADDRESS")
	clouds := r.output(t, "exec", "bash", "-c", `for kind in servers primary_ips firewalls ssh_keys; do
		echo "$kind $(curl -sS -H "Authorization: Bearer $HCLOUD_TOKEN" "$HCLOUD_ENDPOINT/$kind" | grep -o '"total_entries":[0-9]*')"; done`)
	records := strings.Count(r.askZone(t, "GET", "dns_records", ""), `"type":"A"`)
	server := r.output(t, "ssh", `ufw status; sshd -T | sort | sha256sum; fail2ban-client status | tail -n 1; systemctl is-active rails-on-hetzner-undo.timer cron unattended-upgrades
		cat /etc/cron.d/rails-on-hetzner-backup /etc/apt/apt.conf.d/52rails-on-hetzner; sha256sum /usr/local/bin/*-{backup,restore} /etc/ufw/after*.rules; app-backup list; true`)
	app := r.output(t, "exec", "bash", "-c", `git status --porcelain; cat config/deploy.yml .kamal/secrets .kamal/hooks/pre-connect config/environments/production.rb | sed 's/198\.18\.0\.[0-9]*/ADDRESS/' | sha256sum`)
	return fmt.Sprintf("%s\n%s%d records\n%s%s", outputs, clouds, records, server, app)
}

// killAt runs pulumi up and kills it at a point. With SIGKILL all that it
// started is gone at once; with SIGINT it may end what it is at.
func killAt(t *testing.T, r *running, point killPoint) {
	t.Helper()
	program := r.status(t).Program
	cmd := r.command("pulumi", "up", "--yes", "--skip-preview")
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
		if reached || !strings.Contains(lines.Text(), point.step+" creating") {
			continue
		}
		reached = true
		time.Sleep(point.after)
		if point.signal == syscall.SIGINT {
			_ = cmd.Process.Signal(syscall.SIGINT)
			continue
		}
		for _, pid := range processesIn(program) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if err := cmd.Wait(); !reached {
		t.Fatalf("%s was not reached (%v)", point.step, err)
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
