# The latest is what was made last, whatever the clock on the wall said: in the
# hour that comes twice in autumn, after the time zone changed, and among sets of
# earlier versions, which are named in local time.
mkdir -p /root/fake
cat >/root/fake/date <<'DATE'
#!/bin/sh
case " $* " in *" -d "*) exec /usr/bin/date "$@" ;; esac
exec /usr/bin/date -d "@$(cat /root/fake/now)" "$@"
DATE
chmod +x /root/fake/date
sed 's/^OFFSITE_BUCKET=.*/OFFSITE_BUCKET=/' /etc/rails-on-hetzner/backup.conf >/root/fake/conf
export RAILS_ON_HETZNER_BACKUP_CONF=/root/fake/conf
at() { # ZONE TIME-IN-UTC COMMAND... runs it then and there
    date -d "$2 UTC" +%s >/root/fake/now
    TZ=$1 PATH=/root/fake:$PATH "${@:3}"
}
latest_after() { # ZONE TIME: makes one and sees that it is the latest
    psql -d "$DATABASE" -c "create table if not exists time_made(t text)" -c 'truncate time_made' -c "insert into time_made values ('$2')" >/dev/null
    at "$1" "$2" pg-backup "${3:-manual}" >/dev/null
    local new
    new=$(find "$BACKUPS" -name '*.sha256' -printf '%T@ %f\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
    touch -d "$2 UTC" "$BACKUPS/${new%.sha256}".*
    TZ=$1 pg-restore latest --database "$DATABASE" --into look --yes >/dev/null
    [[ $(psql -d look -c 'select t from time_made') == "$2" ]] || wrong "in $1 at $2 UTC the latest is of $(psql -d look -c 'select t from time_made')"
    psql -d postgres -c 'drop database look'
}
rm -f "$BACKUPS"/*
latest_after America/Tijuana '2026-11-01 08:30' # 1:30, in summer time
latest_after America/Tijuana '2026-11-01 09:10' # 1:10, an hour later
latest_after Asia/Tokyo '2026-11-01 10:00'      # 19:00
latest_after America/Tijuana '2026-11-01 11:00' # 3:00
drop_kept
[[ $(TZ=America/Tijuana pg-backup list | tail -n 1) == "2026-11-01_110000Z-manual "*"2026-11-01 03:00 PST "* ]] || wrong "the list: $(pg-backup list)"

# Sets of an earlier version, of both hours, and made before Tokyo was left.
model=$(pg-backup newest)
old() { like "$model" "$1" && touch -d "$2 UTC" "$BACKUPS/$1".*; }
old 2026-11-01_013500-daily '2026-11-01 08:35'
old 2026-11-01_011500-daily '2026-11-01 09:15'
old 2026-11-01_193000-daily '2026-11-01 10:30'
old 2026-11-02_030000-daily '2030-01-01 00:00' # copied without its time: its name is all there is
names=$(TZ=America/Tijuana pg-backup list | awk '{ print $1 }' | paste -sd ' ')
[[ $names == "2026-11-01_083000Z-manual 2026-11-01_013500-daily 2026-11-01_091000Z-manual 2026-11-01_011500-daily 2026-11-01_100000Z-manual 2026-11-01_193000-daily 2026-11-01_110000Z-manual 2026-11-02_030000-daily" ]] ||
    wrong "the order is not that in which they were made: $names"
pg-backup verify 2026-11-01_193000-daily >/dev/null
pg-restore 2026-11-01_013500-daily --database "$DATABASE" --into look --yes >/dev/null
psql -d postgres -c 'drop database look'

# Days: a daily at 3:00 in Tokyo, from the third on in Tijuana; seven days stay.
rm -f "$BACKUPS/"*Z-*
for day in {3..6}; do like 2026-11-01_013500-daily "2026-11-0${day}_180000Z-daily"; done
for day in {07..09}; do like 2026-11-01_013500-daily "2026-11-${day}_110000Z-daily"; done
at America/Tijuana "2026-11-10 11:00" pg-backup daily >/dev/null
days=$(pg-backup list | awk '{ print $1 }' | paste -sd ' ')
[[ $days == "2026-11-04_180000Z-daily 2026-11-05_180000Z-daily 2026-11-06_180000Z-daily 2026-11-07_110000Z-daily 2026-11-08_110000Z-daily 2026-11-09_110000Z-daily 2026-11-10_110000Z-daily" ]] ||
    wrong "the wrong days are kept: $days"
[[ $(find "$BACKUPS" -name '*.dump' | sed 's|.*/||; s|\..*||' | sort -u | wc -l) == 7 ]] || wrong "files of rotated sets are left"
psql -d "$DATABASE" -c "drop table time_made"
echo "PASSED"
