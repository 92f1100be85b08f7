#!/usr/bin/env bash
# Deploy this run's images on this machine, with the production script, as nobody's site: every tier must come up.
set -euo pipefail
cd "$(dirname "$0")/../../.."
home=$(mktemp -d)
release=$home/releases/${VERSION:?}
export CITYPULSE_HOME=$home ACME_EMAIL=nobody@city-pulse.app ACME_SERVER=https://127.0.0.1:1/directory
export HTTP_BIND=127.0.0.1:18080 HTTPS_BIND=127.0.0.1:18443
TRIAL=yes PACKAGE_DIR=$release bash deploy/scripts/ci/package.sh
for tier in backend worker frontend; do
    docker pull --quiet "${REGISTRY:?}/${REPO_LOWER:?}/citypulse-$tier:${CANDIDATE:?}"
    docker tag "$REGISTRY/$REPO_LOWER/citypulse-$tier:$CANDIDATE" "$REGISTRY/$REPO_LOWER/citypulse-$tier:$VERSION"
done
docker pull --quiet "$REGISTRY/$REPO_LOWER/citypulse-nginx:$CANDIDATE"
docker tag "$REGISTRY/$REPO_LOWER/citypulse-nginx:$CANDIDATE" "$REGISTRY/$REPO_LOWER/citypulse-nginx:${NGINX_TAG:?}"
down() {
    docker compose --env-file "$release/.env.prod" -f "$release/docker-compose.prod.yml" \
        --profile blue --profile green down --volumes --timeout 5 >/dev/null 2>&1 || true
}
trap down EXIT
sudo --preserve-env=PATH env PULL=no HEALTH_SECONDS=240 bash "$release/scripts/deploy.sh" "$VERSION"
