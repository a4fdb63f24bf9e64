package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rails-on-hetzner/rehearsal/host"
)

// visitor is a browser somewhere, which knows Cloudflare's edge by name.
type visitor struct {
	outsider
	authorities string
	browser     *http.Client
}

func newVisitor(t *testing.T, r *running) visitor {
	t.Helper()
	v := visitor{outsider: newOutsider(t, r, "visitor", "198.18.0.220/24"), authorities: r.status(t).Daemon.Authorities}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM([]byte(read(t, v.authorities))) {
		t.Fatalf("there are no authorities in %s", v.authorities)
	}
	v.browser = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted},
		DialContext: func(context.Context, string, string) (net.Conn, error) { return v.network.Dial(host.EdgeIPv4 + ":443") },
	}}
	return v
}

// losesNone has somebody ask for the page every 100 ms while something is done, and
// returns how often.
func (v visitor) losesNone(t *testing.T, do func()) (requests int) {
	t.Helper()
	lost, requests := v.lost(do)
	t.Logf("%d of %d requests were lost", len(lost), requests)
	if len(lost) > 0 {
		t.Errorf("%d of %d requests were lost:\n%s", len(lost), requests, strings.Join(lost, ""))
	}
	return requests
}

// lost are the requests that are while something is done: when, and what was said.
func (v visitor) lost(do func()) (lost []string, requests int) {
	done, asked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(asked)
		for tick := time.NewTicker(100 * time.Millisecond); ; <-tick.C {
			select {
			case <-done:
				tick.Stop()
				return
			default:
			}
			if err := v.page(); err != nil {
				lost = append(lost, time.Now().Format("15:04:05.0 ")+err.Error()+"\n")
			}
			requests++
		}
	}()
	do()
	close(done)
	<-asked
	return lost, requests
}

// page asks for the first page, over a connection of its own. It is this process
// that asks, since a curl each time took more of the machine than all who answer.
func (v visitor) page() error {
	answer, err := v.browser.Get("https://" + domain + "/")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}

// get fetches a page, or posts with the arguments that curl takes for that.
func (v visitor) get(path string, args ...string) (string, error) {
	args = append([]string{"--fail-with-body", "-sS", "--max-time", "30", "--cacert", v.authorities, "--resolve", domain + ":443:" + host.EdgeIPv4, "https://" + domain + path}, args...)
	text, err := v.network.Command(context.Background(), "curl", args...).CombinedOutput()
	return string(text), err
}

func (v visitor) await(t *testing.T, patience time.Duration) {
	t.Helper()
	started := time.Now()
	for {
		err := v.page()
		if err == nil {
			t.Logf("it answered after %s", time.Since(started).Round(time.Second))
			return
		}
		if time.Since(started) > patience {
			t.Fatalf("it does not answer: %v", err)
		}
		time.Sleep(time.Second)
	}
}

func (v visitor) keepsRowsAndUploads(t *testing.T) {
	t.Helper()
	photo := filepath.Join(t.TempDir(), "photo.png")
	if err := os.WriteFile(photo, []byte(strings.Repeat("a photo ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	id, err := v.get("/runs", "-F", "name=a run", "-F", "photo=@"+photo)
	if err != nil {
		t.Fatalf("%v: %s", err, id)
	}
	if text, err := v.get("/runs/" + strings.TrimSpace(id)); err != nil || text != read(t, photo) {
		t.Errorf("%v: %d bytes came back: %.100s", err, len(text), text)
	}
	if text, err := v.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
		t.Errorf("%v: %s", err, text)
	}
}
