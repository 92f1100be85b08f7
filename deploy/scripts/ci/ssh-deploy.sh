#!/usr/bin/env bash
# Send the release to the host and put it into service, or go back: ssh-deploy.sh deploy|rollback
# The host is known by DEPLOY_KNOWN_HOSTS; nothing is asked of the network about who it is.
set -euo pipefail
umask 077
action=${1:?deploy or rollback}
version=${VERSION:?}
target=${DEPLOY_USER:?}@${DEPLOY_HOST:?}
keys=$(mktemp -d)
archive=deploy-$version.tar.gz
trap 'rm -rf "$keys" "$archive"' EXIT
printf '%s\n' "${DEPLOY_SSH_KEY:?}" >"$keys/key"
printf '%s\n' "${DEPLOY_KNOWN_HOSTS:?}" >"$keys/known_hosts"
options=(-i "$keys/key" -o "UserKnownHostsFile=$keys/known_hosts" -o StrictHostKeyChecking=yes -o BatchMode=yes
    -o IdentitiesOnly=yes -o ConnectTimeout=15 -o ServerAliveInterval=15)
port=${DEPLOY_PORT:-22}
home=${REMOTE_HOME:-/opt/citypulse}

remote() { ssh "${options[@]}" -p "$port" "$target" "$@"; }

if [ "$action" = rollback ]; then
    remote "bash $home/current/scripts/rollback.sh"
    exit
fi
if [ -n "${REGISTRY_TOKEN:-}" ]; then
    # The token lives as long as this job; it travels by standard input.
    printf '%s' "$REGISTRY_TOKEN" | remote "docker login ${REGISTRY:-ghcr.io} -u '${REGISTRY_USER:?}' --password-stdin" >/dev/null
fi
remote "umask 077 && mkdir -p $home/releases/$version"
scp "${options[@]}" -P "$port" -q "$archive" "$target:$home/$archive"
code=0
# The archive holds secrets: it is gone before the release is started.
remote "cd $home && tar -xzf $archive -C releases/$version && rm -f $archive && bash releases/$version/scripts/deploy.sh $version" || code=$?
[ -z "${REGISTRY_TOKEN:-}" ] || remote "docker logout ${REGISTRY:-ghcr.io}" >/dev/null 2>&1 || true
exit $code
