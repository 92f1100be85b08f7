"""Let Postgres calls of psycopg2 wait as greenlets do: without this one slow query stops every socket."""

from typing import Any

import psycopg2
from gevent.socket import wait_read, wait_write
from psycopg2 import extensions


def install() -> None:
    """Make every psycopg2 connection of this process wait by gevent."""
    extensions.set_wait_callback(_wait)


def _wait(connection: Any) -> None:  # psycopg2's connection, which its stubs do not type for callbacks
    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        if state == extensions.POLL_READ:
            wait_read(connection.fileno())
        elif state == extensions.POLL_WRITE:
            wait_write(connection.fileno())
        else:
            raise psycopg2.OperationalError(f"poll() said {state}")
