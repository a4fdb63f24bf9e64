# shellcheck shell=bash disable=SC2034,SC2154
# What people bring from elsewhere gets in whole, with the app as the owner, or
# not at all; nothing that stands in a dump reaches the live database.
rm -rf /root/dumps && mkdir /root/dumps
cd /root/dumps || exit
psql -d postgres -c "create role calendar login"
psql -d "$DATABASE" -c "create table marker as select 'live' as t"
docker run --name elsewhere --detach --network kamal -e POSTGRES_PASSWORD=rootroot postgres:16 >/dev/null
elsewhere() { docker exec -i elsewhere psql -XAtqU postgres -v ON_ERROR_STOP=1 "$@"; }
(CONTAINER=elsewhere answers)
elsewhere -d postgres >/dev/null <<SQL
create role u7f3 login superuser password 'p@ss/%w:rd';
create role readers;
create database "$DATABASE" owner u7f3;
create database second owner u7f3;
\connect "$DATABASE"
set role u7f3;
create extension hstore;
create extension pg_trgm;
create schema heroku_ext;
create table runs (id bigint generated always as identity primary key, name text not null, meta hstore, at timestamptz default now());
insert into runs (name, meta) select 'run ' || g, hstore('k', g::text) from generate_series(1, 5000) g;
insert into runs (name) values (E'a\n\\\\connect postgres\nGRANT ALL ON runs TO nobody;\nALTER TABLE runs OWNER TO nobody;\n\\\\.\n');
create index on runs using gin (name gin_trgm_ops);
create view recent as select * from runs where id > 100;
create function f(int) returns int language plpgsql as \$f\$
begin
return \$1 + 1; -- ALTER TABLE runs OWNER TO nobody;
end \$f\$;
select lo_from_bytea(77, 'a large object');
grant select on runs to readers;
alter default privileges in schema public grant select on tables to readers;
create table ar_internal_metadata (key text primary key, value text);
insert into ar_internal_metadata values ('environment', 'production');
\connect second
create table t as select 1 as one;
SQL
has() { docker exec -e PGTZ=UTC "$1" pg_dump -U postgres --inserts --no-owner --no-privileges --no-sync "$2" | grep -v '^\\\(un\)\?restrict' | sort; }
wanted=$(has elsewhere "$DATABASE")
dump() { docker exec elsewhere "$@"; }
dump pg_dump -U postgres -Fc "$DATABASE" >custom.dump
dump pg_dump -U postgres -Ft "$DATABASE" >tar.tar
dump sh -c "cd /tmp && mkdir 2026-11-25T10:00Z && pg_dump -U postgres -Fd -f 2026-11-25T10:00Z/$DATABASE $DATABASE && tar -cz 2026-11-25T10:00Z" >render.dir.tar.gz
dump pg_dump -U postgres --create --clean --if-exists "$DATABASE" >create.sql
dump pg_dump -U postgres --column-inserts "$DATABASE" | gzip >inserts.sql.gz
dump pg_dumpall -U postgres >all.sql
command -v zstd >/dev/null || must_fail "apt-get install -y zstd" pg-import - --yes < <(printf '\x28\xb5\x2f\xfdxxxx')
command -v zstd >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq zstd >/dev/null; }
zstd -q custom.dump

clean() {
    [[ -z $(psql -d postgres -c "select datname from pg_database where datname like '%being_restored'" -c "select rolname from pg_roles where rolname ~ 'loader|readers|u7f3'") ]] || wrong "something is left in PostgreSQL"
    [[ -z $(docker ps -aq --filter name=-apart) ]] || wrong "a container is left"
    [[ -z $(docker exec "$CONTAINER" find /tmp -name 'restore.*') ]] || wrong "a file is left in the container"
    [[ $(psql -d "$DATABASE" -c 'select t from marker') == live ]] || wrong "the live database was touched"
}
probe() {
    [[ $(has "$CONTAINER" probe) == "$wanted" ]] || wrong "$1: what came differs: $(diff <(echo "$wanted") <(has "$CONTAINER" probe) | head -5)"
    [[ -z $(psql -d probe -c "select relname from pg_class where relowner <> '$OWNER'::regrole and relnamespace = 'public'::regnamespace" -c "select proname from pg_proc where proname = 'f' and proowner <> '$OWNER'::regrole") ]] || wrong "$1: not all is the app's"
    clean
}
OWNER=postgres
for file in custom.dump custom.dump.zst tar.tar render.dir.tar.gz create.sql inserts.sql.gz; do
    pg-import "$file" --into probe --yes >said || wrong "$file: $(<said)"
    [[ $(<said) == *"took in \"probe\": 2 tables, 5002 rows"* ]] || wrong "$file: $(<said)"
    probe "$file"
    psql -d postgres -c 'drop database probe'
