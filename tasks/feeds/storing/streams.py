"""Datastreams: one for each observed property of a thing, with its latest result."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.arrays import array_of
from shared.clock import new_id, rfc3339
from shared.db import Transaction
from tasks.feeds.encoding.binary import EPOCH, NEVER
from tasks.feeds.storing.copy import copy_lines, escaped
from tasks.feeds.storing.results import Latest
from tasks.feeds.storing.table import Writing


@dataclass(slots=True)
class Observed:
    """A stored thing: what its last observation said besides results, and the places of its datastreams."""

    id: str
    state: dict[str, Any]
    places: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Streams:
    """
    Datastreams by their places: those that are stored in the order of their ids, then new ones.

    `times` of the latest results count microseconds as Postgres does; one without a result had it `NEVER`.
    """

    #: How many are stored.
    known: int = 0
    ids: list[str] = field(default_factory=list)
    thing_ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    results: list[float] = field(default_factory=list)

    def place(self, thing: Observed, name: str, unit: str) -> int:
        """Return the place of a property of a thing; one that has no datastream gets a new one."""
        known = thing.places.get(name)
        if known is not None:
            return known
        place = thing.places[name] = len(self.ids)
        self.ids.append(str(new_id()))
        self.thing_ids.append(thing.id)
        self.names.append(name)
        self.units.append(unit)
        self.times.append(NEVER)
        self.results.append(math.nan)
        return place


def known_streams(tx: Transaction, feed_id: UUID, things: Iterable[Observed]) -> Streams:
    """Return the datastreams of some things of a feed, and note their places with the things."""
    by_id = {thing.id: thing for thing in things}
    rows = tx.execute(
        text(
            "SELECT CAST(id AS text), CAST(thing_id AS text), observed_property, unit, coalesce(CAST(1000000 *"
            " extract(epoch FROM phenomenon_time - CAST(:epoch AS timestamptz)) AS bigint), :never),"
            " coalesce(result, 'NaN')"
            " FROM datastreams WHERE feed_id = :feed_id AND thing_id = ANY(CAST(:ids AS uuid[])) ORDER BY id"
        ),
        {"feed_id": feed_id, "ids": array_of(by_id), "epoch": EPOCH, "never": NEVER},
    ).all()
    if not rows:
        return Streams()
    streams = Streams(len(rows), *map(list, zip(*rows, strict=True)))
    for place, (thing_id, name) in enumerate(zip(streams.thing_ids, streams.names, strict=True)):
        by_id[thing_id].places[name] = place
    return streams


def write_streams(tx: Transaction, writing: Writing, streams: Streams, latest: Sequence[Latest]) -> None:
    """Copy new datastreams; move the latest result of known ones, never backwards. Call it within `by_index`."""
    if new := [one for one in latest if one.place >= streams.known]:
        columns = "id, thing_id, feed_id, observed_property, unit, result, phenomenon_time, fetched_at"
        copy_lines(tx, "datastreams", columns, [_new_lines(writing, streams, new).encode()])
    moved = [one for one in latest if one.place < streams.known]
    if not moved:
        return
    tx.execute(
        text(
            "UPDATE datastreams d SET result = s.result, phenomenon_time = s.at, fetched_at = :fetched_at"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:results AS float8[]), CAST(:times AS timestamptz[]))"
            " AS s(id, result, at) WHERE d.id = ANY(ARRAY[s.id]) AND coalesce(s.at >= d.phenomenon_time, true)"
        ),
        {
            "ids": array_of(streams.ids[one.place] for one in moved),
            "results": array_of(one.result for one in moved),
            "times": array_of(one.time for one in moved),
            "fetched_at": writing.fetched_at,
        },
    )


def _new_lines(writing: Writing, streams: Streams, new: Sequence[Latest]) -> str:
    fetched_at = rfc3339(writing.fetched_at)
    return "".join(
        f"{streams.ids[place]}\t{streams.thing_ids[place]}\t{writing.feed_id}\t{escaped(streams.names[place])}"
        f"\t{escaped(streams.units[place])}\t{result!r}\t{time}\t{fetched_at}\n"
        for place, time, result in new
    )


def moved_items(streams: Streams, latest: Sequence[Latest]) -> Iterable[dict[str, Any]]:
    """Yield the latest results that this run moved, as `ObservationsAdded` tells them."""
    for place, time, result in latest:
        yield {
            "thing_id": streams.thing_ids[place],
            "datastream_id": streams.ids[place],
            "observed_property": streams.names[place],
            "result": result,
            "unit": streams.units[place],
            "phenomenon_time": time,
        }
