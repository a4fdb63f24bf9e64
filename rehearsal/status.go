package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"rails-on-hetzner/rehearsal/daemon"
	"rails-on-hetzner/rehearsal/jsonfile"
)

// status is what a rehearsal tells about itself; scripts and tests read it.
type status struct {
	Name       string            `json:"name"`
	Suite      string            `json:"suite"`
	Namespace  string            `json:"namespace"` // network namespace everything runs in
	Repository string            `json:"repository"`
	Directory  string            `json:"directory"`
	Program    string            `json:"program"`
	App        string            `json:"app"`
	OwnApp     bool              `json:"ownApp"` // a copy of the user's, not the sample
	State      string            `json:"state"`  // directory of Pulumi's local backend
	Logs       string            `json:"logs"`
	Stack      string            `json:"stack"`
	KeyFile    string            `json:"keyFile"` // the developer's private key
	PulumiPath string            `json:"pulumiPath"`
	Providers  map[string]string `json:"providers"` // package -> "published VERSION", "bridged ..." or "stand-in"
	Kamal      string            `json:"kamal"`     // its path, or "stand-in"
	Daemon     daemon.Status     `json:"daemon"`
}

const stackName = "rehearsal"

func (p place) statusFile() string { return p.join("status.json") }

// running reads the status of the named rehearsal, or says how to start it.
func (o options) running() (place, *status, error) {
	at, err := o.place()
	if err != nil {
		return "", nil, err
	}
	var s status
	if err := jsonfile.Read(at.statusFile(), &s); errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("no rehearsal named %q is up; start it with: scripts/rehearse up --name %s", o.Name, o.Name)
	} else if err != nil {
		return "", nil, fmt.Errorf("reading the rehearsal's status: %w", err)
	}
	return at, &s, nil
}

func printStatus(_ context.Context, o options, asJSON bool) error {
	_, s, err := o.running()
	if err != nil {
		return err
	}
	s.Kamal = whichKamal()
	if asJSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, row := range [][2]string{
		{"rehearsal", s.Name}, {"suite", s.Suite}, {"app", s.App}, {"state", s.State}, {"logs", s.Logs},
		{"key", s.KeyFile}, {"Hetzner API", s.Daemon.Hetzner}, {"Cloudflare API", s.Daemon.Cloudflare},
		{"daemon", fmt.Sprint(s.Daemon.PID)},
	} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	fmt.Fprintf(table, "kamal\t%s\n", s.Kamal)
	for _, name := range packages {
		fmt.Fprintf(table, "provider %s\t%s\n", name, s.Providers[name])
	}
	return table.Flush()
}
