#!/usr/bin/env bash
# Print the names of a build as `name=value` lines: computed once, used by every job.
set -euo pipefail
cd "$(dirname "$0")/../../.."
repository=${GITHUB_REPOSITORY:?owner/name}
if [ "${GITHUB_REF_TYPE:-}" = tag ]; then
    version=${GITHUB_REF_NAME:?}
else
    # A commit that carries a version's tag is that version; any other is named by its run and commit.
    version=$(git tag --points-at HEAD --list 'v*.*.*' --sort=-version:refname | head -n 1)
    [ -n "$version" ] || version="v$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)-${GITHUB_RUN_NUMBER:-0}.$(git rev-parse --short=8 HEAD)"
fi
[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || { echo "$version is no version" >&2; exit 1; }
# What the edge's image is made from: unchanged, it keeps its tag and is not recreated. Its configuration is mounted.
nginx_tag=edge-$(git rev-parse HEAD:deploy/docker/nginx | cut -c1-12)
printf 'repo_lower=%s\nversion=%s\nnginx_tag=%s\n' "${repository,,}" "$version" "$nginx_tag"
