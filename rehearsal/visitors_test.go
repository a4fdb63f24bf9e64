package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/toolchain"
	"rails-on-hetzner/rehearsal/work"
)

// tellsRailsItsVisitors sends requests through the real kamal-proxy to a real
// Rails with the production.rb that was written: as Cloudflare does, as Cloudflare
// does for somebody who forges the header, and past Cloudflare.
func tellsRailsItsVisitors(t *testing.T, r *running, edge, stranger outsider) {
	at := r.status(t)
	cache, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	proxy, build := toolchain.Proxy(at.Repository, cache)
	if err := work.SideBySide(t.Context(), func(line string) { t.Log(line) }, build); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	inside := func(name string, args ...string) *exec.Cmd {
		cmd := host.OpenNetwork(at.Namespace).Command(t.Context(), name, args...)
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+home, "XDG_CONFIG_HOME="+home)
		return cmd
	}
	serve := func(name string, args ...string) {
		log, err := os.Create(filepath.Join(home, filepath.Base(name)+".log"))
		if err != nil {
			t.Fatal(err)
		}
		cmd := inside(name, args...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if t.Failed() {
				t.Logf("%s said:\n%s", name, read(t, log.Name()))
			}
		})
	}
	serve("ruby", filepath.Join("testdata", "visitors", "app.rb"), at.App, "3100")
	serve(proxy, "run", "--http-port", "8080", "--https-port", "8443")
	// What Kamal runs for `proxy: {forward_headers: true}`; TLS is Cloudflare's and left out here.
	var said []byte
	for tries := 0; ; tries++ {
		if said, err = inside(proxy, "deploy", "app", "--target", "127.0.0.1:3100", "--forward-headers").CombinedOutput(); err == nil {
			break
		}
		if tries > 30 {
			t.Fatalf("kamal-proxy does not take the app: %v: %s", err, said)
		}
		time.Sleep(time.Second)
	}
	ask := func(from outsider, forwarded string) string {
		answer := from.ask("198.18.0.1", 8080, fmt.Sprintf("GET / HTTP/1.0\r\nHost: %s\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: %s", domain, forwarded))
		_, visitor, _ := strings.Cut(answer, "visitor: ")
		return strings.TrimSpace(visitor)
	}
	for what, c := range map[string]struct {
		from            outsider
		forwarded, want string
	}{
		"through Cloudflare":             {edge, "203.0.113.9", "203.0.113.9"},
		"through Cloudflare, forged":     {edge, "192.0.2.66, 203.0.113.9", "203.0.113.9"},
		"through Cloudflare, by IPv6":    {edge, "2001:db8:9::1", "2001:db8:9::1"},
		"past Cloudflare, forged as its": {stranger, "203.0.113.9", "198.18.0.202"},
	} {
		if got := ask(c.from, c.forwarded); got != c.want {
			t.Errorf("%s: Rails takes %q for its visitor, wanted %q", what, got, c.want)
		}
	}
}
