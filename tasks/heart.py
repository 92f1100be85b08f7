"""The heartbeat of a worker process: one thread that renews the leases of the jobs in hand."""

import logging
import threading
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from shared.db import transaction
from shared.jobs import lease as leases
from shared.jobs.lease import Lease
from shared.jobs.pace import beat_seconds

log = logging.getLogger(__name__)


class Heart:
    """Renew leases every ten seconds; remember which were lost and which should stop."""

    def __init__(self) -> None:
        self._every = beat_seconds()
        self._held: dict[UUID, Lease] = {}
        self._lost: set[UUID] = set()
        self._cancelled: set[UUID] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self, held: list[Lease]) -> None:
        """Begin to renew these leases."""
        with self._lock:
            self._held.update({lease.job_id: lease for lease in held})
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat_forever, name="heart", daemon=True)
            self._thread.start()

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

    def _beat_forever(self) -> None:
        while not self._wake.wait(self._every):
            try:
                self.beat()
            except SQLAlchemyError as error:
                log.warning("heartbeat failed, trying again", extra={"error": str(error)})
