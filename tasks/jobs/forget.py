"""Remove what the table of retention no longer keeps, copies whose week is over, and files that no row names."""

from datetime import datetime

from sqlalchemy import text

from shared import retention
from shared.clock import utcnow
from shared.db import transaction
from shared.messages import ForgetOld
from shared.storage import storage
from tasks.base import Job, handles

_OVER = text("""
SELECT id, path FROM exports WHERE state = 'ready' AND expires_at <= :now
ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
""")
_EXPIRED = text("UPDATE exports SET state = 'expired', path = NULL WHERE id = :id")


@handles(ForgetOld, limit_seconds=900)
def forget(message: ForgetOld, job: Job) -> None:
    """Work in small batches; whatever is left when this is stopped, the next hour's job takes."""
    now = utcnow()
    for rule in (rule for rule in retention.RULES if rule.by == job.kind):
        removed = rule.batch
        while removed >= rule.batch:
            job.checkpoint()
            with transaction() as tx:
                removed = retention.forget_old(tx, rule, now)
    while expire_copies(now):
        job.checkpoint()
    for files in retention.FILES:
        for path in retention.orphans(files, now):
            job.checkpoint()
            storage().delete(path)


def expire_copies(now: datetime) -> int:
    """Delete the files of one batch of copies whose week is over; a crash in between deletes them again."""
    with transaction() as tx:
        over = tx.execute(_OVER, {"now": now}).all()
        for row in over:
            storage().delete(row.path)
            tx.execute(_EXPIRED, {"id": row.id})
    return len(over)
