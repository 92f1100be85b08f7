"""The database: one engine a process, one declarative base, and the only thing that commits."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar
from uuid import UUID

import psycopg2
from sqlalchemy import (
    CursorResult,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    Text,
    create_engine,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import UserDefinedType

from shared.clock import new_id
from shared.settings import get_settings

Transaction = Session
"""What `transaction()` yields and every service takes as `tx`."""

#: A connection idle for longer than this is tried before it is used.
RESTED_SECONDS = 0.5

_CONNECT_ARGS = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
    "application_name": "citypulse",
}


class Point(UserDefinedType[tuple[float, float]]):
    """Map Postgres `point` to `(lon, lat)` in degrees."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the column type."""
        return "POINT"

    def bind_processor(self, dialect: Any) -> Any:
        """Write `(lon, lat)` as the text Postgres reads."""
        return lambda value: None if value is None else f"({value[0]!r},{value[1]!r})"

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """Read `(lon,lat)` back into two floats."""

        def read(value: str | None) -> tuple[float, float] | None:
            if value is None:
                return None
            lon, _, lat = value.strip("()").partition(",")
            return float(lon), float(lat)

        return read


ischema_names["point"] = Point

Id = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
LonLat = Annotated[tuple[float, float], mapped_column(Point)]
Digest = Annotated[bytes, mapped_column(LargeBinary)]


class Base(DeclarativeBase):
    """Stand above every table of ours."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        tuple[float, float]: Point,
        bytes: LargeBinary,
    }


@cache
def engine() -> Engine:
    """Return the process's engine; a forked child must call `dispose_after_fork` first."""
    made = create_engine(
        get_settings().database_url,
        pool_size=5,
        max_overflow=5,
        pool_timeout=5,
        pool_recycle=900,
        hide_parameters=True,  # an error's text goes to logs, its values do not
        connect_args={**_CONNECT_ARGS, "options": _session_options()},
    )
    event.listen(made, "checkin", _note_use)
    event.listen(made, "checkout", _try_when_rested)
    return made


def _note_use(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _try_when_rested(raw: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """
    Ask a connection that lay idle whether it still stands; one just used needs no such round trip.

    Raises: DisconnectionError, upon which the pool connects anew.
    """
    used_at = record.info.get("used_at")
    if used_at is None or time.monotonic() - used_at < RESTED_SECONDS:
        return
    try:
        engine().dialect.do_ping(raw)
    except psycopg2.Error as error:
        raise DisconnectionError from error


def _session_options() -> str:
    """
    Return what every session begins with; PGOPTIONS of the process comes after it, and so wins.

    A process that froze in mid-transaction answers keep-alives for ever, and whoever takes its job over
    would wait for its locks as long: a silent transaction keeps them as long as a lease lasts, and ten
    seconds at least. (`options` replaces PGOPTIONS in libpq, so it is handed on here.)
    """
    limit_ms = int(1000 * max(10.0, 30.0 * get_settings().jobs_time_scale))
    return f"-c idle_in_transaction_session_timeout={limit_ms} {os.environ.get('PGOPTIONS', '')}".strip()


@cache
def _sessions() -> sessionmaker[Session]:
    return sessionmaker(engine(), expire_on_commit=False)


@contextmanager
def transaction() -> Iterator[Transaction]:
    """
    Open a transaction, commit it when the block ends, roll back when it raises.

    This, `job.finish()` and `job.step()` are the only committers. NOTIFY sent inside is delivered by
    Postgres at commit, or never.
    """
    with _sessions().begin() as tx:
        yield tx


def dispose_after_fork() -> None:
    """Drop inherited connections without closing the parent's sockets."""
    engine().dispose(close=False)


def forget_engine() -> None:
    """Close the engine and forget it; the next use reads the settings anew (tests, launcher)."""
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()
    _sessions.cache_clear()


class Prepared:
    """
    A statement that Postgres plans once a connection, for what every job runs: planning takes longer than running it.

    Args: a name of its own, the statement with `$1` for the first value, and how many values it takes.
    """

    def __init__(self, name: str, statement: str, values: int) -> None:
        self._name = name
        self._prepare = f"PREPARE {name} AS {statement}"
        self._execute = f"EXECUTE {name} ({', '.join(['%s'] * values)})"

    def run(self, tx: Transaction, *values: Any) -> CursorResult[Any]:
        """Run it; lists are given as Postgres writes them, by `array_of`."""
        connection = tx.connection()
        known: set[str] = connection.info.setdefault("prepared", set())
        if self._name not in known:
            connection.exec_driver_sql(self._prepare)
            known.add(self._name)
        return connection.exec_driver_sql(self._execute, values)


def notify(tx: Transaction, channel: str, payload: str = "") -> None:
    """Ring `channel` when, and only when, this transaction commits."""
    tx.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})


class _Chunks:
    """Chunks as the file that psycopg2's COPY reads from; it takes a chunk of any size."""

    def __init__(self, chunks: Iterable[str | bytes]) -> None:
        self._chunks = iter(chunks)

    def read(self, size: int = -1) -> str | bytes:
        """Return the next chunk, and none at the end."""
        return next(self._chunks, b"")


def copy_in(tx: Transaction, statement: str, chunks: Iterable[str | bytes]) -> None:
    """Run `COPY ... FROM STDIN`; Postgres takes in a chunk while the next is made."""
    cursor: Any = tx.connection().connection.cursor()  # psycopg2's own, which knows COPY
    with cursor:
        cursor.copy_expert(statement, _Chunks(chunks))
