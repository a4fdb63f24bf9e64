# A small disk of its own: first too full by estimate, then full in the middle.
pg-backup >/dev/null
mount -t tmpfs -o size=90m small "$BACKUPS"
trap 'umount "$BACKUPS"' EXIT
pg-backup >/dev/null
dd if=/dev/zero of="$BACKUPS/filler" bs=1M count=50 status=none
must_fail "the disk is too full for the next backup" pg-backup
no_partial
[[ $(pg-backup status) == *'"result":"failure"'* ]] || wrong "the failure is not in the status"
rm "$BACKUPS/filler"
# Now the estimate is fooled: the database has grown beyond the disk.
psql -d "$DATABASE" -c "create unlogged table big as select md5(random()::text) || md5(random()::text) as a from generate_series(1, 5000000)"
must_fail "pg_dump of \"$DATABASE\" ended with an error" pg-backup
psql -d "$DATABASE" -c "drop table big"
no_partial
[[ $(pg-backup list | grep -c whole) == 1 && -z $(find "$BACKUPS" -name '.partial*') ]] || wrong "the earlier backup is gone, or something is left"
pg-backup >/dev/null
echo "PASSED"
