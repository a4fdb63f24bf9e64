package kamalfiles

import (
	"cmp"
	"strings"
)

// HealthPath is what kamal-proxy asks the app for to see whether it is well
// (https://kamal-deploy.org/docs/configuration/proxy/#healthcheck).
func HealthPath(appDir string) string {
	path := ""
	if d, err := parse((&Plan{dir: appDir}).read(deployFile)); err == nil {
		if node := d.at("proxy", "healthcheck", "path"); node != nil && strings.HasPrefix(node.Value, "/") {
			path = node.Value
		}
	}
	return cmp.Or(path, "/up")
}
