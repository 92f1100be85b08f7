#!/bin/sh
# Runs in the `certbot` container (POSIX sh): loop | once. Asks Let's Encrypt for a certificate, then keeps it fresh.
# nginx serves the challenge and notices a new certificate itself (deploy/docker/nginx/entrypoint.sh).
set -eu
umask 077
CONFIG=${LETSENCRYPT_DIR:-/etc/letsencrypt}
WEBROOT=${WEBROOT_DIR:-/var/www/certbot}
WORK=${CERTBOT_WORK:-/tmp}
NAME=${CERT_NAME:-city-pulse.app}

say() { printf '{"service":"certbot","event":"%s"}\n' "$*"; }

run_certbot() {
    # Without a terminal certbot would sleep up to eight minutes before it renews; the loop has its own pauses.
    certbot "$@" --non-interactive --config-dir "$CONFIG" --work-dir "$WORK/certbot" --logs-dir "$WORK/certbot-logs"
}

turn() {
    if [ -s "$CONFIG/live/$NAME/fullchain.pem" ]; then
        run_certbot renew --no-random-sleep-on-renew ${FORCE_RENEWAL:+--force-renewal}
        return
    fi
    domains=
    for domain in ${CERT_DOMAINS:-$NAME}; do domains="$domains -d $domain"; done
    # shellcheck disable=SC2086  # one word a domain is meant
    run_certbot certonly --webroot -w "$WEBROOT" --server "$ACME_SERVER" --email "$ACME_EMAIL" --agree-tos \
        --cert-name "$NAME" --key-type ecdsa $domains
}

case ${1:-} in
    once) turn ;;
    loop)
        while :; do
            # A refused order is tried again after an hour: Let's Encrypt counts five failures an hour.
            if turn; then pause=43200; else pause=3600 && say "FAILED: the next try is in an hour"; fi
            touch "$WORK/last-turn"
            sleep "$pause" &
            wait $!
        done
        ;;
    *)
        echo "usage: certificates.sh loop | once" >&2
        exit 2
        ;;
esac
