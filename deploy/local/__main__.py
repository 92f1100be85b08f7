"""`python -m deploy.local run|page|clean`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts us with an older one is told so
    sys.exit(f"CityPulse needs Python 3.11 or newer, this is {sys.version.split()[0]} ({sys.executable})")

import argparse
import os
import shutil
from pathlib import Path

from deploy.local import page
from deploy.local.problem import Problem
from deploy.local.state import ROOT, State


def main() -> int:
    """Do what the command line says; what a person can put right is told in one line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="CityPulse on one machine.")
    parser.add_argument("command", choices=("run", "page", "clean"))
    parser.add_argument("--city", default=os.environ.get("CITYPULSE_CITY") or "london")
    options = parser.parse_args()
    folder = Path(os.environ.get("CITYPULSE_STATE_DIR") or ROOT / ".citypulse")
    try:
        return {"run": run, "page": lambda *_: page.build(), "clean": clean}[options.command](
            folder, options.city
        )
    except Problem as problem:
        print(problem, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or folder}: {error.strerror or error}", file=sys.stderr)
    return 1


def run(folder: Path, city: str) -> int:
    """Run the platform until it is told to stop."""
    from deploy.local.launcher import Launcher

    Launcher(State.open(folder), city).run()
    return 0


def clean(folder: Path, _city: str) -> int:
    """Remove the state folder: database, uploads, passwords and logs."""
    if folder.exists():
        state = State.open(folder)
        state.lock()
        shutil.rmtree(state.servers)
        shutil.rmtree(state.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
