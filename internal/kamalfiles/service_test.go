package kamalfiles

import "testing"

func TestService_Kamal1IsSentToTheUpgrade(t *testing.T) {
	const upgrade = "makes it a Kamal 1 file: run `kamal upgrade`, and see https://kamal-deploy.org/docs/upgrading/overview/ for what changes in it"
	checkShapes(t, []shape{
		{name: "traefik", file: after("traefik:\n  options: {publish: [\"443:443\"]}\n"), said: "line 19: `traefik:` " + upgrade},
		{name: "healthcheck", file: after("healthcheck:\n  path: /up\n"), said: "line 19: `healthcheck:` " + upgrade},
		{name: "a role's traefik", file: "service: running_calendar\nservers:\n  web:\n    hosts: [192.0.2.1]\n    traefik: true\n", said: "line 5: `servers.web.traefik:` " + upgrade},
		{
			name:  "a builder's keys",
			file:  after("builder:\n  multiarch: false\n"),
			notes: []string{"line 20: `builder.multiarch:` is Kamal 1's, and Kamal 2 rejects it; delete it and write `arch: amd64` below `builder:`"},
		},
		{name: "all in comments", file: "# service: running_calendar\n# servers:\n", said: "all of it is commented out or empty; take the # from what Kamal needs (service, image, servers, registry), or have it made anew: kamal init"},
	})
}
