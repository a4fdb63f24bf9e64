// Package daemon is what the rehearsal's commands know of its daemon: what it is
// given, what it tells once everything listens, and how to talk to it. The
// daemon itself, rehearsald, is a program apart: the clouds' and the providers'
// libraries take minutes to compile, and the commands need none of them.
package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"rails-on-hetzner/rehearsal/jsonfile"
)

// Dir is the directory of one rehearsal, where both sides meet.
type Dir string

// RegistryPassword is what a rehearsal's ghcr.io takes from whoever pulls.
const RegistryPassword = "ghp_ofTheRehearsal"

// Options is handed to the daemon in a file: it runs in the rehearsal's network
// namespace, as a process of its own.
type Options struct {
	RootFS          string   `json:"rootFS"`  // what its servers are made of
	Network         string   `json:"network"` // the namespace it runs in
	Domain          string   `json:"domain"`  // the zone that Cloudflare holds
	HetznerToken    string   `json:"hetznerToken"`
	CloudflareToken string   `json:"cloudflareToken"`
	StandIns        []string `json:"standIns"` // providers to stand in for
}

// Status is what the daemon tells once everything listens.
type Status struct {
	PID         int            `json:"pid"`
	Hetzner     string         `json:"hetzner"`     // HCLOUD_ENDPOINT
	Boxes       string         `json:"boxes"`       // HETZNER_ENDPOINT
	Cloudflare  string         `json:"cloudflare"`  // CLOUDFLARE_API_HOSTNAME
	Authorities string         `json:"authorities"` // SSL_CERT_FILE
	StandIns    map[string]int `json:"standIns"`    // provider -> port
}

// DebugProviders is the value of PULUMI_DEBUG_PROVIDERS that attaches the stand-ins.
func (s Status) DebugProviders() string {
	var attached []string
	for name, port := range s.StandIns {
		attached = append(attached, fmt.Sprintf("%s:%d", name, port))
	}
	slices.Sort(attached)
	return strings.Join(attached, ",")
}

// Logs is where the daemon and its servers write what happens.
func (d Dir) Logs() string { return filepath.Join(string(d), "log") }

// Socket is where the daemon listens to commands; only its owner can open it.
func (d Dir) Socket() string { return filepath.Join(string(d), "control.sock") }

// BoxHostKeys is the file of the keys that Storage Boxes show.
func (d Dir) BoxHostKeys() string { return filepath.Join(string(d), "box-host-keys.pub") }

// Machines holds the files of the servers.
func (d Dir) Machines() string { return filepath.Join(string(d), "machines") }

func (d Dir) options() string { return filepath.Join(string(d), "daemon-options.json") }
func (d Dir) status() string  { return filepath.Join(string(d), "daemon.json") }

// Options reads what the daemon is given.
func (d Dir) Options() (o Options, err error) { return o, jsonfile.Read(d.options(), &o) }

// SetOptions writes what the daemon is given.
func (d Dir) SetOptions(o Options) error { return jsonfile.Write(d.options(), o) }

// Status reads what the daemon told; it fails before it has.
func (d Dir) Status() (s Status, err error) { return s, jsonfile.Read(d.status(), &s) }

// SetStatus tells that everything listens.
func (d Dir) SetStatus(s Status) error { return jsonfile.Write(d.status(), s) }

// Tell posts to the daemon's socket, and fails with what it answers.
func (d Dir) Tell(ctx context.Context, path string) error {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", d.Socket())
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://daemon"+path, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("talking to the rehearsal's daemon: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s", strings.TrimSpace(string(text)))
	}
	return nil
}
