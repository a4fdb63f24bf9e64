# PostgreSQL's data lie on a small disk. Neither a verify nor a restore fills
# it: they know beforehand what the backup needs, and stop where that was wrong.
small=/root/small
docker stop -t 5 "$CONTAINER" >/dev/null
docker rename "$CONTAINER" elsewhere
mkdir -p "$small"
mount -t tmpfs -o size=4g small "$small"
mv "$BACKUPS" /root/other-backups
install -d -m 0700 "$BACKUPS"
back() {
    docker rm -f "$CONTAINER" >/dev/null 2>&1 || true
    umount "$small"
    rm -rf "$BACKUPS"
    mv /root/other-backups "$BACKUPS"
    docker rename elsewhere "$CONTAINER"
    docker start "$CONTAINER" >/dev/null
    pg-backup >/dev/null # waits until it answers
}
trap back EXIT
docker run --name "$CONTAINER" --detach --network kamal -e POSTGRES_PASSWORD=passwordpassword -e POSTGRES_DB="$DATABASE" \
    --volume "$small:/var/lib/postgresql/data" postgres:16 >/dev/null
answers
psql -d postgres -c "alter system set max_wal_size = '64MB'" -c 'select pg_reload_conf()' >/dev/null
# What packs well: no archive's size tells what it needs.
psql -d "$DATABASE" -c "create table runs as select g as id, repeat('x', 1000) as a from generate_series(1, 90000) g" \
    -c "create table more as select g as id, repeat('y', 1000) as a from generate_series(1, 60000) g" -c checkpoint
pg-backup >/dev/null
set=$(pg-backup newest)
archive=$BACKUPS/$set.$DATABASE.dump

# free MEGABYTES makes the disk as large as leaves so much room; watch notes the
# least there is while a command runs.
free() {
    psql -d "$DATABASE" -c checkpoint
    mount -o "remount,size=$(($(df --output=used -B1 "$small" | tail -n 1) + $1 * 1024 * 1024))" "$small"
}
watch() {
    # One process, not four for each look: they would take the processors from what is watched.
    python3 -c 'import os, sys, time
while True:
    disk = os.statvfs(sys.argv[1])
    print(disk.f_bavail * disk.f_bsize >> 20, flush=True)
    time.sleep(0.01)' "$small" >/root/least &
    local watcher=$!
    "$@" >/root/said 2>&1 || echo "it failed" >>/root/said
    kill "$watcher"
    wait "$watcher" 2>/dev/null || true
    least=$(sort -n /root/least | sed -n 1p)
    psql -d "$DATABASE" -c "insert into runs values (0, 'still serving')" -c "delete from runs where id = 0"
    echo "$*: at least $least MB were free"
}
verified() {
    [[ $(</root/said) == *"$1"* && $(grep -h '"what":"verify"' /var/lib/rails-on-hetzner/backup/verify.json) == *"$2"* ]] ||
        wrong "$(tail -n 3 /root/said); $(cat /var/lib/rails-on-hetzner/backup/verify.json 2>/dev/null)"
    ((least >= 20)) || wrong "only $least MB were left: $(tail -n 3 /root/said)"
    [[ $(</root/said) == *"$DATABASE: 2 tables, 150000 rows"* ]] || wrong "it was not counted: $(</root/said)"
}

free 335
watch pg-backup verify
verified 'restored table by table, without indexes and constraints (' '"result":"partial"'
[[ $(pg-backup list) != *"last verified by restoring"* ]] || wrong "the list says more than was done"
free 200
watch pg-backup verify
verified 'only read to its end, not restored (' '"result":"partial"'
free 900
watch pg-backup verify
verified "verified $set" '"result":"success"'

# A restore is measured by the backup, however little is there now.
psql -d "$DATABASE" -c 'truncate runs, more'
free 300
watch pg-restore latest --yes
[[ $(</root/said) == *"the disk is too full to restore beside the old databases"*"nothing was changed"* ]] || wrong "$(</root/said)"
((least >= 290)) || wrong "something was begun: $least MB were left"
[[ $(psql -d "$DATABASE" -c 'select count(*) from runs') == 0 ]] || wrong "the database is another"

# A set of an earlier version notes no sizes, and the guess is wrong.
rm "$BACKUPS/$set.manifest"
sed -i '/manifest/d' "$BACKUPS/$set.sha256"
free 180
watch pg-restore latest --yes
[[ $(</root/said) == *"the disk was about to be full; the databases are as they were"* ]] || wrong "$(</root/said)"
((least > 0)) || wrong "the disk was full"
free 180
watch pg-backup verify
verified 'only read to its end, not restored (the disk was about to be full)' '"result":"partial"'
free 900
pg-restore latest --yes >/dev/null
[[ $(psql -d "$DATABASE" -c 'select count(*) from runs') == 90000 ]] || wrong "the old set was not restored: $archive"
[[ -z $(psql -d postgres -c "select 1 from pg_database where datname like '%being_restored'") ]] || wrong "a scratch database is left"
echo "PASSED"
