package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The rehearsals are tests of the whole: the real program, engine, sshd and
// firewall. They run as a user runs them, through scripts/rehearse.

// What a deployment leaves behind, and what one can do with it. What depends on
// the server's suite is in hardening_test.go.
func TestDeployment(t *testing.T) {
	t.Parallel()
	r := start(t, "test-deployment", "up", "--suite", "trixie")

	t.Run("ShowsItsOutputsWithoutSecrets", func(t *testing.T) {
		var outputs map[string]any
		if err := json.Unmarshal([]byte(r.pulumi(t, 0, "stack", "output", "--json")), &outputs); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ip", "url", "ssh", "sshHostKey", "nextSteps"} {
			if text, _ := outputs[name].(string); text == "" {
				t.Errorf("output %s is missing", name)
			}
		}
		if outputs["postgresPassword"] != "[secret]" {
			t.Errorf("postgresPassword is shown: %v", outputs["postgresPassword"])
		}
	})
	t.Run("WritesTheAddressIntoTheApp", func(t *testing.T) {
		ip := strings.TrimSpace(r.pulumi(t, 0, "stack", "output", "ip"))
		deploy, err := os.ReadFile(filepath.Join(r.status(t).App, "config", "deploy.yml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"    - " + ip, "image: octocat/running_calendar", "    host: " + ip, "    DB_HOST: running_calendar-db", "    SOLID_QUEUE_IN_PUMA: true"} {
			if !strings.Contains(string(deploy), line+"\n") {
				t.Errorf("config/deploy.yml lacks %q:\n%s", line, deploy)
			}
		}
	})
	t.Run("ChangesNothingTheSecondTime", func(t *testing.T) {
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	})
	t.Run("ShowsAndMendsWhatSomebodyChangedInTheApp", func(t *testing.T) {
		path := filepath.Join(r.status(t).App, "config", "deploy.yml")
		asWritten, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(asWritten), "  ssl: true", "  ssl: false # for a moment", 1)
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		if text := r.pulumi(t, 0, "preview"); !strings.Contains(text, "-  ssl: false # for a moment") {
			t.Errorf("the preview does not show it:\n%s", text)
		}
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		mended, err := os.ReadFile(path)
		if want := strings.Replace(string(asWritten), "  ssl: true", "  ssl: true # for a moment", 1); err != nil || string(mended) != want {
			t.Errorf("%v, not mended:\n%s", err, mended)
		}
	})
	t.Run("LetsACertificateChallengeThroughUnredirected", func(t *testing.T) {
		// As kamal-proxy will, something answers on port 80; Let's Encrypt asks through Cloudflare's proxy.
		r.run(t, 0, "ssh", `mkdir -p /root/web/.well-known/acme-challenge && echo proof >/root/web/.well-known/acme-challenge/token && systemd-run --quiet --unit=challenge python3 -m http.server -d /root/web 80 && sleep 1`)
		asker := newOutsider(t, r, "asker", "198.18.0.210/24")
		answer := asker.ask("198.18.0.10", 80, "GET /.well-known/acme-challenge/token HTTP/1.0")
		if !strings.Contains(answer, "200 OK") || !strings.Contains(answer, "proof") {
			t.Errorf("the challenge is answered: %s", answer)
		}
	})
	t.Run("LeavesNoSecretInStateLogsOrPreview", func(t *testing.T) { noSecretInClear(t, r) })
	t.Run("RefusesATypeTheLocationDoesNotSell", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set-all", "--plaintext", "serverType=cx23", "--plaintext", "location=hil")
		text := r.pulumi(t, -1, "preview")
		r.pulumi(t, 0, "config", "rm-all", "serverType", "location")
		for _, part := range []string{`serverType: "cx23" is not sold in location "hil", which sells `, "cpx21 (3 vCPU, 4 GB, 80 GB disk)", "cx23 is sold in ", "fsn1"} {
			if !strings.Contains(text, part) {
				t.Errorf("the message lacks %q:\n%s", part, text)
			}
		}
	})
	t.Run("RefusesATypeThatTheServerCannotBecomeAndLeavesItOn", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "serverType", "cpx11")
		text := r.pulumi(t, -1, "up", "--yes", "--skip-preview")
		r.pulumi(t, 0, "config", "rm", "serverType")
		if !strings.Contains(text, `the server is a cpx21 and cannot become a "cpx11": its disk has 40 GB, and the server's has 80 GB`) {
			t.Errorf("it said:\n%s", text)
		}
		if calls := read(t, filepath.Join(r.status(t).Logs, "cloud-calls.jsonl")); strings.Contains(calls, "actions/poweroff") || strings.Contains(calls, "actions/shutdown") {
			t.Error("the server was switched off")
		}
	})
	t.Run("RefusesAnotherHostKeyAtTheSameAddress", func(t *testing.T) {
		r.run(t, 0, "ssh", "cp -a /etc/ssh /root/ssh-before && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key <<<y >/dev/null && systemd-run --quiet --on-active=1 systemctl restart ssh")
		time.Sleep(3 * time.Second) // a restart within the session would cut it
		r.pulumi(t, 0, "config", "set", "rebootTime", "04:30")
		text := r.pulumi(t, -1, "up", "--yes", "--skip-preview")
		if !regexp.MustCompile(`(?i)host key mismatch`).MatchString(text) {
			t.Errorf("a foreign host key was not refused:\n%s", text)
		}
	})
}

