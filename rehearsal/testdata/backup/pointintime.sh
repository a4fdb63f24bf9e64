# Back to five moments under load, each held against the log of transactions that
# is kept outside.
the_log_is_followed
write_ledger 1
write_ledger 2
moments=()
for n in 1 2 3 4 5; do
    sleep "$((RANDOM % 4)).$((RANDOM % 1000))"
    moments+=("${EPOCHREALTIME/./}")
    # A segment ends in between, now and then.
    ((n % 2)) || psql -d postgres -c "select pg_switch_wal()" >/dev/null
done
sleep 2
stop_ledger
for moment in "${moments[@]}"; do
    app-restore --at "$(date -d "@${moment:0:-6}.${moment: -6}" '+%F %T.%6N %Z')" --database "$DATABASE" --into looked_at --yes
    holds looked_at "$moment" || wrong "at $moment"
    psql -d postgres -c "drop database looked_at"
done
[[ -z $(docker ps -aq --filter name=apart) && -z $(find "$BACKUPS" -maxdepth 1 -name '.partial*') ]] || wrong "something is left"

# Nothing was written since: the end of the log is now.
count=$(psql -d "$DATABASE" -c 'select count(*) from ledger')
sleep 1
app-restore --at "$(date '+%F %T %Z')" --yes >/root/said
[[ $(psql -d "$DATABASE" -c 'select count(*) from ledger') == "$count" ]] || wrong "not all of it came back: $(</root/said)"
drop_kept

# What is no moment, or none that can be had.
must_fail "is no time" app-restore --at yesterdayish --yes
must_fail "is in the future" app-restore --at '1 hour' --yes
must_fail "there is no base of the log before" app-restore --at '2020-01-01' --yes
must_fail "there was no database \"other\" then, but: postgres $DATABASE" app-restore --at "$(date '+%F %T')" --database other --yes
must_fail "one of a backup and --at" pg-restore latest --at "$(date '+%F %T')" --yes
must_fail "nobody is there to say yes" app-restore --at "$(date '+%F %T')"
[[ -z $(docker ps -aq --filter name=apart) && -z $(find "$BACKUPS" -maxdepth 1 -name '.partial*') ]] || wrong "something is left"
echo "PASSED"
