"""The heartbeat of a worker process: one thread that renews the leases of the jobs in hand."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from shared.db import transaction
from shared.jobs import lease as leases
from shared.jobs.lease import Lease
from shared.jobs.pace import beat_seconds, scaled
from shared.jobs.rules import RIDER_PATIENCE_SECONDS
from shared.jobs.sweep import unring

log = logging.getLogger(__name__)


class Heart:
    """Renew leases every ten seconds; remember which were lost and which should stop."""

    def __init__(self) -> None:
        self._every = beat_seconds()
        self._patience = scaled(RIDER_PATIENCE_SECONDS)
        self._held: dict[UUID, Lease] = {}
        self._lost: set[UUID] = set()
        self._cancelled: set[UUID] = set()
        self._riders: deque[UUID] = deque()
        self._stepped_at = 0.0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self, held: list[Lease]) -> None:
        """Begin to renew these leases."""
        with self._lock:
            self._held.update({lease.job_id: lease for lease in held})
        self._start()

    def queueing(self, job_ids: Sequence[UUID]) -> Iterator[UUID]:
        """Yield jobs of one message in turn, but none that was let go because the one before took long."""
        with self._lock:
            self._riders = deque(job_ids)
        self._start()
        while (job_id := self._next_rider()) is not None:
            yield job_id

    def _next_rider(self) -> UUID | None:
        with self._lock:
            self._stepped_at = time.monotonic()
            return self._riders.popleft() if self._riders else None

    def let_go(self, patience_seconds: float) -> None:
        """Have riders rung again that wait longer than this; another worker may have time for them."""
        with self._lock:
            if not self._riders or time.monotonic() - self._stepped_at < patience_seconds:
                return
            late, self._riders = list(self._riders), deque()
        with transaction() as tx:
            unring(tx, late)

    def release(self, held: list[Lease]) -> None:
        """Stop renewing these leases."""
        with self._lock:
            for lease in held:
                self._held.pop(lease.job_id, None)
                self._lost.discard(lease.job_id)
                self._cancelled.discard(lease.job_id)

    def lost(self, job_id: UUID) -> bool:
        """Tell whether the last beat found the lease gone."""
        return job_id in self._lost

    def cancelled(self, job_id: UUID) -> bool:
        """Tell whether the last beat found a cancel request."""
        return job_id in self._cancelled

    def beat(self) -> None:
        """Renew every lease in hand once."""
        with self._lock:
            by_token: dict[UUID, list[UUID]] = {}
            for lease in self._held.values():
                by_token.setdefault(lease.token, []).append(lease.job_id)
        for token, job_ids in by_token.items():
            with transaction() as tx:
                alive = leases.beat(tx, token, job_ids)
            with self._lock:
                held = {job_id for job_id in job_ids if job_id in self._held}
                self._lost |= held - alive.keys()
                self._cancelled |= {job_id for job_id in held if alive.get(job_id)}

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat_forever, name="heart", daemon=True)
            self._thread.start()

    def _beat_forever(self) -> None:
        next_beat = time.monotonic() + self._every
        while not self._wake.wait(min(self._every, self._patience)):
            try:
                self.let_go(self._patience)
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + self._every
                    self.beat()
            except SQLAlchemyError as error:
                log.warning("heartbeat failed, trying again", extra={"error": str(error)})
