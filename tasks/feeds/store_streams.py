"""Datastreams: one for each observed property of a thing, with its latest result."""

# ruff: noqa: S608 - the only names put into statements are those of our tables and columns.

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction
from tasks.feeds.store_copy import by_index, copy_lines, escaped, moment, stage_for
from tasks.feeds.store_table import Writing

Key = tuple[str, str]
"""A thing's external id and an observed property."""


@dataclass(slots=True)
class Stream:
    """A datastream as it is known: its latest result and when that was."""

    id: UUID
    thing_id: UUID
    unit: str
    time: datetime | None = None
    result: float | None = None
    is_new: bool = False
    #: Whether this run moved the latest result.
    moved: bool = False


@dataclass(frozen=True, slots=True)
class ThingState:
    """A thing that is stored, and what its last observation said besides results."""

    id: UUID
    state: dict[str, Any]


def known_streams(tx: Transaction, feed_id: UUID, things: Mapping[str, ThingState]) -> dict[Key, Stream]:
    """Return the datastreams of some things of a feed."""
    if not things:
        return {}
    names = {thing.id: external_id for external_id, thing in things.items()}
    rows = tx.execute(
        text(
            "SELECT thing_id, observed_property, id, unit, phenomenon_time, result FROM datastreams"
            " WHERE feed_id = :feed_id AND thing_id = ANY(:ids)"
        ),
        {"feed_id": feed_id, "ids": list(names)},
    )
    return {
        (names[thing_id], name): Stream(id_, thing_id, unit, time, result)
        for thing_id, name, id_, unit, time, result in rows
    }


def write_streams(tx: Transaction, writing: Writing, streams: dict[Key, Stream]) -> None:
    """Copy new datastreams; move the latest result of known ones, never backwards."""
    columns = "id, thing_id, feed_id, observed_property, unit, result, phenomenon_time, fetched_at"
    moved = [(name, stream) for name, stream in streams.items() if stream.moved or stream.is_new]
    for is_new in (True, False):
        lines = "".join(
            f"{stream.id}\t{stream.thing_id}\t{writing.feed_id}\t{escaped(name)}\t{escaped(stream.unit)}"
            f"\t{stream.result!r}\t{moment(stream.time)}\t{rfc3339(writing.fetched_at)}"
            + ("\n" if is_new else "\tf\n")
            for (_, name), stream in moved
            if stream.is_new is is_new
        )
        if not lines:
            continue
        if is_new:
            copy_lines(tx, "datastreams", columns, [lines.encode()])
            continue
        stage = stage_for(tx, "datastreams")
        copy_lines(tx, stage, f"{columns}, repeated", [lines.encode()])
        with by_index(tx):
            tx.execute(
                text(
                    "UPDATE datastreams d SET result = s.result, phenomenon_time = s.phenomenon_time,"
                    f" fetched_at = s.fetched_at FROM {stage} s WHERE d.id = s.id"
                    " AND coalesce(s.phenomenon_time >= d.phenomenon_time, true)"
                )
            )


def moved_items(streams: dict[Key, Stream]) -> Iterable[dict[str, Any]]:
    """Yield the latest results that this run moved, as `ObservationsAdded` tells them."""
    for (_, name), stream in streams.items():
        if stream.moved and stream.time is not None:
            yield {
                "thing_id": str(stream.thing_id),
                "datastream_id": str(stream.id),
                "observed_property": name,
                "result": stream.result,
                "unit": stream.unit,
                "phenomenon_time": rfc3339(stream.time),
            }
