"""
The relay: rings committed jobs in Redis, promotes what is due, rescues what fell silent.

Any number may run; they share the work by SKIP LOCKED and need no leader. `python -m workers.relay`.
"""

import logging
import os
import select
import signal
import socket
import time
from itertools import groupby
from typing import Any

import psycopg2
import redis
from sqlalchemy.exc import SQLAlchemyError

from shared.db import engine, transaction
from shared.jobs import sweep
from shared.jobs.enqueue import CHANNEL
from shared.jobs.pace import poll_seconds, sweep_seconds
from shared.jobs.points import reach
from shared.jobs.rules import riders, window
from shared.jobs.sweep import Rung
from shared.logging import configure_logging
from shared.messages import all_messages
from shared.settings import get_settings
from workers.bell import Bell
from workers.demands import check_servers
from workers.flow import Flow
from workers.processes import farewell, forget_silent, report, slots_by_queue
from workers.wire import envelope

log = logging.getLogger(__name__)
#: Between looks while jobs wait for room in their queue's window.
BACKLOG_SECONDS = 0.02


class Relay:
    """One relay process."""

    def __init__(self, bell: Bell, name: str) -> None:
        self._bell = bell
        self._name = name
        self._slots: dict[str, int] = {}
        self._sizes = _batch_sizes()
        self._flow = Flow()
        self._next_minor = 0.0
        self._next_major = 0.0
        self._redis_up = True
        self.stopping = False

    def turn(self, now: float) -> float:
        """
        Do one turn: the housekeeping that is due at `now` (monotonic seconds), then ring.

        Returns: after how many seconds to turn again, unless a notification comes first.
        """
        if now >= self._next_minor:
            self._next_minor = now + poll_seconds()
            self._housekeep(major=now >= self._next_major)
            if now >= self._next_major:
                self._next_major = now + sweep_seconds()
        try:
            backlog = self._ring_some()
            self._tell_redis(up=True)
        except redis.RedisError as error:
            self._tell_redis(up=False, error=error)
            return poll_seconds()
        return BACKLOG_SECONDS if backlog else poll_seconds()

    def _housekeep(self, *, major: bool) -> None:
        with transaction() as tx:
            sweep.promote(tx)
            sweep.unring_stale(tx)
        with transaction() as tx:
            self._slots = slots_by_queue(tx)
            report(tx, self._name, "relay", {"pid": os.getpid(), "redis": self._redis_up})
        if major:
            with transaction() as tx:
                rescued = sweep.rescue(tx)
                forget_silent(tx)
                rides = {kind: riders(seconds) for kind, seconds in sweep.long_ones(tx).items()}
            self._sizes = rides | _batch_sizes()
            if rescued:
                log.warning("jobs rescued from silent workers", extra={"count": rescued})
        try:
            self._notice_amnesia()
        except redis.RedisError as error:
            self._tell_redis(up=False, error=error)

    def _notice_amnesia(self) -> None:
        if self._bell.forgot():
            with transaction() as tx:
                again = sweep.unring_everything(tx)
            self._bell.remember()
            log.warning("redis forgot its queues: ringing again", extra={"count": again})

    def _ring_some(self) -> bool:
        """Ring one window of every queue; returns whether served queues have jobs waiting for room."""
        with transaction() as tx:
            waiting = sweep.waiting_queues(tx)
        served = [queue for queue in waiting if self._slots.get(queue)]
        if not served:
            return False
        in_redis = self._bell.waiting(served)
        rung: dict[str, list[Rung]] = {}
        with transaction() as tx:
            for queue in served:
                slots, largest = self._slots[queue], self._largest(queue)
                space = self._flow.room(queue, slots, in_redis[queue], waiting[queue], time.monotonic())
                jobs = min(window(slots, largest, waiting[queue]), space * largest)
                if jobs and (picked := sweep.pick(tx, queue, jobs, space, self._sizes)):
                    rung[queue] = picked
        if rung:
            reach("stamped")
            self._push(rung)
            reach("pushed")
        return True

    def _push(self, rung: dict[str, list[Rung]]) -> None:
        encoded = {queue: self._encode(picked, queue) for queue, picked in rung.items()}
        try:
            self._bell.ring(encoded)
            for queue, messages in encoded.items():
                self._flow.pushed(queue, len(messages), len(rung[queue]))
        except redis.RedisError:
            with transaction() as tx:
                sweep.unring(tx, [job.job_id for picked in rung.values() for job in picked])
            raise

    def _encode(self, picked: list[Rung], queue: str) -> list[str]:
        """Group neighbouring jobs of a kind into as few messages as may be; keep the order of the rest."""
        encoded = []
        for kind, group in groupby(picked, key=lambda job: job.kind):
            ids = [str(job.job_id) for job in group]
            size = self._sizes.get(kind, 1)
            encoded += [
                envelope(kind, ids[at : at + size], queue, self._name) for at in range(0, len(ids), size)
            ]
        return encoded

    def _largest(self, queue: str) -> int:
        """Return how many jobs the fullest message of a queue carries."""
        here = (
            self._sizes.get(name, 1) for name, found in all_messages().items() if found.route.queue == queue
        )
        return max(here, default=1)

    def _tell_redis(self, *, up: bool, error: Exception | None = None) -> None:
        if up != self._redis_up:
            self._redis_up = up
            log.warning(
                "redis is reachable again" if up else "redis cannot be rung", extra={"error": str(error)}
            )

    def run(self) -> None:
        """Turn on every notification and every second until told to stop."""
        listener = None
        while not self.stopping:
            try:
                listener = listener or _listen()
                _wait(listener, self.turn(time.monotonic()))
            except (SQLAlchemyError, psycopg2.Error) as error:
                log.warning("database unreachable, trying again", extra={"error": str(error).splitlines()[0]})
                listener = None
                time.sleep(0.5)
        with transaction() as tx:
            farewell(tx, self._name)


def _batch_sizes() -> dict[str, int]:
    """Return kind -> how many of its jobs share one claim, of the kinds that do."""
    return {name: found.route.batch for name, found in all_messages().items() if found.route.batch > 1}


def _listen() -> Any:
    connection = engine().raw_connection()
    raw: Any = connection.driver_connection
    connection.detach()
    raw.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
    with raw.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    return raw


def _wait(listener: Any, seconds: float) -> None:
    """Return at the next notification, or after `seconds`."""
    if not listener.notifies:
        select.select([listener], [], [], seconds)
    listener.poll()
    listener.notifies.clear()


def main() -> None:
    """Run a relay until SIGTERM."""
    configure_logging()
    bell = Bell(get_settings().redis_url.get_secret_value())
    if get_settings().citypulse_env != "test":  # there the servers keep nothing, on purpose
        check_servers(bell)
    relay = Relay(bell, f"relay@{socket.gethostname()}:{os.getpid()}")

    def stop(*_: object) -> None:
        relay.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("relay started")
    relay.run()


if __name__ == "__main__":
    main()
