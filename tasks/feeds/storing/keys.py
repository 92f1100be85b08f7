"""[p] Remember which records a run has seen, eight bytes each, so that a run of any length fits in memory."""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]


#: So many hashes and more are kept in parts, of which one at a time is laid out anew: little memory is needed twice.
_MANY: Final = 1 << 18
_PARTS: Final = 8
_BOUNDS: Final = np.array([(part << 61) - (1 << 63) for part in range(_PARTS + 1)][1:-1], dtype=np.int64)


class HashSet:
    """
    A growing set of 64-bit hashes in sorted runs, merged as they double.

    Two different texts of a feed of a million share a hash once in some forty million runs.
    """

    def __init__(self, hashes: Keys | None = None) -> None:
        self._parts: list[list[Keys]] = [[]]
        self._bounds = _BOUNDS[:0]
        self.size = 0
        if hashes is not None and len(hashes):
            self.add_hashes(hashes)

    def add_hashes(self, hashes: Keys) -> None:
        """Add hashes that were not added before."""
        fresh = np.sort(hashes)
        # A hash is kept once.
        fresh = fresh[np.flatnonzero(np.diff(fresh, prepend=~fresh[:1]))]
        self.size += len(fresh)
        if self.size >= _MANY and len(self._parts) == 1:
            self._part()
        for runs, part in zip(self._parts, _parted(fresh, self._bounds), strict=True):
            if len(part):
                _add_run(runs, part)

    def _part(self) -> None:
        """Lay what was kept together in parts."""
        runs, self._bounds = self._parts.pop(), _BOUNDS
        self._parts = [[] for _ in range(_PARTS)]
        while runs:
            for part, of in zip(self._parts, _parted(runs.pop(0), _BOUNDS), strict=True):
                if len(of):
                    part.append(of.copy())

    def holds_hashes(self, hashes: Keys) -> npt.NDArray[np.bool_]:
        """Tell for each hash whether it was added before."""
        order = hashes.argsort()
        asked = hashes[order]
        found = np.zeros(len(hashes), dtype=np.bool_)
        begin = 0
        for runs, end in zip(
            self._parts, [*asked.searchsorted(self._bounds).tolist(), len(asked)], strict=True
        ):
            of = asked[begin:end]
            for run in runs if begin < end else ():
                # A place behind the last is the last's.
                found[begin:end] |= run.take(run.searchsorted(of), mode="clip") == of
            begin = end
        held = np.empty_like(found)
        held[order] = found
        return held


def _parted(hashes: Keys, bounds: Keys) -> list[Keys]:
    """Return sorted hashes by the parts they belong to."""
    return np.split(hashes, hashes.searchsorted(bounds)) if len(bounds) else [hashes]


def _add_run(runs: list[Keys], run: Keys) -> None:
    """Add a sorted run, and merge those of which the last is more than half the one before."""
    runs.append(run.copy())
    while len(runs) > 1 and len(runs[-1]) * 2 > len(runs[-2]):
        last = runs.pop()
        merged = np.concatenate((runs.pop(), last))
        # Stable sorting is a merge of the two sorted halves.
        merged.sort(kind="stable")
        runs.append(merged)


class KeySet(HashSet):
    """Which ids a run has seen."""

    def add(self, ids: Sequence[str]) -> list[int]:
        """Add ids; returns the places of those that were there before, or come earlier among them."""
        hashes = _hashes(ids)
        held = self.holds_hashes(hashes)
        held[_repeats(hashes)] = True
        self.add_hashes(hashes[~held])
        places: list[int] = np.flatnonzero(held).tolist()
        return places

    def add_if_new(self, ids: Sequence[str]) -> bool:
        """Add distinct ids unless any was there before; tells whether they were added."""
        hashes = _hashes(ids)
        if self.holds_hashes(hashes).any():
            return False
        self.add_hashes(hashes)
        return True

    def holds(self, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell for each id whether it was added before."""
        return self.holds_hashes(_hashes(ids))


class Known:
    """
    Hashes of rows that are stored as they were sent: those need not be read again.

    Once a run has read a row, what is stored of its id may be another one: a row of that id is then read, whatever
    its hash, and settled with the other.
    """

    def __init__(self, hashes: HashSet) -> None:
        self._hashes = hashes
        self._read = KeySet()

    def holds(self, hashes: Keys, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell for each row, by its hash and its id, whether it is stored and still is."""
        held = self._hashes.holds_hashes(hashes)
        return held & ~self._read.holds(ids) if self._read.size else held

    def note_read(self, ids: Sequence[str]) -> None:
        """Note ids of rows that this run has read."""
        if ids:
            self._read.add(ids)


def _repeats(hashes: Keys) -> npt.NDArray[np.intp]:
    """Return the places of hashes that another before them equals."""
    order = hashes.argsort(kind="stable")
    ordered = hashes[order]
    places: npt.NDArray[np.intp] = order[1:][ordered[1:] == ordered[:-1]]
    return places


def add_new(keys: KeySet, ids: Collection[str]) -> int:
    """Add distinct ids; returns how many of them were not there."""
    if not ids:
        return 0
    found = list(ids)
    return len(found) - len(keys.add(found))


def _hashes(ids: Sequence[str]) -> Keys:
    # `hash` of a string is SipHash with a key of this process: 64 bits, and no publisher can aim at it.
    return np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids))
