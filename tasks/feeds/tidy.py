"""Drop what the retention rules no longer keep, and make room for the observations to come."""

from collections.abc import Callable

from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.feeds import retention
from shared.feeds.archive import Archive
from shared.feeds.previews import forget_previews
from shared.messages import TidyFeeds
from shared.observations import partitions, rollups
from tasks.base import Job, handles

#: Rows removed by one transaction: none holds its locks for long.
BATCH = 2000


@handles(TidyFeeds, limit_seconds=600)
def tidy(message: TidyFeeds, job: Job) -> None:
    """Forget in small batches; whatever is left when this is stopped, the next hour's job takes."""
    now, archive = utcnow(), Archive()
    _make_partitions(job)
    with transaction() as tx:
        for name in partitions.old_partitions(tx, now - retention.OBSERVATIONS):
            partitions.drop_partition(tx, name)
    _in_batches(job, lambda tx: retention.forget_runs(tx, now, BATCH))
    _in_batches(job, lambda tx: retention.forget_payloads(tx, archive, now, BATCH))
    _in_batches(job, lambda tx: retention.forget_gone(tx, now, BATCH))
    _in_batches(job, lambda tx: rollups.forget_hours(tx, now - retention.OBSERVATIONS, BATCH))
    forget_previews(now)
    with job.finish() as tx:
        retention.recount(tx)


def _make_partitions(job: Job) -> None:
    with transaction() as tx:
        months = partitions.missing_months(tx, utcnow())
    for month in months:
        job.checkpoint()
        with transaction() as tx:
            partitions.add_partition(tx, month)


def _in_batches(job: Job, forget: Callable[[Transaction], int]) -> None:
    while True:
        job.checkpoint()
        with transaction() as tx:
            if forget(tx) < BATCH:
                return
