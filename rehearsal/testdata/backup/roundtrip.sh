# shellcheck shell=bash disable=SC2154,SC2016
# Several databases with extensions, large objects, roles of their own and odd
# names come back row by row, with owners, settings and rights.
psql -d "$DATABASE" <<'SQL'
create role app login password 'secret';
create role "odd ""role"" ñ" nologin;
grant "odd ""role"" ñ" to app;
alter database running_calendar_production set timezone = 'America/Tijuana';
grant create on database running_calendar_production to app;
comment on database running_calendar_production is 'the app''s';
create extension hstore;
create extension pg_trgm;
create schema archive authorization app;
create table runs (id bigserial primary key, name text not null, meta hstore, data jsonb, raw bytea, at timestamptz default now());
insert into runs (name, meta, data, raw) select 'run ' || g, hstore('k', g::text), jsonb_build_object('a', g), decode(md5(g::text), 'hex') from generate_series(1, 60000) g;
create index on runs using gin (name gin_trgm_ops);
create table archive."Odd ""table"" 'ñ'" ("a b" int primary key, c text default 'x');
insert into archive."Odd ""table"" 'ñ'" select g from generate_series(1, 50) g;
create view recent as select * from runs where id > 100;
create function f(int) returns int language sql as 'select $1 + 1';
create materialized view counted as select count(*) from runs;
select lo_from_bytea(4242, 'a large object');
alter table runs owner to app;
create policy own on runs using (true);
SQL
for name in cache queue cable; do psql -d postgres -c "create database ${DATABASE}_$name owner app"; done
psql -d "${DATABASE}_queue" -c "create table jobs as select g as id from generate_series(1, 1000) g"
psql -d postgres <<'SQL'
create database "odd ""name"" 'ñ' 🏃 a=b %" owner "odd ""role"" ñ" template template0 encoding 'UTF8';
create database latin template template0 encoding 'LATIN1' locale 'C';
SQL
docker exec "$CONTAINER" psql -XqU postgres -d "dbname='odd \"name\" \\'ñ\\' 🏃 a=b %'" -c 'create table t as select 1 as one'
databases=$(psql -d postgres -c "select datname from pg_database where not datistemplate order by 1")
before=$(
    for d in $DATABASE "${DATABASE}_queue"; do contents "$d"; done
    psql -d postgres -c "select datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datacl, shobj_description(oid, 'pg_database') from pg_database where not datistemplate order by 1" -c 'select setdatabase <> 0, setconfig from pg_db_role_setting'
)
pg-backup
set=$(pg-backup newest)
[[ $(stat -c %a "$BACKUPS/$set".* | sort -u) == 600 ]] || wrong "the files' modes"
[[ $(stat -c %a "$BACKUPS") == 700 ]] || wrong "the directory's mode"
# An odd database may be restored beside the original.
pg-restore latest --database "odd \"name\" 'ñ' 🏃 a=b %" --into 'beside it' --yes
[[ $(psql -d 'beside it' -c 'select one from t') == 1 ]] || wrong "--into"
psql -d postgres -c 'drop database "beside it"'
# Now everything is changed.
psql -d "$DATABASE" -c "delete from runs where id % 2 = 0" -c "update runs set name = 'gone'" -c "drop table archive.\"Odd \"\"table\"\" 'ñ'\"" -c "select lo_unlink(4242)" -c "alter database $DATABASE reset timezone"
psql -d postgres -c "drop database ${DATABASE}_queue"
# An app that never lets go, as Rails does.
# shellcheck disable=SC2016 # for the shell inside
docker exec "$CONTAINER" sh -c 'touch /tmp/app; while test -e /tmp/app; do psql -XAtqU postgres -d "$0" -c "select pg_sleep(0.2)"; sleep 0.05; done' "$DATABASE" >/dev/null 2>&1 &
pg-restore latest --yes
docker exec "$CONTAINER" rm /tmp/app
wait
after=$(
    for d in $DATABASE "${DATABASE}_queue"; do contents "$d"; done
    psql -d postgres -c "select datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datacl, shobj_description(oid, 'pg_database') from pg_database where not datistemplate and datname !~ '_before_restore' order by 1" -c 'select setdatabase <> 0, setconfig from pg_db_role_setting where setdatabase in (select oid from pg_database where datname !~ '\''_before_restore'\'')'
)
if [[ $before != "$after" ]]; then
    diff <(echo "$before") <(echo "$after") | head -20
    wrong "what came back differs"
fi
kept=$(psql -d postgres -c "select datname from pg_database where datname ~ '^${DATABASE}_before_restore_'")
[[ $(psql -d "$kept" -c 'select count(*) from runs') == 30000 ]] || wrong "the old database is not kept"
pg-backup verify
pg-backup list
echo "PASSED with $(wc -l <<<"$databases") databases, $(wc -l <<<"$before") lines compared"
