package host

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"rails-on-hetzner/rehearsal/work"
)

// postgresEntrypoint starts PostgreSQL as the published image does
// (https://hub.docker.com/_/postgres): a superuser POSTGRES_USER with
// POSTGRES_PASSWORD, a database POSTGRES_DB, trust on the local socket.
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
exec setpriv --reuid=postgres --regid=postgres --init-groups postgres
`

// postgresInstall makes the image of a server's root, and takes out what is of
// no use in there: every rehearsal with a database carries it to its server.
// Without its library the compiler of queries (JIT) is off.
const postgresInstall = `set -e
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
apt-get update -qq
apt-get install -y -qq --no-install-recommends postgresql
rm -rf /var/lib/postgresql/* /var/cache/apt/* /var/lib/apt/lists/* /usr/share/doc /usr/share/man /usr/share/locale /usr/share/i18n
rm -rf /usr/lib/python3* /usr/lib/postgresql/*/lib/bitcode /usr/lib/postgresql/*/lib/llvmjit.so /usr/lib/*/libLLVM* /usr/lib/*/libz3*
`

// PostgresImage says where a file to be given to `docker import` lies, below
// cacheDir, and how to make it there: a stand-in for the published postgres
// image, made of Debian's PostgreSQL.
func PostgresImage(cacheDir, mirror string) (file string, make work.Lane) {
	base, makeBase := RootFS(cacheDir, "trixie", mirror)
	recipe := sha256.Sum256([]byte(postgresEntrypoint + postgresInstall + base))
	file = filepath.Join(cacheDir, "rootfs", fmt.Sprintf("postgres-%x.tar", recipe[:6]))
	return file, work.Lane{makeBase, {
		Name: "PostgreSQL image", Lines: 300, Alone: 40 * time.Second,
		Do: func(ctx context.Context, tell func(string)) error { return makePostgresImage(ctx, file, base, tell) },
	}}
}

func makePostgresImage(ctx context.Context, final, base string, tell func(string)) error {
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	building, err := os.MkdirTemp(filepath.Dir(final), ".building-postgres-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	root := filepath.Join(building, "root")
	if err := run(ctx, "mkdir", root, building+"/upper", building+"/work"); err != nil {
		return err
	}
	if err := run(ctx, "mount", "-t", "overlay", "rehearsal", "-o", fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", base, building, building), root); err != nil {
		return err
	}
	defer func() { _ = run(context.WithoutCancel(ctx), "umount", root) }()
	if err := os.WriteFile(filepath.Join(root, "entrypoint.sh"), []byte(postgresEntrypoint), 0o755); err != nil {
		return err
	}
	if err := work.Run(unsynced(ctx, "chroot", root, "/bin/sh", "-c", postgresInstall), tell); err != nil {
		return err
	}
	if err := run(ctx, "tar", "-C", root, "-cf", building+"/image.tar", "--one-file-system", "."); err != nil {
		return err
	}
	return os.Rename(building+"/image.tar", final)
}
