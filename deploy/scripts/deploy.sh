#!/usr/bin/env bash
# Bring a release into service without a failed request: deploy.sh v1.2.3
#
# Runs on the host, out of the release's own folder ($CITYPULSE_HOME/releases/v1.2.3). Order: backup, pull, migrate,
# start the idle colour, wait until it is healthy and is this release, switch nginx, smoke test through TLS, the other
# tiers, drain and stop the old colour. Whatever fails before the end is undone and the exit code says so; the schema
# is never taken back, which is why migrations only add what the release before can live with.
#
# MIGRATE=no skips the migration (rollback.sh). UPDATE_DATA=yes also recreates Postgres and Redis when their settings
# changed: a pause of seconds. PULL=no uses the images that are there. CERTIFICATE=ignore goes on with an expired one.
set -euo pipefail
umask 077
version=${1:?usage: deploy.sh VERSION}
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

HEALTH_SECONDS=${HEALTH_SECONDS:-300}
MIN_FREE_MB=${MIN_FREE_MB:-2048}
KEEP_RELEASES=3
switched=no tiers_touched=no edge_saved=no
began=$SECONDS

undo() {
    local code=$?
    trap - EXIT
    [ $code -ne 0 ] || return 0
    say "undoing: $version does not go into service"
    if [ $edge_saved = yes ]; then
        rm -rf "$home/nginx.failed" && cp -a "$home/nginx" "$home/nginx.failed"
        cp -a "$home/nginx.before/." "$home/nginx/"
    fi
    if [ $switched = yes ] && [ -n "$active" ]; then
        write_upstream "$active"
        if reload_nginx; then say "nginx: $active answers again"; else say "nginx could not be reloaded: look at once"; fi
    fi
    if [ $tiers_touched = yes ] && [ -n "$previous" ]; then
        compose_of "$home/releases/$previous" up -d --no-deps frontend "${APP_TIERS[@]}" ||
            say "the tiers of $previous could not be started again: look at once"
    fi
    if [ -n "$idle" ] && [ -n "$active" ]; then
        compose logs --no-color --tail 20 "backend-$idle" 2>&1 | sed 's/^/    /' || true
        compose rm -f -s "backend-$idle" "live-$idle" >/dev/null 2>&1 || true
    fi
    say "FAILED after $((SECONDS - began)) s; ${previous:-nothing} is in service"
    exit "$code"
}

