#!/bin/sh
# Start the edge: name servers, a certificate to start with, and a watch that reloads when certbot renewed it.
# POSIX sh: the image has busybox. nginx takes over this process, so signals reach it.
set -eu

CONFIG=${NGINX_CONFIG:-/etc/nginx/citypulse/nginx.conf}
RUN=${NGINX_RUN:-/run/citypulse-nginx}
LETSENCRYPT=${LETSENCRYPT_DIR:-/etc/letsencrypt}
NAME=${CERT_NAME:-city-pulse.app}
CHECK_SECONDS=${TLS_CHECK_SECONDS:-300}

say() { printf '{"service":"nginx","event":"%s"}\n' "$*" >&2; }

# The first server only: nginx would ask them in turn, and only the engine's own knows the services' names.
write_resolver() {
    server=$(awk '$1 == "nameserver" { print ($2 ~ /:/) ? "[" $2 "]" : $2; exit }' "${RESOLV_CONF:-/etc/resolv.conf}")
    printf 'resolver %s valid=5s ipv6=off;\nresolver_timeout 3s;\n' "${server:-127.0.0.11}" >"$RUN/resolver.conf"
}

make_first_pair() {
    [ -s "$RUN/first/fullchain.pem" ] && return
    mkdir -p "$RUN/first"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$NAME" \
        -addext "subjectAltName=DNS:$NAME,DNS:www.$NAME,DNS:api.$NAME" \
        -keyout "$RUN/first/privkey.pem" -out "$RUN/first/fullchain.pem" 2>/dev/null
    say "no certificate yet: starting with one of our own"
}

# The link names the folder nginx reads; certbot replaces the files behind it.
choose_pair() {
    if [ -s "$LETSENCRYPT/live/$NAME/fullchain.pem" ] && [ -s "$LETSENCRYPT/live/$NAME/privkey.pem" ]; then
        ln -sfn "$LETSENCRYPT/live/$NAME" "$RUN/tls"
    else
        make_first_pair
        ln -sfn "$RUN/first" "$RUN/tls"
    fi
}

fingerprint() { cksum <"$RUN/tls/fullchain.pem"; }

watch_pair() {
    seen=$(fingerprint)
    while sleep "$CHECK_SECONDS"; do
        choose_pair
        now=$(fingerprint)
        [ "$now" = "$seen" ] && continue
        if nginx -q -t -c "$CONFIG" && nginx -c "$CONFIG" -s reload; then
            seen=$now
            say "certificate changed: reloaded"
        else
            say "certificate changed, but the configuration does not pass: not reloaded"
        fi
    done
}

mkdir -p "$RUN"
umask 077
write_resolver
choose_pair
watch_pair &
exec nginx -c "$CONFIG" -g 'daemon off;'
