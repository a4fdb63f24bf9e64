# What the tests of the backup share; each is sent to the server behind this.
# shellcheck shell=bash
set -euo pipefail
umask 077
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

# answers waits until PostgreSQL does; while an image sets a database up, a
# passing server answers on the local socket only.
answers() {
    local tries
    for tries in {1..60}; do
        ! docker exec "$CONTAINER" pg_isready -q -h 127.0.0.1 || return 0
        sleep 0.5
    done
    wrong "PostgreSQL does not answer after $tries tries: $(docker logs --tail 5 "$CONTAINER" 2>&1)"
}

# like SET NAME makes a copy of a set under another name.
like() {
    local file
    for file in "$BACKUPS/$1".*; do
        [[ $file == *.sha256 ]] || cp "$file" "$BACKUPS/$2${file#"$BACKUPS/$1"}"
    done
    (cd "$BACKUPS" && sha256sum -- "$2".* >/root/sums && mv /root/sums "$2.sha256")
}

# drop_kept drops what restores kept.
drop_kept() {
    local kept
    while IFS= read -r kept; do
        psql -d postgres -c "drop database \"${kept//\"/\"\"}\"" </dev/null
    done < <(psql -d postgres -c "select datname from pg_database where datname ~ '_before_restore'")
}
