package kamalfiles

import (
	"fmt"
	"slices"
	"strings"
)

// forget takes out what is owned, so that the rest can be compared; replaced are the
// hosts that others have taken the place of.
func (w Deploy) forget(read map[string]any, replaced []string) {
	owned := [][]string{
		{"image"}, {"registry", "server"}, {"registry", "username"}, {"registry", "password"}, {"env", "clear", "DB_HOST"},
		w.db("image"), w.db("host"), w.db("hosts"), w.db("port"), w.db("role"), w.db("roles"), w.db("tag"), w.db("tags"), w.db("env", "clear", databasePassword),
	}
	for _, section := range [][]string{{"proxy"}, {"servers", primaryRoleOf(read), "proxy"}} {
		for _, key := range []string{"ssl", "host", "hosts", "forward_headers"} {
			owned = append(owned, append(slices.Clone(section), key))
		}
	}
	for _, secret := range w.AppSecrets {
		name, _, _ := strings.Cut(secret, ":")
		owned = append(owned, []string{"env", "clear", name})
	}
	if w.user() != rootUser {
		owned = append(owned, []string{"ssh", "user"})
	}
	if len(w.JobHosts) > 0 || len(w.Former) > 0 {
		owned = append(owned, []string{"env", "clear", queueInPuma})
	}
	w.forgetHosts(read, replaced)
	w.forgetMemory(read)
	for _, path := range owned {
		drop(read, path)
	}
	forgetItems(read, []string{"env", "secret"}, func(item any) bool {
		return slices.ContainsFunc(w.AppSecrets, func(want string) bool { return sameVariable(fmt.Sprint(item), want) })
	})
	forgetItems(read, w.db("env", "secret"), func(item any) bool {
		return slices.ContainsFunc(databaseSecrets, func(want string) bool { return sameVariable(fmt.Sprint(item), want) })
	})
	forgetItems(read, w.db("volumes"), isDatabaseMount)
	forgetItems(read, w.db("directories"), isDatabaseMount)
}

func isDatabaseMount(mount any) bool {
	if parts, ok := mount.(map[string]any); ok {
		mount = fmt.Sprintf("%v:%v", parts["local"], parts["remote"])
	}
	return holdsDatabase(fmt.Sprint(mount))
}

// forgetHosts takes out the hosts of the roles that are owned, and of the others and
// the accessories what is on the stack's servers, old or new. Their tags stay.
func (w Deploy) forgetHosts(read map[string]any, replaced []string) {
	switch read["servers"].(type) {
	case []any, string: // a list, or ERB in the place of one
		drop(read, []string{"servers"})
	}
	for role := range w.ownRoles(read) {
		switch lookup(read, []string{"servers", role}).(type) {
		case []any, string:
			drop(read, []string{"servers", role})
		}
		drop(read, []string{"servers", role, "hosts"})
	}
	if len(w.JobHosts) > 0 && lookup(read, below(jobRole, "cmd")) == jobCommand {
		drop(read, below(jobRole, "cmd")) // of a role that was made
	}
	moves := func(host string) bool { return w.knows(host) || slices.Contains(replaced, host) }
	roles, _ := read["servers"].(map[string]any)
	accessories, _ := read["accessories"].(map[string]any)
	for _, sections := range []map[string]any{roles, accessories} {
		for name, section := range sections {
			if hosts, ok := section.([]any); ok {
				sections[name] = w.withoutHosts(hosts, moves)
			}
			if keys, ok := section.(map[string]any); ok {
				if hosts, ok := keys["hosts"].([]any); ok {
					keys["hosts"] = w.withoutHosts(hosts, moves)
				}
				if host, _ := tagged(keys["host"]); moves(host) {
					delete(keys, "host")
				}
			}
		}
	}
}

// tagged takes an item of a list of hosts apart; tags is nil for none.
func tagged(item any) (host string, tags any) {
	switch item := item.(type) {
	case map[string]any:
		for host, tags := range item {
			return host, tags
		}
	case map[any]any: // a host that YAML takes for a number
		for host, tags := range item {
			return fmt.Sprint(host), tags
		}
	}
	return fmt.Sprint(item), nil
}

// withoutHosts is a list of hosts with the tags of those that move and nothing else
// of them; nil when nothing remains. A server that goes takes its tags along, unless
// it was the only one.
func (w Deploy) withoutHosts(hosts []any, moves func(string) bool) any {
	var rest []any
	for _, item := range hosts {
		if host, tags := tagged(item); !moves(host) {
			rest = append(rest, item)
		} else if tags != nil && (len(hosts) == 1 || !w.isFormer(host)) {
			rest = append(rest, tags)
		}
	}
	if rest == nil {
		return nil
	}
	return rest
}

func drop(read map[string]any, path []string) {
	parent, ok := lookup(read, path[:len(path)-1]).(map[string]any)
	if !ok {
		return
	}
	delete(parent, path[len(path)-1])
}

func forgetItems(read map[string]any, path []string, owned func(any) bool) {
	list, ok := lookup(read, path).([]any)
	if !ok {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(list), owned)
	if len(rest) == 0 {
		drop(read, path)
		return
	}
	lookup(read, path[:len(path)-1]).(map[string]any)[path[len(path)-1]] = rest
}
