# The app's volumes: copied while they are written to, restored beside what came
# since, and brought back from the bucket alone.
FILES=/opt/backups/files
STATE=/var/lib/rails-on-hetzner/backup
VOLUME=/var/lib/docker/volumes/running_calendar_storage/_data
conf=/etc/rails-on-hetzner/backup.conf
rclone_conf=/etc/rails-on-hetzner/rclone.conf
cp "$conf" /root/backup.conf
cp "$rclone_conf" /root/rclone.conf
writer=
trap 'kill $writer 2>/dev/null || true; cp /root/backup.conf "$conf"; cp /root/rclone.conf "$rclone_conf"; umount -q "$FILES" || true; docker rm -f app >/dev/null 2>&1 || true' EXIT
rm -f /root/key
age-keygen -o /root/key 2>/dev/null
sed -i "s/^OFFSITE_RECIPIENT=.*/OFFSITE_RECIPIENT=$(age-keygen -y /root/key)/; s/^OFFSITE_BUCKET=.*/OFFSITE_BUCKET=backups\/files-test/" "$conf"

# tree DIRECTORY prints every entry but the SQLite databases in use, with owner,
# mode, time and contents.
tree() {
    (cd "$1" && find . -mindepth 1 ! -name '*.sqlite3*' -printf '%p %y %U:%G %m %l ' \( -type d -printf '\n' -o -printf '%T@ ' -a \( -type l -printf '\n' -o -exec sh -c 'sha256sum <"$1"' - {} \; \) \) | sort)
}
counts() { python3 -c 'import sqlite3, sys; db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro" + sys.argv[2], uri=True, timeout=60); print(*db.execute("select (select count(*) from a), (select count(*) from b), (select v from mark)").fetchone())' "$1" "${2:-}"; }
marked() { python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=60); db.execute("update mark set v = ?", (sys.argv[2],)); db.commit()' "$@"; }
blob() { # PATH KILOBYTES
    install -d -o 1000 -g 1000 "$(dirname "$VOLUME/$1")"
    head -c "$2K" /dev/urandom >"$VOLUME/$1"
    chown 1000:1000 "$VOLUME/$1"
}
newest() { files-backup newest; }

