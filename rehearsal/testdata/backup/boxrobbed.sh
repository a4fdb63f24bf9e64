# Who has the server can delete in the box, as far as the server's account reaches.
# That is told, and all is sent again; the snapshots are out of its reach.
conf=/etc/rails-on-hetzner/rclone.conf
known=/etc/rails-on-hetzner/known_hosts
place=offsite:$(sed -n 's/^OFFSITE_BUCKET=//p' /etc/rails-on-hetzner/backup.conf)
there() { rclone --config "$conf" lsf -R --files-only "$place"; }
cp "$known" /root/known_hosts
trap 'cp /root/known_hosts "$known"' EXIT

before=$(app-backup newest)
rclone --config "$conf" purge "$place"
[[ -z $(rclone --config "$conf" lsf offsite:) ]] || wrong "it sees more: $(rclone --config "$conf" lsf offsite:)"
for path in .zfs/snapshot ../.zfs/snapshot /.zfs/snapshot; do
    if rclone --config "$conf" lsf "offsite:$path" 2>/dev/null; then wrong "it sees the snapshots in $path"; fi
done
systemctl stop rails-on-hetzner-wal-send
must_fail "failed" app-backup daily
journal=$(cat /var/lib/rails-on-hetzner/backup/{backup,files,wal-daily}.json)
[[ $(grep -o 'somebody deleted' <<<"$journal" | wc -l) == 3 ]] || wrong "it is not told three times: $journal"
systemctl start rails-on-hetzner-wal-send
there >/root/there
for name in "$before.sha256.age" "files/$(app-backup newest).files.archives.age"; do grep -qxF "$name" /root/there || wrong "$name was not sent again: $(</root/there)"; done
app-backup daily >/dev/null
for ((i = 0; i < 60; i++)); do
    there >/root/there
    if grep -q '^wal/[0-9]*/base/.*/about.age$' /root/there && grep -q '^wal/[0-9]*/log/[0-9A-F]\{24\}\.zst\.age$' /root/there; then break; fi
    sleep 1
done
((i < 60)) || wrong "the log was not sent again: $(</root/there)"

# Another host than Hetzner's gets nothing.
sed 's/ AAAA[A-Za-z0-9+/]*/ AAAAC3NzaC1lZDI1NTE5AAAAIJ+h9hZ2NOGvq8GeOHRJ5dgZhUonc2oHkN8DARrt6Px9/; s/ [a-z0-9-]* AAAA/ ssh-ed25519 AAAA/' /root/known_hosts >"$known"
must_fail "the off-site copy failed of" pg-backup
cp /root/known_hosts "$known"
pg-backup >/dev/null

# What is old goes, once what is new is there.
for name in 2026-01-01_030000Z-daily.roles.sql files/2026-01-01_030000Z-daily.files-001.tar.zst wal/1/log/000000010000000000000001.zst; do
    rclone --config "$conf" touch --timestamp 2026-01-01T00:00:00 "$place/$name.age"
done
[[ $(there | grep -c '2026-01-01\|wal/1/') == 3 ]] || wrong "nothing old is there"
app-backup daily >/dev/null
if there | grep '2026-01-01\|wal/1/'; then wrong "what is old is still there"; fi
there >/root/there
grep -qxF "$before.sha256.age" /root/there || wrong "what is new went too"

# No other user of the server sees the password.
password=$(sed -n 's/^pass = //p' "$conf")
[[ -n $password && -z $(find /etc/rails-on-hetzner -name 'rclone*' -perm /077) ]] || wrong "others can read the password"
[[ $(journalctl --no-pager | grep -cF "$password") == 0 ]] || wrong "the journal has the password"
echo "PASSED"
