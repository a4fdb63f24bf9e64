# The databases' dumps: the files of a set, and how they are made. Installed as
# /usr/local/lib/rails-on-hetzner/dumps.sh; sourced after sets.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

# dump_set DIRECTORY SET [DATABASE...] makes the files of a set there, which is
# not one until move_in: of these databases and the roles.
dump_set() {
    local directory=$1 set=$2
    shift 2
    dump_roles "$directory/$set.roles.sql"
    find_compression
    manifest "$@" >"$directory/$set.manifest" || fail "the sizes of the databases could not be read"
    watched "$directory" dump_all "$directory/$set" "$@" || fail "$WHY${DISK_FULL:+: the disk was about to be full}"
    (cd "$directory" && sha256sum -- "$set".* >"$set.sums" && mv "$set.sums" "$set.sha256")
}

dump_roles() {
    in_container pg_dumpall --globals-only >"$1" || fail "the roles could not be read"
    grep -q 'PostgreSQL database cluster dump complete' "$1" || fail "the list of roles is cut short"
}

# find_compression takes zstd where pg_dump has it (PostgreSQL 16 and later):
# four times as fast as gzip, and smaller. See docs/performance.md.
find_compression() {
    COMPRESS=zstd:1
    in_container pg_dump -Fc --compress="$COMPRESS" --schema-only template1 >/dev/null 2>&1 || COMPRESS=1
}

# dump_all PATH DATABASE... makes PATH.DATABASE.dump of each. Where one cannot be
# made, WHY tells.
dump_all() {
    local path=$1 database
    shift
    for database in "$@"; do
        dump "$database" "$path.$(encoded "$database").dump" || return
    done
}

dump() {
    local database=$1 file=$2 tries
    WHY="pg_dump of \"$database\" ended with an error"
    for tries in {1..3}; do
        in_container pg_dump -Fc --compress="$COMPRESS" -d "$(in_dsn "$database")" >"$file" || return
        # On a busy machine docker exec was seen to lose the end of what it carries.
        ! checked_archive "$file" || return 0
    done
    WHY="the dump of \"$database\" cannot be read back, after $tries tries"
    return 1
}

# remove_set deletes the checksums first, so that a half-deleted set is not
# taken for a whole one.
remove_set() {
    rm -f -- "$BACKUPS/$1.sha256"
    rm -f -- "$BACKUPS/$1".* "$STATE"/offsite/*/"$1"
}

# files_of SET [DIRECTORY] prints the names of its files but for the checksums.
files_of() { sed 's/^[0-9a-f]* [ *]//' "${2:-$BACKUPS}/$1.sha256"; }

# move_in DIRECTORY SET moves a set among the others. The checksums come last:
# until they are there, nothing lists it.
move_in() {
    local -a files
    (
        cd "$1" || exit
        mapfile -t files < <(files_of "$2" .)
        sync -- "${files[@]}" "$2.sha256"
        mv -- "${files[@]}" "$BACKUPS"
        sync -- "$BACKUPS"
        mv -- "$2.sha256" "$BACKUPS/$2.sha256"
        sync -- "$BACKUPS"
    )
}

# is_whole SET tells whether every file of it is there, in its full size.
is_whole() {
    local name size
    [[ -e $BACKUPS/$1.sha256 ]] || return 1
    while read -r _ name; do
        size=$(stat -c %s "$BACKUPS/$name" 2>/dev/null) || return 1
        ((size > 0)) || return 1
    done <"$BACKUPS/$1.sha256"
}

# dumps SET prints the paths of its databases.
dumps() {
    local name
    while read -r _ name; do
        [[ $name != *.dump ]] || printf '%s\n' "$BACKUPS/$name"
    done <"$BACKUPS/$1.sha256"
}

# manifest DATABASE... prints a line of each: what a restore of it will need.
manifest() {
    local database
    local -a statements=()
    for database in "$@"; do
        # \connect takes what is in double quotes as it is, but for doubled ones, as SQL does a name.
        statements+=("\\connect -reuse-previous=on $(ident "$(in_dsn "$database")")"
        "select '$(encoded "$database") ' || pg_database_size(current_database()) || ' ' || coalesce(max(pg_table_size(oid)), 0) from pg_class where relkind in ('r', 'm')")
    done
    sql postgres "${statements[@]}"
}

# noted DUMP prints the size of the database and of its largest table, as they
# were when it was dumped; nothing for sets of a time when this was not noted.
noted() {
    local name=${1##*/} database sizes
    local manifest=${1%/*}/${name%%.*}.manifest
    [[ -e $manifest ]] || return 0
    name=${name#*.}
    while read -r database sizes; do
        [[ $database != "${name%.dump}" ]] || printf '%s' "$sizes"
    done <"$manifest"
}

# size_restored DUMP prints the bytes that its database will take. Where nobody
# noted them, archives are taken to be packed ten to one.
size_restored() {
    local size
    read -r size _ < <(noted "$1" && echo) || true
    printf '%s' "${size:-$(($(stat -c %s "$1") * 10))}"
}

size_of() { (cd "$BACKUPS" && du -cb -- "$1".* | tail -n 1 | cut -f 1); }

database_of() {
    local file=${1##*/}
    file=${file#*.}
    decoded "${file%.dump}"
}

# checked_archive FILE tells whether pg_dump's custom format is there from its
# table of contents, at the beginning, to the zero that closes the last table's
# data, at the very end. That it can be restored is for `pg-backup verify`.
checked_archive() {
    local contents
    contents=$(in_container -i pg_restore -l <"$1") || return 1
    [[ $contents != *' TABLE DATA '* && $contents != *' BLOBS '* && $contents != *' BLOB DATA '* ]] ||
        [[ $(tail -c 5 "$1" | od -An -tx1) == ' 00 00 00 00 00' ]]
}
