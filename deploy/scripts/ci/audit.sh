#!/usr/bin/env bash
# Look every locked Python package up among the known holes. `--strict`: what could not be looked up is no pass.
set -euo pipefail
cd "$(dirname "$0")/../../.."
python3 -m venv .venv-audit
.venv-audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.9.0
.venv-audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements/base.txt
