"""[p] Gather the observations of a chunk as columns: each is taken apart once, and weighs little until it is stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from tasks.feeds.connector import Observation
from tasks.feeds.encoding.binary import clean, microseconds
from tasks.feeds.storing.gathered import Gathered
from tasks.feeds.storing.results import Integers, Numbers

#: So many are taken apart at once: it is cheaper column by column, and few wait for it whole.
TOGETHER: Final = 1000
#: Observed results of a step, and the memory they and their addresses take: each datastream and hour is written once
#: for all of them.
STEP_RESULTS: Final = 50_000
STEP_BYTES: Final = 8 * 1024 * 1024
#: About how much of memory an observation takes with its address, and besides it a result, and what else it said.
_OBSERVATION_BYTES: Final = 150
_RESULT_BYTES: Final = 16
_SAID_BYTES: Final = 300

_external_id = attrgetter("external_id")
_property = attrgetter("observed_property", "unit")
_results = attrgetter("results")
_value = attrgetter("value")

Named = TypeVar("Named")


class _Numbered(dict[Named, int]):
    """Numbers what it is asked for, the first 0."""

    def __missing__(self, named: Named) -> int:
        number = self[named] = len(self)
        return number


class _Part(NamedTuple):
    """Columns of some observations, as in `Gathered`."""

    things: Integers
    times: Integers
    sizes: Integers
    property_of: Integers
    values: Numbers


class Batch:
    """Observations, numbered as they come."""

    def __init__(self) -> None:
        self._results = 0
        self._bytes = 0
        self._fresh: list[Observation] = []
        self._records: list[str] = []
        self._external_ids = _Numbered[str]()
        self._properties = _Numbered[tuple[str, str]]()
        self._parts: list[_Part] = []
        self._said: dict[int, Mapping[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._records) + len(self._fresh)

    @property
    def is_full(self) -> bool:
        """Tell whether this is enough for one step."""
        return self._results >= STEP_RESULTS or self._bytes >= STEP_BYTES

    def add(self, observation: Observation) -> None:
        """Take one in."""
        self._fresh.append(observation)
        if len(self._fresh) >= TOGETHER:
            self._take_apart()

    def _take_apart(self) -> None:
        fresh, self._fresh = self._fresh, []
        results = [result for one in fresh for result in one.results]
        numbers, count = self._external_ids, len(fresh)
        properties = map(self._properties.__getitem__, map(_property, results))
        self._parts.append(
            _Part(
                np.fromiter(map(numbers.__getitem__, map(_external_id, fresh)), np.int64, count),
                np.array(_counted(fresh), np.int64),
                np.fromiter(map(len, map(_results, fresh)), np.int64, count),
                np.fromiter(properties, np.int64, len(results)),
                np.fromiter(map(_value, results), np.float64, len(results)),
            )
        )
        said = {
            number: one.properties for number, one in enumerate(fresh, len(self._records)) if one.properties
        }
        self._said |= said
        self._records += [one.record for one in fresh]
        self._results += len(results)
        self._bytes += _OBSERVATION_BYTES * count + _RESULT_BYTES * len(results) + _SAID_BYTES * len(said)

    def gathered(self) -> Gathered:
        """Return them as columns."""
        self._take_apart()
        return Gathered(
            self._records,
            list(map(_storable, self._external_ids)),
            [(_storable(name), _storable(unit)) for name, unit in self._properties],
            self._said,
            *map(np.concatenate, zip(*self._parts, strict=True)),
        )


def _storable(text: str) -> str:
    """Return a text as the database can hold it: without control characters, halves of characters written out."""
    return clean(text).encode(errors="backslashreplace").decode()


def _counted(observations: Sequence[Observation]) -> list[int]:
    """Count times as Postgres does; one that many observations share is counted once."""
    counts: list[int] = []
    last: datetime | None = None
    count = 0
    for observation in observations:
        time = observation.phenomenon_time
        if time != last:
            last, count = time, microseconds(time)
        counts.append(count)
    return counts
