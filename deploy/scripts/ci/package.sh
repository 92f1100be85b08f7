#!/usr/bin/env bash
# Make the release: .env.prod from the environment, the stack, nginx and the scripts, in deploy-$VERSION.tar.gz.
# Every variable of .env.prod.example is taken from the environment when it is there, else from the example; one that
# still is to be replaced fails. PACKAGE_DIR=folder leaves a folder instead of an archive; TRIAL=yes invents secrets.
set -euo pipefail
umask 077
cd "$(dirname "$0")/../../.."
version=${VERSION:?}
folder=${PACKAGE_DIR:-$(mktemp -d)/$version}
mkdir -p "$folder"
missing=
while IFS= read -r line; do
    if [[ $line =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]]; then
        name=${BASH_REMATCH[1]} value=${!BASH_REMATCH[1]:-${BASH_REMATCH[2]}}
        value=${value#\"} value=${value%\"}
        if [ "$value" = REPLACE ]; then
            if [ "${TRIAL:-}" = yes ]; then value=$(openssl rand -hex 32); else missing="$missing $name"; fi
            [ "$name" != FLOWER_BASIC_AUTH ] || value=ops:$value
        fi
        case $value in
            *\"*\'* | *\'*\"* | *$'\n'*) echo "$name holds both kinds of quotes or a line break" >&2 && exit 1 ;;
            *\"*) printf "%s='%s'\n" "$name" "$value" ;;
            *) printf '%s="%s"\n' "$name" "$value" ;;
        esac
    fi
done <deploy/.env.prod.example >"$folder/.env.prod"
[ -z "$missing" ] || { echo "nothing was given for:$missing" >&2; exit 1; }
cp deploy/docker-compose.prod.yml "$folder/"
cp -r nginx "$folder/nginx"
cp -r deploy/scripts "$folder/scripts"
cp -r deploy/prometheus deploy/grafana "$folder/"
[ -z "${PACKAGE_DIR:-}" ] || exit 0
tar -C "$folder" -czf "deploy-$version.tar.gz" .
rm -rf "$folder"
echo "deploy-$version.tar.gz: $(wc -c <"deploy-$version.tar.gz") bytes"
