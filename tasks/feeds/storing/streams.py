"""Datastreams: one for each observed property of a thing, with its latest result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction
from shared.observations.arrays import array_of, moments_of
from tasks.feeds.storing.copy import by_index, copy_lines, escaped, moment
from tasks.feeds.storing.table import Writing

Key = tuple[str, str]
"""A thing's external id and an observed property."""


@dataclass(slots=True)
class Stream:
    """A datastream as it is known: its latest result and when that was."""

    id: str
    thing_id: str
    unit: str
    time: datetime | None = None
    result: float | None = None
    is_new: bool = False
    #: Whether this run moved the latest result.
    moved: bool = False
    #: Times and results to store that were not there.
    added: list[tuple[datetime, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ThingState:
    """A thing that is stored, and what its last observation said besides results."""

    id: str
    state: dict[str, Any]


def known_streams(tx: Transaction, feed_id: UUID, things: Mapping[str, ThingState]) -> dict[Key, Stream]:
    """Return the datastreams of some things of a feed."""
    if not things:
        return {}
    names = {thing.id: external_id for external_id, thing in things.items()}
    rows = tx.execute(
        text(
            "SELECT CAST(thing_id AS text), observed_property, CAST(id AS text), unit, phenomenon_time, result"
            " FROM datastreams WHERE feed_id = :feed_id AND thing_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"feed_id": feed_id, "ids": array_of(names)},
    )
    return {
        (names[thing_id], name): Stream(id_, thing_id, unit, time, result)
        for thing_id, name, id_, unit, time, result in rows
    }


def write_streams(tx: Transaction, writing: Writing, streams: Mapping[Key, Stream]) -> None:
    """Copy new datastreams; move the latest result of known ones, never backwards."""
    if new := [(name, stream) for (_, name), stream in streams.items() if stream.is_new]:
        columns = "id, thing_id, feed_id, observed_property, unit, result, phenomenon_time, fetched_at"
        copy_lines(tx, "datastreams", columns, [_new_lines(writing, new).encode()])
    moved = [stream for stream in streams.values() if stream.moved and not stream.is_new]
    if not moved:
        return
    with by_index(tx):
        tx.execute(
            text(
                "UPDATE datastreams d SET result = s.result, phenomenon_time = s.at, fetched_at = :fetched_at"
                " FROM unnest(CAST(:ids AS uuid[]), CAST(:results AS float8[]), CAST(:times AS timestamptz[]))"
                " AS s(id, result, at) WHERE d.id = s.id AND coalesce(s.at >= d.phenomenon_time, true)"
            ),
            {
                "ids": array_of(stream.id for stream in moved),
                "results": array_of(stream.result for stream in moved if stream.result is not None),
                "times": moments_of(stream.time for stream in moved if stream.time is not None),
                "fetched_at": writing.fetched_at,
            },
        )


def _new_lines(writing: Writing, new: Sequence[tuple[str, Stream]]) -> str:
    fetched_at = rfc3339(writing.fetched_at)
    return "".join(
        f"{stream.id}\t{stream.thing_id}\t{writing.feed_id}\t{escaped(name)}\t{escaped(stream.unit)}"
        f"\t{stream.result!r}\t{moment(stream.time)}\t{fetched_at}\n"
        for name, stream in new
    )


def moved_items(streams: Mapping[Key, Stream]) -> Iterable[dict[str, Any]]:
    """Yield the latest results that this run moved, as `ObservationsAdded` tells them."""
    written: dict[datetime, str] = {}
    for (_, name), stream in streams.items():
        if stream.moved and stream.time is not None:
            at = written.get(stream.time) or written.setdefault(stream.time, rfc3339(stream.time))
            yield {
                "thing_id": stream.thing_id,
                "datastream_id": stream.id,
                "observed_property": name,
                "result": stream.result,
                "unit": stream.unit,
                "phenomenon_time": at,
            }