done
# A database that is another role's stays so, with its settings.
psql -d postgres -c 'create database probe owner calendar' -c "alter database probe set timezone = 'America/Tijuana'"
OWNER=calendar
pg-import - --database "$DATABASE" --into probe --yes <all.sql >/dev/null
probe all.sql
[[ $(psql -d probe -c 'show timezone') == America/Tijuana ]] || wrong "the database's settings are gone"
pg-import --url --into probe --yes <<<"postgres://u7f3:p%40ss%2F%25w%3Ard@elsewhere:5432/$DATABASE" >said &
importing=$!
seen=''
while kill -0 $importing 2>/dev/null; do
    for args in /proc/[0-9]*/cmdline; do seen+=$(grep -ao 'ss%2F\|p@ss' "$args" 2>/dev/null || true); done
done
wait $importing || wrong "from the address: $(<said)"
probe "from the address"
[[ -z $seen ]] || wrong "the password is seen among the processes: $seen"
drop_kept

must_fail "no address" pg-import --url --yes </dev/null
must_fail "is not accepted" pg-import --url --yes <<<"mysql://u@elsewhere/x"
must_fail "is not accepted" pg-import --url --yes <<<"postgres://u7f3:p@ss@elsewhere/x"
must_fail "password authentication failed" pg-import --url --yes <<<"postgres://u7f3:wrong@elsewhere/$DATABASE"
must_fail "nothing was changed" pg-import --url --yes <<<"postgres://u7f3@nowhere.invalid/$DATABASE"
head -c 9000 custom.dump >cut.dump
must_fail "the databases are as they were" pg-import cut.dump --yes
head -c 3000 inserts.sql.gz >cut.sql.gz
must_fail "cut short" pg-import cut.sql.gz --yes
head -n 100 create.sql >cut.sql
must_fail "cut short" pg-import - --yes <cut.sql
must_fail "the connection broke" pg-import - --bytes 30 --yes <<<'create table a (b int);'
must_fail "is empty" pg-import - --yes </dev/null
must_fail "several databases" pg-import all.sql --yes
must_fail "there is no third" pg-import all.sql --database third --yes
must_fail "not all of it can be run" pg-import - --yes <<<'create table a (b int); create tabel c (d int);'
must_fail "not all of it can be run" pg-import - --yes <<<'create table a (b int); create policy p on a to nobody_here;'
must_fail "not all of it can be run" pg-import - --yes < <(head -c 5000 /dev/urandom)
must_fail "there is no file" pg-import nowhere.dump --yes
must_fail "nobody is there" pg-import custom.dump
clean

# Killed at some moments, and then done.
RANDOM=11
for file in custom.dump create.sql; do
    for _ in {1..2}; do
        setsid pg-import "$file" --yes >/dev/null 2>&1 &
        sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.5 + r / 32768 * 3 }')"
        kill -KILL -- "-$!" 2>/dev/null || true
        wait 2>/dev/null || true
    done
done
pg-import custom.dump --yes | tee said
[[ $(has "$CONTAINER" "$DATABASE") == "$wanted" ]] || wrong "after being killed: what came differs"
kept=$(psql -d postgres -c "select datname from pg_database where datname ~ '^${DATABASE}_before_restore_' order by 1 limit 1")
[[ $(psql -d "$kept" -c 'select t from marker') == live ]] || wrong "the live database is not kept"
psql -d postgres -c "drop database $DATABASE" -c "alter database $kept rename to $DATABASE" -c "drop database probe" -c "drop role calendar"
clean
psql -d "$DATABASE" -c 'drop table marker'
drop_kept
docker rm -f -v elsewhere >/dev/null
echo "PASSED"
