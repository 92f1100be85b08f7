"""
Store observations: a datastream for each property of a thing, every result once, the newest kept beside.

A result newer than its datastream's latest is appended by COPY; one that is not is compared with what is
stored, so that a repeated poll adds nothing and a late one fills its place without moving the latest.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from struct import Struct
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text

from shared.clock import new_id
from shared.db import Transaction
from shared.observations.rollups import add_results, sum_again
from tasks.feeds.connector import Observation
from tasks.feeds.store_binary import BEGIN, END, microseconds
from tasks.feeds.store_copy import copy_binary
from tasks.feeds.store_streams import Key, Stream, ThingState, known_streams, moved_items, write_streams
from tasks.feeds.store_table import Writing

_LINE: Final = Struct(">hi16siqidi16s").pack

Moment = tuple[UUID, datetime]
"""A datastream and a phenomenon time: the key of one result."""


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
    streams = known_streams(tx, writing.feed_id, things)
    compared: dict[Moment, float] = {}
    appended: dict[Moment, float] = {}
    placed: list[tuple[Observation, list[Moment]]] = []
    for observation in sorted(batch, key=lambda o: o.phenomenon_time):
        thing = things.get(observation.external_id)
        if thing is None:
            stored.unknown.append(observation)
            continue
        keys = _place(observation, thing, streams, appended, compared)
        if keys is None:
            stored.valueless.append(observation)
        else:
            placed.append((observation, keys))
    verdicts = _compare(tx, compared)
    _count(stored, placed, appended, compared, verdicts)
    if not writes:
        return stored
    _write(tx, writing, streams, appended, compared, verdicts)
    _keep_states(tx, things, [observation for observation, _ in placed])
    stored.items = list(moved_items(streams))
    return stored


def _place(
    observation: Observation,
    thing: ThingState,
    streams: dict[Key, Stream],
    appended: dict[Moment, float],
    compared: dict[Moment, float],
) -> list[Moment] | None:
    """Sort the results of one observation into those to append, to compare, and those known already."""
    keys: list[Moment] = []
    finite = False
    time = observation.phenomenon_time
    for result in observation.results:
        if not math.isfinite(result.value):
            continue
        finite = True
        name = (observation.external_id, result.observed_property)
        stream = streams.get(name)
        if stream is None:
            stream = streams[name] = Stream(new_id(), thing.id, result.unit, is_new=True)
        key = (stream.id, time)
        if stream.time is None or time > stream.time:
            appended[key] = result.value
            stream.time, stream.result, stream.moved = time, result.value, True
        elif time == stream.time and result.value == stream.result:
            continue
        else:
            compared[key] = result.value
            if time == stream.time:
                stream.result, stream.moved = result.value, True
        keys.append(key)
    return keys if finite else None


def _things(tx: Transaction, feed_id: UUID, external_ids: Iterable[str]) -> dict[str, ThingState]:
    rows = tx.execute(
        text(
            "SELECT external_id, id, state FROM things WHERE feed_id = :feed_id AND external_id = ANY(:ids)"
        ),
        {"feed_id": feed_id, "ids": list(external_ids)},
    )
    return {external_id: ThingState(id_, state) for external_id, id_, state in rows}


def _compare(tx: Transaction, compared: dict[Moment, float]) -> dict[Moment, float | None]:
    """Return what is stored for results that are not the newest; absent ones give none."""
    if not compared:
        return {}
    ids = [key[0] for key in compared]
    times = [key[1] for key in compared]
    rows = tx.execute(
        text(
            "SELECT o.datastream_id, o.phenomenon_time, o.result"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS k(id, at)"
            " JOIN observations o ON o.datastream_id = k.id AND o.phenomenon_time = k.at"
        ),
        {"ids": ids, "times": times},
    )
    found: dict[Moment, float | None] = dict.fromkeys(compared)
    found.update({(id_, at): result for id_, at, result in rows})
    return found


def _write(
    tx: Transaction,
    writing: Writing,
    streams: dict[Key, Stream],
    appended: dict[Moment, float],
    compared: dict[Moment, float],
    verdicts: dict[Moment, float | None],
) -> None:
    write_streams(tx, writing, streams)
    # A result first appended and then corrected within the batch is in both; the correction holds.
    late = {key: value for key, value in compared.items() if verdicts[key] is None}
    additions = appended | late
    if additions:
        copy_binary(
            tx,
            "observations",
            "datastream_id, phenomenon_time, result, run_id",
            [BEGIN, _lines(additions, writing.run_id), END],
        )
        add_results(tx, ((id_, time, value) for (id_, time), value in additions.items()))
    corrected: list[dict[str, Any]] = [
        {"id": key[0], "at": key[1], "result": value, "run_id": writing.run_id}
        for key, value in compared.items()
        if verdicts[key] is not None and verdicts[key] != value
    ]
    if corrected:
        tx.execute(
            text(
                "UPDATE observations SET result = :result, run_id = :run_id"
                " WHERE datastream_id = :id AND phenomenon_time = :at"
            ),
            corrected,
        )
        sum_again(tx, ((one["id"], one["at"]) for one in corrected))


def _lines(additions: Mapping[Moment, float], run_id: UUID) -> bytes:
    """Write results as COPY reads them; a poll has few moments, each is counted out once."""
    run, counts = run_id.bytes, {time: microseconds(time) for time in {time for _, time in additions}}
    return b"".join(
        [
            _LINE(4, 16, id_.bytes, 8, counts[time], 8, value, 16, run)
            for (id_, time), value in additions.items()
        ]
    )


def _count(
    stored: Stored,
    placed: Sequence[tuple[Observation, list[Moment]]],
    appended: dict[Moment, float],
    compared: dict[Moment, float],
    verdicts: dict[Moment, float | None],
) -> None:
    """Count each observation by the most that became of its results."""
    for _, keys in placed:
        if any(key in appended or (key in verdicts and verdicts[key] is None) for key in keys):
            stored.new += 1
        elif any(verdicts[key] != compared[key] for key in keys):
            stored.changed += 1
        else:
            stored.same += 1


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
