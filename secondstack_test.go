package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An app may move from one stack to another, and a zone may be used by several.

func TestSecondStack_TakesOverWhatTheFirstWroteIntoTheApp(t *testing.T) {
	app := sampleApp(t)
	origin := map[string]string{"certificate": "cloudflare-origin", "originLock": "false"}
	runStack(t, "prod", app, origin, false)
	secrets := filepath.Join(app, ".kamal", "secrets")
	first := text(t, secrets)
	if strings.Count(first, "--stack prod --cwd") != 3 {
		t.Fatalf("the first stack's secrets:\n%s", first)
	}
	runStack(t, "prod2", app, origin, false)
	if second := text(t, secrets); second != strings.ReplaceAll(first, "--stack prod --cwd", "--stack prod2 --cwd") {
		t.Errorf("the second stack's secrets:\n%s", second)
	}
}

func TestSecondStack_FindsTheZoneAsTheFirstLeftIt(t *testing.T) {
	for restore, retained := range map[string]bool{"false": true, "true": false} {
		declared := runStack(t, "prod", sampleApp(t), map[string]string{"zoneRestore": restore}, false)
		if got := declared.find(t, "dns-ssl", "cloudflare:").rpc.GetRetainOnDelete(); got != retained {
			t.Errorf("zoneRestore %s: that destroy leaves the zone alone is %v", restore, got)
		}
	}
}

func TestSecondStack_MarksItsRecordsAsItsOwn(t *testing.T) {
	comments := map[string]bool{}
	for _, stack := range []string{"prod", "prod2"} {
		comments[runStack(t, stack, sampleApp(t), nil, false).find(t, "dns-example.com", "cloudflare:").inputs["comment"].StringValue()] = true
	}
	if len(comments) != 2 {
		t.Errorf("two stacks mark their records alike: %v", comments)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
