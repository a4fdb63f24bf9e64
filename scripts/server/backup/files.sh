# The app's files: where they lie, and copies of them. Installed as
# /usr/local/lib/rails-on-hetzner/files.sh; sourced after sets.sh, never run.
#
# A set of files is those of one moment, named as the databases' is:
#
#   2026-11-23_030000Z-daily/NAME/...   a volume; or a directory of the server, then NAME is its path
#   2026-11-23_030000Z-daily.list       what is in it (see entries); written last: no set is whole without it
#
# Letters of a NAME other than A-Z a-z 0-9 _ - stand as %XX. A file that is as it
# was in the set before is the same file on the disk, so a day costs what is new.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

SETS=$FILES
LAST=list

# volumes prints what the app's containers write to: NAME, a tab, its directory.
# Not what is only read, has no name (it ends with its container), or is Kamal's
# own, such as assets. Without a container it is what was last found.
volumes() {
    local name path
    local -a containers
    # Before the first deploy there is no Docker either.
    mapfile -t containers < <(docker ps -aq --filter "label=service=$SERVICE" 2>/dev/null || true)
    if ((${#containers[@]} == 0)); then
        cat "$STATE/volumes" 2>/dev/null || true
        return
    fi
    docker inspect -f '{{range .Mounts}}{{if .RW}}{{.Type}} {{.Name}}{{"\t"}}{{.Source}}{{"\n"}}{{end}}{{end}}' "${containers[@]}" | sort -u |
        while IFS=$'\t' read -r name path; do
            case $name in
                "volume "*) name=${name#volume } ;;
                "bind ") name=$path ;;
                *) continue ;;
            esac
            [[ -d $path && ! $name =~ ^[0-9a-f]{64}$ && $path != */.kamal/* && $FILES/ != "${path%/}"/* ]] || continue
            printf '%s\t%s\n' "$(encoded "$name")" "$path"
        done
}

# entries DIRECTORY [PREFIX] prints what is in it, sorted, each ended by a NUL:
# its kind (d, f or l), size, time, rights with owner and group, and path. The size
# and time of a directory are those of what is in it, so they do not count.
entries() {
    local prefix=${2:-}
    prefix=${prefix//%/%%}
    (cd "$1" && find . -mindepth 1 \( -type d -printf "d 0 0 %m:%U:%G $prefix%P\0" \) -o \( -type f -o -type l \) -printf "%y %s %T@ %m:%U:%G $prefix%P\0") | sort -z
}

# paths takes the paths of entries; bytes_in adds up their sizes, files_in counts
# those that are no directories.
paths() { sed -z 's/^[^ ]* [^ ]* [^ ]* [^ ]* //'; }
bytes_in() { tr '\n\0' ' \n' | awk '{ size += $2 } END { printf "%.0f", size }'; }
files_in() { grep -zvc '^d ' || true; }

# sqlite_in DIRECTORY prints the paths of the SQLite databases in it, each ended
# by a NUL. They are known by their names, or by the log of one that is in use.
sqlite_in() {
    local path
    (
        cd "$1" || exit
        {
            find . -type f -size +0 \( -name '*.sqlite3' -o -name '*.sqlite' -o -name '*.db' \) -printf '%P\0'
            find . -type f -name '*-wal' -printf '%P\0' | sed -z 's/-wal$//'
        } | sort -zu | while IFS= read -r -d '' path; do
            [[ $(head -c 15 -- "$path" 2>/dev/null | tr '\0' ' ') != 'SQLite format 3' ]] || printf '%s\0' "$path"
        done
    )
}

# without LIST prints rsync's patterns that leave out the SQLite databases of a
# list, and what belongs to them.
without() {
    local path
    while IFS= read -r -d '' path; do
        [[ $path != *[*?[]* ]] || path=$(sed -z 's/[][*?\\]/\\&/g' <<<"$path" | tr -d '\n')
        printf '/%s\0' "$path" "$path-wal" "$path-shm" "$path-journal"
    done <"$1"
}

# sqlite_copy FROM TO copies a database through SQLite's online backup, in one
# step, so that writers cannot make it begin again: https://sqlite.org/backup.html.
# TO may be in use as well: whoever reads it sees the old one or the new. A copy
# that nobody writes to is named copy:PATH, and read without files beside it.
sqlite_copy() {
    python3 - "$1" "$2" <<'PYTHON'
import sqlite3, sys, urllib.parse

def connect(path, mode):
    mode = "mode=" + mode if path.startswith("/") else "immutable=1"
    return sqlite3.connect("file:" + urllib.parse.quote(path.removeprefix("copy:")) + "?" + mode, uri=True, timeout=60)

try:
    source, target = connect(sys.argv[1], "rw"), connect(sys.argv[2], "rwc")
    source.backup(target)
    target.close()
    source.close()
except sqlite3.Error as error:
    sys.exit(str(error))
PYTHON
}

# sqlite_is_sound PATH reads a copy from its beginning to its end.
sqlite_is_sound() {
    python3 - "$1" <<'PYTHON'
import sqlite3, sys, urllib.parse
try:
    database = sqlite3.connect("file:" + urllib.parse.quote(sys.argv[1]) + "?immutable=1", uri=True)
    said = [row[0] for row in database.execute("pragma quick_check(1)")]
except sqlite3.Error as error:
    said = [str(error)]
sys.exit(None if said == ["ok"] else said[0])
PYTHON
}

# all_sound DIRECTORY tells whether the SQLite databases among these copies are:
# SOUND counts them, UNSOUND is the first that is not.
all_sound() {
    local database
    SOUND=0 UNSOUND=''
    while IFS= read -r -d '' database; do
        if ! sqlite_is_sound "$1/$database"; then
            UNSOUND=$database
            return 1
        fi
        SOUND=$((SOUND + 1))
    done < <(sqlite_in "$1")
}

# remove_set deletes the list first, so that a half-deleted set is not taken for
# a whole one.
remove_set() {
    rm -f -- "$FILES/$1.list"
    rm -rf -- "${FILES:?}/$1"
}

# move_in DIRECTORY SET moves a set and its list, DIRECTORY.list, among the others;
# the list comes last.
move_in() {
    sync -f "$FILES"
    mv -T -- "$1" "$FILES/$2"
    mv -- "$1.list" "$FILES/$2.list"
    sync -- "$FILES"
}
