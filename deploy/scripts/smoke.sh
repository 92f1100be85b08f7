#!/usr/bin/env bash
# Ask a site from outside whether it works: smoke.sh https://city-pulse.app [VERSION]
# SMOKE_CONNECT=[address:]port asks this host instead of the one DNS names; SMOKE_CA=file trusts another authority;
# SMOKE_INSECURE=yes does not check the certificate (before there is one).
set -euo pipefail
url=${1:?usage: smoke.sh URL [VERSION]}
version=${2:-}
host=${url#https://}
options=(--silent --show-error --max-time 15 --retry 2 --retry-delay 1)
if [ -n "${SMOKE_CONNECT:-}" ]; then
    case $SMOKE_CONNECT in *:*) to=$SMOKE_CONNECT ;; *) to=127.0.0.1:$SMOKE_CONNECT ;; esac
    options+=(--connect-to "$host:443:$to")
fi
[ -z "${SMOKE_CA:-}" ] || options+=(--cacert "$SMOKE_CA")
[ -z "${SMOKE_INSECURE:-}" ] || options+=(--insecure)
failed=0

check() { # name, expected, found
    # shellcheck disable=SC2053  # the expectation is a pattern
    if [[ $3 == $2 ]]; then
        echo "  ok   $1"
    else
        echo "  FAIL $1: expected $2, found ${3:0:200}"
        failed=1
    fi
}
status() { curl "${options[@]}" --output /dev/null --write-out '%{http_code}' "$@" 2>&1 || true; }
body() { curl "${options[@]}" --fail "$@" 2>&1 || true; }

health=$(body "$url/health")
check "health" '*"status"*"ok"*' "$health"
[ -z "$version" ] || check "release $version answers" "*\"version\"*\"$version\"*" "$health"
check "page" '*<div id="root">*' "$(body "$url/")"
check "a route of the page" 200 "$(status "$url/reports")"
check "page settings" '*"city"*' "$(body "$url/config.json")"
check "API" '*"items"*' "$(body "$url/api/v1/cities")"
check "API description" 200 "$(status "$url/api/openapi.json")"
check "an unknown address of the API is a problem" 404 "$(status "$url/api/v1/no-such-thing")"
check "WebSocket" 101 "$(status --http1.1 --max-time 2 --retry 0 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
    -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: Y2l0eXB1bHNlLXNtb2tlMA==' -H "Origin: $url" "$url/ws" | grep -o '101' | head -n 1)"
check "Flower is closed to strangers" '40[13]' "$(status "$url/flower/")"
check "metrics are closed to strangers" '40[13]' "$(status "$url/metrics")"
check "HTTPS is insisted upon" '*[Ss]trict-[Tt]ransport-[Ss]ecurity: max-age=*' "$(curl "${options[@]}" --head "$url/health" 2>&1 || true)"
exit $failed