# What an earlier run of this left.
docker rm -f app >/dev/null 2>&1 || true
docker volume rm -f running_calendar_storage >/dev/null
rm -rf "${FILES:?}"/* "$STATE"/volumes "$STATE"/files-offsite /data/reports
rclone --config "$rclone_conf" purge offsite:backups/files-test 2>/dev/null || true

[[ $(app-backup) == *"the app has no volume yet"* ]] || wrong "without an app"

mkdir -p /data/reports /root/.kamal/assets /data/given
docker run --detach --name app --entrypoint sleep --label service=running_calendar --label role=web --volume running_calendar_storage:/rails/storage \
    --volume /data/reports:/reports --volume /data/given:/given:ro --volume /anonymous --volume /root/.kamal/assets:/rails/public/assets \
    --volume /var/run/docker.sock:/docker.sock postgres:16 infinity >/dev/null
chown 1000:1000 "$VOLUME"
for n in {100..199}; do blob "${n:0:1}a/${n:1:1}b/blob$n" 20; done
blob "odd/ [x]*?\\ é
two lines" 1
ln -s "../odd" "$VOLUME/link"
install -d -o 1000 -g 1000 -m 750 "$VOLUME/empty"
echo "a report" >/data/reports/one.csv
cat >/root/writer.py <<'PY'
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=60)
db.execute("pragma journal_mode = " + sys.argv[2])
db.executescript("create table if not exists a(x); create table if not exists b(x); create table if not exists mark(v); insert into mark select 'first' where not exists (select 1 from mark)")
while True: # a and b are of the same length, except within a transaction
    db.execute("begin immediate")
    db.executemany("insert into a values (?)", [("x" * 500,)] * 20)
    db.executemany("insert into b values (?)", [("x" * 500,)] * 20)
    db.commit()
    time.sleep(0.02)
PY
python3 /root/writer.py "$VOLUME/production.sqlite3" wal &
writer=$!
python3 /root/writer.py "$VOLUME/[old].sqlite3" delete &
writer+=" $!"
until counts "$VOLUME/production.sqlite3" 2>/dev/null && counts "$VOLUME/[old].sqlite3" 2>/dev/null; do sleep 0.5; done
chown 1000:1000 "$VOLUME/production.sqlite3" "$VOLUME/[old].sqlite3"

said=$(app-backup)
first=$(newest)
[[ -e $BACKUPS/$first.sha256 && $said == *"backed up 2 volumes"* ]] || wrong "databases and files are not of one name: $said"
[[ $(ls "$FILES/$first") == $'%2Fdata%2Freports\nrunning_calendar_storage' ]] || wrong "the wrong volumes: $(ls "$FILES/$first")"
[[ $(tree "$VOLUME") == "$(tree "$FILES/$first/running_calendar_storage")" ]] || wrong "the copy differs: $(diff <(tree "$VOLUME") <(tree "$FILES/$first/running_calendar_storage"))"
for database in production '[old]'; do
    read -r a b _ < <(counts "$FILES/$first/running_calendar_storage/$database.sqlite3" '&immutable=1')
    ((a > 0 && a == b)) || wrong "$database was copied within a transaction: $a and $b"
    [[ $(stat -c '%u %a' "$FILES/$first/running_calendar_storage/$database.sqlite3") == "$(stat -c '%u %a' "$VOLUME/$database.sqlite3")" ]] || wrong "another owner"
done
[[ -z $(find "$FILES/$first" -name '*.sqlite3-*') ]] || wrong "a live log was copied"
files-backup verify | grep -F '2 SQLite databases are sound'
echo "as wanted: a first copy under load"

# A day later: some new, some gone. What is as it was costs nothing.
# shellcheck disable=SC2086 # two of them
kill $writer
wait 2>/dev/null || true
blob new/new 30
rm "$VOLUME/1a/0b/blob100"
marked "$VOLUME/production.sqlite3" second
sleep 1
app-backup >/dev/null
second=$(newest)
same() { [[ $(stat -c %i "$FILES/$first/running_calendar_storage/$1") == "$(stat -c %i "$FILES/$second/running_calendar_storage/$1")" ]]; }
same 1a/1b/blob110 || wrong "it was copied again"
sleep 1
app-backup >/dev/null
third=$(newest)
[[ $(stat -c %i "$FILES/$third/running_calendar_storage/production.sqlite3") == "$(stat -c %i "$FILES/$second/running_calendar_storage/production.sqlite3")" ]] || wrong "an unchanged SQLite database was kept twice"
archives=$(rclone --config "$rclone_conf" lsf offsite:backups/files-test/files --include '*.tar.zst.age' | wc -l)
[[ $archives == 2 ]] || wrong "$archives archives for a day with something new and one without"
[[ $(files-backup verify) == *"there in full"* ]] || wrong "the copy was not looked at"
lost=$(rclone --config "$rclone_conf" lsf offsite:backups/files-test/files --include '*.tar.zst.age' | sed -n 1p)
rclone --config "$rclone_conf" moveto "offsite:backups/files-test/files/$lost" offsite:backups/files-test/lost
must_fail "these are not there: $lost;" files-backup verify
rclone --config "$rclone_conf" moveto offsite:backups/files-test/lost "offsite:backups/files-test/files/$lost"

# Back to the first: what was lost comes back, what is otherwise is kept, what came
# since stays. The app, with its open connections, need not stop.
before=$(tree "$FILES/$first/running_calendar_storage")
touch -d '2 days ago' "$VOLUME/1a/2b/blob120" && echo "spoilt" >"$VOLUME/1a/3b/blob130"
python3 - "$VOLUME/production.sqlite3" <<'PY' &
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=60)
while db.execute("select v from mark").fetchone()[0] != "first": time.sleep(0.1)
print("the open connection sees what was restored")
PY
reader=$!
app-restore "$first" --yes >/root/said
wait "$reader"
[[ $(tree "$VOLUME" | grep -v '/new') == "$before" ]] || wrong "it is not as it was: $(diff <(tree "$VOLUME") <(echo "$before"))"
[[ -e $VOLUME/new/new ]] || wrong "what came since is gone"
kept=$(echo "$FILES"/before_restore_*)
[[ $(<"$kept/running_calendar_storage/1a/3b/blob130") == spoilt && $(counts "$kept/running_calendar_storage/production.sqlite3") == *second && $(</root/said) == *"$kept"* ]] || wrong "what was replaced is not kept: $(</root/said)"
for database in production '[old]'; do
    [[ $(counts "$VOLUME/$database.sqlite3") == "$(counts "$FILES/$first/running_calendar_storage/$database.sqlite3" '&immutable=1')" ]] || wrong "$database is not as it was"
done
docker exec --user 1000 app sh -c 'echo more >/rails/storage/1a/0b/more' || wrong "the app may not write any more"
rm "$VOLUME/1a/0b/more"
files-backup verify "$first" >/dev/null || wrong "to restore from it changed the backup"
rm -r "$kept"

# Killed in a restore, what is live is sound, and the next one goes on.
for after in 0.1 0.2 0.3 0.5; do
    rm -rf "$VOLUME"/1a/[0-4]*
    marked "$VOLUME/production.sqlite3" live
    setsid files-restore "$first" --yes >/dev/null 2>&1 &
    sleep "$after"
    kill -9 -- "-$!" 2>/dev/null || true
    [[ $(counts "$VOLUME/production.sqlite3") == *@(live|first) ]] || wrong "the live SQLite database is spoilt"
done
files-restore "$first" --yes >/dev/null
[[ $(tree "$VOLUME" | grep -v '/new\|/\.[^ ]*\.[A-Za-z0-9]\{6\} ') == "$before" ]] || wrong "after being killed it is not as it was: $(diff <(tree "$VOLUME") <(echo "$before"))"
rm -r "$FILES"/before_restore_*
files-restore "$first" --yes >/dev/null
[[ -z $(find "$FILES"/before_restore_* -type f ! -name '*.sqlite3') ]] || wrong "a second time files were replaced: $(find "$FILES"/before_restore_*)"
echo "as wanted: restored"

# The bucket is away in the midst of it, and nothing that arrived is sent twice.
export ARCHIVE_BYTES=100000
for n in {1..9}; do blob "away/$n" 90; done
mkdir -p /root/fake
cat >/root/fake/rclone <<'SH'
#!/bin/sh
echo x >>/root/fake/calls
[ "$(wc -l </root/fake/calls)" -le 6 ] || exit 1
exec /usr/bin/rclone "$@"
SH
chmod +x /root/fake/rclone
: >/root/fake/calls
PATH=/root/fake:$PATH must_fail "the off-site copy of" files-backup
files-backup >/root/said
[[ $(grep -c '^sending' /root/said) -lt 9 && $(cat /root/said) != *files-009* ]] || wrong "what had arrived was sent again: $(</root/said)"
sleep 1
[[ $(files-backup) != *sending* ]] || wrong "it was sent again"
# A file that turns back into what it was is sent again: the last archive wins.
cp -p "$VOLUME/away/1" /root/away
blob away/1 10
files-backup >/dev/null
sleep 1
cp -p /root/away "$VOLUME/away/1"
files-backup >/dev/null
# So are rights that changed, and nothing but these.
chmod 640 "$VOLUME/1a/5b/blob150"
chown 1001:1001 "$VOLUME/1a/6b"
sleep 1
[[ $(files-backup) == *"(20.0KB)"*"20.0KB are new"* ]] || wrong "of rights that changed nothing is known"
last=$(newest)
before=$(tree "$FILES/$last")

# All is lost but the bucket and the key.
fetch() { # DIRECTORY
    local file
    rm -rf "$1" && mkdir "$1"
    rclone --config "$rclone_conf" copy "offsite:backups/files-test/files" "$1"
    ! grep -rlE 'a report|blob1' "$1" || wrong "in the bucket it is in clear"
    for file in "$1"/*.age; do age -d -i /root/key "$file" >"${file%.age}" && rm "$file"; done
}
fetch /root/bucket
docker rm -f app >/dev/null
docker volume rm running_calendar_storage >/dev/null
rm -rf "${FILES:?}"/* /data/reports "$STATE"/files-offsite "$STATE"/volumes
find /root/bucket -name '*.archives' ! -name "$last.*" -delete
tar -c -C /root/bucket . | app-backup receive
[[ $(tree "$FILES/$last") == "$before" ]] || wrong "from the bucket came something else: $(diff <(tree "$FILES/$last") <(echo "$before"))"
files-restore latest --yes
[[ $(tree "$VOLUME") == "$(tree "$FILES/$last/running_calendar_storage")" && $(</data/reports/one.csv) == "a report" ]] || wrong "not all came back"
[[ $(tar -c -C /root/bucket . | app-backup receive) == *"is here already: the files of $last"* ]] || wrong "a second time"
files-backup verify "$last"
echo "as wanted: back from the bucket"

# Damaged, or an archive is missing: nothing of it is here.
rm -rf "${FILES:?}/$last"*
archive=$(head -n 1 "/root/bucket/$last.files.archives")
printf x | dd of="/root/bucket/$archive" bs=1 seek=3000 conv=notrunc status=none
must_fail "nothing was changed" files-backup receive /root/bucket
rm "/root/bucket/$archive"
must_fail "these are missing beside it: $archive" files-backup receive /root/bucket
[[ -z $(ls -A "$FILES") ]] || wrong "something is left: $(ls -A "$FILES")"

# From a laptop: everything in one archive.
docker run --detach --name app --entrypoint sleep --label service=running_calendar --volume running_calendar_storage:/rails/storage postgres:16 infinity >/dev/null
files-backup >/dev/null
last=$(newest)
rm -rf /root/laptop && mkdir /root/laptop
files-backup send "$last" archive >"/root/laptop/$last.files-all.tar.zst"
files-backup send "$last" list >"/root/laptop/$last.files.list.zst"
files-backup send "$last" archives >"/root/laptop/$last.files.archives"
before=$(tree "$FILES/$last")
rm -rf "${FILES:?}/$last"*
tar -c -C /root/laptop . | app-backup receive
[[ $(tree "$FILES/$last") == "$before" ]] || wrong "from the laptop came something else"

# Killed at any moment, it leaves nothing that is taken for a backup.
sed -i "s/^OFFSITE_BUCKET=.*/OFFSITE_BUCKET=/" "$conf"
for after in 0.05 0.1 0.2 0.3 0.5 0.8; do
    blob "killed/$after" 3000
    setsid files-backup >/dev/null 2>&1 &
    killed=$!
    sleep "$after"
    kill -9 -- "-$killed" 2>/dev/null || true
    for set in $(files-backup list | awk '{ print $1 }'); do files-backup verify "$set" >/dev/null || wrong "$set is listed and damaged"; done
done
files-backup >/dev/null
[[ -z $(find "$FILES" -name '.partial*') ]] || wrong "something unfinished is left"

# Seven days are kept, and what only an older one had goes with it.
model=$(newest)
for n in {1..9}; do
    cp -al "$FILES/$model" "$FILES/2026-10-0${n}_110000Z-daily"
    cp "$FILES/$model.list" "$FILES/2026-10-0${n}_110000Z-daily.list"
done
files-backup daily >/dev/null
[[ $(files-backup list | grep -c -- -daily) == 7 && ! -e $FILES/2026-10-03_110000Z-daily && -e $FILES/2026-10-04_110000Z-daily ]] || wrong "the wrong days are kept: $(files-backup list)"

# A disk with too little room: nothing is begun, nothing deleted.
mount -t tmpfs -o size=200m tmpfs "$FILES"
blob big 90000
must_fail "the disk is too full for the app's files" files-backup
[[ -z $(ls -A "$FILES") ]] || wrong "something is left: $(ls -A "$FILES")"
umount "$FILES"
rm "$VOLUME/big"
docker rm -f app >/dev/null
docker volume rm running_calendar_storage >/dev/null
must_fail "is gone" files-backup
echo "PASSED"
