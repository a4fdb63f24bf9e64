# Nothing of it is left in PostgreSQL, or runs; what somebody set stays, and what
# was kept is there for a while.
[[ -z $(psql -d postgres -c "select slot_name from pg_replication_slots" -c "select rolname from pg_roles where rolname ~ 'hetzner'") ]] || wrong "a slot or a role is left"
[[ $(psql -d postgres -c "show max_slot_wal_keep_size") == 777MB ]] || wrong "the limit that somebody set is gone"
[[ -z $(docker ps -aq --filter name=wal) && -z $(systemctl list-units --all --no-legend 'rails-on-hetzner-wal*') ]] || wrong "something still runs"
[[ $(pg-wal list) == *"any moment from"* ]] || wrong "what was kept is gone"
find "$BACKUPS/wal" -type f -exec touch -d '9 days ago' {} +
pg-backup daily >/dev/null
[[ ! -e $BACKUPS/wal ]] || wrong "what is older than the last days is still there"
echo "PASSED"
