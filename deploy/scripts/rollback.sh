#!/usr/bin/env bash
# Go back to the release before, or to a named one that is still here: rollback.sh [v1.2.2]
# It is a deployment like any other, blue beside green, but without a migration: the schema only ever grows.
set -euo pipefail
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"
version=${1:-$(read_state previous)}
[ -n "$version" ] || fail "no release before this one is known: rollback.sh VERSION"
[ -d "$home/releases/$version" ] || fail "$version is not here; there are: $(ls "$home/releases")"
say "rolling back from $(read_state version) to $version"
MIGRATE=no PULL=${PULL:-no} exec bash "$home/releases/$version/scripts/deploy.sh" "$version"