preflight() {
    local file free
    for file in .env.prod docker-compose.prod.yml nginx/nginx-domain.conf scripts/lib.sh; do
        [ -f "$release/$file" ] || fail "the release has no $file"
    done
    chmod 600 "$env_file"
    ! grep -q '=REPLACE$' "$env_file" || fail ".env.prod still has values to REPLACE: $(grep '=REPLACE$' "$env_file" | cut -d= -f1 | tr '\n' ' ')"
    [ "$(env_value VERSION)" = "$version" ] || fail ".env.prod is of $(env_value VERSION), not of $version"
    compose config -q || fail "Compose refuses the stack"
    docker info >/dev/null 2>&1 || fail "the container engine does not answer"
    free=$(df -Pm "$home" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$MIN_FREE_MB" ] || fail "only $free MB are free below $home, $MIN_FREE_MB are needed"
    check_certificate
}

# With an expired certificate the smoke test would fail, and that only after the switch.
check_certificate() {
    local file=/etc/letsencrypt/live/city-pulse.app/fullchain.pem
    [ -n "$active" ] && docker exec "$NGINX" test -s "$file" || return 0
    [ "${CERTIFICATE:-check}" = check ] || { say "WARNING: nobody looks at the certificate" && return 0; }
    docker exec "$NGINX" openssl x509 -noout -checkend 0 -in "$file" >/dev/null ||
        fail "the certificate has expired: renew it (certificates.sh once, in the certbot container), or CERTIFICATE=ignore"
    docker exec "$NGINX" openssl x509 -noout -checkend 1209600 -in "$file" >/dev/null ||
        say "WARNING: the certificate ends within two weeks: look at certbot's log"
}

# What containers mount: readable by their users, owned by root; only the backups belong to the backup's user.
lay_out() {
    mkdir -p "$home/nginx" "$home/backups" "$state"
    rm -rf "$home/nginx.before" && cp -a "$home/nginx" "$home/nginx.before"
    local folder
    for folder in scripts prometheus grafana; do
        [ -d "$release/$folder" ] || continue
        mkdir -p "$home/$folder" && cp -a "$release/$folder/." "$home/$folder/" && chmod -R a+rX "$home/$folder"
    done
    chmod 711 "$home"
    if [ "$(id -u)" = 0 ]; then chown 10001:10001 "$home/backups"; fi
}

lay_out_edge() {
    edge_saved=yes
    local address
    tar -C "$release/nginx" --exclude=./upstream.conf --exclude=./ops-allow.conf -cf - . | tar -C "$home/nginx" -xf -
    {
        echo "# Written by deploy.sh from OPS_ALLOW."
        echo "allow 127.0.0.1;"
        for address in $(env_value OPS_ALLOW); do echo "allow $address;"; done
    } >"$home/nginx/ops-allow.conf"
    chmod -R a+rX "$home/nginx"
}

back_up() {
    if [ -z "$previous" ] || [ "${BACKUP:-yes}" = no ]; then
        say "no backup: ${previous:+switched off}${previous:-nothing is in service yet}"
        return
    fi
    say "backup"
    run_once backup once "before-$version" || fail "no backup, no deployment"
}

start_idle() {
    say "starting $idle"
    compose up -d --no-deps "backend-$idle" "live-$idle"
    wait_healthy "$HEALTH_SECONDS" "backend-$idle" "live-$idle" || fail "$idle is not healthy"
    require_version "$version" "backend-$idle" "live-$idle" || fail "$idle is another release"
    local answered
    answered=$(compose exec -T "backend-$idle" python deploy/docker/health.py version 5000) || fail "$idle does not answer"
    [ "$answered" = "$version" ] || fail "$idle answers as $answered"
}

switch() {
    lay_out_edge
    write_upstream "$idle"
    switched=yes
    if [ -z "$(compose ps -q nginx)" ]; then
        say "starting nginx"
        compose up -d --no-deps nginx certbot
    else
        reload_nginx || fail "nginx refuses the configuration"
    fi
    wait_healthy 60 nginx || fail "nginx is not healthy"
    say "nginx: $idle answers"
}

smoke() {
    local insecure=''
    docker exec "$NGINX" test -s /etc/letsencrypt/live/city-pulse.app/fullchain.pem || {
        insecure=yes
        say "no certificate yet: certbot asks for one; until then the first one of nginx's own is shown"
    }
    [ "${CERTIFICATE:-check}" = check ] || insecure=yes
    SMOKE_CONNECT=${SMOKE_CONNECT:-$(env_value HTTPS_BIND)} SMOKE_INSECURE=$insecure \
        bash "$release/scripts/smoke.sh" "$(env_value PUBLIC_URL)" "$version" || fail "the smoke test"
}

start_tiers() {
    say "starting the other tiers"
    tiers_touched=yes
    compose up -d --no-deps frontend "${APP_TIERS[@]}"
    # The edge is recreated only when its own image changed.
    compose up -d --no-deps --no-recreate certbot backup
    wait_healthy "$HEALTH_SECONDS" frontend "${APP_TIERS[@]}" || fail "a tier is not healthy"
    require_version "$version" frontend "${APP_TIERS[@]}" || fail "a tier is another release"
}

settle() {
    if [ -n "$active" ]; then
        say "draining and stopping $active"
        compose stop "backend-$active" "live-$active"
        compose rm -f "backend-$active" "live-$active" >/dev/null
    fi
    local profiles
    profiles=$(env_value COMPOSE_PROFILES | tr ',' '\n' | grep -vx -e blue -e green | tr '\n' ',' || true)
    sed -i "s/^COMPOSE_PROFILES=.*/COMPOSE_PROFILES=${profiles}$idle/" "$env_file"
    write_state colour "$idle"
    if [ -n "$previous" ] && [ "$previous" != "$version" ]; then write_state previous "$previous"; fi
    write_state version "$version"
    ln -sfn "$release" "$home/current"
    ln -sfn current/.env.prod "$home/.env.prod"
    ln -sfn current/docker-compose.prod.yml "$home/docker-compose.prod.yml"
    rm -rf "$home/nginx.before"
}

recreate_edge_if_changed() {
    local running wanted
    running=$(docker inspect -f '{{.Config.Image}}' "$NGINX")
    wanted=$(compose config --images nginx 2>/dev/null | grep '/citypulse-nginx:' | head -n 1)
    [ "${running##*:}" = "${wanted##*:}" ] || {
        say "nginx: its image changed, about a second without answers"
        compose up -d --no-deps nginx
        wait_healthy 60 nginx
    }
}

forget_old_releases() {
    local folder
    # By age; the one in service and the one before stay whatever their age.
    find "$home/releases" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' | sort -rn | cut -d' ' -f2 |
        tail -n +$((KEEP_RELEASES + 1)) | while read -r folder; do
        case $folder in "$version" | "$(read_state previous)") continue ;; esac
        say "forgetting $folder"
        rm -rf "${home:?}/releases/$folder"
    done
    docker image prune -f >/dev/null 2>&1 || true
}

lock
active=$(read_state colour)
previous=$(read_state version)
idle=$(other "${active:-green}")
say "deploying $version beside ${previous:-nothing} (${active:-none})"
preflight
trap undo EXIT
lay_out
[ "${PULL:-yes}" = no ] || { say "pulling" && compose pull -q --policy always; }
if [ "${UPDATE_DATA:-no}" = yes ]; then compose up -d postgres redis; else compose up -d --no-recreate postgres redis; fi
wait_healthy "$HEALTH_SECONDS" postgres redis || fail "postgres or redis is not healthy"
back_up
if [ "${MIGRATE:-yes}" = yes ]; then
    say "migrating"
    run_once migrate || fail "the migration"
fi
start_idle
switch
[ -n "$(compose ps -q frontend)" ] || compose up -d --no-deps frontend
wait_healthy "$HEALTH_SECONDS" frontend || fail "the page is not served"
smoke
start_tiers
settle
trap - EXIT
recreate_edge_if_changed
forget_old_releases
say "$version is in service ($idle) after $((SECONDS - began)) s"
