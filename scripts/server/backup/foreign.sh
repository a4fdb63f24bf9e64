# Dumps from elsewhere: what is in them, and how it gets into a scratch database.
# Installed as /usr/local/lib/rails-on-hetzner/foreign.sh; sourced after
# verify.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

LOADER=rails_on_hetzner_loader # the passing superuser whose everything is at first

# unpacked passes standard input on, without gzip or zstd, however often packed.
unpacked() {
    local head
    head=$(head -c 4 | base64)
    case $(base64 -d <<<"$head" | od -An -tx1) in
        ' 1f 8b'*) packed "$head" | gzip -dc | unpacked ;;
        ' 28 b5 2f fd'*) packed "$head" | zstd -dc | unpacked ;;
        *) packed "$head" ;;
    esac
}
packed() { base64 -d <<<"$1" && cat; }

# take_inside BYTES puts what comes on standard input next to PostgreSQL, unpacked,
# as far as there is room. Where a connection breaks, standard input ends as if all
# had come; only who knows how many bytes there are (else empty) can tell.
take_inside() {
    local file room telling came status=0
    file=$(inside_path "$INSIDE")
    room=$(spare "${file%/*}")
    ((room > 0)) || room=0
    # To a sleep that is left over, who waits for the end of our output would wait.
    (while sleep 10 >/dev/null 2>&1; do say "received: $(human "$(stat -c %s "$file")")"; done) 9>&- &
    telling=$!
    dd bs=64k 2>"$STATE/.came" | unpacked | head -c "$((room + 1))" >"$file" || status=$?
    kill "$telling"
    wait "$telling" 2>/dev/null || true
    (($(stat -c %s "$file") <= room)) || fail "the disk is too full for it: unpacked it is larger than the $(human "$room") that are free; nothing was changed$(what_is_kept)"
    # 127: there is no such command.
    ((status != 127)) || fail "it is packed by zstd, which this server does not have; install it: scripts/ssh apt-get install -y zstd"
    came=$(awk '/ copied/ { print $1 }' "$STATE/.came")
    [[ -z $1 || $came == "$1" ]] || fail "of $1 bytes only $came came: the connection broke; nothing was changed"
    ((status == 0)) || fail "what came is damaged or was cut short; nothing was changed"
    [[ -s $file ]] || fail "what came is empty; nothing was changed"
}

# kind_of FILE prints what it is: archive, tar or sql.
kind_of() {
    if [[ $(head -c 5 "$1" | tr -d '\0') == PGDMP ]]; then
        echo archive
    elif [[ $(tail -c +258 "$1" | head -c 5 | tr -d '\0') == ustar ]]; then
        echo tar
    else
        echo sql
    fi
}

