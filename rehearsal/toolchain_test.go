package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A plugin in the developer's own Pulumi home serves, and the engine finds it.
func TestPluginsInPulumisHomeAreUsed(t *testing.T) {
	home := t.TempDir()
	plugin := filepath.Join(home, "plugins", "resource-hcloud-v1.32.0")
	if err := errors.Join(os.MkdirAll(plugin, 0o755), os.WriteFile(filepath.Join(plugin, "pulumi-resource-hcloud"), []byte("#!/bin/sh\nexit 1\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PULUMI_HOME", home)
	r := start(t, "test-plugins", "start")
	if by := r.status(t).Providers["hcloud"]; by != "published v1.32.0" {
		t.Errorf("hcloud is served by: %s", by)
	}
	if listed := strings.Join(strings.Fields(r.output(t, "pulumi", "plugin", "ls")), " "); !strings.Contains(listed, "hcloud resource 1.32.0") {
		t.Errorf("the engine finds: %s", listed)
	}
}

// What runs inside the rehearsal may ask a person at a terminal, and answers to Ctrl-C.
func TestProgramsInsideMayAsk(t *testing.T) {
	t.Parallel()
	r := start(t, "test-asking", "start")
	script := filepath.Join(t.TempDir(), "ask")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nprintf 'Who? '; read -r who; echo hello-$who; exit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	asking := r.command("exec", script)
	at := strings.Join(asking.Args, " ")
	terminal := exec.Command("timeout", "20", "script", "-qec", at, "/dev/null") // a terminal of its own
	terminal.Env = asking.Env
	input, err := terminal.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(2 * time.Second)
		_, _ = input.Write([]byte("you\n"))
		time.Sleep(10 * time.Second) // the end of input would be another answer
		input.Close()
	}()
	said, _ := terminal.CombinedOutput()
	if code := terminal.ProcessState.ExitCode(); code != 7 || !strings.Contains(string(said), "hello-you") {
		t.Errorf("exit code %d, it said:\n%s", code, said)
	}
}
