"""The one reader of the stream in a process: woken by NOTIFY, with a poll behind it."""

import json
import logging
import os
import socket
from typing import Any

import gevent
from gevent.socket import wait_read
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from shared.accounts.service import ended_among
from shared.db import engine, transaction
from shared.stream.publish import CHANNEL
from shared.stream.read import read_after, stream_ends
from web.live.hub import Hub
from web.live.subscriber import Subscriber

log = logging.getLogger(__name__)

BATCH = 500
POLL_SECONDS = 1.0
#: After a ring that showed nothing yet: an older transaction is still open, and its end rings nobody.
HELD_BACK_SECONDS = 0.02
_HELD_BACK_LOOKS = 100
_SESSIONS_SECONDS = 3
_REPORT_SECONDS = 5
_LONGEST_PAUSE_SECONDS = 5.0

_REPORT = text("""
INSERT INTO processes (name, role, data) VALUES (:name, 'live', CAST(:data AS jsonb))
ON CONFLICT (name) DO UPDATE SET data = excluded.data, seen_at = clock_timestamp()
""")
_FAREWELL = text("DELETE FROM processes WHERE name = :name")


def follow_for_ever(hub: Hub) -> None:
    """Read the stream until the process ends; a lost database only makes it late."""
    pause = 0.2
    while not hub.is_stopping:
        try:
            _follow(hub)
        except (SQLAlchemyError, OSError) as error:
            log.warning("live: the stream cannot be read", extra={"error": str(error).splitlines()[0][:200]})
            gevent.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        else:
            pause = 0.2


def _follow(hub: Hub) -> None:
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        hub.begin(stream_ends(connection))
        looks_left = 0
        while not hub.is_stopping:
            events = read_after(connection, hub.position, BATCH)
            if events:
                hub.deliver(events)
            if len(events) < BATCH:
                if _wait(connection, HELD_BACK_SECONDS if looks_left else POLL_SECONDS):
                    looks_left = _HELD_BACK_LOOKS
                else:
                    looks_left = 0 if events else max(0, looks_left - 1)


def _wait(connection: Connection, seconds: float) -> bool:
    """Wait for a ring, at most so long; tells whether there was one."""
    raw: Any = connection.connection.driver_connection  # psycopg2's own connection
    try:
        wait_read(raw.fileno(), timeout=seconds, timeout_exc=TimeoutError())
    except TimeoutError:
        return False
    raw.poll()
    rang = bool(raw.notifies)
    raw.notifies.clear()
    return rang


def tend_for_ever(hub: Hub, lingering: set[Subscriber]) -> None:
    """Look after the clients each second, and after their sessions and our own row now and then."""
    second = 0
    while not hub.is_stopping:
        gevent.sleep(1.0)
        second += 1
        hub.tend(lingering)
        try:
            if second % _SESSIONS_SECONDS == 0:
                _end_sessions(hub)
            if second % _REPORT_SECONDS == 1:
                _report(hub)
        except SQLAlchemyError as error:
            log.warning(
                "live: the database cannot be asked", extra={"error": str(error).splitlines()[0][:200]}
            )


def farewell() -> None:
    """Strike this process off the register."""
    try:
        with transaction() as tx:
            tx.execute(_FAREWELL, {"name": _name()})
    except SQLAlchemyError:
        log.warning("live: could not say farewell")


def _end_sessions(hub: Hub) -> None:
    held = hub.held_sessions()
    if held:
        with transaction() as tx:
            ended = ended_among(tx, held)
        hub.end_sessions(ended)


def _report(hub: Hub) -> None:
    with transaction() as tx:
        ends = stream_ends(tx)
        tx.execute(_REPORT, {"name": _name(), "data": json.dumps({"sockets": len(hub.clients)})})
    hub.begin(ends)


def _name() -> str:
    return f"live@{socket.gethostname()}:{os.getpid()}"