func TestFaultsAreWeatheredOrToldAndMendedByTheNextRun(t *testing.T) {
	t.Parallel()
	r := start(t, "test-faults", "start")
	for _, fault := range [][]string{{"hetzner-429", "2"}, {"cloudflare-503", "1"}, {"ssh-refused", "120"}, {"apt-lock", "150"}} {
		r.run(t, 0, append([]string{"fault"}, fault...)...)
	}
	text := r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	if !strings.Contains(text, "waiting for another apt to finish") {
		t.Errorf("nothing was said while apt's lock was held:\n%s", text)
	}
	// A cut connection is an error; what the script had done by then does no harm to the next run.
	// Something to install makes the script last long enough to be cut.
	r.run(t, 0, "ssh", "DEBIAN_FRONTEND=noninteractive apt-get -qq purge --yes fail2ban >/dev/null 2>&1")
	r.pulumi(t, 0, "config", "set", "rebootTime", "05:00")
	r.run(t, 0, "fault", "ssh-cut", "0")
	if text := r.pulumi(t, -1, "up", "--yes", "--skip-preview"); !strings.Contains(text, "errored") {
		t.Errorf("the cut connection was not noticed:\n%s", text)
	}
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	if text := r.run(t, 0, "ssh", "apt-config dump"); !strings.Contains(text, `Automatic-Reboot-Time "05:00"`) {
		t.Errorf("the setting is not in effect:\n%s", text)
	}
}

func TestInterruptedRehearsalLeavesNothing(t *testing.T) {
	for _, after := range []time.Duration{300 * time.Millisecond, 3 * time.Second, 9 * time.Second, 16 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel() // with each other; with all the rest, none would come far
			name := "test-interrupt-" + after.String()
			cmd := exec.Command(script(), "--name", name)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after)
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Errorf("it ended as if nothing had happened:\n%s", output.String())
			}
			if left := leftovers(t, name); left != "" {
				t.Errorf("something is left:\n%s\nit said:\n%s", left, output.String())
			}
		})
	}
}

// noSecretInClear greps everything that was written or shown.
func noSecretInClear(t *testing.T, r *running) {
	password := strings.TrimSpace(r.pulumi(t, 0, "stack", "output", "postgresPassword", "--show-secrets"))
	if len(password) < 16 {
		t.Fatalf("the password has %d characters", len(password))
	}
	status := r.status(t)
	places := map[string]string{"preview": r.pulumi(t, 0, "preview", "--diff"), "export": r.pulumi(t, 0, "stack", "export"), "up": r.said}
	for _, dir := range []string{status.State, status.Logs, filepath.Join(status.App, ".git"), filepath.Join(status.App, ".kamal"), filepath.Join(status.App, "config"), status.Program} {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			places[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for where, text := range places {
		if privateKey.MatchString(text) {
			t.Errorf("there is a private key in clear in %s", where)
		}
		if strings.Contains(text, password) {
			t.Errorf("the password is in clear in %s", where)
		}
	}
	if state := places["export"]; !strings.Contains(state, "ciphertext") {
		t.Error("the state holds no encrypted value at all, so the search proves nothing")
	}
	if !privateKey.MatchString(read(t, status.KeyFile)) {
		t.Error("the developer's key would not be found, so the search proves nothing")
	}
}

// privateKey is a header and what follows it, also as JSON writes it; programs
// and their sources hold the header alone.
var privateKey = regexp.MustCompile(`PRIVATE KEY-----(\s|\\+[nr])+[A-Za-z0-9+/]{32}`)

// running is a rehearsal under test.
type running struct {
	name string
	said string // what starting it printed
}

// start begins a rehearsal and ends it, completely, with the test.
func start(t *testing.T, name string, args ...string) *running {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("a rehearsal needs root, and CI must not skip it")
		}
		t.Skip("a rehearsal needs root")
	}
	r := &running{name: name}
	t.Cleanup(func() {
		r.run(t, 0, "down")
		if left := leftovers(t, name); left != "" {
			t.Errorf("something is left:\n%s", left)
		}
	})
	r.said = r.run(t, 0, args...)
	return r
}

