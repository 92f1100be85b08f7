#!/usr/bin/env bash
# Say how the run ended and which release answers: notify.sh URL. Exits 1 when that is not the one that was deployed.
set -euo pipefail
url=${1:?}
code=0
health=$(bash "$(dirname "$0")/wait-health.sh" "$url" "${VERSION:-none}" "${NOTIFY_SECONDS:-60}" 2>&1) || code=1
text="CityPulse ${VERSION:-unknown}: ${RESULTS:-no results}. $health ${RUN_URL:-}"
echo "$text"
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || printf '%s\n' "$text" >>"$GITHUB_STEP_SUMMARY"
if [ -n "${NOTIFY_WEBHOOK:-}" ]; then
    jq -n --arg text "$text" '{text: $text}' |
        curl --silent --show-error --fail --max-time 15 -H 'Content-Type: application/json' --data @- "$NOTIFY_WEBHOOK" >/dev/null ||
        echo "the message could not be delivered" >&2
fi
exit $code
