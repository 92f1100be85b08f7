"""
The tables that are keyed by (feed, external id): the columns of their lines, and how rows get into them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Final, Literal
from uuid import UUID

import uuid_utils

from shared.db import Transaction
from tasks.feeds.encoding.binary import BEGIN, END, FALSE, LENGTHS, TRUE, integer, moment, uuid, words
from tasks.feeds.encoding.lines import Lines
from tasks.feeds.encoding.rows import Row
from tasks.feeds.storing.copy import copy_binary

#: Rows of a block: the database works on one while the next is written, and none costs fresh memory.
_BLOCK_ROWS: Final = 500
#: What every row has of its own behind its tail; the run's constants end it.
_OWN = "id, content_hash, published_at"
RowId = UUID | uuid_utils.UUID
_FIXED = "city, feed_id, fetched_at, run_id, parser_version"


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes: the feed, its run, and the moments and version put on each row."""

    feed_id: UUID
    city: str
    run_id: UUID
    parser_version: int
    fetched_at: datetime
    now: datetime
    #: Whether this is what the publisher sent last; an older payload read again tells nothing of what is
    #: listed today, so it neither brings back nor hides.
    is_current: bool = True
    #: Whether this reads an archived payload again.
    is_replay: bool = False


@dataclass(frozen=True)
class Table:
    """
    A keyed table: the columns of its body and of its tail.

    `tail(row, writing)` writes the tail, and what a body may lack at its end.
    """

    name: str
    body: str
    own: str = ""
    tail: Callable[[Row, Writing], bytes] = lambda row, writing: b""
    #: The column by which what is older is told: a position by when it was observed, a feature by when it
    #: was published, since a request that is reopened loses its latest date; a thing by neither.
    age: Literal["observed_at", "published_at"] = "observed_at"
    has_observed_at: bool = True
    has_withdrawn_at: bool = False
    has_version: bool = False
    has_updated_at: bool = False
    #: What an update sets beside what is staged.
    also_set: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def source_hash(self) -> str:
        """Return what to select for the hash of a row as it was sent; only rows of long tables have one."""
        return "source_hash" if "source_hash" in self.own else "NULL"

    @cached_property
    def columns(self) -> str:
        """Return the columns of a line."""
        parts = [self.body, self.own, _OWN, "updated_at" * self.has_updated_at, _FIXED]
        return ", ".join(filter(None, parts))

    def assignments(self, is_current: bool) -> str:
        """Return the SET list of an update."""
        fixed = {"external_id", "id", "city", "feed_id"}
        names = [name for name in self.columns.split(", ") if name not in fixed]
        pairs = [f"{name} = s.{name}" for name in names]
        pairs += [f"{name} = {value}" for name, value in self.also_set.items()]
        if self.has_version:
            pairs.append("version = f.version + 1")
        if is_current:
            pairs.append("missing_since = NULL")
        elif self.has_withdrawn_at:
            pairs[pairs.index("withdrawn_at = s.withdrawn_at")] = (
                "withdrawn_at = coalesce(f.withdrawn_at, s.withdrawn_at)"
            )
        return ", ".join(pairs)

    @cached_property
    def newer(self) -> str:
        """
        Return the condition under which a staged row replaces the stored one.

        A newer parser may correct an observed time backwards; content fetched earlier never comes back.
        An id repeated in one run is decided by time, then hash, so that any order ends the same.
        """
        rank = "(coalesce({0}.observed_at, '-infinity'), {0}.content_hash)"
        if not self.has_observed_at:
            rank = "{0}.content_hash"
        return (
            "s.fetched_at >= f.fetched_at AND (s.parser_version > f.parser_version"
            f" OR coalesce(s.{self.age} >= f.{self.age}, true))"
            f" AND (NOT s.repeated OR {rank.format('s')} > {rank.format('f')})"
        )


def copy(
    tx: Transaction,
    table: Table,
    writing: Writing,
    rows: Sequence[Row],
    ids: Sequence[RowId],
    into: str = "",
    repeated: bool | None = None,
) -> None:
    """Copy rows with their ids into the table, or `into` a stage with what is `repeated`."""
    columns = table.columns + (", repeated" if repeated is not None else "")
    blocks = line_blocks(table, writing, rows, ids, repeated)
    copy_binary(tx, into or table.name, columns, chain([BEGIN], blocks, [END]))


def copy_read(
    tx: Transaction, table: Table, writing: Writing, parts: Sequence[Lines], ids: Sequence[Sequence[RowId]]
) -> None:
    """Copy rows that were read at once, with the ids of each part's, into the table."""
    blocks = (line_blocks(table, writing, lines, of) for lines, of in zip(parts, ids, strict=True))
    copy_binary(tx, table.name, table.columns, chain([BEGIN], chain.from_iterable(blocks), [END]))


def line_blocks(
    table: Table,
    writing: Writing,
    rows: Sequence[Row] | Lines,
    ids: Sequence[RowId],
    repeated: bool | None = None,
) -> Iterator[bytes]:
    """Yield lines as COPY reads them, in blocks: of each row how many fields it has, its body, its tail."""
    fixed = _fixed(table, writing) + (b"" if repeated is None else TRUE if repeated else FALSE)
    head = (table.columns.count(",") + 1 + (repeated is not None)).to_bytes(2, "big")
    if isinstance(rows, Lines):
        yield from rows.blocks([id_.bytes for id_ in ids], head, fixed)
        return
    tail = table.tail
    sixteen = LENGTHS[16]
    for start in range(0, len(rows), _BLOCK_ROWS):
        parts: list[bytes] = []
        for row, id_ in zip(rows[start : start + _BLOCK_ROWS], ids[start : start + _BLOCK_ROWS], strict=True):
            parts += (
                head, row.body, tail(row, writing), sixteen, id_.bytes, sixteen, row.digest,
                moment(row.published_at), fixed,
            )  # fmt: skip
        yield b"".join(parts)


def _fixed(table: Table, writing: Writing) -> bytes:
    """Write what is the same in every row of a run."""
    return b"".join(
        (
            moment(writing.now) if table.has_updated_at else b"",
            words(writing.city),
            uuid(writing.feed_id),
            moment(writing.fetched_at),
            uuid(writing.run_id),
            integer(writing.parser_version),
        )
    )
