"""Jobs of one message, run one after the other, each under a claim of its own."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Transaction, transaction
from shared.jobs.claim import claim, claim_next
from shared.jobs.lease import Lease
from tasks.heart import Heart


class Turns:
    """
    Whose turn it is among the jobs that came in one message.

    Where the one before ends well, its commit claims the next one too, which spares a job in every
    message but the first a transaction. What was not claimed so is claimed in its turn.
    """

    def __init__(self, kind: str, job_ids: Sequence[UUID], worker: str, heart: Heart) -> None:
        self._kind = kind
        self._worker = worker
        self._heart = heart
        self._waiting = heart.queueing(job_ids)
        #: The next job's id while its claim is not known to be committed.
        self._offered: UUID | None = None
        self._claimed: Lease | None = None
        self._next: Lease | None = None
        self._in_hand: list[Lease] = []

    def take(self) -> Lease | None:
        """Return the next job that could be claimed, or none at the end; the one before is put down."""
        lease, self._next = self._next, None
        self._heart.release([held for held in self._in_hand if held is not lease])
        if lease is None:
            lease = self._claim()
        self._in_hand = [lease] if lease else []
        return lease

    def claim_next(self, tx: Transaction) -> None:
        """Claim the next job in the transaction that ends this one."""
        self._offered = self._offered or next(self._waiting, None)
        if self._offered is not None:
            self._claimed = claim_next(tx, self._kind, self._offered, self._worker)

    def committed(self) -> None:
        """Hold what `claim_next` got, now that its transaction is committed."""
        if self._claimed is not None:
            self._hold(self._claimed)
            self._next, self._claimed, self._offered = self._claimed, None, None

    def put_down(self) -> None:
        """Renew no lease any more: what is still claimed will be taken over when it runs out."""
        self._heart.release(self._in_hand)

    def _claim(self) -> Lease | None:
        while (job_id := self._offered or next(self._waiting, None)) is not None:
            self._offered = self._claimed = None
            with transaction() as tx:
                got = claim(tx, self._kind, [job_id], self._worker)
            if got:
                self._hold(got[0])
                return got[0]
        return None

    def _hold(self, lease: Lease) -> None:
        self._in_hand.append(lease)
        self._heart.hold([lease])