# opened DATABASE makes of a tar archive inside the directory in it that pg_dump
# made, and sets ARCHIVE. pg_dump's own tar archives are read as they are.
opened() {
    local file directory name
    local -a found=()
    file=$(inside_path "$INSIDE")
    directory=$file.d
    (($(spare "${file%/*}") > $(stat -c %s "$file"))) || fail "the disk is too full to open it; nothing was changed$(what_is_kept)"
    mkdir "$directory"
    tar -x --no-same-owner -C "$directory" -f "$file" || fail "the tar archive is damaged or was cut short; nothing was changed"
    if [[ -e $directory/restore.sql ]]; then
        rm -r "$directory"
        ARCHIVE=$INSIDE JOBS=1 # pg_restore reads these in one go only
        return
    fi
    while IFS= read -r name; do
        name=${name%/toc.dat}
        [[ -n $1 && ${name##*/} != "$1" ]] || found+=("$name")
    done < <(find "$directory" -name toc.dat)
    ((${#found[@]} == 1)) || fail "in the tar archive there are ${#found[@]} dumps${1:+ named \"$1\"} instead of one; name the one with --database: $(cd "$directory" && find . -name toc.dat -printf '%h ')"
    rm "$file"
    ARCHIVE=$INSIDE.d${found[0]#"$directory"}
}

# run_apart DATABASE runs the SQL inside in a PostgreSQL of its own and makes an
# archive of what comes of it. SQL may connect to other databases, and says who
# owns what; here it can do no harm, and what it says of roles that are nowhere
# does not matter.
run_apart() {
    local sql errors=$STATE/.apart name pid
    sql=$(inside_path "$INSIDE")
    [[ $(head -n 5 "$sql" | tr -d '\0') != *'PostgreSQL database '*dump* || $(tail -n 8 "$sql" | tr -d '\0') == *' dump complete'* ]] ||
        fail "the dump is cut short: it does not end with \"dump complete\"; nothing was changed"
    start_apart
    # Statements that fail are printed too: by them one knows what a failure means.
    sparing "$(data_path)" docker exec -i "$APART" psql -XqbU postgres -d postgres -v VERBOSITY=verbose -o /dev/null -f - <"$sql" 2>"$errors" || {
        [[ -z $DISK_FULL ]] || fail "the disk was about to be full; the databases are as they were$(what_is_kept)"
        fail "it cannot be run: $(tail -n 1 "$errors")"
    }
    matters <"$errors" >"$errors.matters"
    [[ ! -s $errors.matters ]] || fail "not all of it can be run; the databases are as they were; PostgreSQL says: $(head -n 5 "$errors.matters")"
    name=$(the_one "$1")
    pid=$(docker inspect -f '{{.State.Pid}}' "$APART")
    docker exec "$APART" pg_dump -Fc -Z1 -U postgres -f /tmp/taken.dump -d "$(in_dsn "$name")"
    rm "$sql"
    cp "/proc/$pid/root/tmp/taken.dump" "$(inside_path "$INSIDE")"
    end_apart
}

# matters reads psql's errors, each with its statement, and prints those that are
# of consequence. Owners and rights are given anew; a setting that a newer pg_dump
# makes, and what every cluster has from the beginning, do not matter.
matters() {
    awk '
        function judge() {
            if (error == "") return
            if (error ~ / 42704: role / && statement ~ /(OWNER TO|^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) )/) return
            if (error ~ / 42704: unrecognized configuration parameter / && statement ~ /^SET /) return
            if (error ~ / 42710: role / || error ~ / 42P06: schema "public" / || error ~ / 42P04: database "(postgres|template1)" /) return
            print error
        }
        { split($0, part, ":") }
        sub(/^psql:<stdin>:[0-9]+: /, "") {
            if (reading = sub(/^STATEMENT:  /, "")) { statement = $0; next }
            judge()
            error = /^(ERROR|FATAL|PANIC):  / ? "line " part[3] ": " $0 : ""
            statement = ""
            next
        }
        reading { statement = statement "\n" $0 }
        END { judge() }'
}

# the_one DATABASE prints the name of the database that the SQL made: the one
# with tables other than those of extensions, or the one that is wanted.
the_one() {
    local name
    local -a found=()
    while IFS= read -r name; do
        if [[ -n $1 ]]; then
            [[ $name != "$1" ]] || found+=("$name")
        elif [[ $(sql_apart "$name" "select exists (select from $USER_TABLES and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e'))") == t ]]; then
            found+=("$name")
        fi
    done < <(sql_apart postgres 'select datname from pg_database where datallowconn and not datistemplate order by 1')
    ((${#found[@]} > 0)) || fail "there is no ${1:-table} in it; nothing was changed"
    ((${#found[@]} == 1)) || fail "there are several databases in it: ${found[*]}; name the one with --database; nothing was changed"
    printf '%s' "${found[0]}"
}

# read_url reads an address from standard input, and keeps its password apart:
# the address may be seen by whoever looks at the processes.
read_url() {
    local user password
    IFS= read -r URL || [[ -n $URL ]] || fail "no address came on standard input"
    [[ $URL =~ ^postgres(ql)?://([^/@]*@)?[^/@?]+(/[^@?]*)?(\?.*)?$ && $URL != *\?*password=* ]] || fail "the address is not accepted, accepted is postgres://USER:PASSWORD@HOST:PORT/DATABASE, with what is special in the password as %XX"
    user=${BASH_REMATCH[2]%@}
    password=${user#*:}
    [[ $user == *:* ]] || password=''
    URL=${URL/"$user"/"${user%%:*}"}
    URL_PASSWORD=$(decoded "$password")
}

# from_url SCRIPT [ARGUMENT...] runs a shell next to PostgreSQL where libpq finds
# the password; no option of ours goes to the other server, as poolers refuse them.
from_url() {
    PGPASSWORD=$URL_PASSWORD docker exec -e PGPASSWORD -e PGCONNECT_TIMEOUT=15 "$CONTAINER" sh -c "$@"
}

# stream URL DATABASE fills a scratch database straight from the other server.
stream() {
    # shellcheck disable=SC2016 # for the shell inside
    from_url '
        { pg_dump -Fc -Z0 --no-owner --no-privileges -d "$1" || touch "$0.cut"; } |
            PGUSER=$3 PGAPPNAME=$4 PGOPTIONS="-c synchronous_commit=off" PGPASSWORD= pg_restore --exit-on-error --no-owner --no-privileges --role="$5" -d "$2" &&
            test ! -e "$0.cut"' "$INSIDE" "$1" "$(in_dsn "$2")" "$SUPERUSER" "$OUR_SESSIONS" "$LOADER"
}
