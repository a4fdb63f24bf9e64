package kamalfiles

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// missingOfHosts holds the roles whose hosts are owned against what is wanted.
func (w Deploy) missingOfHosts(read map[string]any) string {
	for role, wanted := range w.ownRoles(read) {
		if hosts, _ := apart(hostsOf(read, role)); !slices.Equal(hosts, wanted) {
			return fmt.Sprintf("the hosts of the role %s would be %s", role, strings.Join(hosts, ", "))
		}
	}
	if len(w.JobHosts) > 0 && lookup(read, []string{"env", "clear", queueInPuma}) != nil {
		return fmt.Sprintf("`env.clear.%s` would stay", queueInPuma)
	}
	return ""
}

// missingPlace looks at where the database's accessory is put.
func (w Deploy) missingPlace(accessory map[string]any) string {
	host, list := accessory["host"], accessory["hosts"]
	hosts, _ := apart(list)
	switch {
	case host == nil && list == nil && w.besideTheWeb(): // placed by the primary role
	case host != nil && host != w.databaseOn():
		return fmt.Sprintf("the accessory %s would be on %v", w.db()[1], host)
	case host == nil && !slices.Equal(hosts, []string{w.databaseOn()}):
		return fmt.Sprintf("the accessory %s would be on %s", w.db()[1], strings.Join(hosts, ", "))
	}
	return ""
}

// ownRoles are the roles whose hosts are the stack's to say.
func (w Deploy) ownRoles(read map[string]any) map[string][]string {
	roles := map[string][]string{primaryRoleOf(read): w.WebHosts}
	if len(w.JobHosts) > 0 {
		roles[jobRole[1]] = w.JobHosts
	}
	return roles
}

// hostsOf is a role's list of hosts, in whichever shape it is; a plain list is the
// primary role's.
func hostsOf(read map[string]any, role string) any {
	if list, plain := read["servers"].([]any); plain && role == primaryRoleOf(read) {
		return list
	}
	if list := lookup(read, []string{"servers", role, "hosts"}); list != nil {
		return list
	}
	return lookup(read, []string{"servers", role})
}

// apart takes a list of hosts apart into them and their tags, nil for none.
func apart(list any) (hosts []string, tags []any) {
	items, _ := list.([]any)
	for _, item := range items {
		host, tag := tagged(item)
		hosts, tags = append(hosts, host), append(tags, tag)
	}
	return hosts, tags
}

// tagsLost names a role where a host would not have the tags of the one that it was
// or that it replaces.
func (w Deploy) tagsLost(old, now map[string]any) string {
	for role, wanted := range w.ownRoles(old) {
		have, before := apart(hostsOf(old, role))
		_, after := apart(hostsOf(now, role))
		for i, from := range takeOver(have, wanted) {
			var tags any
			if from >= 0 {
				tags = before[from]
			}
			if !reflect.DeepEqual(after[i], tags) {
				return role
			}
		}
	}
	return ""
}

// replaced are the hosts that others take the place of: what else stood on them
// moves along.
func (w Deploy) replaced(old map[string]any) []string {
	var hosts []string
	add := func(list any, wanted []string) {
		have, _ := apart(list)
		for _, from := range takeOver(have, wanted) {
			if from >= 0 {
				hosts = append(hosts, have[from])
			}
		}
	}
	for role, wanted := range w.ownRoles(old) {
		add(hostsOf(old, role), wanted)
	}
	if w.hasAccessory() {
		add(lookup(old, w.db("hosts")), []string{w.databaseOn()})
	}
	return hosts
}

// jobGoes tells whether the role job is taken out with the last of its servers.
func (w Deploy) jobGoes(old map[string]any) bool {
	hosts, _ := apart(hostsOf(old, jobRole[1]))
	return len(w.JobHosts) == 0 && w.allFormer(hosts)
}
