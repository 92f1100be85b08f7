"""Housekeeping of the engine's own tables, in batches small enough to disturb nobody."""

from collections.abc import Callable

from shared.db import Transaction, transaction
from shared.jobs.rules import KEEP_DEAD_DAYS, KEEP_SUCCEEDED_DAYS, PRUNE_BATCH
from shared.jobs.sweep import prune as prune_jobs
from shared.messages import PruneJobs
from shared.retention import KEEP_EVENTS
from shared.stream.prune import prune_events
from tasks.base import Job, handles


@handles(PruneJobs, limit_seconds=300)
def prune(message: PruneJobs, job: Job) -> None:
    """Delete ended jobs and old events until a batch comes back short."""
    _until_short(job, lambda tx: prune_jobs(tx, KEEP_SUCCEEDED_DAYS, KEEP_DEAD_DAYS))
    hours = int(KEEP_EVENTS.total_seconds()) // 3600
    _until_short(job, lambda tx: prune_events(tx, hours, PRUNE_BATCH))


def _until_short(job: Job, remove: Callable[[Transaction], int]) -> None:
    removed = PRUNE_BATCH
    while removed >= PRUNE_BATCH:
        job.checkpoint()
        with transaction() as tx:
            removed = remove(tx)
