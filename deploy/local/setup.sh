#!/bin/sh
# Make .venv and bring it to the locked packages; does nothing when they are there (then it needs no network).
# Usage: setup.sh dev|local
set -eu
kind=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/.venv
locks=$root/requirements
# The lock that was installed last. Everything of `local` is in `dev` too.
installed=$venv/installed.txt
uv_version=0.13.9

fits() { cmp -s "$locks/$1.txt" "$installed"; }

if "$venv/bin/python" -c '' 2>/dev/null && { fits dev || { [ "$kind" = local ] && fits local; }; }; then
    exit 0
fi

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 python; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    newest=$(python3 --version 2>&1 || true)
    echo "CityPulse needs Python 3.11 or newer with its venv module (found: ${newest:-none});" \
        "on Debian and Ubuntu: apt-get install python3 python3-venv" >&2
    exit 1
}

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(find_python)
    echo "making .venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

log=$venv/install.log
echo "installing requirements/$kind.txt"
if ! { "$venv/bin/python" -m uv --version 2>/dev/null | grep -qF "uv $uv_version" ||
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"; } >"$log" 2>&1 ||
    ! "$venv/bin/python" -m uv pip sync --quiet --python "$venv/bin/python" --require-hashes "$locks/$kind.txt" >>"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "the packages could not be installed (the first start needs the network); all of it: $log" >&2
    exit 1
fi
cp "$locks/$kind.txt" "$installed"
