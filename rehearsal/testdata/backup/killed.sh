# A backup and a restore are killed at seven random moments each. Nothing
# unfinished is ever listed as good, and the old database serves throughout.
RANDOM=42
rm -f "$BACKUPS"/*
sed -i 's/^OFFSITE_BUCKET=.*/OFFSITE_BUCKET=/' /etc/rails-on-hetzner/backup.conf # its time is not the point
pg-backup >/dev/null
whole=$(psql -d "$DATABASE" -c 'select count(*) from runs')
took() {
    local start=$EPOCHREALTIME
    "$@" >/dev/null
    echo "$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))"
}
backup_ms=$(took pg-backup)
restore_ms=$(took pg-restore latest --database "$DATABASE" --yes)
killed=0
for _ in {1..7}; do
    setsid pg-backup manual >/dev/null 2>&1 &
    sleep "$(awk -v r=$RANDOM -v ms="$backup_ms" 'BEGIN { print r / 32768 * ms / 1000 }')"
    if kill -KILL -- "-$!" 2>/dev/null; then killed=$((killed + 1)); fi
    wait 2>/dev/null || true
    no_partial
    serves "$whole"
done
for _ in {1..7}; do
    setsid pg-restore latest --database "$DATABASE" --yes >/dev/null 2>&1 &
    sleep "$(awk -v r=$RANDOM -v ms="$restore_ms" 'BEGIN { print r / 32768 * ms / 1000 }')"
    if kill -KILL -- "-$!" 2>/dev/null; then killed=$((killed + 1)); fi
    wait 2>/dev/null || true
    sleep 0.5 # what goes on inside the container may end its transaction
    serves "$whole"
done
pg-backup >/dev/null
pg-restore latest --database "$DATABASE" --yes >/dev/null
serves "$whole"
no_partial
[[ -z $(find "$BACKUPS" -name '.partial*') ]] || wrong "something unfinished is left"
[[ -z $(psql -d postgres -c "select 1 from pg_database where datname like '%being_restored'") ]] || wrong "a half-filled database is left"
[[ -z $(docker exec "$CONTAINER" find /tmp -name 'restore.*') ]] || wrong "a copy is left in the container"
((killed >= 7)) || wrong "only $killed of 14 were still running when they were killed"
echo "PASSED: $killed of 14 killed in time (a backup takes $backup_ms ms, a restore $restore_ms ms)"
