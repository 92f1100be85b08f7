#!/bin/bash
# A container engine that exists in a folder, $FAKE_DOCKER: enough of `docker` to follow deploy.sh step by step.
# state/<service> holds a container's release and health, `calls` every call; faults/ holds what goes wrong:
# fail (lines: words of a call that fails), sick/<release>/<service>, claims/<release>/<service> (another release).
set -u
cd "$FAKE_DOCKER" || exit 1
echo "$*" >>calls

fails() { [ -e faults/fail ] && grep -qxF -- "$1" faults/fail; }
show() { # service: a container as deploy.sh asks for it
    read -r version health <"state/$1"
    echo "$1 running $health 0 $version"
}

case $1 in
    inspect)
        shift 3
        if [ "$1" = citypulse-nginx-prod ]; then echo ghcr.io/x/citypulse-nginx:edge-1; else
            for service; do show "$service"; done
        fi
        exit
        ;;
    exec)
        case "$*" in *" -t "*) ! fails "nginx -t" ;; *"-checkend 0"*) ! fails certificate ;; esac
        exit
        ;;
    wait) # the code of a container that `run -d` named
        if fails "${2%%-once}"; then echo 1; else echo 0; fi
        exit
        ;;
    compose) shift ;;
    *) exit 0 ;;
esac

words=() keep=no images=no
while [ $# -gt 0 ]; do
    case $1 in
        --env-file) version=$(sed -n 's/^VERSION="\(.*\)"$/\1/p' "$2") && shift ;;
        -f | --profile) shift ;;
        --no-recreate) keep=yes ;;
        --images) images=yes ;;
        -*) ;;
        *) words+=("$1") ;;
    esac
    shift
done
services=("${words[@]:1}")
case ${words[0]} in
    up)
        for service in "${services[@]}"; do
            [ $keep = yes ] && [ -e "state/$service" ] && continue
            health=healthy is=$version
            [ -e "faults/sick/$version/$service" ] && health=unhealthy
            [ -e "faults/claims/$version/$service" ] && is=v0.9.0
            echo "$is $health" >"state/$service"
        done
        ;;
    run) echo "run ${services[0]}-once" ;;
    stop | rm) for service in "${services[@]}"; do rm -f "state/$service"; done ;;
    ps) for service in "${services[@]}"; do [ -e "state/$service" ] && echo "$service"; done; exit 0 ;;
    exec) cut -d' ' -f1 "state/${services[0]}" ;;
    config) if [ $images = yes ]; then echo ghcr.io/x/citypulse-nginx:edge-1; else ! fails config; fi ;;
esac
