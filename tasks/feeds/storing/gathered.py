"""[p] Observations of a chunk as columns: which of them repeat others, and what their results are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import numpy as np

from tasks.feeds.connector import Observation, Result
from tasks.feeds.encoding.binary import EPOCH, microseconds
from tasks.feeds.storing.results import Flags, Integers, Numbers, Results


@dataclass(frozen=True, slots=True)
class Gathered:
    """
    Observations by their numbers, with their results one after the other.

    Things are told by their places in `external_ids`, what was observed by its place in `properties`, which
    are pairs of a name and a unit. Times are counted as Postgres does.
    """

    records: Sequence[str]
    external_ids: Sequence[str]
    properties: Sequence[tuple[str, str]]
    #: What observations say besides results, by their numbers.
    said: Mapping[int, Mapping[str, Any]]
    things: Integers
    times: Integers
    #: How many results each has.
    sizes: Integers
    #: Of each result.
    property_of: Integers
    values: Numbers

    def external_id(self, number: int) -> str:
        """Return the external id of an observation's thing."""
        return self.external_ids[int(self.things[number])]

    def newest(self, until: datetime) -> datetime | None:
        """Return the newest time that is not later than a moment."""
        past = self.times[self.times <= microseconds(until)]
        return _moment(past.max()) if len(past) else None

    def repeated(self) -> Sequence[int]:
        """
        Return the observations that tell of what another one tells, of the same thing and moment, and lose.

        It is the larger that wins, so that any order ends the same.
        """
        order = np.lexsort((self.times, self.things))
        is_new = np.append(True, (np.diff(self.things[order]) != 0) | (np.diff(self.times[order]) != 0))
        moments = np.cumsum(is_new)
        losers: list[int] = []
        for moment in np.unique(moments[~is_new]).tolist():
            begin, end = np.searchsorted(moments, (moment, moment + 1)).tolist()
            losers += self._losers(order[begin:end].tolist())
        return sorted(losers)

    def _losers(self, numbers: Sequence[int]) -> Iterator[int]:
        """Yield those of some observations of a moment that tell of a property which a larger one has."""
        contents = [_content(one) for one in self.restored(numbers)]
        told: set[str] = set()
        ranked = sorted(zip(contents, numbers, strict=True), key=itemgetter(0), reverse=True)
        for rank, (content, number) in enumerate(ranked):
            names = {name for name, _ in content}
            if rank and (not names or names & told):
                yield number
            told |= names

    def restored(self, numbers: Sequence[int]) -> list[Observation]:
        """Return some observations, but for their `observed_at` and `published_at`."""
        ends = np.cumsum(self.sizes)[numbers].tolist()
        return [
            Observation(
                external_id=self.external_id(number),
                record=self.records[number],
                phenomenon_time=_moment(self.times[number]),
                results=[self._result(place) for place in range(end - self.sizes[number], end)],
                properties=self.said.get(number, {}),
            )
            for number, end in zip(numbers, ends, strict=True)
        ]

    def _result(self, place: int) -> Result:
        name, unit = self.properties[self.property_of[place]]
        return Result(name, float(self.values[place]), unit)

    def of_things(self, which: Flags) -> Flags:
        """Tell of each observation whether it is of one of some things."""
        found: Flags = which[self.things]
        return found

    def laid_out(self, which: Flags) -> tuple[Results, Integers]:
        """
        Return those results of some observations that are numbers, and each one's observation.

        Their places are those of what was observed, in the order of things: see `observed`.
        """
        owners = np.repeat(np.arange(len(self.sizes)), self.sizes)
        is_taken = which[owners] & np.isfinite(self.values)
        owners = owners[is_taken]
        observed = self.things[owners] * len(self.properties) + self.property_of[is_taken]
        return Results(observed, self.times[owners], self.values[is_taken]), owners

    def observed(self, number: int) -> tuple[str, str, str]:
        """Return the external id of a thing, and the name and the unit of what was observed there."""
        thing, place = divmod(number, len(self.properties))
        return self.external_ids[thing], *self.properties[place]

    def newest_said(self, which: Flags) -> dict[str, Mapping[str, Any]]:
        """Return what the newest of some observations that say something besides results says, by the thing."""
        said = np.fromiter(self.said, np.int64, len(self.said))
        said = said[which[said]]
        ordered = said[np.lexsort((self.times[said], self.things[said]))]
        newest = ordered[np.append(np.diff(self.things[ordered]) != 0, True)] if len(ordered) else ordered
        return {self.external_id(number): self.said[number] for number in newest.tolist()}


def _moment(count: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(count))


def _content(observation: Observation) -> list[tuple[str, float]]:
    return sorted((result.observed_property, result.value) for result in observation.results)
