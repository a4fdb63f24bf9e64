# The bucket is out of reach for a while. What could not be sent is sent later,
# and stays here until then, but not for ever.
conf=/etc/rails-on-hetzner/rclone.conf
cp "$conf" /root/rclone.conf
cp /etc/rails-on-hetzner/backup.conf /root/backup.conf
trap 'cp /root/rclone.conf "$conf"; cp /root/backup.conf /etc/rails-on-hetzner/backup.conf' EXIT
sed -i 's/^KEEP=.*/KEEP=3/; s/^OFFSITE_BUCKET=.*/OFFSITE_BUCKET=backups\/app/' /etc/rails-on-hetzner/backup.conf
there() { rclone --config "$conf" lsf offsite:backups/app --include "$1.sha256.age" | wc -l; }
rm -f "$BACKUPS"/*
pg-backup >/dev/null
first=$(pg-backup newest)
[[ $(there "$first") == 1 ]] || wrong "the first is not there"

sed -i 's/^endpoint = .*/endpoint = http:\/\/198.18.0.1:9/' "$conf"
sleep 1
must_fail "off-site copy failed" pg-backup
second=$(pg-backup newest)
listed=$(pg-backup list | grep "^$second ")
cp /root/rclone.conf "$conf"
sleep 1
pg-backup >/root/said
third=$(pg-backup newest)
[[ $(there "$second") == 1 && $(there "$third") == 1 ]] || wrong "what failed was never sent: $(</root/said)"
[[ $(grep -c 'copied to' /root/said) == 2 && $(</root/said) != *"$first"* ]] || wrong "more was sent than was missing: $(</root/said)"
[[ $listed == *"not off-site yet"* && $(pg-backup list) != *"not off-site yet"* ]] || wrong "the list does not tell: $listed"
# The bucket's rules deleted an old copy: it is not sent again.
rclone --config "$conf" delete offsite:backups/app --include "$first.*"
pg-backup >/dev/null
[[ $(there "$first") == 0 ]] || wrong "what the bucket let go was sent again"

# What is not there in full is told when the newest backup is verified.
[[ $(pg-backup verify) == *"its copy in backups/app is there in full"* ]] || wrong "the copy was not looked at"
newest=$(pg-backup newest)
head -c 100 /dev/urandom | rclone --config "$conf" rcat "offsite:backups/app/$newest.$DATABASE.dump.age"
must_fail "its copy in backups/app is not: $newest.$DATABASE.dump.age has 100 bytes" pg-backup verify
rclone --config "$conf" delete offsite:backups/app --include "$newest.roles.sql.age"
rm "/var/lib/rails-on-hetzner/backup/offsite/backups%2Fapp/$newest"
pg-backup >/dev/null
[[ $(pg-backup verify "$newest") == *"is there in full"* ]] || wrong "it was not sent again"

# Fifteen dailies of as many days. The bucket is out of reach from the third on.
for n in {20..6}; do
    made=$(date -u -d "$n days ago" +%F)_110000Z-daily
    echo "a small one" >"$BACKUPS/$made.roles.sql"
    (cd "$BACKUPS" && sha256sum "$made.roles.sql" >"$made.sha256")
done
mkdir -p /var/lib/rails-on-hetzner/backup/offsite/backups%2Fapp
for n in 20 19; do touch "/var/lib/rails-on-hetzner/backup/offsite/backups%2Fapp/$(date -u -d "$n days ago" +%F)_110000Z-daily"; done
sed -i 's/^endpoint = .*/endpoint = http:\/\/198.18.0.1:9/' "$conf"
must_fail "was let go, and was never copied off-site" pg-backup daily
[[ $(pg-backup status) == *"was never copied off-site"* ]] || wrong "the status does not tell: $(pg-backup status)"
# Three days are kept, of the unsent seven more; with today's these are sixteen.
[[ $(pg-backup list | grep -c -- '-daily ') == 10 && $(pg-backup list | grep -m 1 -- '-daily ') == "$(date -u -d "14 days ago" +%F)"* ]] || wrong "the wrong ones are kept: $(pg-backup list)"
cp /root/rclone.conf "$conf"
pg-backup daily >/root/said
[[ $(pg-backup list | grep -- '-daily ' | cut -c 1-10 | sort -u | wc -l) == 3 ]] || wrong "what was sent did not go: $(pg-backup list)"
for n in {14..6}; do
    [[ $(there "$(date -u -d "$n days ago" +%F)_110000Z-daily") == 1 ]] || wrong "of $n days ago is not off-site"
done
pg-backup >/dev/null
echo "PASSED"
