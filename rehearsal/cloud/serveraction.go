package cloud

import (
	"context"
	"net/http"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// serverActions are the endpoints below /servers/N/actions.
func (c *Cloud) serverActions() map[string]handle {
	return map[string]handle{
		"poweron":             c.power("start_server", "running", Machines.PowerOn),
		"poweroff":            c.power("stop_server", "off", Machines.PowerOff),
		"shutdown":            c.power("shutdown_server", "off", Machines.Shutdown),
		"reboot":              c.power("reboot_server", "running", Machines.Reboot),
		"reset":               c.power("reset_server", "running", Machines.Reboot),
		"change_protection":   c.protectServer,
		"change_type":         c.changeServerType,
		"rebuild":             c.rebuildServer,
		"attach_to_network":   c.attachServer,
		"detach_from_network": c.detachServer,
	}
}

// onMachine is work on the server's machine, or none without machines.
func (c *Cloud) onMachine(id int64, do func(Machines, context.Context, int64) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if c.config.Machines == nil {
			return nil
		}
		return do(c.config.Machines, ctx, id)
	}
}

func (c *Cloud) power(command, status string, do func(Machines, context.Context, int64) error) handle {
	return func(r *http.Request) (answer, error) {
		s, err := c.idleServer(r)
		if err != nil {
			return answer{}, err
		}
		work := task{then: func() { s.status = status }}
		if s.status != status || status == "running" && command != "start_server" {
			work.do = c.onMachine(s.id, do)
		}
		return c.begun(c.begin(command, "server", s.id, work))
	}
}

func (c *Cloud) protectServer(r *http.Request) (answer, error) {
	s, wanted, err := idleAndRead[server, schema.ServerActionChangeProtectionRequest](r, c.idleServer)
	if err != nil {
		return answer{}, err
	}
	protection := s.protection
	if wanted.Delete != nil {
		protection.Delete = *wanted.Delete
	}
	if wanted.Rebuild != nil {
		protection.Rebuild = *wanted.Rebuild
	}
	if protection.Delete != protection.Rebuild {
		return answer{}, invalid("delete", "delete and rebuild protection must have the same value")
	}
	s.protection = protection
	return c.begun(c.begin("change_protection", "server", s.id, task{}))
}

func (c *Cloud) changeServerType(r *http.Request) (answer, error) {
	s, wanted, err := idleAndRead[server, schema.ServerActionChangeTypeRequest](r, c.idleServer)
	if err != nil {
		return answer{}, err
	}
	next, err := findServerType(wanted.ServerType, s.location)
	switch {
	case err != nil:
		return answer{}, err
	case s.status != "off":
		return answer{}, conflicting("server_not_stopped", "server must be stopped")
	case next.Architecture != s.serverType.Architecture, next.Disk < s.diskSize:
		return answer{}, conflicting("invalid_server_type", "server type does not fit the server")
	}
	// The API starts the server again by itself:
	// https://docs.hetzner.cloud/reference/cloud#tag/server-actions/change_server_type
	return c.begun(c.begin("change_server_type", "server", s.id, task{do: c.onMachine(s.id, Machines.PowerOn), then: func() {
		s.serverType, s.status = next, "running"
		if wanted.UpgradeDisk {
			s.diskSize = next.Disk
		}
	}}))
}

// rebuildServer replaces the machine by a fresh one with the same addresses.
func (c *Cloud) rebuildServer(r *http.Request) (answer, error) {
	s, wanted, err := idleAndRead[server, schema.ServerActionRebuildRequest](r, c.idleServer)
	if err != nil {
		return answer{}, err
	}
	if s.protection.Rebuild {
		return answer{}, errProtected
	}
	image, err := findImage(wanted.Image, s.serverType.Architecture)
	if err != nil {
		return answer{}, err
	}
	s.image = image
	if wanted.UserData != nil {
		s.userData = *wanted.UserData
	}
	remove, create := c.removing(s), c.creating(s)
	return c.begun(c.begin("rebuild_server", "server", s.id, task{
		do: func(ctx context.Context) error {
			if err := remove(ctx); err != nil {
				return err
			}
			return create(ctx)
		},
		then: func() { s.status = "running" },
	}))
}
