# Files that were on a laptop come back as root's, for nobody else to read.
pg-backup >/dev/null
set=$(pg-backup newest)
rm -rf /root/laptop
mkdir /root/laptop
pg-backup send "$set" | tar -x -C /root/laptop
touch /root/laptop/.DS_Store "/root/laptop/._$set.sha256"
mkdir -m 777 /root/laptop/old
chown -R 1000:1000 /root/laptop
chmod 755 /root/laptop
chmod 644 /root/laptop/*.*
before=$(pg-backup list)
rm "$BACKUPS/$set".*
tar -c -C /root/laptop . | pg-backup receive
[[ $(pg-backup list) == "$before" ]] || wrong "it is not what it was: $(pg-backup list)"
alien=$(find "$BACKUPS" \( ! -user root -o -perm /077 \) -printf '%M %u %p ')
[[ -z $alien ]] || wrong "others own or read these: $alien"
[[ -z $(find "$BACKUPS" -mindepth 1 -name '.*' -o -name old) ]] || wrong "what is no backup came too: $(ls -A "$BACKUPS")"
[[ $(tar -c -C /root/laptop . | pg-backup receive) == "is here already: $set" ]] || wrong "a second time"
# Cut short, or damaged: nothing of it is here.
rm "$BACKUPS/$set".*
must_fail "nothing was changed" pg-backup receive < <(tar -c -C /root/laptop "./$set.roles.sql" . | head -c 700) # within that file
printf x | dd of="/root/laptop/$set.$DATABASE.dump" bs=1 seek=3000 conv=notrunc status=none
must_fail "is damaged" pg-backup receive < <(tar -c -C /root/laptop .)
must_fail "nothing was changed" pg-backup receive < <(tar -c -C /etc hostname)
[[ -z $(find "$BACKUPS" -name "$set*" -o -name '.partial*') ]] || wrong "something of it is left: $(ls -A "$BACKUPS")"
echo "PASSED"
