# The container is stopped in the middle of a dump, and then is gone.
psql -d "$DATABASE" -c "drop table if exists big" -c "create table big as select md5(random()::text) || md5(random()::text) as a from generate_series(1, 3000000)"
count=$(pg-backup list | wc -l)
trap 'docker start "$CONTAINER" >/dev/null' EXIT # for those who come after
(sleep 1.5 && docker stop -t 0 "$CONTAINER" >/dev/null) &
must_fail "failed:" pg-backup
wait
[[ $(pg-backup list | wc -l) == "$count" ]] || wrong "a broken backup is listed"
must_fail "is exited, not running; start it from the app with: kamal accessory start db" pg-backup
docker rename "$CONTAINER" elsewhere
must_fail "is gone; bring it back from the app with: kamal accessory boot db" pg-backup
docker rename elsewhere "$CONTAINER"
docker start "$CONTAINER" >/dev/null
pg-backup >/dev/null # waits until it answers
psql -d "$DATABASE" -c "drop table big"
echo "PASSED"
