package kamalfiles

import "testing"

func TestERB_GivesWayToWhatTheStackKnowsWhereItIsAWholeValue(t *testing.T) {
	checkShapes(t, []shape{
		{
			name: "everywhere",
			file: `service: <%= ENV["SERVICE"] %>
image: <%= ENV["IMAGE"] %> # which
servers:
  web:
    - <%= ENV["HOST_IP"] %>
  job:
    hosts:
      - "<%= ENV["HOST_IP"] %>"
proxy: {ssl: true, host: <%= ENV["APP_HOST"] %>}
registry:
  server: <%= ENV["REGISTRY"] %>
  username: <%= ENV["GITHUB_USER"] %>
  password: <%= %x(op read op://a/b) %>
`,
			with: func(w *Deploy) { w.Hosts = w.Hosts[:1] },
			has: []string{
				"service: <%= ENV[\"SERVICE\"] %>\n", "image: octocat/running_calendar # which\n", "  web:\n    - 203.0.113.7\n", "      - \"203.0.113.7\"\n",
				"host: mxcorre.com}\n", "  server: ghcr.io\n  username: octocat\n  password:\n    - KAMAL_REGISTRY_PASSWORD\n",
			},
			notes: []string{
				`line 1: <%= ENV["SERVICE"] %> decides the service, which is taken to be running_calendar, as in the stack's settings; if it is another, the containers have another name than is written here: pulumi config set service NAME`,
				`line 5: <%= ENV["HOST_IP"] %> stood here; in its place stands 203.0.113.7 now`,
				`line 8: <%= ENV["HOST_IP"] %> stood here; in its place stands 203.0.113.7 now`,
				`line 2: <%= ENV["IMAGE"] %> stood here; in its place stands octocat/running_calendar now`,
				`line 9: <%= ENV["APP_HOST"] %> stood here; in its place stands mxcorre.com now`,
				`line 11: <%= ENV["REGISTRY"] %> stood here; in its place stands ghcr.io now`,
				`line 12: <%= ENV["GITHUB_USER"] %> stood here; in its place stands octocat now`,
				`line 13: an ERB tag stood here; in its place stands what the stack knows now`,
			},
		},
		{
			name:  "a list of hosts",
			file:  "service: running_calendar\nservers:\n  web: <%= ENV[\"HOSTS\"].split(\",\") %>\n",
			has:   []string{"  web:\n    - 203.0.113.7\n"},
			notes: []string{`line 3: <%= ENV["HOSTS"].split(",") %> stood here; in its place stands what the stack knows now`},
		},
		{
			name: "part of a value",
			file: "service: running_calendar\nimage: <%= ENV[\"USER\"] %>/running_calendar\n",
			said: `line 2: <%= ENV["USER"] %> decides this`,
		},
		{
			name: "part of the service",
			file: "service: <%= ENV[\"STAGE\"] %>-shop\n",
			said: `line 1: the service is "<%= ENV[\"STAGE\"] %>-shop" here and "running_calendar" in the stack's settings; make them equal`,
		},
		{
			name: "steering lines",
			file: "service: running_calendar\nservers:\n  web:\n<% if ENV[\"A\"] %>\n    - 192.0.2.1\n<% end %>\n",
			said: "line 5: this stands inside an ERB block",
		},
		{
			name: "a user of SSH and a host that stay",
			file: after("ssh:\n  user: <%= ENV[\"SSH_USER\"] %>\n" + accessory("db", "postgres:16", "running_calendar_postgres:/var/lib/postgresql/data", "  redis:\n    image: redis:7\n    host: <%= ENV[\"REDIS_IP\"] %>\n")),
			notes: []string{
				`line 30: <%= ENV["REDIS_IP"] %> decides where the accessory redis is; it must come out as 203.0.113.7, this stack's server`,
				`line 20: Kamal is to log in as <%= ENV["SSH_USER"] %>, and the server's only user is root; delete the line, or have the server take a user of its own: pulumi config set sshUser kamal`,
			},
		},
		{
			name: "a block within a section that is added to",
			file: "service: running_calendar\nenv:\n  clear:\n    A: b\n<%- if ENV[\"S\"] -%>\n    SENTRY: c\n<%- end -%>\n  secret:\n    - RAILS_MASTER_KEY\n",
			has:  []string{"<%- end -%>\n    DB_HOST: running_calendar-db\n  secret:\n"},
		},
	})
}
