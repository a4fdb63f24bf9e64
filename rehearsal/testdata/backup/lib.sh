# What the tests of the backup share; each is sent to the server behind this.
# shellcheck shell=bash
set -euo pipefail
CONTAINER=running_calendar-db
DATABASE=running_calendar_production
BACKUPS=/opt/backups/postgres

psql() { docker exec -i "$CONTAINER" psql -XAtqU postgres -v ON_ERROR_STOP=1 "$@"; }

# contents DATABASE prints everything in it, in an order of its own.
contents() {
    docker exec "$CONTAINER" pg_dump -U postgres --inserts --no-sync "$1" | grep -v '^\\\(un\)\?restrict' | sort
}

wrong() {
    echo "FAILED: $*"
    exit 1
}

# must_fail WORDS COMMAND... runs what has to end in an error that has the words.
must_fail() {
    local words=$1 said
    shift
    if said=$("$@" 2>&1); then wrong "it succeeded: $*: $said"; fi
    [[ $said == *"$words"* ]] || wrong "it did not say \"$words\": $said"
    echo "as wanted: ${said##*$'\n'}"
}

# no_partial fails when something unfinished is listed or left.
no_partial() {
    local set
    for set in $(pg-backup list | awk '/-(daily|manual) / { print $1 }'); do
        (cd "$BACKUPS" && sha256sum --check --quiet "$set.sha256") || wrong "$set is listed and damaged"
    done
    ! pg-backup list | grep 'NOT WHOLE' || wrong "a set is not whole"
}

serves() { [[ $(psql -d "$DATABASE" -c 'select count(*) from runs') == "$1" ]] || wrong "the old database does not serve"; }
