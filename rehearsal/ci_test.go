package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"rails-on-hetzner/rehearsal/daemon"
)

// deploysFromCI does what docs/ci.md says, up to the workflow's own steps, which it
// runs as they stand: on a machine that has the app's repository and the stored
// secrets, and nothing of Pulumi. The image is there, for want of a builder.
func (r *running) deploysFromCI(t *testing.T, visitor visitor) {
	at := r.status(t)
	home, stored, bin := filepath.Join(at.Directory, "home"), t.TempDir(), t.TempDir()
	executable := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	executable("gh", "#!/bin/sh\n[ \"$1 $2 $4 $5\" = 'secret set --repo octocat/running_calendar' ] && cat >'"+stored+"'/\"$3\"\n")
	executable("bundle", "#!/bin/sh\nshift\nexec \"$@\" --skip-push --version=\"$VERSION\"\n")
	secrets := func(code int, env, args string) string {
		t.Helper()
		return r.typed(t, code, "HOME="+home+" PATH="+bin+":$PATH "+env+" scripts/ci-secrets "+args)
	}

	if text := secrets(1, "KAMAL_REGISTRY_PASSWORD=", "--set octocat/running_calendar"); !strings.Contains(text, "KAMAL_REGISTRY_PASSWORD    EMPTY") || len(filesIn(t, stored)) > 0 {
		t.Errorf("with an empty secret it said, and stored %v:\n%s", filesIn(t, stored), text)
	}
	text := secrets(0, "KAMAL_REGISTRY_PASSWORD="+daemon.RegistryPassword, "--set octocat/running_calendar")
	if want := "KAMAL_REGISTRY_PASSWORD ORIGIN_CERTIFICATE ORIGIN_PRIVATE_KEY POSTGRES_PASSWORD RAILS_MASTER_KEY SSH_KNOWN_HOSTS SSH_PRIVATE_KEY"; strings.Join(filesIn(t, stored), " ") != want || strings.Contains(text, "the workflow lacks") {
		t.Fatalf("stored are %v, it said:\n%s", filesIn(t, stored), text)
	}
	var environment []string
	for _, name := range filesIn(t, stored) {
		value := read(t, filepath.Join(stored, name))
		if strings.Contains(text, value) {
			t.Errorf("%s is shown", name)
		}
		environment = append(environment, name+"="+value)
	}
	_, key, _ := strings.Cut(text, "pulumi config set deployKeys ")
	key, _, _ = strings.Cut(key, " &&")
	r.pulumi(t, 0, "config", "set", "deployKeys", key)
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")

	runner := t.TempDir()
	version := strings.TrimSpace(r.output(t, "exec", "git", "rev-parse", "HEAD"))
	containers := r.output(t, "ssh", "docker ps --quiet --filter label=service=running_calendar")
	r.run(t, 0, "exec", "git", "clone", "-q", at.App, filepath.Join(runner, "app"))
	kamal := filepath.Join(at.Directory, "bin")
	for _, step := range steps(t) {
		args := []string{"exec", "env", "-i", "HOME=" + runner, "VERSION=" + version, "PATH=" + bin + ":" + kamal + ":" + os.Getenv("PATH")}
		args = append(args, environment...)
		text := r.run(t, 0, append(args, "bash", "-euo", "pipefail", "-c", "cd ~/app\n"+step)...)
		t.Logf("%s\n%s", step, text)
	}
	if now := r.output(t, "ssh", "docker ps --quiet --filter label=service=running_calendar"); now == containers {
		t.Error("nothing was deployed")
	}
	if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
		t.Errorf("after the deploy from CI: %v: %s", err, text)
	}
	ssh := func(args string) string {
		return r.run(t, -1, "exec", "bash", "-c", "timeout 20 ssh -i "+filepath.Join(runner, ".ssh", "id_ed25519")+" -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile="+filepath.Join(runner, ".ssh", "known_hosts")+" "+args)
	}
	if text := ssh("-tt root@198.18.0.10 true"); !strings.Contains(text, "PTY allocation request failed") {
		t.Errorf("the key gets a terminal: %s", text)
	}
	if text := ssh("-W 127.0.0.1:5432 root@198.18.0.10"); !strings.Contains(text, "administratively prohibited") {
		t.Errorf("the key gets a tunnel: %s", text)
	}
	r.pulumi(t, 0, "config", "rm", "deployKeys")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	if text := ssh("root@198.18.0.10 echo in"); !strings.Contains(text, "Permission denied") {
		t.Errorf("the key that was taken out gets in: %s", text)
	}
}

// steps are the commands of the workflow, without what it uses of others.
func steps(t *testing.T) (commands []string) {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct{ Steps []struct{ Run string } }
	}
	if err := yaml.Unmarshal([]byte(read(t, "../docs/ci/deploy.yml")), &workflow); err != nil {
		t.Fatal(err)
	}
	for _, step := range workflow.Jobs["deploy"].Steps {
		if step.Run != "" {
			commands = append(commands, step.Run)
		}
	}
	if len(commands) != 3 {
		t.Fatalf("the workflow has %d commands", len(commands))
	}
	return commands
}

func filesIn(t *testing.T, directory string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
