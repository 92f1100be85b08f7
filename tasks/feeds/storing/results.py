"""[p] Sort observed results into those newer than all that is stored, those to compare, and those known already."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from shared.clock import new_id
from tasks.feeds.connector import Observation
from tasks.feeds.storing.streams import Key, Stream, ThingState

Moment = tuple[str, datetime]
"""The id of a datastream and a phenomenon time: the key of one result."""

#: What a comparison found when nothing was stored.
ABSENT: Final = None


class Placed(NamedTuple):
    """An observation: whether it has results newer than all, and the keys of those that were compared."""

    observation: Observation
    has_newer: bool
    keys: list[Moment]


@dataclass(slots=True)
class Results:
    """Sorts the results of a batch, which come in the order of their times; `streams` are moved and added to."""

    streams: dict[Key, Stream]
    compared: dict[Moment, float] = field(default_factory=dict)

    def place(self, observation: Observation, thing: ThingState) -> Placed | None:
        """Sort the results of one observation; none when no result is a number."""
        keys: list[Moment] = []
        is_number = has_newer = False
        time, streams, external_id = observation.phenomenon_time, self.streams, observation.external_id
        for result in observation.results:
            value = result.value
            if not math.isfinite(value):
                continue
            is_number = True
            stream = streams.get((external_id, result.observed_property))
            if stream is None:
                stream = Stream(str(new_id()), thing.id, result.unit, is_new=True)
                streams[external_id, result.observed_property] = stream
            last = stream.time
            if last is None or time > last:
                stream.added.append((time, value))
                stream.time, stream.result, stream.moved, has_newer = time, value, True, True
            elif time != last or value != stream.result:
                self.compared[stream.id, time] = value
                keys.append((stream.id, time))
                if time == last:
                    stream.result, stream.moved = value, True
        return Placed(observation, has_newer, keys) if is_number else None

    def settle(self, found: Mapping[Moment, float | None]) -> dict[Moment, float]:
        """
        Add compared results of which nothing is stored to their datastreams; returns those that correct one.

        A result that came twice in the batch corrects the first.
        """
        late = {key: value for key, value in self.compared.items() if found[key] is ABSENT}
        if late:
            by_id = {stream.id: stream for stream in self.streams.values()}
            for (id_, time), value in late.items():
                stream = by_id[id_]
                stream.added = [one for one in stream.added if one[0] != time] + [(time, value)]
        return {key: value for key, value in self.compared.items() if key not in late and found[key] != value}

    def verdict(self, placed: Placed, found: Mapping[Moment, float | None]) -> str:
        """Return new, changed or same: the most that becomes of an observation's results."""
        if placed.has_newer or any(found[key] is ABSENT for key in placed.keys):
            return "new"
        is_changed = any(found[key] != self.compared[key] for key in placed.keys)
        return "changed" if is_changed else "same"
