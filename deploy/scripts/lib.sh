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
upstream citypulse_backend { server backend-$1:5000 max_fails=0; keepalive 32; }
upstream citypulse_live { server live-$1:5001 max_fails=0; }
UPSTREAM
    chmod a+r "$home/nginx/upstream.conf.new"
    mv "$home/nginx/upstream.conf.new" "$home/nginx/upstream.conf"
}

reload_nginx() {
    docker exec "$NGINX" nginx -q -t -c /etc/nginx/citypulse/nginx.conf &&
        docker exec "$NGINX" nginx -q -c /etc/nginx/citypulse/nginx.conf -s reload
}

# Wait until every container of the services is healthy, or say which is not.
wait_healthy() { # seconds, services...
    local deadline=$((SECONDS + $1)) service container status waiting
    shift
    while :; do
        waiting=
        for service in "$@"; do
            # `--all`: a container that has exited is an answer too.
            local containers
            containers=$(compose ps --all -q "$service") || return 1
            [ -n "$containers" ] || waiting="$waiting $service(none)"
            for container in $containers; do
                status=$(docker inspect -f '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}} {{.RestartCount}}' "$container")
                case $status in
                    "running healthy "*) ;;
                    "exited "* | "dead "*)
                        say "$service has ended: $status"
                        return 1
                        ;;
                    *" "[3-9] | *" "[1-9][0-9]*)
                        say "$service restarts again and again: $status"
                        return 1
                        ;;
                    *) waiting="$waiting $service($status)" ;;
                esac
            done
        done
        [ -z "$waiting" ] && return 0
        if [ $SECONDS -ge $deadline ]; then
            say "not healthy in time:$waiting"
            return 1
        fi
        sleep "${POLL_SECONDS:-2}"
    done
}

# The release that each running container of the services was built as must be this one.
require_version() { # version, services...
    local version=$1 service container found
    shift
    for service in "$@"; do
        for container in $(compose ps -q "$service"); do
            found=$(docker inspect -f '{{index .Config.Labels "org.opencontainers.image.version"}}' "$container")
            [ "$found" = "$version" ] || {
                say "$service runs $found, not $version"
                return 1
            }
        done
    done
}
