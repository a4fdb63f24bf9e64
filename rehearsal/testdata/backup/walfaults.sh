# What may befall the log: that receives it, that sends it, the disk it lies on.
# The app writes all the while, and what cannot be restored is told.
the_log_is_followed
conf=/etc/rails-on-hetzner/rclone.conf
status() { cat "/var/lib/rails-on-hetzner/backup/$1.json" 2>/dev/null || true; }
slot() { psql -d postgres -c "select count(*) from pg_replication_slots where slot_name = 'rails_on_hetzner'"; }
until_true() { # SECONDS COMMAND...
    local tries=$1
    shift
    while ((tries-- > 0)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 1
    done
    wrong "it never came true: $* ($(journalctl -t app-backup -n 5 -o cat))"
}
restored() { # MICROSECONDS
    app-restore --at "$(date -d "@${1:0:-6}.${1: -6}" '+%F %T.%6N %Z')" --database "$DATABASE" --into looked_at --yes >/root/said 2>&1 || wrong "at $1: $(</root/said)"
    holds looked_at "$1" || wrong "at $1: $(</root/said)"
    psql -d postgres -c "drop database looked_at"
}
psql -d "$DATABASE" -c "drop table if exists ledger"
write_ledger 1
write_ledger 2

# Who receives is killed, and killed again, and stopped for a while.
docker kill "$CONTAINER-wal" >/dev/null
sleep 1
killed=${EPOCHREALTIME/./}
the_log_is_followed
kill -KILL "$(systemctl show -P MainPID rails-on-hetzner-wal)"
sleep 1
systemctl stop rails-on-hetzner-wal
[[ -z $(docker ps -q --filter "name=$CONTAINER-wal") ]] || wrong "it was stopped, and still receives"
psql -d postgres -c "select pg_switch_wal()" >/dev/null
sleep 3
stopped=${EPOCHREALTIME/./}
psql -d postgres -c "select pg_switch_wal()" >/dev/null
systemctl start rails-on-hetzner-wal
the_log_is_followed
restored "$killed"
restored "$stopped"

# The bucket is away, and comes back: then it has all.
cp "$conf" /root/rclone.conf
sed -i 's/^endpoint = .*/endpoint = http:\/\/198.18.0.1:9/; /^endpoint/a no_check_bucket = true' "$conf"
psql -d postgres -c "select pg_switch_wal()" >/dev/null
failing() { [[ $(status wal-send) == *'"result":"failure"'* ]]; }
until_true 150 failing
must_fail "could not be copied off-site" pg-wal daily
cp /root/rclone.conf "$conf"
sending() { [[ $(status wal-send) == *'"result":"success"'* ]]; }
until_true 100 sending
cluster=$(basename "$BACKUPS"/wal/[0-9]*)
missing=$(comm -13 <(rclone --config "$conf" lsf "offsite:backups/app/wal/$cluster/log" | sed 's/\.age$//' | sort) <(cd "$BACKUPS/wal/$cluster/log" && find . -name '[0-9A-F]*.zst' -mmin +1 -printf '%f\n' | sort))
[[ -z $missing ]] || wrong "what was finished while the bucket was away was not sent: $missing"

# PostgreSQL forgot what was not received yet: there is a gap, which is told, and
# a base behind it.
systemctl stop rails-on-hetzner-wal
psql -d postgres -c "select pg_drop_replication_slot('rails_on_hetzner')" >/dev/null
before=$(pg-wal list | grep -c 'any moment')
sleep 1
psql -d postgres -c "select pg_switch_wal()" >/dev/null
sleep 1
lost=$(date '+%F %T %Z')
sleep 1
psql -d postgres -c "select pg_switch_wal()" -c checkpoint >/dev/null
systemctl start rails-on-hetzner-wal
more_bases() { (($(pg-wal list | grep -c 'any moment') > before)); }
until_true 60 more_bases
sleep 2
found=${EPOCHREALTIME/./}
must_fail "the log has a gap before" app-restore --at "$lost" --database "$DATABASE" --into looked_at --yes
restored "$killed"
restored "$found"

# PostgreSQL is started anew, in the same container and in another.
stop_ledger
docker restart "$CONTAINER" >/dev/null
the_log_is_followed
docker rm -f "$CONTAINER" >/dev/null
docker run --name "$CONTAINER" --detach --restart unless-stopped --network kamal --publish 127.0.0.1:5432:5432 -e POSTGRES_PASSWORD=aPassword12345678 -e POSTGRES_DB="$DATABASE" \
    --volume running_calendar_postgres:/var/lib/postgresql/data postgres:16 >/dev/null
answers
write_ledger 3
sleep 1
the_log_is_followed

# The disk is nearly full: the log gives way, the app writes on.
systemctl stop rails-on-hetzner-wal rails-on-hetzner-wal-send
mount -t tmpfs -o size=700m small "$BACKUPS"
trap 'systemctl stop rails-on-hetzner-wal rails-on-hetzner-wal-send; umount -l "$BACKUPS"' EXIT
systemctl start rails-on-hetzner-wal
the_log_is_followed
[[ $(slot) == 1 ]] || wrong "there is no slot"
dd if=/dev/zero of="$BACKUPS/filler" bs=1M count=600 status=none || true
gave_way() { [[ $(slot) == 0 && $(status wal) == *"the disk is nearly full"* && -z $(docker ps -q --filter "name=$CONTAINER-wal") ]]; }
until_true 60 gave_way
rows=$(wc -l <"$LEDGER.3")
sleep 2
(($(wc -l <"$LEDGER.3") > rows)) || wrong "the app does not write any more"
rm "$BACKUPS/filler"
until_true 60 the_log_is_followed
systemctl stop rails-on-hetzner-wal
umount -l "$BACKUPS"
trap - EXIT

# The disk of before is there again: what was received on it ends where PostgreSQL has
# nothing any more.
last=$(find "$BACKUPS/wal" -name '*.partial' -printf '%f\n' | sort | tail -n 1)
for _ in 1 2; do psql -d postgres -c "select pg_switch_wal()" -c checkpoint >/dev/null; done
[[ $(psql -d postgres -c "select count(*) from pg_ls_waldir() where name = '${last%.partial}'") == 0 ]] || wrong "PostgreSQL still has $last"
systemctl start rails-on-hetzner-wal rails-on-hetzner-wal-send
the_log_is_followed

# What begins anew again and again does not fill the disk with bases.
newest=$(find "$BACKUPS/wal" -path '*/base/[0-9]*' -name about -printf '%h\n' | sort | tail -n 1)
copies=()
for n in {1..12}; do
    copies+=("${newest%/*}/$(date -u -d "$((n + 60)) minutes ago" +%F_%H%M%SZ)")
    cp -r "$newest" "${copies[-1]}"
done
must_fail "12 bases of the log were made within a day, no more are" pg-wal base
rm -r "${copies[@]}"

# Killed in the midst: a base, and a recovery. What they left goes.
for ms in 300 1200; do
    setsid pg-wal base >/dev/null 2>&1 &
    sleep "$(awk -v ms=$ms 'BEGIN { print ms / 1000 }')"
    kill -KILL -- "-$!" 2>/dev/null || true
    wait 2>/dev/null $! || true
    no_partial
done
for ms in 1000 3000 5000; do
    setsid app-restore --at "$(date '+%F %T %Z')" --yes >/dev/null 2>&1 &
    sleep "$((ms / 1000))"
    kill -KILL -- "-$!" 2>/dev/null || true
    wait 2>/dev/null $! || true
done
pg-wal base >/dev/null
systemctl restart rails-on-hetzner-wal
the_log_is_followed
stop_ledger
pg-backup daily >/dev/null
[[ -z $(find "$BACKUPS" -name '.partial*') && -z $(docker ps -aq --filter name=apart --filter name=-base) ]] || wrong "something is left: $(
    find "$BACKUPS" -name '.partial*'
    docker ps -a
)"
echo "PASSED"
