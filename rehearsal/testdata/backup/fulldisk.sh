# A small disk of its own: first too full by estimate, then nearly full in the middle.
pg-backup >/dev/null
mount -t tmpfs -o size=400m small "$BACKUPS"
trap 'umount "$BACKUPS"' EXIT
# The first backup ever knows only how large the databases are.
psql -d "$DATABASE" -c "create unlogged table big as select md5(random()::text) || md5(random()::text) as a from generate_series(1, 4000000)"
must_fail "the disk is too full for the next backup" pg-backup
[[ -z $(find "$BACKUPS" -mindepth 1) ]] || wrong "something was begun"
psql -d "$DATABASE" -c "drop table big"
pg-backup >/dev/null
dd if=/dev/zero of="$BACKUPS/filler" bs=1M count=300 status=none
must_fail "the disk is too full for the next backup" pg-backup
no_partial
[[ $(pg-backup status) == *'"result":"failure"'* ]] || wrong "the failure is not in the status"
rm "$BACKUPS/filler"
# Grown beyond the disk since the last one.
psql -d "$DATABASE" -c "create unlogged table big as select repeat('x', 60) as a from generate_series(1, 4000000)"
must_fail "the disk is too full for the next backup" pg-backup
# Now the estimate is fooled: as large as it was, but it packs no more.
mount -o remount,size=2g "$BACKUPS"
pg-backup >/dev/null
psql -d "$DATABASE" -c "drop table big" -c "create unlogged table big as select md5(random()::text) || md5(random()::text) as a from generate_series(1, 3600000)"
mount -o "remount,size=$(($(df --output=used -B1 "$BACKUPS" | tail -n 1) + 190 * 1024 * 1024))" "$BACKUPS"
must_fail "pg_dump of \"$DATABASE\" ended with an error: the disk was about to be full" pg-backup
psql -d "$DATABASE" -c "drop table big"
no_partial
[[ $(pg-backup list | grep -c whole) == 2 && -z $(find "$BACKUPS" -name '.partial*') ]] || wrong "the earlier backup is gone, or something is left"
pg-backup >/dev/null
echo "PASSED"
