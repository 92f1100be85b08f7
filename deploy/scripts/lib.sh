# shellcheck shell=bash
# What the scripts of a release share. Sourced; sets `release` (the folder of this release) and `home`.

release=${RELEASE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
env_file=$release/.env.prod
# shellcheck disable=SC2034  # used by those who source this
APP_TIERS=(relay worker-critical worker-email worker-feeds worker-uploads worker-bulk beat flower)
NGINX=citypulse-nginx-prod

say() { printf '%s %s\n' "$(date -u +%H:%M:%S)" "$*"; }
fail() {
    say "FAILED: $*" >&2
    exit 1
}

# The value of a variable in an environment file, without its quotes.
env_value() { # name [file]
    sed -n "s/^$1=//p" "${2:-$env_file}" | tail -n 1 | sed -e 's/^"\(.*\)"$/\1/'
}

home=$(env_value CITYPULSE_HOME 2>/dev/null || true)
home=${home:-/opt/citypulse}
state=$home/state

# Only what the file says counts: a variable of the caller's shell must not change a release. Both colours are known to
# every call, and every call names its services.
compose_of() { # release folder, then Compose's arguments
    local folder=$1
    shift
    env -i PATH="$PATH" HOME="${HOME:-/root}" ${DOCKER_HOST:+DOCKER_HOST="$DOCKER_HOST"} \
        ${DOCKER_CONFIG:+DOCKER_CONFIG="$DOCKER_CONFIG"} \
        docker compose --env-file "$folder/.env.prod" -f "$folder/docker-compose.prod.yml" \
        --profile blue --profile green "$@"
}
compose() { compose_of "$release" "$@"; }

# Run a service once and return its own exit code. Not `compose run --rm`: an engine that removes the container may lose
# the code, and a failed migration must never look like a good one.
run_once() { # service, arguments...
    local container code
    container=$(compose run -d --no-deps "$@" | tail -n 1) || return 1
    code=$(docker wait "$container" | tail -n 1) || code=1
    docker logs "$container" 2>&1 || true
    docker rm -f "$container" >/dev/null 2>&1 || true
    [ "$code" = 0 ]
}

lock() {
    mkdir -p "$state"
    exec 9>"$state/lock"
    flock -n 9 || fail "another deployment, rollback or restore is running"
}

read_state() { cat "$state/$1" 2>/dev/null || true; }
write_state() { # name value
    printf '%s\n' "$2" >"$state/$1.new" && mv "$state/$1.new" "$state/$1"
}

other() { if [ "$1" = blue ]; then echo green; else echo blue; fi; }

write_upstream() { # colour; the folder is mounted, so the file may be replaced
    cat >"$home/nginx/upstream.conf.new" <<UPSTREAM
# Written by deploy.sh at $(date -u +%FT%TZ): $1 answers.
upstream citypulse_backend { server backend-$1:5000 max_fails=0; keepalive 32; keepalive_timeout 60s; }
upstream citypulse_live { server live-$1:5001 max_fails=0; }
UPSTREAM
    chmod a+r "$home/nginx/upstream.conf.new"
    mv "$home/nginx/upstream.conf.new" "$home/nginx/upstream.conf"
}

reload_nginx() {
    docker exec "$NGINX" nginx -q -t -c /etc/nginx/citypulse/nginx.conf &&
        docker exec "$NGINX" nginx -q -c /etc/nginx/citypulse/nginx.conf -s reload
}

# One line a container of the services: service, state, health or `none`, restarts, release.
containers_of() { # services...
    local containers
    # `--all`: a container that has exited is an answer too.
    containers=$(compose ps --all -q "$@") || return 1
    [ -n "$containers" ] || return 0
    # shellcheck disable=SC2086  # one word a container
    docker inspect -f '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.RestartCount}} {{index .Config.Labels "org.opencontainers.image.version"}}' $containers
}

# Wait until every container of the services is healthy, or say which is not.
wait_healthy() { # seconds, services...
    local deadline=$((SECONDS + $1)) found service status health restarts waiting
    shift
    while :; do
        found=$(containers_of "$@") || return 1
        waiting=
        for service in "$@"; do
            [[ $'\n'$found == *$'\n'"$service "* ]] || waiting="$waiting $service(none)"
        done
        while read -r service status health restarts _; do
            [ -n "$service" ] || continue
            if [ "$status" = exited ] || [ "$status" = dead ] || [ "$restarts" -ge 3 ]; then
                say "$service does not stay up: $status, $restarts restarts"
                compose logs --no-color --tail 15 "$service" 2>&1 | sed 's/^/    /' || true
                return 1
            fi
            [ "$status $health" = "running healthy" ] || waiting="$waiting $service($status, $health)"
        done <<<"$found"
        [ -n "$waiting" ] || return 0
        if [ $SECONDS -ge $deadline ]; then
            say "not healthy in time:$waiting"
            compose logs --no-color --tail 5 "$@" 2>&1 | sed 's/^/    /' || true
            return 1
        fi
        sleep "${POLL_SECONDS:-2}"
    done
}

# The release that each container of the services was built as must be this one.
require_version() { # version, services...
    local version=$1 found service release_of
    shift
    found=$(containers_of "$@") || return 1
    while read -r service _ _ _ release_of; do
        [ "$release_of" = "$version" ] || {
            say "$service runs $release_of, not $version"
            return 1
        }
    done <<<"$found"
}
