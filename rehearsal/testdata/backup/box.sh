# Copies in a Storage Box: encrypted, and never half there under their names.
conf=/etc/rails-on-hetzner/rclone.conf
place=offsite:$(sed -n 's/^OFFSITE_BUCKET=//p' /etc/rails-on-hetzner/backup.conf)
there() { rclone --config "$conf" lsf -R --files-only "$place"; }
trap 'rm -f /usr/local/bin/rclone' EXIT

the_log_is_followed
app-backup daily
there >/root/there
set=$(app-backup newest)
for name in "$set.sha256.age" "files/$set.files.archives.age"; do grep -qxF "$name" /root/there || wrong "$name is not there: $(</root/there)"; done
grep -q '^wal/[0-9]*/base/.*/about.age$' /root/there || wrong "the log's base is not there: $(</root/there)"
if grep -v '\.age$' /root/there; then wrong "not all is whole and encrypted"; fi

# Cut short in the midst, as by a crash.
psql -d "$DATABASE" -c "create table noise as select md5(random()::text) || md5(random()::text) noise from generate_series(1, 300000)" >/dev/null
printf '#!/bin/sh\nexec /usr/bin/rclone --bwlimit 500k "$@"\n' >/usr/local/bin/rclone
chmod 755 /usr/local/bin/rclone
(
    for ((i = 0; i < 600; i++)); do
        there >/root/growing || true # a directory may go while it is listed
        if grep -q '_production[.]dump[.]age[.]part$' /root/growing; then break; fi
        sleep 0.1
    done
    pkill -9 -f 'rcat.*_production[.]dump[.]age[.]part'
) &
must_fail "the off-site copy failed of" pg-backup
wait
rm /usr/local/bin/rclone
systemctl restart rails-on-hetzner-wal-send # bash remembers where a command was
there >/root/there
set=$(pg-backup newest)
grep -qF "$set.$DATABASE.dump.age.part" /root/there || wrong "nothing was cut short: $(</root/there)"
if grep -qxF -e "$set.$DATABASE.dump.age" -e "$set.sha256.age" /root/there; then wrong "what was cut short is there under its name"; fi
pg-backup >/dev/null
there >/root/there
for set in "$set" "$(pg-backup newest)"; do grep -qxF "$set.sha256.age" /root/there || wrong "$set is not there: $(</root/there)"; done
if grep '\.part$' /root/there; then wrong "what was cut short stays"; fi

# Finished segments of the log.
psql -d postgres -c "select pg_switch_wal()" >/dev/null
for ((i = 0; i < 60; i++)); do
    there >/root/there || true
    if grep -q '^wal/[0-9]*/log/[0-9A-F]\{24\}\.zst\.age$' /root/there; then break; fi
    sleep 1
done
((i < 60)) || wrong "no segment came: $(</root/there)"
echo "PASSED"
