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
	w.forget(old)
	w.forget(now)
	if where := difference(pruned(old), pruned(now), ""); where != "" {
		return refusal{0, fmt.Sprintf("the change would alter `%s` too, perhaps through an anchor or an alias", where)}
	}
	return nil
}

func readMasked(text []byte) (map[string]any, error) {
	masked, _ := maskERB(text)
	read := map[string]any{}
	return read, yaml.Load(masked, &read)
}

// missing names the first owned value that is not as wanted.
func (w Deploy) missing(read map[string]any) string {
	want := map[string]any{
		"image": w.image(), "registry.server": "ghcr.io", "registry.username": w.GitHubUser, "env.clear.DB_HOST": w.databaseHost(),
		"accessories.db.image": w.Database, "accessories.db.port": databasePort,
		"registry.password": []any{registryPassword[0]},
	}
	if w.OriginCert == nil {
		want["proxy.ssl"] = true
	} else {
		want["proxy.ssl.certificate_pem"] = w.OriginCert.CertificatePEM
		want["proxy.ssl.private_key_pem"] = w.OriginCert.PrivateKeyPEM
	}
	for path, value := range want {
		if got := at(read, path); !reflect.DeepEqual(got, value) {
			return fmt.Sprintf("`%s` would be %v", path, got)
		}
	}
	if host := at(read, "accessories.db.host"); host != nil && host != w.ServerIP {
		return fmt.Sprintf("`accessories.db.host` would be %v", host)
	}
	var hosts []any
	for _, host := range w.Hosts {
		hosts = append(hosts, host)
	}
	if !(len(hosts) == 1 && at(read, "proxy.host") == hosts[0]) && !reflect.DeepEqual(at(read, "proxy.hosts"), hosts) {
		return "`proxy` would not name the hosts"
	}
	for path, wanted := range map[string][]string{
		"env.secret": w.AppSecrets, "accessories.db.env.secret": databaseSecrets, "accessories.db.volumes": {w.volume()},
	} {
		list, _ := at(read, path).([]any)
		for _, want := range wanted {
			if !slices.ContainsFunc(list, func(item any) bool { return sameVariable(fmt.Sprint(item), want) }) {
				return fmt.Sprintf("`%s` would lack %s", path, want)
			}
		}
	}
	return ""
}

// forget takes out what is owned, so that the rest can be compared.
func (w Deploy) forget(read map[string]any) {
	for _, path := range [][]string{
		{"image"}, {"proxy", "ssl"}, {"proxy", "host"}, {"proxy", "hosts"}, {"proxy", "forward_headers"},
		{"registry", "server"}, {"registry", "username"}, {"registry", "password"}, {"env", "clear", "DB_HOST"},
		{"accessories", "db", "image"}, {"accessories", "db", "host"}, {"accessories", "db", "hosts"}, {"accessories", "db", "port"},
	} {
		drop(read, path)
	}
	forgetItems(read, []string{"env", "secret"}, func(item string) bool {
		return slices.ContainsFunc(w.AppSecrets, func(want string) bool { return sameVariable(item, want) })
	})
	forgetItems(read, []string{"accessories", "db", "env", "secret"}, func(item string) bool {
		return slices.ContainsFunc(databaseSecrets, func(want string) bool { return sameVariable(item, want) })
	})
	forgetItems(read, []string{"accessories", "db", "volumes"}, holdsDatabase)
	forgetItems(read, []string{"accessories", "db", "directories"}, holdsDatabase)
	forgetHosts(read)
}

// forgetHosts replaces the primary role's one host by a mark; its tags stay.
func forgetHosts(read map[string]any) {
	role := "web"
	if primary, ok := read["primary_role"].(string); ok {
		role = primary
	}
	for _, path := range [][]string{{"servers"}, {"servers", role}, {"servers", role, "hosts"}} {
		list, ok := lookup(read, path).([]any)
		if !ok || len(list) != 1 {
			continue
		}
		if tagged, ok := list[0].(map[string]any); ok {
			for _, tags := range tagged {
				list[0] = tags
			}
			return
		}
		list[0] = nil
		drop(read, path)
		return
	}
}

func drop(read map[string]any, path []string) {
	parent, ok := lookup(read, path[:len(path)-1]).(map[string]any)
	if !ok {
		return
	}
	delete(parent, path[len(path)-1])
}

func forgetItems(read map[string]any, path []string, owned func(string) bool) {
	list, ok := lookup(read, path).([]any)
	if !ok {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(list), func(item any) bool { return owned(fmt.Sprint(item)) })
	if len(rest) == 0 {
		drop(read, path)
		return
	}
	lookup(read, path[:len(path)-1]).(map[string]any)[path[len(path)-1]] = rest
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
