package kamal

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// A command that fails leaves its secret empty, and with no hook to stop it Kamal
// deploys: the registry's password and the database's are nothing.
func TestSecrets_AnEmptyOneCarriesOn(t *testing.T) {
	s := named(t, "letsencrypt", "deploy-empty-secrets")
	server := newServer(t, s.Events)
	d := newDeveloper(t, newApp(t, "letsencrypt"), server)
	d.more = []string{"PULUMI_FAILS=1"}
	check(t, d.types(s.Args...))
	happened := strings.Join(server.story(), "\n")
	for _, wanted := range []string{`docker login ghcr.io -u \"octocat\" -p "`, `POSTGRES_PASSWORD=\n`} {
		if !strings.Contains(happened, wanted) {
			t.Errorf("%s did not happen in\n%s", wanted, happened)
		}
	}
}

func TestHook_ThatFailsStopsBeforeAnythingIsSent(t *testing.T) {
	dir := newApp(t, "letsencrypt")
	server := newServer(t, nil)
	d := newDeveloper(t, dir, server)
	err := d.types("setup", "-P", "--version=v1")
	if err == nil || !strings.HasPrefix(err.Error(), "ERROR (Kamal::Cli::HookError): Hook `pre-connect` failed:\n.kamal/hooks/pre-connect exit status: 256\n") ||
		!strings.Contains(err.Error(), "The secret KAMAL_REGISTRY_PASSWORD is empty, so nothing is deployed.") {
		t.Errorf("got %v", err)
	}
	if len(server.dialled) > 0 {
		t.Errorf("dialled %v", server.dialled)
	}
}

// A hook in the middle stops too, and the lock is released.
func TestHook_ThatFailsLaterLeavesNoLock(t *testing.T) {
	dir := newApp(t, "letsencrypt")
	write(t, filepath.Join(dir, ".kamal", "hooks", "pre-app-boot"), "#!/bin/sh\necho not today >&2\nexit 3\n", 0o755)
	s := named(t, "letsencrypt", "deploy-second")
	server := newServer(t, s.Events)
	d := newDeveloper(t, dir, server)
	d.more = []string{registryPassword}
	err := d.types(s.Args...)
	if err == nil || !strings.Contains(err.Error(), "Hook `pre-app-boot` failed") || !strings.Contains(err.Error(), "stderr: not today") {
		t.Errorf("got %v", err)
	}
	happened := server.story()
	if last := happened[len(happened)-1]; !strings.Contains(last, "rm -r .kamal/lock-running_calendar") {
		t.Errorf("the last thing that happened is %s", last)
	}
	if all := strings.Join(happened, "\n"); strings.Contains(all, "docker run --detach") || strings.Contains(all, "post-deploy") {
		t.Errorf("it went on:\n%s", all)
	}
}

func TestLock_HeldBySomebodyElseIsRefused(t *testing.T) {
	s := named(t, "letsencrypt", "deploy-locked")
	server := newServer(t, s.Events)
	d := newDeveloper(t, newApp(t, "letsencrypt"), server)
	d.more = []string{registryPassword}
	err := d.types(s.Args...)
	if told(err) != "ERROR (Kamal::Cli::LockError): Deploy lock found. Run 'kamal lock help' for more information" {
		t.Errorf("got %v", err)
	}
	if all := strings.Join(server.story(), "\n"); strings.Contains(all, "rm .kamal/lock") || !strings.Contains(d.screen.String(), "Locked by: someone at 2026-01-01T00:00:00Z") {
		t.Errorf("happened:\n%s\nsaid:\n%s", all, d.screen.String())
	}
}

// Kamal does not get to release it when it is interrupted.
func TestLock_StaysWhenTheRunIsInterrupted(t *testing.T) {
	dir := newApp(t, "letsencrypt")
	write(t, filepath.Join(dir, ".kamal", "hooks", "pre-deploy"), "#!/bin/sh\nexec sleep 60\n", 0o755)
	server := newServer(t, named(t, "letsencrypt", "setup").Events)
	d := newDeveloper(t, dir, server)
	d.more = []string{registryPassword}
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(2*time.Second, stop)
	if err := d.typesUntil(ctx, "setup", "-P", "--version=v1"); err == nil {
		t.Error("it went well")
	}
	if all := strings.Join(server.story(), "\n"); !strings.Contains(all, "mkdir .kamal/lock") || strings.Contains(all, "rm .kamal/lock") {
		t.Errorf("happened:\n%s", all)
	}
}

// With -v all is printed, and secrets still are not.
func TestOutput_IsKamalsToTheLetter(t *testing.T) {
	wanted, err := os.ReadFile(filepath.Join("testdata", "recorded", "setup-verbose.txt"))
	check(t, err)
	d := newDeveloper(t, newApp(t, "letsencrypt"), newServer(t, named(t, "letsencrypt", "setup").Events))
	d.more = []string{registryPassword}
	check(t, d.types("setup", "-Pv", "--version=v1"))
	said := regexp.MustCompile(`\[[0-9a-f]{8}\]`).ReplaceAllString(settled(d.screen.String()), "[ID]")
	compare(t, "what was said", strings.Split(someTime.ReplaceAllString(said, "in N seconds"), "\n"), strings.Split(string(wanted), "\n"))
}

