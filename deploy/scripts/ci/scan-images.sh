#!/usr/bin/env bash
# Refuse images with known, fixable holes of weight.
set -euo pipefail
for tier in backend worker frontend nginx; do
    image=${REGISTRY:?}/${REPO_LOWER:?}/citypulse-$tier:${CANDIDATE:?}
    echo "== $image"
    docker run --rm -v "$HOME/.docker/config.json:/root/.docker/config.json:ro" -v trivy:/root/.cache \
        "${TRIVY_IMAGE:-aquasec/trivy:0.58.1}" image --quiet --exit-code 1 --ignore-unfixed \
        --severity HIGH,CRITICAL --scanners vuln,secret "$image"
done
