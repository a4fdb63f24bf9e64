package settings

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// Machine is one of the stack's servers, and what it is there for.
type Machine struct {
	Name     string     // for people: "web-1", "database", "job-1"
	Resource string     // of the program's resources: "server" for the first, else the name
	Server   string     // at Hetzner
	Type     string     // of server; empty: the smallest that fits
	TypeKey  string     // the setting that says it
	Web      bool       // whether it serves the app
	Database bool       // whether PostgreSQL is on it
	Private  netip.Addr // its address in the private network; not valid: there is none
	Protect  bool       // whether it cannot be deleted, because it holds data
	Number   int        // 0 for the first of all
}

// The private network of a stack of several servers. Its gateway is the first
// address of the range (https://docs.hetzner.com/networking/networks/overview/),
// and the addresses are chosen here so that previews can show them.
var (
	PrivateNetwork  = netip.MustParsePrefix("10.0.0.0/16")
	PrivateSubnet   = netip.MustParsePrefix("10.0.1.0/24")
	BalancerAddress = netip.MustParseAddr("10.0.1.2")
	FirstAddress    = inSubnet(10 + 1)
	databaseAddress = inSubnet(3)
)

// What the addresses leave room for, and the smallest load balancer has targets for.
const (
	mostWebServers = 25
	mostJobServers = 50
)

// Fleet are the stack's servers: those of the web, the database's own, those of
// the jobs. The first has been there from the beginning.
func (s *Settings) Fleet() []Machine {
	first := Machine{Name: "web-1", Resource: "server", Server: s.ServerName, Type: s.ServerType, TypeKey: "serverType", Web: true, Database: !s.DatabaseServer, Protect: s.Protect}
	machines := []Machine{first}
	add := func(m Machine) {
		m.Resource, m.Server, m.Number = m.Name, s.ServerName+"-"+m.Name, len(machines)
		machines = append(machines, m)
	}
	for i := 2; i <= s.WebServers; i++ {
		add(Machine{Name: fmt.Sprintf("web-%d", i), Type: s.ServerType, TypeKey: "serverType", Web: true, Private: inSubnet(10 + i)})
	}
	if s.DatabaseServer {
		add(Machine{Name: "database", Type: s.DatabaseServerType, TypeKey: "databaseServerType", Database: true, Private: databaseAddress, Protect: s.Protect})
	}
	for i := 1; i <= s.JobServers; i++ {
		add(Machine{Name: fmt.Sprintf("job-%d", i), Type: s.JobServerType, TypeKey: "jobServerType", Private: inSubnet(100 + i)})
	}
	if len(machines) > 1 {
		machines[0].Private = FirstAddress
	}
	return machines
}

func inSubnet(host int) netip.Addr {
	bytes := PrivateSubnet.Addr().As4()
	bytes[3] = byte(host)
	return netip.AddrFrom4(bytes)
}

// Balanced tells whether the web servers stand behind a load balancer.
func (s *Settings) Balanced() bool { return s.WebServers > 1 }

// DatabaseMachine is the one that PostgreSQL is on, if it is on any.
func (s *Settings) DatabaseMachine() Machine {
	fleet := s.Fleet()
	return fleet[slices.IndexFunc(fleet, func(m Machine) bool { return m.Database })]
}

func (r *reader) fleet(s *Settings) {
	s.WebServers = r.number("webServers", 1, 1, mostWebServers)
	s.JobServers = r.number("jobServers", 0, 0, mostJobServers)
	s.DatabaseServer = r.boolean("databaseServer", false)
	s.JobServerType = cmp.Or(r.serverType("jobServerType"), s.ServerType)
	s.DatabaseServerType = cmp.Or(r.serverType("databaseServerType"), s.ServerType)
	for _, name := range r.list("drained") {
		if !slices.ContainsFunc(s.Fleet(), func(m Machine) bool { return m.Web && m.Name == name }) {
			r.mistake("drained: got %q, accepted are names of web servers, of which there are %d, e.g. web-2; mend it with: pulumi config rm drained", name, s.WebServers)
			continue
		}
		s.Drained = append(s.Drained, name)
	}
	if s.Balanced() && len(s.Drained) >= s.WebServers {
		r.mistake("drained: all web servers are in it, so nobody would be served; mend it with: pulumi config rm drained")
	}
	if s.Balanced() && s.Certificate == LetsEncrypt {
		r.mistake("certificate: got %q with webServers: %d, and Kamal has certificates obtained for one server only (https://kamal-deploy.org/docs/configuration/proxy/#ssl); accepted is cloudflare-origin then; mend it with: pulumi config set certificate cloudflare-origin", s.Certificate, s.WebServers)
	}
}

func (r *reader) serverType(key string) string {
	if found := r.optional(key, "", shortName); found != "auto" {
		return found
	}
	return ""
}

// originLock is not to be had with a load balancer, which answers everybody:
// Hetzner's firewalls are for servers.
func (r *reader) originLock(s *Settings) bool {
	if !s.Balanced() {
		return r.boolean("originLock", s.Certificate == CloudflareOrigin)
	}
	if r.boolean("originLock", false) {
		r.mistake("originLock: true with webServers: %d, whose load balancer answers everybody, since Hetzner's firewalls are for servers only; the servers themselves answer the load balancer alone; mend it with: pulumi config rm originLock", s.WebServers)
	}
	return false
}
