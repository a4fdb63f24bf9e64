# A ledger: an app that writes, and a log of its committed transactions outside.
# Sent behind lib.sh, before the tests that need it.
LEDGER=/root/ledger

# A pipe that nobody writes to, to wait at: sleep(1) would be a process each time,
# and those took more of the machine than the database.
exec {silence}<> <(:)

# write_ledger N starts a client that commits rows until stop_ledger. Of each it
# notes when it began and when it knew that it was committed, in microseconds.
write_ledger() {
    psql -d "$DATABASE" -c "create table if not exists ledger(client int, id int, text text)"
    : >"$LEDGER.$1"
    rm -f "$LEDGER.stop"
    (
        id=0
        coproc CLIENT { docker exec -i "$CONTAINER" psql -XAtqU postgres -d "$DATABASE" 2>&1; }
        while [[ ! -e $LEDGER.stop && -e /proc/$$ ]]; do # it ends with a test that failed
            id=$((id + 1))
            began=${EPOCHREALTIME/./}
            echo "insert into ledger values ($1, $id, repeat(md5(random()::text), 20)) returning 'done ' || id;" >&"${CLIENT[1]}" || break
            read -r -t 20 said <&"${CLIENT[0]}" || break
            [[ $said == "done $id" ]] || break
            echo "$began ${EPOCHREALTIME/./} $id" >>"$LEDGER.$1"
            read -r -t 0.02 -u "$silence" || true # an app in use, not one at its limit
        done
    ) &
}

stop_ledger() {
    touch "$LEDGER.stop"
    wait
}

# holds DATABASE MICROSECONDS tells whether a database has what was committed until
# then, and nothing that began later.
holds() {
    local client
    for client in 1 2; do
        docker exec "$CONTAINER" psql -XAtqU postgres -d "$1" -c "select id from ledger where client = $client order by id" >"$LEDGER.there"
        awk -v at="$2" -v client="$client" '
            NR == FNR { there[$1] = 1; n++; next }
            $2 <= at { must++; if (!($3 in there)) { print "client " client ": " $3 " is missing, committed " at - $2 " us before"; wrong = 1 } }
            $1 > at && ($3 in there) { print "client " client ": " $3 " is there, begun " $1 - at " us after"; wrong = 1 }
            END { print "client " client ": " n + 0 " rows, of which " must + 0 " must be there"; exit wrong }' "$LEDGER.there" "$LEDGER.$client" || return 1
    done
}

# the_log_is_followed waits for a base, and for the log from then on to be received.
the_log_is_followed() {
    local tries
    for tries in {1..120}; do
        [[ $(pg-wal list) != *"any moment from "*" to 2"* || $(psql -d postgres -c "select count(*) from pg_stat_replication where application_name = 'pg_receivewal'") != 1 ]] || return 0
        sleep 0.5
    done
    wrong "after $tries tries the log is not followed: $(
        pg-wal list
        journalctl -t app-backup -n 5 -o cat
    )"
}
