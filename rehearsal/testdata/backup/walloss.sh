# The server is lost under load, at a moment that nobody chose: of its data there
# are the bucket, and the key at home.
the_log_is_followed
psql -d "$DATABASE" -c "drop table if exists ledger"
write_ledger 1
write_ledger 2
sleep "$((40 + RANDOM % 20)).$((RANDOM % 1000))"
systemctl kill --signal=KILL rails-on-hetzner-wal-send rails-on-hetzner-wal
echo "${EPOCHREALTIME/./}" >/root/lost
docker kill "$CONTAINER" >/dev/null
stop_ledger
systemctl stop rails-on-hetzner-wal-send rails-on-hetzner-wal
docker rm -f "$CONTAINER" "$CONTAINER-wal" >/dev/null 2>&1 || true
docker volume rm running_calendar_postgres >/dev/null
rm -rf "${BACKUPS:?}"/*
# Another server has another state.
rm -rf /var/lib/rails-on-hetzner/backup
systemctl start rails-on-hetzner-wal-send rails-on-hetzner-wal
echo "PASSED"
