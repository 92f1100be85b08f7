"""Variants of the engine for chaos: a faster schedule, and engines broken on purpose for the checker to catch."""

import os
import sys
from collections.abc import Callable

VARIABLE = "CHAOS_BREAK"
#: Set for beats that keep the schedule of the chaos rows instead of the platform's.
SCHEDULE_VARIABLE = "CHAOS_SCHEDULE"


def _without_fence() -> None:
    """Let whoever comes last finish a job, whatever its token."""
    from shared.db import Prepared
    from shared.jobs import lease

    lease._SUCCEED = Prepared(
        "succeed",
        """
    UPDATE jobs SET state = 'succeeded', progress = 100, lease_token = NULL, lease_until = NULL,
      finished_at = clock_timestamp()
    WHERE id = ANY($1::uuid[]) AND $2::uuid IS NOT NULL RETURNING id, batch_id
    """,
        2,
    )


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


def _keep_fast_schedule() -> None:
    """Schedule one light job a second under each of the three policies for missed slots."""
    from tasks import schedule
    from tests.chaos.work import ChaosLight

    schedule.SCHEDULE = (
        schedule.Periodic("every-all", ChaosLight(), 1, "all"),
        schedule.Periodic("every-once", ChaosLight(), 1, "once"),
        schedule.Periodic("every-skip", ChaosLight(), 1, "skip"),
    )


def apply() -> None:
    """Make this process the variant that the environment asks for."""
    if os.environ.get(SCHEDULE_VARIABLE):
        _keep_fast_schedule()
    name = os.environ.get(VARIABLE)
    if name:
        BREAKS[name]()


if __name__ == "__main__":
    from workers import relay

    apply()
    sys.exit(relay.main())
