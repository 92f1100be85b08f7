"""`python -m deploy.local run|page|test|migrate|clean`."""

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
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="run the whole platform until Ctrl-C")
    run_parser.add_argument("--city", default=os.environ.get("CITYPULSE_CITY") or "london")
    run_parser.add_argument("--no-page", action="store_true", help="do not build the page")
    commands.add_parser("page", help="build the page")
    commands.add_parser("test", help="run the tests; what follows is handed to pytest")
    migrate = commands.add_parser("migrate", help="check that models and migrations agree")
    migrate.add_argument("--message", help="write a new migration that changes this")
    commands.add_parser("clean", help="remove the state folder: database, uploads, passwords, logs")
    options, rest = parser.parse_known_args()
    if rest and options.command != "test":
        parser.error(f"unknown: {' '.join(rest)}")
    try:
        return do(options, rest)
    except Problem as problem:
        print(problem, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or state_folder()}: {error.strerror or error}", file=sys.stderr)
    return 1


def do(options: argparse.Namespace, rest: list[str]) -> int:
    """Carry out one command; each imports only what it needs."""
    if options.command == "page":
        return page.build()
    if options.command == "clean":
        return clean(state_folder())
    if options.command == "run":
        from deploy.local.launcher import Launcher

        Launcher(State.open(state_folder()), known_city(options.city), build_page=not options.no_page).run()
        return 0
    from deploy.local import checks

    return checks.run_tests(rest) if options.command == "test" else checks.migrations(options.message)


def state_folder() -> Path:
    """Return the folder that CITYPULSE_STATE_DIR names, or the one in the project."""
    return Path(os.environ.get("CITYPULSE_STATE_DIR") or ROOT / ".citypulse")


def known_city(slug: str) -> str:
    """
    Return the city to run when there is a pack of it.

    Raises: Problem naming those that there are.
    """
    known = sorted(each.parent.name for each in (ROOT / "deploy" / "cities").glob("*/city.toml"))
    if slug not in known:
        raise Problem(f"CITYPULSE_CITY={slug} is no city of deploy/cities: choose of {', '.join(known)}")
    return slug


def clean(folder: Path) -> int:
    """Remove the state folder, unless a run uses it."""
    if folder.exists():
        state = State.open(folder)
        os.close(state.lock())
        shutil.rmtree(state.servers)
        shutil.rmtree(state.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
