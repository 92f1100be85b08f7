#!/usr/bin/env bash
# Back up now: dump, restore into a scratch database, compare, keep. backup.sh [LABEL]
# The container `backup` does the same every night. Off this host: put a program at $CITYPULSE_HOME/hooks/after-backup
# (restic, rclone); it is called with the folder of the backups and must exit 0.
set -euo pipefail
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"
run_once backup once "${1:-by-hand}" || fail "the backup"
if [ -x "$home/hooks/after-backup" ]; then
    "$home/hooks/after-backup" "$home/backups" || fail "the backup is here but was not copied off this host"
fi
