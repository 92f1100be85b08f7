"""COPY into a table or into a staging table of the session."""

# ruff: noqa: S608 - the only names put into statements are those of our tables and columns.

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction, copy_in

NULL: Final = r"\N"


def copy_lines(tx: Transaction, table: str, columns: str, blocks: Iterable[bytes]) -> None:
    """Send lines in COPY's text format, a block at a time."""
    copy_in(tx, f"COPY {table} ({columns}) FROM STDIN", blocks)


def copy_binary(tx: Transaction, table: str, columns: str, blocks: Iterable[bytes]) -> None:
    """Send what `encoding.binary` wrote, a block at a time."""
    copy_in(tx, f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)", blocks)


def stage_for(tx: Transaction, table: str) -> str:
    """
    Return an empty staging table of this session with the columns of `table` and `repeated`.

    It stays with its connection and is emptied by every commit, so that runs do not fill the catalogue.
    """
    stage = f"stage_{table}"
    if tx.execute(text("SELECT to_regclass(:name)"), {"name": f"pg_temp.{stage}"}).scalar_one() is None:
        tx.execute(
            text(
                f"CREATE TEMP TABLE {stage} (LIKE {table} INCLUDING DEFAULTS, repeated boolean NOT NULL)"
                " ON COMMIT DELETE ROWS"
            )
        )
    tx.execute(text(f"DELETE FROM {stage}"))
    return stage


@contextmanager
def by_index(tx: Transaction) -> Iterator[None]:
    """
    Join given rows with a table by its index, row by row, for the length of the block.

    Right after a big load the planner knows nothing of the table and would read all of it for each chunk; where
    it believes the table empty, it would go through all that is given for each row of the table. So no table is
    read as a whole, and the join is written `t.id = ANY(ARRAY[s.id])`: plainly equal ids can also be joined by
    going through the whole index.
    Compiling is off meanwhile: before Postgres 18 a forbidden way that is needed all the same looks
    costly enough for it.
    """
    _allow_all(tx, "off")
    yield
    _allow_all(tx, "on")


def _allow_all(tx: Transaction, value: str) -> None:
    tx.execute(
        text(
            "SELECT set_config('enable_seqscan', :value, true), set_config('enable_hashjoin', :value, true),"
            " set_config('enable_mergejoin', :value, true), set_config('jit', :value, true)"
        ),
        {"value": value},
    )


def moment(value: datetime | None) -> str:
    """Write a moment for COPY."""
    return NULL if value is None else rfc3339(value)


def escaped(value: str) -> str:
    """Write a text for COPY."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