func TestHost_ThatIsNewIsAddedToTheKnownOnes(t *testing.T) {
	s := named(t, "letsencrypt", "app-version")
	server := newServer(t, append(slices.Clone(s.Events), s.Events...))
	d := newDeveloper(t, newApp(t, "letsencrypt"), server)
	d.more = []string{registryPassword}
	check(t, d.types("app", "version"))
	known, err := os.ReadFile(filepath.Join(d.home, ".ssh", "known_hosts"))
	check(t, err)
	if wanted := "203.0.113.7 " + string(ssh.MarshalAuthorizedKey(server.hostKey)); string(known) != wanted {
		t.Errorf("it knows %q, wanted %q", known, wanted)
	}
	check(t, d.types("app", "version"))
	if again, err := os.ReadFile(filepath.Join(d.home, ".ssh", "known_hosts")); err != nil || string(again) != string(known) {
		t.Errorf("then it knows %q, %v", again, err)
	}
}

func TestKey_OfNobodyIsRefused(t *testing.T) {
	d := newDeveloper(t, newApp(t, "letsencrypt"), newServer(t, nil))
	d.more = []string{registryPassword}
	check(t, os.Remove(filepath.Join(d.home, ".ssh", "id_ed25519")))
	if err := d.types("app", "version"); told(err) != "ERROR (Net::SSH::AuthenticationFailed): Exception while executing on host 203.0.113.7: Authentication failed for user root@203.0.113.7" {
		t.Errorf("got %v", err)
	}
}

func TestBuild_WithoutSomebodyToPushSaysSo(t *testing.T) {
	server := newServer(t, nil)
	d := newDeveloper(t, newApp(t, "letsencrypt"), server)
	d.more = []string{registryPassword}
	if err := d.types("deploy"); err == nil || !strings.Contains(err.Error(), "this stand-in builds no image; push it by other means and give --skip-push") {
		t.Errorf("got %v", err)
	}
	if len(server.dialled) > 0 {
		t.Errorf("dialled %v", server.dialled)
	}
}

func TestCommand_ThatIsUnknownIsToldWhatIsKnown(t *testing.T) {
	d := newDeveloper(t, newApp(t, "letsencrypt"), newServer(t, nil))
	err := d.types("secrets", "fetch")
	if err == nil || !strings.HasPrefix(err.Error(), "kamal secrets fetch: this is the rehearsal's stand-in for Kamal 2.12.0, and it does not know that command; it knows the aliases of deploy.yml and: setup, deploy, rollback, ") {
		t.Errorf("got %v", err)
	}
}

func TestVersion_TellsOfChangesOnlyWhereTheyAreBuilt(t *testing.T) {
	dir := newApp(t, "letsencrypt")
	write(t, filepath.Join(dir, "Gemfile"), "changed\n", 0o644)
	g := newGit(dir, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null"))
	commit := g.says("rev-parse", "HEAD")
	if got := g.version(false); len(got) != 40 || got != commit {
		t.Errorf("of a clone it is %s", got)
	}
	if got := g.version(true); len(got) != 40+len("_uncommitted_")+16 || !strings.HasPrefix(got, commit+"_uncommitted_") {
		t.Errorf("of the directory it is %s", got)
	}
}

func TestClient_OffersWhatKamalsOffers(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "testdata", "kamal", "net-ssh.json"))
	check(t, err)
	var offers struct {
		Kex, Encryption, HMAC []string
		HostKey               []string `json:"host_key"`
	}
	check(t, json.Unmarshal(text, &offers))
	// A kind of certificate that nobody makes any more, and Go does not know.
	offers.HostKey = slices.DeleteFunc(offers.HostKey, func(kind string) bool { return kind == "ssh-rsa-cert-v00@openssh.com" })
	for _, c := range [][2][]string{{keyExchanges, offers.Kex}, {ciphers, offers.Encryption}, {macs, offers.HMAC}, {hostKeys, offers.HostKey}} {
		if !slices.Equal(c[0], c[1]) {
			t.Errorf("it offers %v, wanted %v", c[0], c[1])
		}
	}
}

func TestConnection_IsOneForAllCommands(t *testing.T) {
	s := named(t, "letsencrypt", "setup")
	server := newServer(t, s.Events)
	d := newDeveloper(t, newApp(t, "letsencrypt"), server)
	d.more = []string{registryPassword}
	check(t, d.types(s.Args...))
	if len(server.users) != 1 {
		t.Errorf("it connected %d times", len(server.users))
	}
}
