"""[p] Sort observed results, as columns, into those newer than all that is stored, those to compare, and the rest."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: What becomes of a result, and of an observation: the most that becomes of its results.
SAME, CHANGED, NEW = range(3)
_HOUR: Final = 3_600_000_000
#: A line in COPY's binary format: how many fields there are, and each after its length.
_LINE: Final = np.dtype(
    [
        ("fields", ">i2"),
        *[("size_of_id", ">i4"), ("id", "V16")],
        *[("size_of_time", ">i4"), ("time", ">i8")],
        *[("size_of_value", ">i4"), ("value", ">f8")],
        *[("size_of_run_id", ">i4"), ("run_id", "V16")],
    ]
)
#: A line of which only the values are missing.
_BLANK: Final = np.array((4, 16, bytes(16), 8, 0, 8, 0, 16, bytes(16)), dtype=_LINE)
#: Lines of a block: the database takes one in while the next is written.
_BLOCK: Final = 4096
_EPOCH: Final = np.datetime64("2000-01-01", "us")


class Latest(NamedTuple):
    """The latest result of the datastream at a place; the time as RFC 3339."""

    place: int
    time: str
    result: float


class Results(NamedTuple):
    """
    Results as columns: the datastream's place, the moment as Postgres counts it, and the number.

    After `distinct` each datastream has one result a moment, and they lie in the order of places and moments.
    """

    places: Integers
    times: Integers
    values: Numbers

    def take(self, which: Integers | Flags) -> "Results":
        """Return some of them."""
        return Results(self.places[which], self.times[which], self.values[which])

    def distinct(self) -> tuple["Results", Integers]:
        """Return them in order, of two of one moment the one given last, and for each given one which it is now."""
        order = np.lexsort((self.times, self.places))
        ordered = self.take(order)
        is_last = np.ones(len(order), dtype=np.bool_)
        is_last[:-1] = (np.diff(ordered.places) != 0) | (np.diff(ordered.times) != 0)
        now = np.empty(len(order), dtype=np.int64)
        now[order] = np.cumsum(is_last) - is_last
        return ordered.take(is_last), now

    def is_newer(self, times: Integers) -> Flags:
        """Tell of each whether it is newer than the latest of its datastream, of which there are the `times`."""
        found: Flags = self.times > times[self.places]
        return found

    def is_known(self, times: Integers, results: Numbers) -> Flags:
        """Tell of each whether it is the latest of its datastream."""
        found: Flags = (self.times == times[self.places]) & (self.values == results[self.places])
        return found

    def latest(self, times: Integers, is_known: Flags) -> list[Latest]:
        """Return the last of each datastream that moves or corrects its latest."""
        is_last = np.append(np.diff(self.places) != 0, True)
        moved = self.take(is_last & ~is_known & (self.times >= times[self.places]))
        return list(map(Latest, moved.places.tolist(), written(moved.times), moved.values.tolist()))

    def lines(self, ids: Sequence[str], run_id: UUID) -> Iterator[bytes]:
        """Write them block by block as COPY reads them, with the ids of the datastreams at their places."""
        known = np.frombuffer(bytes.fromhex("".join(ids).replace("-", "")), dtype="V16")
        for begin in range(0, len(self.places), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            lines = np.full(len(self.places[block]), _BLANK)
            lines["id"] = known[self.places[block]]
            lines["time"] = self.times[block]
            lines["value"] = self.values[block]
            lines["run_id"] = np.void(run_id.bytes)
            yield lines.tobytes()

    def hours(self) -> "Hours":
        """Sum them up by datastreams and hours."""
        starts = self.times // _HOUR * _HOUR
        begins = np.flatnonzero(np.append(True, (np.diff(self.places) != 0) | (np.diff(starts) != 0)))
        return Hours(
            places=self.places[begins].tolist(),
            starts=written(starts[begins]),
            least=np.minimum.reduceat(self.values, begins).tolist(),
            most=np.maximum.reduceat(self.values, begins).tolist(),
            total=np.add.reduceat(self.values, begins).tolist(),
            counts=np.diff(np.append(begins, len(starts))).tolist(),
        )


class Hours(NamedTuple):
    """The results of each datastream and hour: the least, the most, the sum and how many."""

    places: Sequence[int]
    starts: Sequence[str]
    least: Sequence[float]
    most: Sequence[float]
    total: Sequence[float]
    counts: Sequence[int]


def column(values: Sequence[int]) -> Integers:
    """Return whole numbers as a column."""
    return np.fromiter(values, np.int64, len(values))


def written(times: Integers) -> list[str]:
    """Write moments as RFC 3339 in UTC; microseconds only when there are any."""
    different, places = np.unique(times, return_inverse=True)
    texts = np.datetime_as_string(_EPOCH + different.astype("timedelta64[us]"), timezone="UTC").tolist()
    short = [text.replace(".000000Z", "Z") for text in texts]
    return [short[place] for place in places.tolist()]


def verdicts(of_results: Integers, owners: Integers) -> Integers:
    """Return how many observations are the same, changed and new; the results of one lie side by side."""
    begins = np.flatnonzero(np.append(True, np.diff(owners) != 0))
    return np.bincount(np.maximum.reduceat(of_results, begins), minlength=3)
