"""What `make security` asks beside the list: careless code, and packages with known faults."""

import re
import subprocess
import sys
from collections.abc import Sequence

from deploy.local.testing import ROOT

LINT = (sys.executable, "-m", "ruff", "check", "--select", "S", "--ignore", "S603,S607", "--quiet")
PLACES = ("web", "workers", "tasks", "shared", "deploy")
AUDIT = (sys.executable, "-m", "uv", "tool", "run", "pip-audit", "--require-hashes", "--disable-pip")
LOCKS = ("base", "local")
_LIMIT_SECONDS = 120
#: pip-audit's words, and uv's, for an advisory service or a registry that gives no answer.
_AWAY = re.compile(
    r"ConnectionError|ConnectTimeout|ReadTimeout|HTTPError|Could not connect|Failed to fetch|error sending request"
    r"|ServiceError|not found in the package registry|No solution found",
    re.IGNORECASE,
)


def lint() -> str:
    """Look for careless code (flake8-bandit's rules); starting programs of our own choice is not."""
    done = _run((*LINT, *PLACES))
    return "ok" if done.returncode == 0 else f"OPEN\n{done.stdout}"


def audit(name: str, command: Sequence[str] = AUDIT) -> str:
    """
    Ask the advisory service about every line of a lock file.

    Returns: ok, OPEN with what was found, or SKIP with the reason why nobody could be asked: no pass either.
    """
    try:
        done = _run((*command, "-r", f"requirements/{name}.txt"))
    except subprocess.TimeoutExpired:
        return f"SKIP  no answer within {_LIMIT_SECONDS} s"
    said = done.stdout + done.stderr
    if unasked := said.count("could not be audited"):
        return f"SKIP  the advisory service knows nothing here of {unasked} packages: they were not audited"
    if done.returncode == 0:
        return "ok"
    if found := _AWAY.search(said):
        line = next(line.strip() for line in said.splitlines() if found[0] in line)
        return f"SKIP  the advisory service cannot be asked from here: {line[:150]}"
    return f"OPEN\n{said}"


def main() -> int:
    """Print a line for each; 1 when one is open."""
    told = {"ruff S": lint(), **{f"pip-audit {name}": audit(name) for name in LOCKS}}
    for what, result in told.items():
        print(f" 20  {what:<16} {result}")
    return int(any(result.startswith("OPEN") for result in told.values()))


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS
    )


if __name__ == "__main__":
    raise SystemExit(main())
