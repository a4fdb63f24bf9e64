# Ten days with the end of daylight saving time in them, two runs on one day, a
# manual backup, and a month of standing still. So many backups of all that the
# round trip made would only take longer.
drop_kept
for d in latin "odd \"\"name\"\" 'ñ' 🏃 a=b %" "${DATABASE}_cache" "${DATABASE}_cable"; do psql -d postgres -c "drop database if exists \"$d\""; done
mkdir -p /root/fake
cat >/root/fake/date <<'DATE'
#!/bin/sh
exec /usr/bin/date -d "$(cat /root/fake/now)" "$@"
DATE
chmod +x /root/fake/date
sed 's/^OFFSITE_BUCKET=.*/OFFSITE_BUCKET=/' /etc/rails-on-hetzner/backup.conf >/root/fake/conf
export RAILS_ON_HETZNER_BACKUP_CONF=/root/fake/conf
on() {
    echo "$1" >/root/fake/now
    PATH=/root/fake:$PATH pg-backup "$2"
}
rm -f "$BACKUPS"/*
pg-backup >/dev/null
model=$(pg-backup newest)
made() { like "$model" "$(TZ=UTC date -d "TZ=\"America/Tijuana\" $1" +%F_%H%M%S)Z-$2"; } # as if it had been, then
for day in 10-29 10-30 10-31 11-01 11-02 11-03 11-04 11-05 11-06; do made "2026-$day 04:00" daily; done
made "2026-10-30 09:00" manual
made "2026-10-31 16:00" daily
made "2026-11-01 01:30" daily # an hour that comes twice
rm "$BACKUPS/$model".*
on "2026-11-07 04:00:00" daily >/dev/null
days() { pg-backup list | awk '/-daily / { print substr($1, 1, 10) }' | sort -u; }
[[ $(days | wc -l) == 7 ]] || wrong "$(days | wc -l) days are kept: $(days)"
[[ $(days | head -n 1) == 2026-11-01 && $(days | tail -n 1) == 2026-11-07 ]] || wrong "the wrong days are kept: $(days)"
[[ $(pg-backup list | grep -c -- '-manual ') == 1 ]] || wrong "the manual backup went"
on "2026-12-24 04:00:00" daily >/dev/null
[[ $(days | wc -l) == 7 && $(days | head -n 1) == 2026-11-02 ]] || wrong "standing still cost backups: $(days)"
[[ -z $(find "$BACKUPS" -name '.partial*') ]] || wrong "something unfinished is left"
[[ $(find "$BACKUPS" -name '*.dump' | sed 's|.*/||; s|\..*||' | sort -u | wc -l) == 8 ]] || wrong "files of rotated sets are left"
no_partial
echo "PASSED: $(days | paste -sd ' ')"
