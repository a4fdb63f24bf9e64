# The server is lost: a container with an empty volume and a fresh password gets
# everything back from the fetched files, roles included.
pg-backup >/dev/null
before=$(contents "$DATABASE")
mv "$BACKUPS" /root/fetched
docker rm -f "$CONTAINER" >/dev/null
docker volume rm running_calendar_postgres >/dev/null
docker run --name "$CONTAINER" --detach --network kamal --publish 127.0.0.1:5432:5432 -e POSTGRES_PASSWORD=anotherPassword1234 -e POSTGRES_DB="$DATABASE" \
    --volume running_calendar_postgres:/var/lib/postgresql/data postgres:16 >/dev/null
mkdir -m 700 "$BACKUPS"
mv /root/fetched/* "$BACKUPS/"
pg-restore latest --yes
[[ $before == "$(contents "$DATABASE")" ]] || wrong "what came back differs"
[[ $(psql -d postgres -c "select count(*) from pg_roles where rolname = 'app' and rolcanlogin") == 1 ]] || wrong "the roles did not come back"
docker exec -e PGPASSWORD=anotherPassword1234 "$CONTAINER" psql -XAtq -h localhost -U postgres -c 'select 1' >/dev/null || wrong "the new stack's password no longer works"
docker exec -e PGPASSWORD=secret "$CONTAINER" psql -XAtq -h localhost -U app -d "$DATABASE" -c 'select 1' >/dev/null || wrong "the old role's password does not work"
echo "PASSED"
