"""Engines broken on purpose, to see that the checker notices; CHAOS_BREAK names one."""

import os
import sys
from collections.abc import Callable

from sqlalchemy import text

VARIABLE = "CHAOS_BREAK"


def _without_fence() -> None:
    """Let whoever comes last finish a job, whatever its token."""
    from shared.jobs import lease

    lease._SUCCEED = text("""
    UPDATE jobs SET state = 'succeeded', progress = 100, lease_token = NULL, lease_until = NULL,
      finished_at = clock_timestamp()
    WHERE id = ANY(CAST(:ids AS uuid[])) AND CAST(:token AS uuid) IS NOT NULL RETURNING id, batch_id
    """)


def _without_rescue() -> None:
    """Leave the jobs of silent workers where they are."""
    from shared.jobs import sweep

    sweep.rescue = lambda tx, limit=500: 0


def _outside_the_transaction() -> None:
    """Change nothing here: the asker enqueues in a transaction of its own (see `ledger`)."""


BREAKS: dict[str, Callable[[], None]] = {
    "fence": _without_fence,
    "rescue": _without_rescue,
    "outbox": _outside_the_transaction,
}


def apply() -> None:
    """Break this process's engine the way the environment asks for."""
    name = os.environ.get(VARIABLE)
    if name:
        BREAKS[name]()


if __name__ == "__main__":
    from workers import relay

    apply()
    sys.exit(relay.main())
