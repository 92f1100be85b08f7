"""
Merge rows into a table that is keyed by (feed, external id): what is new, changed, the same or older.

What is new is copied straight into the table; what changed goes through a staging table of the session
and one UPDATE; what is the same is not touched. The caller holds the feed's lock, so nobody else adds
rows of this feed in between. The newest observation wins: an older one never overwrites it.
"""

# ruff: noqa: S608 - the only names put into statements are those of our tables and columns.

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple
from uuid import UUID

import uuid_utils
from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction
from tasks.feeds import store_encode
from tasks.feeds.store_copy import NULL, by_index, copy_lines, escaped, stage_for
from tasks.feeds.store_encode import Row
from tasks.feeds.store_versions import write_versions

#: What every tail begins with; the run's constants end it.
_OWN = "id, content_hash, published_at"
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
    A keyed table: the columns of its body and of its own tail.

    `tail(row, writing)` writes the tail's own columns, a tab before each.
    """

    name: str
    body: str
    own: str = ""
    tail: Callable[[Row, Writing], str] = lambda row, writing: ""
    #: The column by which what is older is told: a position by when it was observed, a feature by when it
    #: was published, since a request that is reopened loses its latest date; a thing by neither.
    age: Literal["observed_at", "published_at"] = "observed_at"
    has_observed_at: bool = True
    has_withdrawn_at: bool = False
    has_version: bool = False
    has_updated_at: bool = False

    @cached_property
    def columns(self) -> str:
        """Return the columns of a line."""
        parts = [self.body, _OWN, self.own, "updated_at" * self.has_updated_at, _FIXED]
        return ", ".join(filter(None, parts))

    def assignments(self, is_current: bool) -> str:
        """Return the SET list of an update."""
        fixed = {"external_id", "id", "city", "feed_id"}
        names = [name for name in self.columns.split(", ") if name not in fixed]
        pairs = [f"{name} = s.{name}" for name in names]
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


@dataclass(slots=True)
class Merged:
    """What a merge did; our id, as text, and the kind of what is new, and of what changed or came back."""

    new: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    same: int = 0
    older: list[Row] = field(default_factory=list)


def merge(
    tx: Transaction,
    table: Table,
    writing: Writing,
    rows: Sequence[Row],
    repeated: frozenset[str] = frozenset(),
) -> Merged:
    """
    Merge rows with distinct external ids.

    `repeated` are ids that came before in this run; they replace what is stored only when they win.
    """
    known = _known(tx, table, writing.feed_id, rows)
    new = [row for row in rows if row.external_id not in known]
    differing: list[Row] = []
    returning: list[str] = []
    merged = Merged()
    for row in rows if known else ():
        found = known.get(row.external_id)
        if found is None:
            continue
        if found.digest != row.digest:
            differing.append(row)
        elif found.is_missing and writing.is_current:
            returning.append(row.external_id)
        else:
            merged.same += 1
    if new:
        ids = copy(tx, table, writing, new)
        merged.new = [(id_, row.kind) for id_, row in zip(ids, new, strict=True)]
    if differing:
        _update(tx, table, writing, differing, repeated, merged)
    if returning:
        _bring_back(tx, table, writing, returning, merged)
    return merged


class _Known(NamedTuple):
    digest: str
    is_missing: bool


def _known(tx: Transaction, table: Table, feed_id: UUID, rows: Sequence[Row]) -> dict[str, _Known]:
    """Return what is stored of these ids; a feed's first load is told by one look."""
    if not tx.execute(
        text(f"SELECT 1 FROM {table.name} WHERE feed_id = :feed_id LIMIT 1"), {"feed_id": feed_id}
    ).first():
        return {}
    found = tx.execute(
        text(
            f"SELECT external_id, encode(content_hash, 'hex'), missing_since IS NOT NULL FROM {table.name}"
            " WHERE feed_id = :feed_id AND external_id = ANY(:ids)"
        ),
        {"feed_id": feed_id, "ids": [row.external_id for row in rows]},
    ).all()
    return {external_id: _Known(digest, is_missing) for external_id, digest, is_missing in found}


def copy(
    tx: Transaction, table: Table, writing: Writing, rows: Sequence[Row], into: str = "", extra: str = ""
) -> list[str]:
    """Copy rows into the table (or `into`, with `extra` columns given by `extra`); returns their ids."""
    ids = [str(uuid_utils.uuid7()) for _ in rows]
    updated = f"\t{rfc3339(writing.now)}" if table.has_updated_at else ""
    fixed = (
        f"{updated}\t{escaped(writing.city)}\t{writing.feed_id}\t{rfc3339(writing.fetched_at)}"
        f"\t{writing.run_id}\t{writing.parser_version}{extra}"
    )
    tail = table.tail
    tails = (
        f"{id_}\t\\\\x{row.digest}\t{NULL if row.published_at is None else rfc3339(row.published_at)}"
        f"{tail(row, writing)}{fixed}"
        for id_, row in zip(ids, rows, strict=True)
    )
    copy_lines(
        tx,
        into or table.name,
        table.columns + (", repeated" if extra else ""),
        store_encode.lines(rows, tails),
    )
    return ids


def _update(
    tx: Transaction,
    table: Table,
    writing: Writing,
    rows: Sequence[Row],
    repeated: frozenset[str],
    merged: Merged,
) -> None:
    stage = stage_for(tx, table.name)
    for again in (False, True):
        part = [row for row in rows if (row.external_id in repeated) is again]
        if part:
            copy(tx, table, writing, part, into=stage, extra=f"\t{'t' if again else 'f'}")
    with by_index(tx):
        if table.has_version:
            write_versions(tx, stage, table.newer, writing.feed_id, writing.run_id, writing.now)
        changed = tx.execute(
            text(
                f"UPDATE {table.name} f SET {table.assignments(writing.is_current)} FROM {stage} s"
                f" WHERE f.feed_id = :feed_id AND f.external_id = s.external_id AND {table.newer}"
                " RETURNING f.id, f.external_id"
            ),
            {"feed_id": writing.feed_id},
        ).all()
    kept = {external_id: str(id_) for id_, external_id in changed}
    merged.changed += [(kept[row.external_id], row.kind) for row in rows if row.external_id in kept]
    merged.older += [row for row in rows if row.external_id not in kept]


def _bring_back(
    tx: Transaction, table: Table, writing: Writing, external_ids: list[str], merged: Merged
) -> None:
    """Unmark what the publisher lists again; what was withdrawn meanwhile counts as changed."""
    values: dict[str, Any] = {"feed_id": writing.feed_id, "ids": external_ids}
    where = "WHERE feed_id = :feed_id AND external_id = ANY(:ids) AND missing_since IS NOT NULL"
    back: list[tuple[str, str]] = []
    if table.has_withdrawn_at:
        rows = tx.execute(
            text(
                f"UPDATE {table.name} SET missing_since = NULL, withdrawn_at = NULL, updated_at = :now"
                f" {where} AND withdrawn_at IS NOT NULL RETURNING id, kind"
            ),
            {**values, "now": writing.now},
        )
        back = [(str(id_), kind) for id_, kind in rows]
    tx.execute(text(f"UPDATE {table.name} SET missing_since = NULL {where}"), values)
    merged.changed += back
    merged.same += len(external_ids) - len(back)
