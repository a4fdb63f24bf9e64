# An app's container with a volume and an upload in it, and a row.
psql -d "$DATABASE" -c "create table runs (updated_at timestamp)" -c "insert into runs values (now() at time zone 'utc')"
docker run --detach --name app --entrypoint sleep --label service=running_calendar --volume running_calendar_storage:/rails/storage postgres:16 infinity >/dev/null
echo "an upload" >/var/lib/docker/volumes/running_calendar_storage/_data/upload
echo "PASSED"
