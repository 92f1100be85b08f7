#!/usr/bin/env bash
# Put a backup in the place of the database: restore.sh db-20261122T031700Z.dump [--uploads uploads-....tar] --yes
# The present database is kept under another name until somebody drops it. Browsers are told to start afresh: the
# stream's epoch is raised, because positions of the old history mean nothing in the restored one.
set -euo pipefail
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"
file='' uploads='' sure=no
while [ $# -gt 0 ]; do
    case $1 in
        --yes) sure=yes ;;
        --uploads) uploads=${2:?} && shift ;;
        *) file=$1 ;;
    esac
    shift
done
[ -n "$file" ] || fail "usage: restore.sh FILE [--uploads FILE] --yes; there are: $(ls "$home/backups")"
[ -s "$home/backups/$file" ] || fail "$home/backups/$file is not there"
[ $sure = yes ] || fail "this takes the site down for a while: add --yes"
lock
colour=$(read_state colour)
[ -n "$colour" ] || fail "nothing is in service here: deploy first"
began=$SECONDS
say "stopping everything that writes"
compose stop "backend-$colour" "live-$colour" "${APP_TIERS[@]}" backup
say "restoring $file"
run_once backup restore "$file" || {
    say "nothing was replaced: starting again"
    compose up -d --no-deps --no-recreate "backend-$colour" "live-$colour" "${APP_TIERS[@]}" backup
    fail "the restore"
}
if [ -n "$uploads" ]; then
    say "putting back the files of $uploads"
    run_once --volume "$home/backups:/backups:ro" --volume uploads_data:/data/uploads --entrypoint tar migrate \
        -C /data/uploads -xf "/backups/$uploads" || fail "the files could not be put back"
fi
say "bringing the schema to this release"
run_once migrate || fail "the migration"
compose up -d --no-deps --no-recreate "backend-$colour" "live-$colour" "${APP_TIERS[@]}" backup
wait_healthy 300 "backend-$colour" "live-$colour" "${APP_TIERS[@]}" || fail "not everything came back"
reload_nginx
say "restored after $((SECONDS - began)) s"
