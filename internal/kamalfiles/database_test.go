package kamalfiles

import "testing"

const elsewhere = ", so nothing of it is written here: no accessory, no DB_HOST, and it is not backed up; to say so for good: pulumi config set database external; to have one on this stack's server instead: pulumi config set database accessory"

func TestDatabase_OneThatIsThereIsTheApps(t *testing.T) {
	const place = "data:/var/lib/postgresql/data"
	start := "service: running_calendar\n"
	checkShapes(t, []shape{
		{name: "postgres", file: start + accessory("postgres", "postgres:16", place, ""), has: []string{"DB_HOST: running_calendar-postgres\n", place}, lacks: []string{"db:\n    image"}},
		{name: "pg", file: start + accessory("pg", "postgis/postgis:16-3.5", place, ""), has: []string{"DB_HOST: running_calendar-pg\n", "postgis/postgis:16-3.5\n"}},
		{name: "database", file: start + accessory("database", "pgvector/pgvector:pg16", place, ""), has: []string{"DB_HOST: running_calendar-database\n", "pgvector/pgvector:pg16\n"}},
		{name: "a container of its own name", file: start + accessory("db", "postgres:16-alpine", place, "    service: shop-database\n"), has: []string{"DB_HOST: shop-database\n", "postgres:16-alpine\n"}},
		{
			name:  "an unusual name",
			file:  start + accessory("maindb", "postgres:16", place, ""),
			has:   []string{"DB_HOST: running_calendar-maindb\n"},
			notes: []string{"line 3: the accessory maindb runs PostgreSQL and is taken for the app's database, which the backups are made of"},
		},
		{
			name: "another accessory's",
			file: start + accessory("keycloak-postgres", "postgres:15", place, "  keycloak:\n    image: keycloak/keycloak:26\n    host: 203.0.113.7\n"),
			has:  []string{"DB_HOST: running_calendar-db\n", "  db:\n    image: postgres:16\n", "image: postgres:15\n"},
		},
		{
			name: "two of them",
			file: start + accessory("one", "postgres:16", place, "  two:\n    image: postgres:16\n    host: 203.0.113.7\n"),
			said: "the accessories one, two all run PostgreSQL; which is the app's is told by the name db, or by DB_HOST",
		},
		{
			name: "two of them, and the app says which",
			file: start + "env:\n  clear:\n    DB_HOST: running_calendar-two\n" + accessory("two", "postgres:16", place, "  one:\n    image: postgres:16\n    host: 203.0.113.7\n"),
			has:  []string{"DB_HOST: running_calendar-two"},
		},
		{
			name:  "on another host",
			file:  start + "servers: [192.0.2.1]\naccessories:\n  db:\n    image: postgres:16\n    host: 192.0.2.2\n",
			notes: []string{"line 6: the accessory db was on 192.0.2.2, another host than the app's; it is on this stack's server now, where it begins empty; if its data is to stay where it is: pulumi config set database external"},
		},
		{
			name:  "its password by another name",
			file:  start + "accessories:\n  db:\n    image: postgres:16\n    host: 203.0.113.7\n    env:\n      secret:\n        - POSTGRES_PASSWORD:SHOP_PASSWORD\n",
			has:   []string{"        - POSTGRES_PASSWORD\n        - POSTGRES_DB\n"},
			notes: []string{"line 8: POSTGRES_PASSWORD came from the secret SHOP_PASSWORD, and comes from POSTGRES_PASSWORD now, which the stack knows"},
		},
		{
			name:  "its name in clear",
			file:  start + "accessories:\n  db:\n    image: postgres:16\n    host: 203.0.113.7\n    env:\n      clear:\n        POSTGRES_DB: shop\n",
			has:   []string{"        POSTGRES_DB: shop\n      secret:\n        - POSTGRES_PASSWORD\n"},
			lacks: []string{"- POSTGRES_DB"},
		},
		{
			name:  "open to the world",
			file:  after(accessory("db", "postgres:16", place, "    options:\n      publish: 0.0.0.0:5432:5432\n")),
			notes: []string{"line 27: `accessories.db.options.publish` opens the database to everyone (0.0.0.0:5432:5432), as far as no firewall is in the way; delete it, the app reaches the database without"},
		},
		{name: "another port of its own", file: after(accessory("db", "postgres:16", place, "") + "# end\n"), has: []string{`port: "127.0.0.1:5432:5432"`}},
	})
}

