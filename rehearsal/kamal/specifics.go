package kamal

import (
	"path"
	"slices"
	"strings"
)

// configure reads deploy.yml and chooses hosts and roles
// (lib/kamal/commander/specifics.rb).
func (r *run) configure() (err error) {
	if r.config, err = loadConfig(r.dir, r.given.or("config_file", "config/deploy.yml"), r.given["destination"], r.given["version"], r.io); err != nil {
		return err
	}
	if r.config.version() == "" {
		return failed("RuntimeError", "Can't use commit hash as version, no git repository found in %s", r.dir)
	}
	r.ssh = r.config.sshOf(r.io)
	r.lockHeld = r.config.env.get("KAMAL_LOCK") == "true"
	return r.choose()
}

func (r *run) choose() error {
	c := r.config
	hosts := c.allHosts()
	if wanted := r.given["hosts"]; wanted != "" {
		if hosts = matching(strings.Split(wanted, ","), hosts); len(hosts) == 0 {
			return failed("ArgumentError", "No --hosts match for %s", wanted)
		}
	}
	roles, err := r.wantedRoles()
	if err != nil {
		return err
	}
	if r.specificRoles != nil {
		var theirs []string
		for _, role := range roles {
			theirs = append(theirs, role.hosts()...)
		}
		hosts = intersection(hosts, theirs)
	}
	primary := func(roles []*role) *role {
		for _, role := range roles {
			if role.name == c.primaryRoleName() {
				return role
			}
		}
		return roles[0]
	}
	switch {
	case r.given.is("primary") && r.specificRoles != nil:
		hosts = firstOf(roles[0].hosts())
	case r.given.is("primary"):
		hosts = firstOf(c.role(c.primaryRoleName()).hosts())
	}
	for _, role := range roles {
		if len(intersection(role.hosts(), hosts)) > 0 {
			r.roles = append(r.roles, role)
		}
	}
	if theirs := primary(roles).hosts(); len(hosts) == 0 || len(theirs) == 0 {
		return failed("ArgumentError", "No hosts are left by --hosts, --roles and --primary")
	} else if r.primaryHost = theirs[0]; r.given["hosts"] != "" || r.given.is("primary") {
		r.primaryHost = hosts[0]
	}
	if on := r.rolesOn(r.primaryHost); len(on) > 0 {
		r.primaryRole = primary(on)
	} else {
		r.primaryRole = primary(c.roles)
	}
	sorted := func(hosts []string) []string {
		slices.SortStableFunc(hosts, func(a, b string) int { return before(r.primaryRole.on(a), r.primaryRole.on(b)) })
		return hosts
	}
	slices.SortStableFunc(r.roles, func(a, b *role) int { return before(a == r.primaryRole, b == r.primaryRole) })
	r.hosts, r.appHosts, r.proxyHosts = sorted(hosts), sorted(intersection(c.appHosts(), hosts)), intersection(c.proxyHosts(), hosts)
	return nil
}

// wantedRoles are those of --roles, else all.
func (r *run) wantedRoles() (roles []*role, err error) {
	wanted := r.given["roles"]
	if wanted == "" {
		return r.config.roles, nil
	}
	var all []string
	for _, role := range r.config.roles {
		all = append(all, role.name)
	}
	if r.specificRoles = matching(strings.Split(wanted, ","), all); len(r.specificRoles) == 0 {
		return nil, failed("ArgumentError", "No --roles match for %s", wanted)
	}
	for _, name := range r.specificRoles {
		roles = append(roles, r.config.role(name))
	}
	return roles, nil
}

// before orders what is first before what is not.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// matching are the items that one of the patterns, with * for anything, fits.
func matching(patterns, items []string) []string {
	var found []string
	for _, pattern := range patterns {
		for _, item := range items {
			if ok, err := path.Match(pattern, item); err == nil && ok {
				found = append(found, item)
			}
		}
	}
	return unique(found)
}

// firstOf is the first, if there is one.
func firstOf(all []string) []string { return all[:min(1, len(all))] }

// firstRoleOn is the first of the chosen roles of a host.
func (r *run) firstRoleOn(host string) (*role, error) {
	if roles := r.rolesOn(host); len(roles) > 0 {
		return roles[0], nil
	}
	return nil, failed("ArgumentError", "No role of the app is on %s", host)
}
