"""
Store observations: a datastream for each property of a thing, every result once, the newest kept beside.

A result newer than its datastream's latest is appended by COPY; one that is not is compared with what is
stored, so that a repeated poll adds nothing and a late one fills its place without moving the latest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final
from uuid import UUID

import numpy as np
import orjson
from sqlalchemy import text

from shared.arrays import array_of
from shared.db import Transaction
from shared.observations.rollups import add_hours, sum_again
from tasks.feeds.encoding.binary import BEGIN, END, document
from tasks.feeds.storing.copy import by_index, copy_binary
from tasks.feeds.storing.gathered import Gathered
from tasks.feeds.storing.results import CHANGED, NEW, SAME, Numbers, Results, column, verdicts, written
from tasks.feeds.storing.streams import Observed, Streams, known_streams, moved_items, write_streams
from tasks.feeds.storing.table import Writing

#: Where the text of a document begins: after its length, and the version of its form.
_JSON: Final = 5


@dataclass(slots=True)
class Stored:
    """What became of a batch of observations; those that were set aside by their numbers."""

    new: int = 0
    changed: int = 0
    same: int = 0
    #: Another one of the same thing and moment won.
    repeated: Sequence[int] = ()
    unknown: Sequence[int] = ()
    valueless: Sequence[int] = ()
    #: Latest results that moved, as `ObservationsAdded` tells them.
    items: list[dict[str, Any]] = field(default_factory=list)


def store_observations(
    tx: Transaction, writing: Writing, gathered: Gathered, *, writes: bool = True
) -> Stored:
    """
    Store observations; of those of unknown things the numbers come back.

    Without `writes` it only tells what storing them would come to.
    """
    stored = Stored(repeated=gathered.repeated())
    things = _things(tx, writing.feed_id, gathered.external_ids)
    streams = known_streams(tx, writing.feed_id, things.values())
    is_left = np.ones(len(gathered.records), dtype=np.bool_)
    is_left[list(stored.repeated)] = False
    is_known_thing = gathered.of_things(np.array([id_ in things for id_ in gathered.external_ids], np.bool_))
    stored.unknown = np.flatnonzero(is_left & ~is_known_thing).tolist()
    is_left &= is_known_thing
    given, owners = gathered.laid_out(is_left)
    has_numbers = np.bincount(owners, minlength=len(gathered.records)) > 0
    stored.valueless = np.flatnonzero(is_left & ~has_numbers).tolist()
    if not len(owners):
        return stored
    given = _placed(given, gathered, things, streams)
    times, latest = column(streams.times), np.array(streams.results, dtype=np.float64)
    results, now = given.distinct()
    is_newer, is_known = results.is_newer(times), results.is_known(times, latest)
    compared = np.flatnonzero(~is_newer & ~is_known)
    found = _compare(tx, streams, results.take(compared))
    verdict = np.where(is_newer, NEW, SAME)
    verdict[compared] = np.where(
        np.isnan(found), NEW, np.where(found == results.values[compared], SAME, CHANGED)
    )
    stored.same, stored.changed, stored.new = verdicts(verdict[now], owners).tolist()
    if writes:
        moved = results.latest(times, is_known)
        with by_index(tx):
            write_streams(tx, writing, streams, moved)
            _append(tx, writing, streams, results.take(verdict == NEW))
            _correct(tx, writing, streams, results.take(verdict == CHANGED))
            _keep_states(tx, things, gathered.newest_said(has_numbers))
        stored.items = list(moved_items(streams, moved))
    return stored


def _things(tx: Transaction, feed_id: UUID, external_ids: Sequence[str]) -> dict[str, Observed]:
    rows = tx.execute(
        text(
            "SELECT external_id, CAST(id AS text), nullif(state, '{}') FROM things"
            " WHERE feed_id = :feed_id"
            " AND external_id = ANY(ARRAY(SELECT json_array_elements_text(CAST(:ids AS json))))"
        ),
        {"feed_id": feed_id, "ids": orjson.dumps(external_ids).decode()},
    )
    return {external_id: Observed(id_, state or {}) for external_id, id_, state in rows}


def _placed(given: Results, gathered: Gathered, things: Mapping[str, Observed], streams: Streams) -> Results:
    """Return results at the places of their datastreams; what was not observed before gets a new one."""
    observed, which = np.unique(given.places, return_inverse=True)
    places = [
        streams.place(things[external_id], name, unit)
        for external_id, name, unit in map(gathered.observed, observed.tolist())
    ]
    return given._replace(places=column(places)[which])


def _compare(tx: Transaction, streams: Streams, results: Results) -> Numbers:
    """Return what is stored at the moments of results that are not the newest; no number where nothing is."""
    found = np.full(len(results.places), np.nan)
    if not len(found):
        return found
    with by_index(tx):
        rows = tx.execute(
            text(
                "SELECT k.number - 1, o.result FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[]))"
                " WITH ORDINALITY AS k(id, at, number),"
                # Looked up one by one, also when the table is believed to be empty: OFFSET keeps it from being joined.
                " LATERAL (SELECT result FROM observations WHERE datastream_id = k.id AND phenomenon_time = k.at"
                " OFFSET 0) o"
            ),
            {"ids": _ids(streams, results), "times": array_of(written(results.times))},
        )
        for number, result in rows:
            found[number] = result
    return found


def _ids(streams: Streams, results: Results) -> str:
    return array_of(streams.ids[place] for place in results.places.tolist())


def _append(tx: Transaction, writing: Writing, streams: Streams, results: Results) -> None:
    """Copy results, those of a datastream together: their places in the index are side by side."""
    if not len(results.places):
        return
    columns = "datastream_id, phenomenon_time, result, run_id"
    copy_binary(
        tx, "observations", columns, chain([BEGIN], results.lines(streams.ids, writing.run_id), [END])
    )
    hours = results.hours()
    add_hours(tx, [streams.ids[place] for place in hours.places], *hours[1:])


def _correct(tx: Transaction, writing: Writing, streams: Streams, results: Results) -> None:
    if not len(results.places):
        return
    ids, times = _ids(streams, results), array_of(written(results.times))
    # All of them are there. An insertion finds each by its key; an UPDATE of a table in partitions may be planned otherwise.
    tx.execute(
        text(
            "INSERT INTO observations (datastream_id, phenomenon_time, result, run_id)"
            " SELECT s.id, s.at, s.result, :run_id"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[]), CAST(:results AS float8[]))"
            " AS s(id, at, result) ON CONFLICT (datastream_id, phenomenon_time)"
            " DO UPDATE SET result = excluded.result, run_id = excluded.run_id"
        ),
        {
            "ids": ids,
            "times": times,
            "results": array_of(results.values.tolist()),
            "run_id": writing.run_id,
        },
    )
    sum_again(tx, ids, times)


def _keep_states(
    tx: Transaction, things: Mapping[str, Observed], said: Mapping[str, Mapping[str, Any]]
) -> None:
    """Keep beside each thing what its newest observation said besides results."""
    changed = [
        {"id": things[external_id].id, "state": dict(state)}
        for external_id, state in said.items()
        if things[external_id].state != dict(state)
    ]
    if not changed:
        return
    tx.execute(
        text(
            "UPDATE things t SET state = s.state"
            " FROM jsonb_to_recordset(CAST(:changed AS jsonb)) AS s(id uuid, state jsonb)"
            " WHERE t.id = ANY(ARRAY[s.id])"
        ),
        {"changed": document(changed)[_JSON:].decode()},
    )
