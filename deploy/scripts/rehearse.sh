#!/usr/bin/env bash
# Rehearse a deployment on this machine: bash deploy/scripts/rehearse.sh [lint] [nginx] [acme] [workflow] [rolling] [full]
# Without names: everything. The tools live in .venv-rehearsal and are installed when their list changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-rehearsal
list=deploy/rehearsal/requirements.txt
if ! cmp -s "$list" "$venv/installed.txt"; then
    python=
    for candidate in .venv/bin/python python3.11 python3.12 python3.13 python3; do
        "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && python=$candidate && break
    done
    [ -n "$python" ] || { echo "the rehearsal needs Python 3.11 or newer" >&2; exit 1; }
    "$python" -m venv "$venv"
    echo "installing $list"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$list" 2>"$venv/install.log" ||
        { tail -n 5 "$venv/install.log" >&2; exit 1; }
    cp "$list" "$venv/installed.txt"
fi
exec "$venv/bin/python" -m deploy.rehearsal "$@"
