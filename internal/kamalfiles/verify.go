package kamalfiles

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// verify reads the old and the new text as Kamal would and holds them against
// each other: what is owned is as wanted, and nothing else has changed. An
// anchor shared with somebody else's key, or a block of text taken for YAML,
// is found here.
func (w Deploy) verify(before, after []byte) error {
	old, err := readMasked(before)
	if err != nil {
		return refusal{0, fmt.Sprintf("it cannot be read as YAML: %v", err)}
	}
	now, err := readMasked(after)
	if err != nil {
		return refusal{0, fmt.Sprintf("the change would not be YAML: %v", err)}
	}
	if missing := w.missing(now); missing != "" {
		return refusal{0, "the change would not take effect: " + missing}
	}
	if role := w.tagsLost(old, now); role != "" {
		return refusal{0, fmt.Sprintf("the change would alter the tags of the role %s", role)}
	}
	if lookup(now, jobRole) == nil && w.jobGoes(old) {
		drop(old, jobRole)
	}
	w.forget(old, w.replaced(old))
	w.forget(now, nil)
	if where := difference(pruned(old), pruned(now), ""); where != "" {
		return refusal{0, fmt.Sprintf("the change would alter `%s` too, perhaps through an anchor or an alias", where)}
	}
	return nil
}

func readMasked(text []byte) (map[string]any, error) {
	masked, _ := maskERB(text)
	read := map[string]any{}
	// A key that stands twice is Kamal's to read, the last wins; an owned one is refused before (document.find).
	return read, yaml.Load(masked, &read, yaml.WithUniqueKeys(false))
}

// missing names the first owned value that is not as wanted.
func (w Deploy) missing(read map[string]any) string {
	want := map[string]any{}
	if w.Registry.Server == GitHubRegistry {
		want["image"] = w.image()
	}
	if !w.Registry.isLocal() {
		want["registry.username"], want["registry.password"] = w.Registry.User, []any{registryPassword[0]}
	}
	if w.user() != rootUser {
		want["ssh.user"] = w.user()
	}
	if w.hasAccessory() {
		want["env.clear.DB_HOST"] = w.databaseHost()
	}
	for path, value := range want {
		if got := at(read, path); !reflect.DeepEqual(got, value) {
			return fmt.Sprintf("`%s` would be %v", path, got)
		}
	}
	if server := at(read, "registry.server"); registryHost.FindString(fmt.Sprint(server)) != w.Registry.Server {
		return fmt.Sprintf("`registry.server` would be %v", server)
	}
	if missing := w.missingOfHosts(read); missing != "" {
		return missing
	}
	if missing := w.missingOfProxy(read); missing != "" {
		return missing
	}
	if missing := w.missingItems(read, "env.secret", w.AppSecrets); missing != "" {
		return missing
	}
	if !w.hasAccessory() {
		return ""
	}
	return w.missingOfDatabase(read)
}

// missingOfProxy looks at what Kamal merges for each role.
func (w Deploy) missingOfProxy(read map[string]any) string {
	proxy := mergedProxy(read, primaryRoleOf(read))
	want := map[string]any{"ssl": true}
	if w.OriginCert != nil {
		want = map[string]any{"ssl.certificate_pem": w.OriginCert.CertificatePEM, "ssl.private_key_pem": w.OriginCert.PrivateKeyPEM}
	} else if _, custom := at(proxy, "ssl").(map[string]any); custom {
		want = nil
	}
	for path, value := range want {
		if got := at(proxy, path); !reflect.DeepEqual(got, value) {
			return fmt.Sprintf("`proxy.%s` would be %v", path, got)
		}
	}
	var hosts []any
	for _, host := range w.Hosts {
		hosts = append(hosts, host)
	}
	if at(proxy, "host") != strings.Join(w.Hosts, ",") && !reflect.DeepEqual(at(proxy, "hosts"), hosts) {
		return "`proxy` would not name the hosts"
	}
	roles, _ := read["servers"].(map[string]any)
	for role := range roles {
		if merged := mergedProxy(read, role); merged["host"] != nil && merged["hosts"] != nil {
			return fmt.Sprintf("the role %s would have `host` and `hosts`, of which Kamal takes one", role)
		}
	}
	return ""
}

// mergedProxy is a role's proxy as Kamal has it (configuration/role.rb).
func mergedProxy(read map[string]any, role string) map[string]any {
	merged := map[string]any{}
	for _, path := range [][]string{{"proxy"}, {"servers", role, "proxy"}} {
		section, _ := lookup(read, path).(map[string]any)
		maps.Copy(merged, section)
	}
	return merged
}

func (w Deploy) missingOfDatabase(read map[string]any) string {
	accessory, _ := lookup(read, w.db()).(map[string]any)
	image := fmt.Sprint(accessory["image"])
	if image != w.databaseImage() && !postgresImage.MatchString(image) {
		return fmt.Sprintf("`%s.image` would be %s", strings.Join(w.db(), "."), image)
	}
	if port := fmt.Sprint(accessory["port"]); port != databasePort && (w.DatabaseAddress != "" || !strings.HasPrefix(port, loopback)) {
		return fmt.Sprintf("`%s.port` would be %s", strings.Join(w.db(), "."), port)
	}
	if missing := w.missingPlace(accessory); missing != "" {
		return missing
	}
	if missing := w.missingItems(accessory, "env.secret", databaseSecrets[:1]); missing != "" {
		return missing
	}
	volumes, _ := accessory["volumes"].([]any)
	if !slices.ContainsFunc(volumes, func(mount any) bool { return holdsDatabase(fmt.Sprint(mount)) }) {
		return fmt.Sprintf("`%s.volumes` would lack the data", strings.Join(w.db(), "."))
	}
	return ""
}

func (w Deploy) missingItems(read map[string]any, path string, wanted []string) string {
	list, _ := at(read, path).([]any)
	for _, want := range wanted {
		if !slices.ContainsFunc(list, func(item any) bool { return sameVariable(fmt.Sprint(item), want) }) {
			return fmt.Sprintf("`%s` would lack %s", path, want)
		}
	}
	return ""
}

func primaryRoleOf(read map[string]any) string {
	if primary, ok := read["primary_role"].(string); ok {
		return primary
	}
	return "web"
}

func lookup(read map[string]any, path []string) any {
	var here any = read
	for _, key := range path {
		mapping, ok := here.(map[string]any)
		if !ok {
			return nil
		}
		here = mapping[key]
	}
	return here
}

// difference names the first path where two readings part.
func difference(a, b any, path string) string {
	left, ok := a.(map[string]any)
	right, ok2 := b.(map[string]any)
	if !ok || !ok2 {
		if reflect.DeepEqual(a, b) {
			return ""
		}
		return path
	}
	for _, key := range append(keys(left), keys(right)...) {
		if where := difference(left[key], right[key], join(path, key)); where != "" {
			return where
		}
	}
	return ""
}

// pruned leaves out what holds nothing: an empty section and none are the same.
func pruned(value any) any {
	mapping, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for key := range mapping {
		if mapping[key] = pruned(mapping[key]); mapping[key] == nil {
			delete(mapping, key)
		}
	}
	if len(mapping) == 0 {
		return nil
	}
	return mapping
}

func keys(mapping map[string]any) []string { return slices.Sorted(maps.Keys(mapping)) }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func at(read map[string]any, path string) any { return lookup(read, strings.Split(path, ".")) }
