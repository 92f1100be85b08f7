#!/usr/bin/env bash
# Wait until a site says it is well and is this release: wait-health.sh URL VERSION SECONDS
set -euo pipefail
url=${1:?} version=${2:?} limit=${3:-300}
deadline=$((SECONDS + limit))
while :; do
    said=$(curl --silent --show-error --fail --max-time 10 "$url/health" 2>&1 || true)
    if [[ $said == *'"status"'*'"ok"'* && $said == *"\"$version\""* ]]; then
        echo "$version answers after $SECONDS s"
        exit 0
    fi
    [ $SECONDS -lt $deadline ] || break
    sleep "${POLL_SECONDS:-5}"
done
echo "$url/health did not answer as $version within $limit s; the last word: ${said:0:300}" >&2
exit 1
