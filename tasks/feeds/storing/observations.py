"""
Store observations: a datastream for each property of a thing, every result once, the newest kept beside.

A result newer than its datastream's latest is appended by COPY; one that is not is compared with what is
stored, so that a repeated poll adds nothing and a late one fills its place without moving the latest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from struct import Struct
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text

from shared.db import Transaction
from shared.observations.arrays import array_of, moments_of
from shared.observations.rollups import add_results, sum_again
from tasks.feeds.connector import Observation
from tasks.feeds.encoding.binary import BEGIN, END, microseconds
from tasks.feeds.storing.copy import copy_binary
from tasks.feeds.storing.results import ABSENT, Moment, Placed, Results
from tasks.feeds.storing.streams import Stream, ThingState, known_streams, moved_items, write_streams
from tasks.feeds.storing.table import Writing

_LINE: Final = Struct(">hi16siqidi16s").pack


@dataclass(slots=True)
class Stored:
    """What became of a batch of observations."""

    new: int = 0
    changed: int = 0
    same: int = 0
    unknown: list[Observation] = field(default_factory=list)
    valueless: list[Observation] = field(default_factory=list)
    #: Latest results that moved, as `ObservationsAdded` tells them.
    items: list[dict[str, Any]] = field(default_factory=list)


def store_observations(
    tx: Transaction, writing: Writing, batch: Sequence[Observation], *, writes: bool = True
) -> Stored:
    """
    Store observations whose (thing, phenomenon time) are distinct; those of unknown things come back.

    Without `writes` it only tells what storing them would come to.
    """
    stored = Stored()
    things = _things(tx, writing.feed_id, {observation.external_id for observation in batch})
    results = Results(known_streams(tx, writing.feed_id, things))
    placed: list[Placed] = []
    for observation in sorted(batch, key=attrgetter("phenomenon_time")):
        thing = things.get(observation.external_id)
        if thing is None:
            stored.unknown.append(observation)
        elif (one := results.place(observation, thing)) is None:
            stored.valueless.append(observation)
        else:
            placed.append(one)
    found = _compare(tx, results.compared)
    for one in placed:
        verdict = results.verdict(one, found)
        setattr(stored, verdict, getattr(stored, verdict) + 1)
    if not writes:
        return stored
    corrections = results.settle(found)
    write_streams(tx, writing, results.streams)
    _append(tx, writing, [stream for stream in results.streams.values() if stream.added])
    _correct(tx, writing, corrections)
    _keep_states(tx, things, [one.observation for one in placed])
    stored.items = list(moved_items(results.streams))
    return stored


def _things(tx: Transaction, feed_id: UUID, external_ids: Iterable[str]) -> dict[str, ThingState]:
    rows = tx.execute(
        text(
            "SELECT external_id, CAST(id AS text), nullif(state, '{}') FROM things"
            " WHERE feed_id = :feed_id AND external_id = ANY(:ids)"
        ),
        {"feed_id": feed_id, "ids": list(external_ids)},
    )
    return {external_id: ThingState(id_, state or {}) for external_id, id_, state in rows}


def _compare(tx: Transaction, compared: dict[Moment, float]) -> dict[Moment, float | None]:
    """Return what is stored for results that are not the newest; of absent ones that they are."""
    if not compared:
        return {}
    rows = tx.execute(
        text(
            "SELECT CAST(o.datastream_id AS text), o.phenomenon_time, o.result"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS k(id, at)"
            " JOIN observations o ON o.datastream_id = k.id AND o.phenomenon_time = k.at"
        ),
        {"ids": array_of(id_ for id_, _ in compared), "times": moments_of(at for _, at in compared)},
    )
    found: dict[Moment, float | None] = dict.fromkeys(compared, ABSENT)
    found.update({(id_, at): result for id_, at, result in rows})
    return found


def _append(tx: Transaction, writing: Writing, streams: Sequence[Stream]) -> None:
    """Copy results, those of a datastream together: their places in the index are side by side."""
    if not streams:
        return
    streams = sorted(streams, key=attrgetter("id"))
    lines = b"".join(_lines(streams, writing.run_id))
    columns = "datastream_id, phenomenon_time, result, run_id"
    copy_binary(tx, "observations", columns, [BEGIN, lines, END])
    add_results(tx, ((stream.id, stream.added) for stream in streams))


def _lines(streams: Sequence[Stream], run_id: UUID) -> Iterator[bytes]:
    """Write results as COPY reads them; a poll has few moments, each is counted out once."""
    run = run_id.bytes
    counts: dict[datetime, int] = {}
    for stream in streams:
        id_ = bytes.fromhex(stream.id.replace("-", ""))
        for time, value in stream.added:
            count = counts.get(time)
            if count is None:
                count = counts[time] = microseconds(time)
            yield _LINE(4, 16, id_, 8, count, 8, value, 16, run)


def _correct(tx: Transaction, writing: Writing, corrections: dict[Moment, float]) -> None:
    if not corrections:
        return
    tx.execute(
        text(
            "UPDATE observations SET result = :result, run_id = :run_id"
            " WHERE datastream_id = :id AND phenomenon_time = :at"
        ),
        [
            {"id": id_, "at": at, "result": value, "run_id": writing.run_id}
            for (id_, at), value in corrections.items()
        ],
    )
    sum_again(tx, corrections)


def _keep_states(tx: Transaction, things: dict[str, ThingState], placed: Sequence[Observation]) -> None:
    """Keep beside each thing what its newest observation said besides results."""
    newest = {o.external_id: dict(o.properties) for o in placed if o.properties}
    changed = [
        {"id": things[external_id].id, "state": orjson.dumps(state, option=orjson.OPT_SORT_KEYS).decode()}
        for external_id, state in newest.items()
        if things[external_id].state != state
    ]
    if changed:
        tx.execute(text("UPDATE things SET state = CAST(:state AS jsonb) WHERE id = :id"), changed)
