package kamalfiles

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (w Deploy) env(d *document) error {
	found, err := d.find("env")
	if err != nil {
		return err
	}
	if found != nil && isFlatEnv(resolved(found.value)) {
		return refuse(found.key, "`env:` has neither `clear:` nor `secret:`, so Kamal takes all of it as clear; move its variables below `clear:`")
	}
	if err := d.require(word(w.databaseHost()), "env", "clear", "DB_HOST"); err != nil {
		return err
	}
	return d.requireItems(w.AppSecrets, sameVariable, "env", "secret")
}

// isFlatEnv follows Kamal's own rule (configuration/env.rb).
func isFlatEnv(env *yaml.Node) bool {
	if env.Kind != yaml.MappingNode || len(env.Content) == 0 {
		return false
	}
	for i := 0; i < len(env.Content); i += 2 {
		if slices.Contains([]string{"clear", "secret", "tags"}, env.Content[i].Value) {
			return false
		}
	}
	return true
}

// sameVariable compares the variable that the app will see: NAME or NAME:SECRET.
func sameVariable(item, wanted string) bool {
	name, _, _ := strings.Cut(item, ":")
	want, _, _ := strings.Cut(wanted, ":")
	return name == want
}
