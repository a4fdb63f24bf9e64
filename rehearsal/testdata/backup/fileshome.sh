# shellcheck shell=bash
# A backup is fetched, and brings back an upload that the server has lost, with
# all its backups.
set -euo pipefail
upload=/var/lib/docker/volumes/running_calendar_storage/_data/upload
scripts/backup
scripts/backups-fetch home
scripts/ssh sh -c "rm -r $upload /opt/backups/files/* /opt/backups/postgres/*"
tar -c -C home . | scripts/backup receive
newest=$(scripts/backup newest)
scripts/restore "$newest" --yes
[[ $(scripts/ssh cat $upload) == "an upload" ]]
rm -r home
echo PASSED
