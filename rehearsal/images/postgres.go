package images

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"rails-on-hetzner/rehearsal/work"
)

// postgresEntrypoint starts PostgreSQL as the published image does
// (https://hub.docker.com/_/postgres): a superuser POSTGRES_USER with
// POSTGRES_PASSWORD, a database POSTGRES_DB, trust on the local socket; what is
// said after the image's name are PostgreSQL's options.
const postgresEntrypoint = `#!/bin/bash
set -e
export PATH=$(echo /usr/lib/postgresql/*/bin):$PATH PGDATA=/var/lib/postgresql/data
: "${POSTGRES_PASSWORD:?the published image refuses to start without it}" "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=$POSTGRES_USER}"
mkdir -p "$PGDATA" && chown postgres "$PGDATA" && chmod 700 "$PGDATA"
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    install -o postgres -m 600 /dev/null /tmp/password && echo "$POSTGRES_PASSWORD" >/tmp/password
    as_postgres initdb -U "$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 -E UTF8 --locale=C.UTF-8 >/dev/null
    rm /tmp/password
    printf "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql'\n" >>"$PGDATA/postgresql.conf"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    as_postgres pg_ctl -s -w start -o "-c listen_addresses=''"
    [ "$POSTGRES_DB" = postgres ] || createdb -U "$POSTGRES_USER" -T template0 "$POSTGRES_DB"
    as_postgres pg_ctl -s -w -m fast stop
fi
[ "${1:-postgres}" != postgres ] || shift $(($# > 0)) # as the published image takes its command
exec setpriv --reuid=postgres --regid=postgres --init-groups postgres "$@"
`

// Postgres is a stand-in for the published image postgres, made of Debian's
// PostgreSQL. What is of no use in there is taken out, as every rehearsal with a
// database carries it to its server; so the compiler of queries (JIT) is off.
func Postgres(cacheDir string) (directory string, make work.Step) {
	return postgres(cacheDir, "postgres", "17", Base)
}

// Older is the suite of OlderPostgres.
const Older = "bookworm"

// OlderPostgres is the same of a version before, to upgrade from.
func OlderPostgres(cacheDir string) (directory string, make work.Step) {
	return postgres(cacheDir, "older-postgres", "15", Older)
}

func postgres(cacheDir, name, version, suite string) (directory string, make work.Step) {
	return recipe{
		name:  name,
		suite: suite,
		files: map[string]string{"entrypoint.sh": postgresEntrypoint},
		install: `apt-get install -y -qq --no-install-recommends postgresql
rm -rf /var/lib/postgresql/* /usr/lib/postgresql/*/lib/bitcode /usr/lib/postgresql/*/lib/llvmjit.so /usr/lib/*/libLLVM* /usr/lib/*/libz3*`,
		config: v1.Config{
			Entrypoint:   []string{"/entrypoint.sh"},
			Env:          []string{"PATH=/usr/lib/postgresql/" + version + "/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			ExposedPorts: map[string]struct{}{"5432/tcp": {}},
		},
	}.image(cacheDir)
}
