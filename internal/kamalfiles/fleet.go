package kamalfiles

import (
	"cmp"
	"slices"
)

// firstWeb is Kamal's primary host; "" while no server is known.
func (w Deploy) firstWeb() string {
	if len(w.WebHosts) == 0 {
		return ""
	}
	return w.WebHosts[0]
}

// databaseOn is the host of the database's accessory.
func (w Deploy) databaseOn() string { return cmp.Or(w.DatabaseServer, w.firstWeb()) }

// own are the hosts that the stack has.
func (w Deploy) own() []string {
	hosts := slices.Concat(w.WebHosts, w.JobHosts)
	if w.DatabaseServer != "" && !slices.Contains(hosts, w.DatabaseServer) {
		hosts = append(hosts, w.DatabaseServer)
	}
	return hosts
}

func (w Deploy) isOwn(host string) bool { return slices.Contains(w.own(), host) }

func (w Deploy) isFormer(host string) bool { return !w.isOwn(host) && slices.Contains(w.Former, host) }

// knows tells the hosts that the stack has or had, which it may have written itself.
func (w Deploy) knows(host string) bool { return w.isOwn(host) || w.isFormer(host) }

// several tells whether the stack has more than one server.
func (w Deploy) several() bool { return len(w.own()) > 1 }

// notOurs is how a message calls another server than the stack's.
func (w Deploy) notOurs() string {
	if w.several() {
		return "none of this stack's servers"
	}
	return "not this stack's server"
}
