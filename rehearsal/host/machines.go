package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"rails-on-hetzner/rehearsal/cloud"
)

// Options says what machines are made of and where.
type Options struct {
	Network *Network
	RootFS  string // from RootFS; in front of it, with a colon between, what lies over it
	RunDir  string // holds the machines' files; removed with them
	// Authority signs for the rehearsal's internet, in PEM; machines trust it as a public one.
	Authority []byte
	LogDir    string // their consoles
}

// Machines are the servers of one rehearsal. They are what the local cloud sells.
type Machines struct {
	options   Options
	mutex     sync.Mutex
	byID      map[int64]*machine
	balancers map[int64]*balancer
	faults    faults
}

var _ cloud.Machines = (*Machines)(nil)

// NewMachines prepares to make machines; it starts none.
func NewMachines(o Options) *Machines {
	return &Machines{options: o, byID: map[int64]*machine{}, balancers: map[int64]*balancer{}}
}

// Trust says which authority the machines trust that are made from now on.
func (ms *Machines) Trust(authority []byte) {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	ms.options.Authority = authority
}

// Create starts a new server. It returns when the boot has begun.
func (ms *Machines) Create(ctx context.Context, server cloud.Server) error {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	m := &machine{options: ms.options, server: server, dir: filepath.Join(ms.options.RunDir, strconv.FormatInt(server.ID, 10))}
	if err := os.MkdirAll(ms.options.LogDir, 0o700); err != nil {
		return err
	}
	if err := m.writeFiles(ctx); err != nil {
		return errors.Join(fmt.Errorf("making server %s: %w", server.Name, err), m.remove(ctx))
	}
	if err := ms.faults.apply(ctx, m); err != nil {
		return errors.Join(err, m.remove(ctx))
	}
	m.rebooted = func(ended *exec.Cmd) {
		_ = ms.with(server.ID, func(m *machine) error {
			if m.nspawn != ended {
				return nil // it was powered off, deleted or booted again meanwhile
			}
			m.nspawn = nil
			return m.powerOn(context.Background())
		})
	}
	ms.byID[server.ID] = m
	return m.powerOn(ctx)
}

// PowerOn boots a server that is off.
func (ms *Machines) PowerOn(ctx context.Context, id int64) error {
	return ms.with(id, func(m *machine) error { return m.powerOn(ctx) })
}

// PowerOff pulls the plug; the files stay.
func (ms *Machines) PowerOff(_ context.Context, id int64) error {
	return ms.with(id, func(m *machine) error { m.unplug(); return nil })
}

// Shutdown halts a server in order, if it does so within a minute. Others go on meanwhile.
func (ms *Machines) Shutdown(ctx context.Context, id int64) error {
	var ended <-chan struct{}
	if err := ms.with(id, func(m *machine) error { ended = m.halt(); return nil }); err != nil {
		return err
	}
	awaitEnd(ended, time.Minute)
	return ms.PowerOff(ctx, id)
}

// Reboot halts a server and boots it again on the same files.
func (ms *Machines) Reboot(ctx context.Context, id int64) error {
	if err := ms.Shutdown(ctx, id); err != nil {
		return err
	}
	return ms.PowerOn(ctx, id)
}

// Delete ends a server and removes its files.
func (ms *Machines) Delete(ctx context.Context, id int64) error {
	return ms.with(id, func(m *machine) error {
		delete(ms.byID, id)
		return m.remove(context.WithoutCancel(ctx))
	})
}

// Close deletes every server.
func (ms *Machines) Close() error {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	var failures []error
	for _, b := range ms.balancers {
		b.end()
	}
	for id, m := range ms.byID {
		delete(ms.byID, id)
		failures = append(failures, m.remove(context.Background()))
	}
	return errors.Join(failures...)
}

// Command prepares a program that runs inside a server, as its root, past any firewall.
func (ms *Machines) Command(ctx context.Context, id int64, name string, args ...string) (*exec.Cmd, error) {
	var cmd *exec.Cmd
	err := ms.with(id, func(m *machine) (err error) {
		cmd, err = m.command(ctx, name, args...)
		return err
	})
	return cmd, err
}

func (ms *Machines) with(id int64, do func(*machine) error) error {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	m, ok := ms.byID[id]
	if !ok {
		return fmt.Errorf("there is no machine %d", id)
	}
	return do(m)
}

// RemoveLeftovers deletes what is left of machines whose rehearsal was killed.
func RemoveLeftovers(ctx context.Context, o Options) error {
	dirs, err := filepath.Glob(filepath.Join(o.RunDir, "*"))
	if err != nil {
		return err
	}
	var failures []error
	for _, dir := range dirs {
		left := &machine{options: o, dir: dir}
		failures = append(failures, left.remove(ctx))
	}
	return errors.Join(failures...)
}
