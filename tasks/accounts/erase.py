"""End the accounts whose days of grace are over."""

from shared.accounts import erase as service
from shared.clock import utcnow
from shared.db import transaction
from shared.messages import EraseAccounts
from shared.storage import storage
from tasks.base import Job, handles

BATCH = 100


@handles(EraseAccounts, limit_seconds=600)
def erase(message: EraseAccounts, job: Job) -> None:
    """
    Erase one account a transaction, its files first: a crash in between leaves a row that is erased again.

    What is left when this is stopped, the next one takes.
    """
    now = utcnow()
    with transaction() as tx:
        due = service.due(tx, now, BATCH)
    for user_id in due:
        job.checkpoint()
        with transaction() as tx:
            user = service.locked_due(tx, user_id, now)
            if user is not None:
                for path in service.files_of(tx, user_id):
                    storage().delete(path)
                service.erase(tx, user)
