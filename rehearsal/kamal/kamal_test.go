package kamal

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

func TestKamal_DoesWhatTheRealOneDid(t *testing.T) {
	for _, app := range []string{"letsencrypt", "origin", "full"} {
		dir := newApp(t, app)
		for _, s := range recorded(t, app).Scenarios {
			t.Run(app+"/"+s.Name, func(t *testing.T) {
				t.Parallel()
				s.replay(t, app, dir)
			})
		}
	}
}

// replay types the same, gives the same answers, and compares what happened and
// what was said.
func (s scenario) replay(t *testing.T, app, dir string) {
	server := newServer(t, s.Events)
	d := newDeveloper(t, dir, server)
	s.prepare(t, d)
	d.push = func(_ context.Context, image string) error {
		server.add(event{Push: image})
		return nil
	}
	err := d.types(s.Args...)
	wanted, got := story(s.Events), server.story()
	address, user := "203.0.113.7:22", "root"
	if app == "full" { // two roles on one host work at the same time
		address, user = "203.0.113.7:2222", "deployer"
		slices.Sort(wanted)
		slices.Sort(got)
	}
	compare(t, "what happened", got, wanted)
	for _, dialled := range server.dialled {
		if dialled != address {
			t.Errorf("dialled %s, wanted %s", dialled, address)
		}
	}
	for _, as := range server.users {
		if as != user {
			t.Errorf("logged in as %s, wanted %s", as, user)
		}
	}
	said := d.screen.String()
	var exit ExitError
	switch {
	case (err != nil) != (s.Exit != 0), errors.As(err, &exit) && exit.Status != s.Exit:
		t.Errorf("ended with %v, wanted exit status %d", err, s.Exit)
	case err != nil && exit.Status == 0:
		said += "\n  " + err.Error()
	}
	wantedSaid, gotSaid := s.Output, settledOutput(said)
	if app == "full" {
		wantedSaid = slices.Sorted(slices.Values(wantedSaid))
		slices.Sort(gotSaid)
	}
	compare(t, "what was said", gotSaid, wantedSaid)
}

// prepare is what was different when a scenario was recorded.
func (s scenario) prepare(t *testing.T, d *developer) {
	switch s.Name {
	case "deploy-empty-secrets", "deploy-guard-stops":
		d.more = []string{"PULUMI_FAILS=1"}
	default:
		d.more = []string{registryPassword}
	}
	switch s.Name {
	case "logs-alias", "accessory-exec-interactive":
		d.knows(t, "203.0.113.7", d.server.hostKey)
	case "follow-role", "accessory-logs-follow":
		d.knows(t, "[203.0.113.7]:2222", d.server.hostKey)
	case "wrong-host-key":
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"))
		check(t, err)
		d.knows(t, "203.0.113.7", key)
	case "console-alias-terminal":
		d.stdin = openTerminal(t)
	}
}

// openTerminal is a terminal at which nobody types.
func openTerminal(t *testing.T) *os.File {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	check(t, err)
	t.Cleanup(func() { master.Close() })
	check(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	check(t, err)
	terminal, err := os.OpenFile("/dev/pts/"+textOf(number), os.O_RDWR|unix.O_NOCTTY, 0)
	check(t, err)
	t.Cleanup(func() { terminal.Close() })
	return terminal
}

// compare shows the first line that differs.
func compare(t *testing.T, what string, got, wanted []string) {
	t.Helper()
	for i := range max(len(got), len(wanted)) {
		line := func(all []string) string {
			if i < len(all) {
				return all[i]
			}
			return "(nothing)"
		}
		if line(got) != line(wanted) {
			t.Errorf("%s, %d:\n%s\nwanted\n%s\nafter %s", what, i+1, line(got), line(wanted), strings.Join(got[max(0, i-1):min(i, len(got))], "\n"))
			return
		}
	}
}
