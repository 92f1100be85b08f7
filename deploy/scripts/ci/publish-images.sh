#!/usr/bin/env bash
# Give this run's images the version's name, without building again; what was scanned and tried is what is published.
set -euo pipefail
base=${REGISTRY:?}/${REPO_LOWER:?}
for tier in backend worker frontend; do
    docker buildx imagetools create --tag "$base/citypulse-$tier:${VERSION:?}" "$base/citypulse-$tier:${CANDIDATE:?}"
done
docker buildx imagetools create --tag "$base/citypulse-nginx:${NGINX_TAG:?}" --tag "$base/citypulse-nginx:$VERSION" \
    "$base/citypulse-nginx:$CANDIDATE"
