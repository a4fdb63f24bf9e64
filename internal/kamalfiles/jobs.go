package kamalfiles

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Rails' puma.rb asks only whether the variable is set, so "false" starts the jobs
// too (https://github.com/rails/solid_queue#puma-plugin).
const (
	jobCommand  = "bin/jobs"
	queueInPuma = "SOLID_QUEUE_IN_PUMA"
)

var jobRole = []string{"servers", "job"}

// jobs puts the role job on the job servers, or, when the last of them goes, has
// the web's processes do the jobs again.
func (w Deploy) jobs(d *document) error {
	if len(w.JobHosts) == 0 {
		return w.formerJobs(d)
	}
	if err := w.asRoles(d); err != nil {
		return err
	}
	role, err := d.find(jobRole...)
	if err != nil {
		return err
	}
	made := append(items(w.JobHosts).below("hosts"), "cmd: "+jobCommand).below("job")
	switch {
	case role == nil:
		err = d.insert(made, jobRole...)
	case isNull(role.value):
		err = d.replace(role, made)
	case resolved(role.value).Kind == yaml.MappingNode:
		err = w.setHosts(d, w.JobHosts, nil, below(jobRole, "hosts")...)
	default:
		err = w.setHosts(d, w.JobHosts, nil, jobRole...)
	}
	if err != nil {
		return err
	}
	return d.takeOutQueue()
}

// asRoles makes roles of a plain list of hosts, as another role needs a place
// beside the primary one.
func (w Deploy) asRoles(d *document) error {
	primary, err := primaryRole(d)
	if err != nil {
		return err
	}
	all, err := d.find("servers")
	if err != nil {
		return err
	}
	if primary == jobRole[1] {
		return refusal{0, "the primary role is job, and this stack has servers for jobs alone; give the primary role another name"}
	}
	list := resolved(all.value)
	switch {
	case list.Kind != yaml.SequenceNode:
		return nil
	case all.value != list:
		return refuse(all.key, "`servers:` repeats a list that is written elsewhere; write its hosts below `%s:`", primary)
	case !isFlow(list):
		return d.listBelow(list, primary)
	case slices.ContainsFunc(list.Content, func(item *yaml.Node) bool { return resolved(item).Kind != yaml.ScalarNode }):
		return refuse(all.key, "the hosts in brackets have tags; write them below `%s:`, with a dash before each", primary)
	}
	return d.replace(all, items(listed(list.Content)).below(primary).below("servers"))
}

// listBelow puts a role's name above a list of hosts, and the list below it.
func (d *document) listBelow(list *yaml.Node, role string) error {
	first, _, dash, err := d.itemLines(list.Content[0])
	if err != nil {
		return err
	}
	_, last, _, err := d.itemLines(list.Content[len(list.Content)-1])
	if err != nil {
		return err
	}
	deeper := strings.Repeat(" ", max(0, 2*d.step-dash))
	text := strings.Repeat(" ", d.step) + role + ":" + d.newline
	for line := range strings.Lines(string(d.text[d.line(first):d.line(last+1)])) {
		if strings.TrimSpace(line) != "" {
			line = deeper + line
		}
		text += line
	}
	return d.splice(d.line(first), d.line(last+1), text)
}

// takeOutQueue has no web server do jobs. Where other variables stand beside it the
// line is commented out, since the comment above explains it.
func (d *document) takeOutQueue() error {
	path := []string{"env", "clear", queueInPuma}
	found, err := d.find(path...)
	if err != nil || found == nil {
		return err
	}
	d.note(found.key, "%s had the web's processes do the jobs, whatever its value is, and is taken out: the role job does them now", queueInPuma)
	section := d.at("env", "clear")
	oneLine := found.value.Line == found.key.Line && found.value.Kind == yaml.ScalarNode && found.value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if isFlow(section) || !oneLine || len(section.Content) == 2 {
		return d.takeOut(path...)
	}
	at := d.offset(found.key)
	return d.splice(at, at, "# ")
}

// formerJobs takes the role job out when all its servers go.
func (w Deploy) formerJobs(d *document) error {
	role, err := d.find(jobRole...)
	if err != nil || role == nil || !w.allFormer(hostsOfRole(role.value)) {
		return err
	}
	d.note(role.key, "the role job is taken out, since its servers go")
	if err := d.remove(role); err != nil {
		return err
	}
	if d.at("env", "clear", queueInPuma) != nil {
		return nil
	}
	if err := d.require(yes, "env", "clear", queueInPuma); err != nil {
		return err
	}
	d.noteKey([]string{"env", "clear", queueInPuma}, "%s is set, so that the web's processes do the jobs of Solid Queue", queueInPuma)
	return nil
}

// hostsOfRole are the hosts of a role in either shape.
func hostsOfRole(role *yaml.Node) []string {
	node := resolved(role)
	if node.Kind == yaml.MappingNode {
		node = valueOf(node, "hosts")
	}
	var hosts []string
	for _, p := range hostsIn("", node) {
		hosts = append(hosts, p.host.Value)
	}
	return hosts
}

func (w Deploy) allFormer(hosts []string) bool {
	return len(hosts) > 0 && !slices.ContainsFunc(hosts, func(host string) bool { return !w.isFormer(host) })
}

// jobNotes tells of what has the web's processes do jobs all the same.
func (w Deploy) jobNotes(d *document) {
	if len(w.JobHosts) == 0 {
		return
	}
	for name, env := range envs(d) {
		if value := valueOf(clearOf(env), queueInPuma); value != nil && name != "env" {
			d.note(value, "`%s` sets %s, whatever its value is, and so the web's processes do jobs there too, beside the role job; delete the line", name, queueInPuma)
		}
	}
}