func TestDatabase_TheImageOfTheFileStaysWhileAnotherCouldNotReadItsData(t *testing.T) {
	file := func(image, volume string) string {
		return "service: running_calendar\n" + accessory("db", image, volume, "")
	}
	unset := func(w *Deploy) { w.Database = "" }
	const old, current = "data:/var/lib/postgresql/data", "data:/var/lib/postgresql"
	checkShapes(t, []shape{
		{
			name: "newer than set", file: file("postgres:17", old), has: []string{"image: postgres:17\n"},
			notes: []string{"line 4: the accessory db runs postgres:17 and stays so, whose data postgres:16 could not read; make them equal: pulumi config set postgresImage postgres:17"},
		},
		{
			name: "older than set", file: file("postgres:15", old), has: []string{"image: postgres:16\n"},
			notes: []string{"line 4: the accessory db ran postgres:15 and is postgres:16 now, which cannot read data of the older (docs/operations.md says how to upgrade); to keep it: pulumi config set postgresImage postgres:15"},
		},
		{
			name: "more than plain", file: file("timescale/timescaledb:latest-pg15", old), has: []string{"image: timescale/timescaledb:latest-pg15\n"},
			notes: []string{"line 4: the accessory db runs timescale/timescaledb:latest-pg15 and stays so, whose data postgres:16 could not read; make them equal: pulumi config set postgresImage timescale/timescaledb:latest-pg15"},
		},
		{name: "nothing set", file: file("postgres:15", old), with: unset, has: []string{"image: postgres:15\n"}},
		{name: "a build of one's own", file: file("ghcr.io/me/shop-postgres:16-partman", old), has: []string{"image: ghcr.io/me/shop-postgres:16-partman\n"}},
		{
			name: "no version", file: file("postgres", old), has: []string{"image: postgres:16\n"},
			notes: []string{"line 4: postgres names no version, so that another might be pulled one day, which could not read the data; it is postgres:16 now; if its data is of another version: pulumi config set postgresImage postgres:VERSION"},
		},
		{
			name: "no version of more than plain", file: file("postgis/postgis:latest", old), has: []string{"image: postgis/postgis:latest\n"},
			notes: []string{"line 4: postgis/postgis:latest names no version of PostgreSQL, so that another might be pulled one day, which could not read the data; write one that does, such as postgis/postgis:latest-pg16"},
		},
		{name: "18 that has it right", file: file("postgres:18", current), with: unset, has: []string{`"data:/var/lib/postgresql"`}},
		{
			name: "18 that has it wrong", file: file("postgres:18.1", old), with: unset, has: []string{`"data:/var/lib/postgresql"`},
			notes: []string{"line 8: postgres:18.1 wants its volume at /var/lib/postgresql, and would else keep the data in one without a name or not start"},
		},
		{
			name: "16 that has it wrong", file: file("postgres:16", current), with: unset, has: []string{`"data:/var/lib/postgresql/data"`},
			notes: []string{"line 8: postgres:16 wants its volume at /var/lib/postgresql/data, and would else keep the data in one without a name or not start"},
		},
		{name: "18 anew", file: "service: running_calendar\n", with: func(w *Deploy) { w.Database = "postgres:18" }, has: []string{"    image: postgres:18\n", `"running_calendar_postgres:/var/lib/postgresql"`}},
		{
			name: "18 beside an image of 17 and 18 tags", file: file("postgis/postgis:18-3.6", current), with: unset, has: []string{`"data:/var/lib/postgresql"`},
		},
		{
			name: "in a directory", file: "service: running_calendar\naccessories:\n  db:\n    image: postgres:16\n    host: 203.0.113.7\n    directories:\n      - data:/var/lib/postgresql/data\n",
			has:   []string{"    volumes:\n      - \"running_calendar_postgres:/var/lib/postgresql/data\"\n"},
			notes: []string{"line 7: the data lay in the directory data, and lies in the volume running_calendar_postgres now, which begins empty and survives the accessory"},
		},
	})
}

