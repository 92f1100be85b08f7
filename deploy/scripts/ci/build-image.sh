#!/usr/bin/env bash
# Build one image for linux/amd64 and push it under this run's name: build-image.sh backend|worker|frontend|nginx
set -euo pipefail
cd "$(dirname "$0")/../../.."
tier=${1:?backend, worker, frontend or nginx}
base=${REGISTRY:?}/${REPO_LOWER:?}
docker buildx build . \
    --file "deploy/docker/$tier/Dockerfile.prod" \
    --platform linux/amd64 \
    --tag "$base/citypulse-$tier:${CANDIDATE:?}" \
    --build-arg "APP_VERSION=${VERSION:?}" \
    --build-arg "REVISION=$(git rev-parse HEAD)" \
    --build-arg "SOURCE_URL=${GITHUB_SERVER_URL:-https://github.com}/${GITHUB_REPOSITORY:-}" \
    --build-arg "BACKEND_IMAGE=$base/citypulse-backend:$CANDIDATE" \
    --cache-from "type=registry,ref=$base/citypulse-$tier:cache" \
    --cache-to "type=registry,ref=$base/citypulse-$tier:cache,mode=max" \
    --sbom=true --provenance=mode=max \
    --push
