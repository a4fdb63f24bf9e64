# How much was lost with the server: the age, at its loss, of the oldest
# transaction that is missing. Less than a minute of what was committed.
lost=$(</root/lost)
for client in 1 2; do
    psql -d "$DATABASE" -c "select id from ledger where client = $client" >"$LEDGER.there"
    awk -v lost="$lost" -v client="$client" '
        NR == FNR { there[$1] = 1; next }
        $2 <= lost { all++; if (!($3 in there)) { missing++; if (!oldest) oldest = $2 } else if (oldest) { print "FAILED: " $3 " is there, and an earlier one is not"; exit 1 } }
        END {
            seconds = oldest ? (lost - oldest) / 1e6 : 0
            printf "client %d: of %d transactions %d were lost, those of the last %.1f s\n", client, all, missing, seconds
            if (!all || seconds >= 60) { print "FAILED"; exit 1 }
        }' "$LEDGER.there" "$LEDGER.$client"
done
the_log_is_followed # that of the new database
[[ $(find "$BACKUPS/wal" -mindepth 1 -maxdepth 1 | wc -l) == 2 ]] || wrong "there are not the old log and the new: $(ls "$BACKUPS/wal")"
echo "PASSED"