func TestDatabase_OneElsewhereIsNeverReplacedInSilence(t *testing.T) {
	const managed = "service: running_calendar\nenv:\n  clear:\n    DB_HOST: shop.abc.eu-west-1.rds.amazonaws.com\n"
	kind := func(kind string) func(*Deploy) { return func(w *Deploy) { w.DatabaseKind = kind } }
	nothing := []string{"accessories", "POSTGRES_PASSWORD", "running_calendar-db"}
	checkShapes(t, []shape{
		{
			name: "a managed one", file: managed, lacks: nothing, has: []string{"DB_HOST: shop.abc.eu-west-1.rds.amazonaws.com\n", "- RAILS_MASTER_KEY\n"},
			notes: []string{"line 4: the database is on shop.abc.eu-west-1.rds.amazonaws.com" + elsewhere},
		},
		{name: "a managed one, as set", file: managed, with: kind(DatabaseExternal), lacks: nothing, has: []string{"DB_HOST: shop.abc"}},
		{
			name: "a managed one, and an accessory is set", file: managed, with: kind(DatabaseAccessory), has: []string{"DB_HOST: running_calendar-db\n"},
			notes: []string{"line 4: DB_HOST was shop.abc.eu-west-1.rds.amazonaws.com and becomes running_calendar-db, the accessory on this stack's server; if the app's data lies on shop.abc.eu-west-1.rds.amazonaws.com: pulumi config set database external"},
		},
		{
			name: "by URL", file: "service: running_calendar\nenv:\n  clear:\n    DATABASE_URL: postgres://shop:hunter2@db.neon.tech/shop\n", lacks: append(nothing, "hunter2 "),
			notes: []string{"line 4: the database is on db.neon.tech" + elsewhere},
		},
		{name: "none", file: "service: running_calendar\n", with: kind(DatabaseNone), lacks: nothing, has: []string{"- RAILS_MASTER_KEY\n"}},
		{
			name: "MySQL", file: "service: running_calendar\naccessories:\n  db:\n    image: mysql:8.0\n    host: 203.0.113.7\n", lacks: []string{"postgres:"},
			notes: []string{"line 3: the accessory db runs MySQL, which stays yours: it is not backed up, and no PostgreSQL is written; to say so for good: pulumi config set database none"},
		},
		{
			name: "MySQL, and an accessory is set", file: "service: running_calendar\naccessories:\n  db:\n    image: mysql:8.0\n    host: 203.0.113.7\n", with: kind(DatabaseAccessory),
			said: `line 4: the accessory db runs "mysql:8.0", which is not PostgreSQL; to keep it: pulumi config set database none (it is then yours, and not backed up)`,
		},
		{
			name: "MySQL, written twice", file: "service: running_calendar\naccessories:\n  db:\n    image: mysql:8.0\n    host: 203.0.113.7\n  db:\n    image: mysql:8.4\n    host: 203.0.113.7\n", lacks: []string{"postgres:"},
		},
		{
			name: "an example's address", file: "service: running_calendar\nenv:\n  clear:\n    DB_HOST: 192.168.0.2\n", has: []string{"DB_HOST: running_calendar-db\n"},
			notes: []string{"line 4: DB_HOST was 192.168.0.2 and becomes running_calendar-db, the accessory on this stack's server; if the app's data lies on 192.168.0.2: pulumi config set database external"},
		},
	})
}
