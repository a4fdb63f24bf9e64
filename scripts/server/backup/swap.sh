# The swap: filled scratch databases take the names of the ones that serve, all
# of them or none. Installed as /usr/local/lib/rails-on-hetzner/swap.sh; sourced
# after scratch.sh, never run.
# shellcheck shell=bash disable=SC2154 # shared.sh reads the settings

# What is swapped in: arrays in step with SCRATCH.
NAMES=()      # what the databases shall be called
PROPERTIES=() # the SQL of what belongs to a database's name
KEPT=()       # what is there now will be called; empty where nothing is

# agreed_to_swap SURE asks, unless the caller is sure.
agreed_to_swap() { agreed "$1" "What is in these databases now is replaced (and kept as NAME${OLD_SUFFIX}_TIME)"; }

# what_is_kept tells what earlier restores left, where the disk is too full.
what_is_kept() {
    local kept
    kept=$(sql postgres "select string_agg(format('%s (%s)', datname, pg_size_pretty(pg_database_size(oid))), ', ' order by datname) from pg_database where datname ~ '$OLD_PATTERN'")
    printf '%s' "${kept:+; of earlier restores there are kept: $kept}"
}

# properties prints the SQL of what belongs to the database's name in the archive
# inside: owner, settings, comment, rights.
properties() {
    described 'DATABASE |ACL - DATABASE |COMMENT - DATABASE ' | sed -E '/^(CREATE DATABASE|\\connect|\\(un)?restrict) /d'
}

# swap renames all in one transaction. A renamed database is locked: new
# connections wait for it, and the open ones are ended meanwhile.
swap() {
    local errors=$STATE/.renaming names='' name tries renaming
    names_for_the_old
    for name in "${NAMES[@]}"; do names+=", $(literal "$name")"; done
    for tries in {1..5}; do
        renames | in_container -i psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -d "$(anywhere)" -o /dev/null 2>"$errors" 9>&- &
        renaming=$!
        while kill -0 "$renaming" 2>/dev/null; do
            sql "$(anywhere)" "select pg_terminate_backend(pid) from pg_stat_activity where datname in (${names#, })" >/dev/null
            sleep 0.1
        done
        if wait "$renaming"; then
            SCRATCH=()
            return
        fi
        # 55006: somebody is in it.
        [[ $(<"$errors") == *' 55006: '* ]] || break
    done
    fail "the databases are as they were; after $tries tries PostgreSQL says: $(grep -m 1 -E 'ERROR|FATAL' "$errors" || tail -n 1 "$errors")"
}

# names_for_the_old: never one that is taken, so nothing is ever dropped.
names_for_the_old() {
    local name now
    now=$(date -u +%Y%m%d_%H%M%S)
    for name in "${NAMES[@]}"; do
        while exists "$(passing_name "$name" "${OLD_SUFFIX}_$now")"; do
            sleep 1
            now=$(date -u +%Y%m%d_%H%M%S)
        done
        KEPT+=("$(if exists "$name"; then passing_name "$name" "${OLD_SUFFIX}_$now"; fi)")
    done
}

renames() {
    local i
    echo 'begin;'
    for i in "${!NAMES[@]}"; do
        [[ -z ${KEPT[i]} ]] || echo "alter database $(ident "${NAMES[i]}") rename to $(ident "${KEPT[i]}");"
    done
    for i in "${!NAMES[@]}"; do
        echo "comment on database $(ident "${SCRATCH[i]}") is null;"
        echo "alter database $(ident "${SCRATCH[i]}") rename to $(ident "${NAMES[i]}");"
        # An archive sets its own encoding, for one.
        [[ -z ${PROPERTIES[i]} ]] || printf '%s\nreset all;\n' "${PROPERTIES[i]}"
    done
    echo 'commit;'
    echo '\q' # docker exec was seen to lose the end of its input
}

# anywhere is a database to stand in while others are renamed.
anywhere() {
    local name
    for name in "${NAMES[@]}"; do
        if [[ $name == postgres ]]; then
            printf template1
            return
        fi
    done
    printf postgres
}

# tell_kept I tells where the former database of that name is.
tell_kept() {
    [[ -n ${KEPT[$1]} ]] || return 0
    say "  what was there before is kept as \"${KEPT[$1]}\"; drop it with: docker exec $CONTAINER dropdb -U $SUPERUSER $(printf %q "${KEPT[$1]}")"
}
