# The password of who replicates is seen nowhere, not by other users of the server
# and not in PostgreSQL's log, and it opens nothing but the log.
the_log_is_followed
password=$(</var/lib/rails-on-hetzner/backup/wal-password)
((${#password} >= 24)) || wrong "there is no password"
psql -d postgres -c "alter system set log_statement = 'all'" -c "select pg_reload_conf()" >/dev/null
(while [[ ! -e /root/seen.stop ]]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' >>/root/seen; done) &
systemctl restart rails-on-hetzner-wal
sleep 3
the_log_is_followed
pg-wal base >/dev/null
touch /root/seen.stop
wait
grep -q pg_receivewal /root/seen || wrong "nothing was seen"
for seen in <(cat /root/seen) <(docker logs "$CONTAINER" 2>&1) <(journalctl --no-pager); do
    [[ $(grep -cF "$password" "$seen") == 0 ]] || wrong "the password is seen"
done
psql -d postgres -c "alter system reset log_statement" -c "select pg_reload_conf()" >/dev/null
[[ $(psql -d postgres -c "select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls from pg_roles where rolname = 'rails_on_hetzner_wal'") == f ]] || wrong "the role may do more than it must"
[[ -z $(find "$BACKUPS/wal" /var/lib/rails-on-hetzner/backup/wal* -perm /077 ! -name '*.json' -print -quit) ]] || wrong "others can read these: $(find "$BACKUPS/wal" /var/lib/rails-on-hetzner/backup/wal* -perm /077)"
rclone --config /etc/rails-on-hetzner/rclone.conf lsf -R --files-only offsite:backups/app/wal | while read -r name; do
    [[ $name == *.age ]] || wrong "$name is in the bucket, not encrypted"
done
rm -f /root/seen /root/seen.stop
# For the next test: what somebody set stays.
psql -d postgres -c "alter system set max_slot_wal_keep_size = '777MB'" -c "select pg_reload_conf()" >/dev/null
rm /var/lib/rails-on-hetzner/backup/wal-limit
systemctl restart rails-on-hetzner-wal
sleep 3
the_log_is_followed
echo "PASSED"
