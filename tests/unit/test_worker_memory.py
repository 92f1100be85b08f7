"""What a worker loads at its start: each process of each pool holds it."""

import os
import subprocess
import sys

RARE = ("cryptography", "sendgrid", "shapely", "pyarrow", "PIL", "pyvips")
PROGRAM = f"import sys, workers.app; print(sorted(set({RARE!r}) & set(sys.modules)))"


def test_a_worker_starts_without_what_few_jobs_need() -> None:
    """The libraries that are dear, and of use to one kind of job, wait for it."""
    env = os.environ | {
        "DATABASE_URL": "postgresql+psycopg2://nobody@localhost/none",
        "REDIS_URL": "redis://localhost",
        "JWT_SECRET": "only-for-the-tests-0123456789abcdefghij",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=env
    )

    assert "[]" == done.stdout.strip()
