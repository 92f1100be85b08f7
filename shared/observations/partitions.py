"""The monthly partitions of `observations`: made ahead and on demand, dropped by the retention rule."""

# ruff: noqa: S608 - the names put into statements are made of numbers here.

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from shared.db import Transaction

_PREFIX: Final = "observations_"


def month_of(moment: datetime) -> datetime:
    """Return the start of a moment's month in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """Return the start of the month after."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def partition_of(month: datetime) -> str:
    """Return the table of a month."""
    return f"{_PREFIX}{month:%Y_%m}"


def missing_months(tx: Transaction, now: datetime, ahead: int = 2, most: int = 24) -> list[datetime]:
    """Return months that need a partition: this one, those `ahead`, and those with rows in the default one."""
    wanted = [month_of(now)]
    for _ in range(ahead):
        wanted.append(next_month(wanted[-1]))
    strays = tx.execute(
        text("SELECT DISTINCT date_trunc('month', phenomenon_time, 'UTC') AS month FROM observations_default")
    ).scalars()
    return [
        month for month in dict.fromkeys([*wanted, *sorted(strays)]) if not _exists(tx, partition_of(month))
    ][:most]


def add_partition(tx: Transaction, month: datetime) -> int:
    """
    Add a month's partition and move what lay in the default one there; returns how many rows moved.

    Holds the default partition to itself until the commit.
    """
    table, begin, end = partition_of(month), month_of(month), next_month(month)
    tx.execute(text("LOCK TABLE observations_default IN ACCESS EXCLUSIVE MODE"))
    tx.execute(text(f"CREATE TABLE {table} (LIKE observations INCLUDING ALL)"))
    moved = tx.execute(
        text(
            "WITH moved AS (DELETE FROM observations_default"
            " WHERE phenomenon_time >= :begin AND phenomenon_time < :end RETURNING *)"
            f" INSERT INTO {table} SELECT * FROM moved RETURNING 1"
        ),
        {"begin": begin, "end": end},
    ).all()
    tx.execute(
        text(
            f"ALTER TABLE observations ATTACH PARTITION {table}"
            f" FOR VALUES FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
        )
    )
    return len(moved)


def old_partitions(tx: Transaction, before: datetime) -> Sequence[str]:
    """Return the partitions whose whole month lies before a moment, oldest first."""
    last = partition_of(month_of(before))
    rows = tx.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'observations'::regclass ORDER BY 1"
        )
    ).scalars()
    return [name for name in rows if name[len(_PREFIX) :][:1].isdigit() and name < last]


def drop_partition(tx: Transaction, name: str) -> None:
    """Drop a month of observations."""
    tx.execute(text(f"DROP TABLE {name}"))


def _exists(tx: Transaction, table: str) -> bool:
    return tx.execute(text("SELECT to_regclass(:name)"), {"name": table}).scalar_one() is not None
