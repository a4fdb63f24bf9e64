# Two at once: the second waits, and says so; or leaves with a clear line.
exec 8>>/var/lib/rails-on-hetzner/backup/lock
flock 8
(sleep 2 && flock --unlock 8) &
said=$(pg-backup)
[[ $said == "another backup or restore is running; waiting for it"*"backed up"* ]] || wrong "$said"
wait
flock 8
LOCK_TIMEOUT=1 must_fail "has been running for 1 seconds; nothing was done" pg-backup
LOCK_TIMEOUT=1 must_fail "nothing was done" pg-restore latest --yes
flock --unlock 8
must_fail "nobody is there to say yes" pg-restore latest
must_fail 'there is no backup nonsense' pg-restore nonsense --yes
must_fail 'there is no database "other"' pg-restore latest --database other --yes
damaged=$BACKUPS/$(pg-backup newest).$DATABASE.dump
printf x | dd of="$damaged" bs=1 seek=5000 conv=notrunc status=none
must_fail "is damaged: its checksum does not hold; nothing was changed" pg-restore latest --yes
must_fail "the checksums of" pg-backup verify
rm -f "${damaged%%.*}".*
# A name that is taken is not taken again.
set=$(pg-backup newest)
before=$(stat -c %Y "$BACKUPS/$set.sha256")
pg-backup manual "$set" >/dev/null
[[ $(pg-backup newest) != "$set" && $(stat -c %Y "$BACKUPS/$set.sha256") == "$before" ]] || wrong "a backup took another's name"
echo "PASSED"
