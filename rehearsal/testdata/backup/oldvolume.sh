# The old files, under their other name, can be served again.
before=$(psql -d "$DATABASE" -c 'select count(*) from runs')
docker run --name old-db --detach -e POSTGRES_PASSWORD=passwordpassword --volume running_calendar_postgres_old:/var/lib/postgresql/data postgres:16 >/dev/null
trap 'docker rm -f old-db >/dev/null; docker volume rm running_calendar_postgres_old >/dev/null' EXIT
CONTAINER=old-db answers
[[ $(CONTAINER=old-db psql -d "$DATABASE" -c 'select count(*) from runs') == "$before" ]] || wrong "the old files hold something else"
echo "PASSED: $before rows"