// run calls the tool and checks its exit code; -1 means any. It returns all that
// was said.
func (r *running) run(t *testing.T, code int, args ...string) string {
	t.Helper()
	return r.runInput(t, code, "", args...)
}

func (r *running) runInput(t *testing.T, code int, input string, args ...string) string {
	t.Helper()
	cmd := r.command(args...)
	cmd.Stdin = strings.NewReader(input)
	output, err := cmd.CombinedOutput()
	if code >= 0 && cmd.ProcessState.ExitCode() != code {
		t.Fatalf("rehearse %s: %v:\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// typed runs a command line in the program's directory, as its developer would.
func (r *running) typed(t *testing.T, code int, command string) string {
	t.Helper()
	return r.run(t, code, "exec", "bash", "-c", "cd "+r.status(t).Program+" && "+command)
}

// destroy takes everything down, as the guide says.
func (r *running) destroy(t *testing.T) {
	t.Helper()
	r.pulumi(t, 0, "config", "set", "protect", "false")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	r.pulumi(t, 0, "destroy", "--yes", "--skip-preview")
}

// output is what a command prints on standard output alone, to be compared.
func (r *running) output(t *testing.T, args ...string) string {
	t.Helper()
	var said bytes.Buffer
	cmd := r.command(args...)
	cmd.Stderr = &said
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("rehearse %s: %v:\n%s%s", strings.Join(args, " "), err, output, said.String())
	}
	return string(output)
}

// command runs the tool that TestMain had built; the wrapper would look each
// time whether it is up to date.
func (r *running) command(args ...string) *exec.Cmd {
	cmd := exec.Command(tool, append([]string{args[0], "--name", r.name}, args[1:]...)...)
	cmd.Env = append(os.Environ(), "REHEARSE_REPOSITORY="+checkout)
	return cmd
}

func (r *running) pulumi(t *testing.T, code int, args ...string) string {
	t.Helper()
	return r.run(t, code, append([]string{"pulumi"}, args...)...)
}

func (r *running) status(t *testing.T) status {
	t.Helper()
	var s status
	if err := json.Unmarshal([]byte(r.output(t, "status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// leftovers lists what of a rehearsal is still on the machine.
func leftovers(t *testing.T, name string) string {
	t.Helper()
	cache, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir, namespace := filepath.Join(cache, "runs", name), "rehearse-"+name
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for what, found := range map[string]bool{
		"its directory":   exists(dir),
		"its namespace":   exists("/run/netns/" + namespace),
		"a mount":         names(mounts, dir),
		"a control group": exec.Command("sh", "-c", "find /sys/fs/cgroup -type d -name '"+namespace+"-[0-9]*' | grep .").Run() == nil,
		"a firewall rule": exec.Command("nft", "list", "table", "ip", strings.ReplaceAll(namespace, "-", "_")).Run() == nil,
	} {
		if found {
			left = append(left, what)
		}
	}
	return strings.Join(append(left, processesNaming(dir)...), ", ")
}

// processesNaming are the command lines that name a path.
func processesNaming(path string) (lines []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && names(line, path) {
			lines = append(lines, "the process "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// names tells whether a text names a directory or what is in it, and not another
// rehearsal's that begins alike.
func names(text []byte, directory string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(directory) + `([^a-z0-9-]|$)`).Match(text)
}

func script() string { return filepath.Join("..", "scripts", "rehearse") }

var tool, checkout string

// TestMain lets the wrapper build the tool and get what the machine lacks.
func TestMain(m *testing.M) {
	flag.Parse()
	prepare := exec.Command(script(), "prepare")
	if os.Geteuid() != 0 {
		prepare = exec.Command(script(), "--help")
	}
	prepare.Stderr = os.Stderr
	cache, cacheErr := cacheDir()
	here, err := filepath.Abs("..")
	if err := errors.Join(cacheErr, err, prepare.Run()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tool, checkout = filepath.Join(cache, "rehearse"), here
	_ = os.Setenv("REHEARSE_KEEP_BINARY", "yes") // see toolchain.go
	_ = os.Setenv("GOGC", "400")                 // the engine runs a thousand times, each so short that collecting garbage was a quarter of it
	os.Exit(m.Run())
}
