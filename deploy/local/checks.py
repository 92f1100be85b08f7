"""What `make test` and `make migrate` do beyond one command."""

import os
import subprocess
import sys
from collections.abc import Sequence

from alembic import command
from alembic.config import Config

from deploy.local import testing
from deploy.local.binaries import find_postgres
from deploy.local.problem import Problem
from deploy.local.state import ROOT

#: The major version that production runs; the embedded one is newer.
PRODUCTION_POSTGRES = "15"
FOLDERS = ("tests/unit", "tests/contracts", "tests/integration", "tests/security")


def run_tests(arguments: Sequence[str] = ()) -> int:
    """
    Run the tests that need no browser; those that touch SQL also on production's Postgres, where it is installed.

    That run comes first, so that the last line printed is the closing line of the whole one.
    """
    # One file to one worker: what a module starts is started once. The longest files come first, and stay there;
    # they wait for the processes they kill, so there is a worker more than there are cores.
    workers = ("-n", str(min(4, os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder")
    if arguments:
        return _pytest(*workers, *arguments)
    try:
        find_postgres(PRODUCTION_POSTGRES)
    except Problem:
        print(
            f"no Postgres {PRODUCTION_POSTGRES} installed: the SQL tests run on the embedded one only",
            flush=True,
        )
    else:
        print(f"the SQL tests on Postgres {PRODUCTION_POSTGRES}:", flush=True)
        code = _pytest(*workers, "tests/integration", postgres=PRODUCTION_POSTGRES)
        if code:
            return code
        print("all tests:", flush=True)
    return _pytest(*workers, *(folder for folder in FOLDERS if (ROOT / folder).is_dir()))


def migrations(message: str | None) -> int:
    """
    Check on a database of its own that models and migrations agree, or write the migration that makes them agree.

    Args: what the new migration changes; None only checks.
    """
    with testing.run_folder() as folder, testing.postgres(folder) as server:
        server.create_database("migrations")
        url = server.url("migrations")
        testing.migrate(url)
        os.environ["DATABASE_URL"] = url
        config = Config(str(testing.ALEMBIC_INI))
        if message:
            command.revision(config, message, autogenerate=True)
        else:
            command.check(config)
    return 0


def _pytest(*arguments: str, postgres: str | None = None) -> int:
    env = {**os.environ, "CITYPULSE_TEST_POSTGRES": postgres} if postgres else None
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=env, check=False
    ).returncode
