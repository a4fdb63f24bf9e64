# What the scripts beside this one know of the stack: its outputs, and its servers.
# Sourced, never run; whoever does has a function fail.
# shellcheck shell=bash

SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# know_stack asks pulumi for what is needed here, once: it takes a second or two, and
# the scripts that are called from here on get it from this one.
know_stack() {
    local outputs
    [ -z "${RAILS_ON_HETZNER_OUTPUTS:-}" ] || return 0
    outputs=$(cd "$SCRIPTS/.." && pulumi stack output --json) || fail "the stack cannot be asked, see above; has pulumi up run, and is the right stack selected?"
    # --json has them a line each, and those of a map too. None that is needed here is secret.
    RAILS_ON_HETZNER_OUTPUTS=$(printf '%s\n' "$outputs" | sed -nE '/^ *"(ssh|sshHostKey|filesBackup)": /p; /^ *"servers": \{$/,/^ *\}/p')
    [ -n "$(output ssh)" ] || fail "the stack has no output ssh; has pulumi up run, and is the right stack selected?"
    export RAILS_ON_HETZNER_OUTPUTS
}

# output NAME prints one of them; a line break in it is written \n.
output() { printf '%b' "$(printf '%s\n' "$RAILS_ON_HETZNER_OUTPUTS" | sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p")"; }

# servers prints NAME ADDRESS of each, a line each. A stack of one server has no
# output of that name, and the one is web-1.
servers() {
    local several one
    several=$(printf '%s\n' "$RAILS_ON_HETZNER_OUTPUTS" | sed -nE '/^ *"servers": \{$/,/^ *\}/s/^ *"([^"]+)": "([^"]+)",?$/\1 \2/p')
    one=$(output ssh)
    printf '%s\n' "${several:-web-1 ${one#*@}}"
}

# address_of NAME prints where a server is, or nothing: there is none. The database is
# on web-1 where it has no server of its own.
address_of() {
    local name=$1 all
    all=$(servers)
    case $'\n'$all in
        *$'\n'"$name "*) ;;
        *) [ "$name" != database ] || name=web-1 ;;
    esac
    printf '%s\n' "$all" | sed -n "s/^$name //p"
}

# files_apart tells whether the app's files are backed up on web-1, and its databases on
# another server.
files_apart() { [ -n "$(output filesBackup)" ]; }

# hand DIRECTORY COMMAND... gives what was fetched to DIRECTORY to the command on the
# server that it is for, as a tar archive.
hand() {
    local directory=$1 name of_files=() of_databases=()
    shift
    if files_apart; then
        for name in "$directory"/*; do
            name=${name##*/}
            case $name in
                files | *.files.archives | *.files.list.zst | *.files-*.tar.zst) of_files+=("$name") ;;
                *) of_databases+=("$name") ;;
            esac
        done
    else
        of_databases=(.)
    fi
    [ ${#of_databases[@]} -eq 0 ] || COPYFILE_DISABLE=1 tar -c -C "$directory" "${of_databases[@]}" | "$SCRIPTS/ssh" database "$@"
    [ ${#of_files[@]} -eq 0 ] || COPYFILE_DISABLE=1 tar -c -C "$directory" "${of_files[@]}" | "$SCRIPTS/ssh" web-1 "$@"
}
