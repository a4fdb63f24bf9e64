# shellcheck shell=bash
# A dump that lies here goes to the server's database, and the newest backup into
# a PostgreSQL here: a container, whose docker is reached through SSH.
set -euo pipefail
DATABASE=running_calendar_production
wrong() {
    echo "FAILED: $*" >&2
    exit 1
}
server=$(printf '%q ' "$PWD/scripts/ssh")
mkdir -p home
printf '#!/bin/bash\nexec %s docker "$@"\n' "$server" >home/docker
# shellcheck disable=SC2016 # for the shell in the file
printf '#!/bin/bash\nexec %s docker exec -i -e PGUSER=postgres home "${0##*/}" "$@"\n' "$server" | tee home/psql >home/pg_restore
chmod +x home/*
PATH=$PWD/home:$PATH
docker run --name home --detach --network none -e POSTGRES_PASSWORD=rootroot postgres:16 >/dev/null </dev/null
trap 'docker rm -f -v home >/dev/null </dev/null; rm -r home' EXIT
for _ in {1..60}; do
    ! docker exec home pg_isready -q -h 127.0.0.1 </dev/null || break
    sleep 0.5
done
at_home() { psql -XAtq -d "$1" -c "$2" </dev/null; }
on_server() { scripts/ssh docker exec running_calendar-db psql -XAtqU postgres -d "$1" -c "$2" </dev/null; }

on_server $DATABASE 'create table runs as select g as id from generate_series(1, 3000) g'
on_server postgres "create database ${DATABASE}_queue"
on_server ${DATABASE}_queue 'create table jobs as select g as id from generate_series(1, 1000) g'
scripts/backup >/dev/null
runs=$(on_server $DATABASE 'select count(*) from runs')
scripts/copy-to-local --container home --yes
[[ $(at_home running_calendar_development 'select count(*) from runs') == "$runs" ]] || wrong "the copy differs"
at_home running_calendar_development 'create table mine as select 1 as one'
scripts/copy-to-local --yes # by psql on the PATH
[[ $(at_home running_calendar_development_before_copy 'select one from mine') == 1 ]] || wrong "what was there is not kept"
scripts/copy-to-local another --database ${DATABASE}_queue --yes
[[ $(at_home another 'select count(*) from jobs') == 1000 ]] || wrong "another database"
if said=$(scripts/copy-to-local --database nowhere --yes 2>&1); then wrong "there is no such database: $said"; fi
[[ $said == *"there is no database nowhere in "* ]] || wrong "$said"
if said=$(scripts/copy-to-local 2>&1 </dev/null); then wrong "nobody said yes: $said"; fi
[[ -z $(at_home postgres "select datname from pg_database where datname like '%being_copied'") ]] || wrong "something is left"

# And the other way.
at_home running_calendar_development "create table ar_internal_metadata (key text primary key, value text)"
at_home running_calendar_development "insert into ar_internal_metadata values ('environment', 'production')"
docker exec home pg_dump -U postgres -Fc running_calendar_development >home/latest.dump </dev/null
docker exec home sh -c 'pg_dump -U postgres -Fd -f /tmp/d running_calendar_development && tar -c -C /tmp/d .' </dev/null | (mkdir home/directory && tar -x -C home/directory)
scripts/restore --from home/latest.dump --into brought --yes
[[ $(on_server brought 'select count(*) from runs') == "$runs" ]] || wrong "what was brought differs"
scripts/restore --from home/directory --into brought --yes
[[ $(on_server brought 'select count(*) from runs') == "$runs" ]] || wrong "the directory that was brought differs"
if said=$(scripts/restore --from home/nowhere --yes 2>&1); then wrong "there is no such file: $said"; fi
if said=$(scripts/restore --from home/latest.dump 2>&1 </dev/null); then wrong "nobody said yes: $said"; fi
if said=$(scripts/restore --from-url postgres://nobody:secret@nowhere.invalid/x --yes 2>&1); then wrong "there is no such server: $said"; fi
[[ $said == *"cannot be asked"* && $said != *secret* ]] || wrong "$said"
# A copy of it is a development database.
scripts/backup >/dev/null
scripts/copy-to-local copied --database brought --yes
[[ $(at_home copied "select value from ar_internal_metadata") == development ]] || wrong "Rails takes the copy for production"
for name in $(on_server postgres "select datname from pg_database where datname ~ '^brought'"); do on_server postgres "drop database \"$name\""; done
echo PASSED
