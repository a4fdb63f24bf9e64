package kamalfiles

import "testing"

func TestEnv_WhatWinsOverItIsMendedOrToldOf(t *testing.T) {
	db := accessory("db", "postgres:16", "running_calendar_postgres:/var/lib/postgresql/data", "")
	const inClear = " stood there in clear and would win over the secret of that name; the line is taken out, and the value, which the repository remembers, should serve nowhere any more"
	checkShapes(t, []shape{
		{
			name: "a role's and a tag's",
			file: "service: running_calendar\nservers:\n  web:\n    hosts: [192.0.2.1]\n    env:\n      clear:\n        DB_HOST: old-db\n        RAILS_MASTER_KEY: abcdef\nenv:\n  tags:\n    eu: {DB_HOST: eu-db}\n",
			notes: []string{
				"line 11: `env.tags.eu` sets DB_HOST to eu-db, which wins over `env.clear.DB_HOST`; delete the line, or write running_calendar-db",
				"line 7: `servers.web.env` sets DB_HOST to old-db, which wins over `env.clear.DB_HOST`; delete the line, or write running_calendar-db",
				"line 8: `servers.web.env` sets RAILS_MASTER_KEY in clear, which wins over the secret of that name; delete the line",
			},
			lacks: []string{"abcdef\nline"},
		},
		{
			name:  "secrets in clear",
			file:  "service: running_calendar\nenv:\n  clear:\n    A: b\n    RAILS_MASTER_KEY: abcdef\n    POSTGRES_PASSWORD: hunter2 # shh\n",
			has:   []string{"env:\n  clear:\n    A: b\n    DB_HOST: running_calendar-db\n  secret:\n"},
			lacks: []string{"abcdef", "hunter2"},
			notes: []string{"line 5: RAILS_MASTER_KEY" + inClear, "line 6: POSTGRES_PASSWORD" + inClear},
		},
		{
			name: "DATABASE_URL among the secrets, and DB_HOST in both lists",
			file: after("    - DATABASE_URL\n    - DB_HOST\n" + db),
			notes: []string{
				"line 19: DATABASE_URL is among the secrets of `env`, and Rails prefers it to config/database.yml; see that it leads to the host running_calendar-db with the password POSTGRES_PASSWORD, or delete the line; if the app's database is elsewhere: pulumi config set database external",
				"line 20: DB_HOST stands among the secrets of `env` too; the clear one, running_calendar-db, wins; delete this line, or if the app's database is elsewhere: pulumi config set database external",
			},
		},
		{
			name:  "DATABASE_URL in clear",
			file:  "service: running_calendar\nenv:\n  clear:\n    DATABASE_URL: postgres://shop:hunter2@shop-db/shop\n",
			lacks: []string{"hunter2@shop-db/shop\nline"},
			notes: []string{
				"line 4: `env` sets DATABASE_URL, which Rails prefers to config/database.yml, in clear; delete the line: host and password come as DB_HOST and POSTGRES_PASSWORD; if the app's database is elsewhere: pulumi config set database external",
			},
		},
		{
			name:  "another container",
			file:  "service: running_calendar\nenv:\n  clear:\n    DB_HOST: shared-postgres\n",
			has:   []string{"    DB_HOST: running_calendar-db\n"},
			notes: []string{"line 4: DB_HOST was shared-postgres and becomes running_calendar-db, the accessory on this stack's server; if the app's data lies on shared-postgres: pulumi config set database external"},
		},
	})
}
