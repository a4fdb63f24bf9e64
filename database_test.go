package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where the app's data lies and where its image is kept decide what the server
// is told, besides what is written into the app.

func TestDatabase_WhatIsBackedUpIsWhatTheAppHas(t *testing.T) {
	for name, c := range map[string]struct{ deploy, set, container string }{
		"a new one":         {"", "", "running_calendar-db"},
		"of another name":   {"accessories:\n  pg:\n    image: postgres:16\n    host: 192.168.0.1\n", "", "running_calendar-pg"},
		"a managed one":     {"env:\n  clear:\n    DB_HOST: shop.abc.rds.amazonaws.com\n", "", ""},
		"external":          {"", "external", ""},
		"none":              {"", "none", ""},
		"accessory for all": {"env:\n  clear:\n    DB_HOST: shop.abc.rds.amazonaws.com\n", "accessory", "running_calendar-db"},
	} {
		for _, dryRun := range []bool{true, false} {
			app := sampleApp(t)
			addTo(t, filepath.Join(app, "config", "deploy.yml"), c.deploy)
			declared := runStack(t, "prod", app, map[string]string{"database": c.set}, dryRun)
			container := ""
			for _, r := range declared.resources {
				if r.name == "backup-install" {
					_, rest, _ := strings.Cut(r.inputs["create"].StringValue(), "CONTAINER='")
					container, _, _ = strings.Cut(rest, "'")
				}
			}
			if container != c.container {
				t.Errorf("%s: backed up is %q", name, container)
			}
			declared.find(t, "postgres-password", "tls:") // the password outlives a change of mind
		}
	}
}

func TestRegistry_OnlyTheLocalOneIsForwarded(t *testing.T) {
	for registry, port := range map[string]string{"": "''", "docker.io": "''", "local": "'5555'"} {
		more := map[string]string{"registry": registry}
		if registry == "docker.io" {
			more["registryUser"] = "me"
		}
		app := sampleApp(t)
		declared := runStack(t, "prod", app, more, false)
		if command := declared.find(t, "hardening-apply", "command:").inputs["create"].StringValue(); !strings.Contains(command, "REGISTRY_PORT="+port+" ") {
			t.Errorf("%s: %s", registry, command)
		}
		deploy, secrets := text(t, filepath.Join(app, "config", "deploy.yml")), text(t, filepath.Join(app, ".kamal", "secrets"))
		if local := strings.Contains(deploy, "server: localhost:5555"); local != (registry == "local") || local == strings.Contains(secrets, "KAMAL_REGISTRY_PASSWORD") {
			t.Errorf("%s:\n%s\n%s", registry, deploy, secrets)
		}
	}
}

func addTo(t *testing.T, path, more string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(before, more...), 0o644); err != nil {
		t.Fatal(err)
	}
}
