# Several databases are restored all or none, and what was there before is kept,
# however often one restores.
queue=${DATABASE}_queue
RANDOM=7
sed -i 's/^OFFSITE_BUCKET=.*/OFFSITE_BUCKET=/' /etc/rails-on-hetzner/backup.conf
drop_kept
for d in "$DATABASE" "$queue"; do psql -d "$d" -c "drop table if exists marker"; done
psql -d postgres -c "create role visitor" -c "grant connect on database $queue to visitor"
pg-backup >/dev/null
set=$(pg-backup newest)
mark() { for d in "$DATABASE" "$queue"; do psql -d "$d" -c 'drop table if exists marker' -c "create table marker as select '$1' as t" >/dev/null; done; }
marks() { for d in "$DATABASE" "$queue"; do psql -d "$d" -c "select to_regclass('marker') is not null"; done | paste -sd ' '; }
again() { (cd "$BACKUPS" && sha256sum -- "$set".[!s]* >"$set.sha256"); }
mark "after the backup"

# The last archive is damaged before its checksum was made.
cp "$BACKUPS/$set.$queue.dump" /root/good.dump
dd if=/dev/urandom of="$BACKUPS/$set.$queue.dump" bs=1 seek=$(($(stat -c %s /root/good.dump) - 300)) count=200 conv=notrunc status=none
again
must_fail "could not be restored" pg-restore latest --yes
[[ $(marks) == "t t" ]] || wrong "the first databases were swapped although the last could not be filled: $(marks)"
cp /root/good.dump "$BACKUPS/$set.$queue.dump"
# All can be filled, but the last cannot get what belongs to it: its rights name
# a role that is nowhere.
psql -d postgres -c "revoke all on database $queue from visitor" -c "drop role visitor"
cp "$BACKUPS/$set.roles.sql" /root/roles.sql
sed -i '/visitor/d' "$BACKUPS/$set.roles.sql"
again
must_fail "visitor" pg-restore latest --yes
[[ $(marks) == "t t" ]] || wrong "some were swapped although not all could be: $(marks)"
cp /root/roles.sql "$BACKUPS/$set.roles.sql"
again

# Killed at any moment, either all are of the backup or none.
took=$EPOCHREALTIME
pg-restore latest --yes >/dev/null
took=$(((${EPOCHREALTIME/./} - ${took/./}) / 1000))
[[ $(marks) == "f f" ]] || wrong "not all were restored: $(marks)"
for _ in {1..2}; do
    mark again
    setsid pg-restore latest --yes >/dev/null 2>&1 &
    sleep "$(awk -v r=$RANDOM -v ms="$took" 'BEGIN { print (0.5 + r / 65536) * ms / 1000 }')"
    kill -KILL -- "-$!" 2>/dev/null || true
    wait 2>/dev/null || true
    sleep 0.5 # what goes on inside the container may end its transaction
    [[ $(marks) == @("t t"|"f f") ]] || wrong "one is new and one is old: $(marks)"
done
pg-backup >/dev/null
[[ -z $(psql -d postgres -c "select 1 from pg_database where datname like '%being_restored'") ]] || wrong "a half-filled database is left"

# Restored twice, thrice: what was live first is still there.
drop_kept
mark "the live original"
pg-restore "$set" --yes >/dev/null
pg-restore "$set" --yes >/dev/null
pg-restore "$set" --database "$DATABASE" --yes >/dev/null
for d in "$DATABASE" "$queue"; do
    found=''
    short=$(printf %s "$d" | md5sum) # in a name that had to be cut
    for kept in $(psql -d postgres -c "select datname from pg_database where datname ~ '(^$d|_${short:0:8})_before_restore'"); do
        [[ $(psql -d "$kept" -c "select to_regclass('marker') is not null") == f ]] || found=$(psql -d "$kept" -c 'select t from marker')
    done
    [[ $found == "the live original" ]] || wrong "what the live original of $d held is gone: $(psql -d postgres -c "select datname from pg_database where datname ~ 'before_restore'" | paste -sd ' ')"
done
# A name that leaves no room for the suffix, and is cut inside a letter of two bytes.
long=$(printf 'ñ%.0s' {1..31})
psql -d postgres -c "create database \"$long\""
pg-backup >/dev/null
[[ $(pg-backup list | tail -n 1) != *before_restore* ]] || wrong "kept databases are backed up: $(pg-backup list | tail -n 1)"
pg-restore latest --database "$long" --yes >/dev/null
pg-restore latest --database "$long" --yes >/dev/null
[[ $(psql -d postgres -c "select count(*) from pg_database where datname ~ '^ñ+_[0-9a-f]{8}_before_restore_'") == 2 ]] || wrong "a long name: $(psql -d postgres -c 'select datname from pg_database')"
psql -d postgres -c "drop database \"$long\""
drop_kept
echo "PASSED"
