"""Remove a feed that an admin deleted."""

from uuid import UUID

from shared.db import transaction
from shared.feeds import removal
from shared.messages import DeleteFeed
from tasks.base import Job, handles


@handles(DeleteFeed, limit_seconds=3600)
def delete(message: DeleteFeed, job: Job) -> None:
    """
    Remove what a feed gave step by step, and the feed with the last of it.

    A run that is under way goes on beside it until the feed is gone; each step is safe to repeat.
    """
    feed_id = UUID(message.feed_id)
    with transaction() as tx:
        streams = removal.datastreams_of(tx, feed_id)
    for number, stream in enumerate(streams):
        job.checkpoint()
        with job.step(number, len(streams), "datastreams removed") as tx:
            removal.remove_results(tx, [stream])
    removed = 0
    while part := _remove_part(job, feed_id, removed):
        removed += part
    with job.finish() as tx:
        removal.remove_feed(tx, feed_id)


def _remove_part(job: Job, feed_id: UUID, removed: int) -> int:
    job.checkpoint()
    with job.step(1, 1, f"{removed:,} rows removed") as tx:
        return removal.remove_part(tx, feed_id)
