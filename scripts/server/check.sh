# Only looks: the state in effect, the files, the backups.
# shellcheck shell=bash disable=SC2154 # common.sh and verify.sh stand in front

main() {
    verify_effect
    verify_files
    pg-backup list
}

main </dev/null
