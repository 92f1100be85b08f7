"""Lay out observations as columns: each is touched once, and what is done with all of them is done at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from math import isfinite
from operator import attrgetter

import numpy as np

from tasks.feeds.connector import Observation
from tasks.feeds.encoding.binary import microseconds
from tasks.feeds.storing.results import Integers, Results, column
from tasks.feeds.storing.streams import Observed, Streams


@dataclass(slots=True)
class Batch:
    """Observations of known things in the order of their times, with their results one after the other."""

    observations: list[Observation] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    #: How many results each has.
    counts: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def results(self) -> tuple[Results, Integers]:
        """Return the results that are numbers, and the place of each one's observation."""
        counts = column(self.counts)
        times, owners = np.repeat(column(self.times), counts), np.repeat(np.arange(len(counts)), counts)
        all_of_them = Results(column(self.places), times, np.array(self.values, dtype=np.float64))
        is_number = np.isfinite(all_of_them.values)
        return all_of_them.take(is_number), owners[is_number]


def take(
    batch: Sequence[Observation],
    things: Mapping[str, Observed],
    streams: Streams,
    unknown: list[Observation],
) -> Batch:
    """Lay out a batch; a time that many observations share is counted once."""
    taken = Batch()
    observations, places, values = taken.observations, taken.places, taken.values
    last: datetime | None = None
    count = 0
    for observation in sorted(batch, key=attrgetter("phenomenon_time")):
        thing = things.get(observation.external_id)
        if thing is None:
            unknown.append(observation)
            continue
        time = observation.phenomenon_time
        if time != last:
            last, count = time, microseconds(time)
        observations.append(observation)
        taken.times.append(count)
        taken.counts.append(len(observation.results))
        for result in observation.results:
            place = thing.places.get(result.observed_property)
            if place is None:
                # What is no number is left out below, wherever it is put.
                place = streams.add(thing, result) if isfinite(result.value) else 0
            places.append(place)
            values.append(result.value)
    return taken


def saying(
    observations: Sequence[Observation], owners: Integers, valueless: list[Observation]
) -> Sequence[Observation]:
    """Set observations without a number aside; returns of each thing the newest that says something besides results."""
    has_numbers = np.bincount(owners, minlength=len(observations)) > 0
    valueless += [observations[number] for number in np.flatnonzero(~has_numbers).tolist()]
    told = compress(observations, has_numbers.tolist())
    return list({one.external_id: one for one in told if one.properties}.values())
