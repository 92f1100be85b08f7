"""[p] Remember which records a run has seen, eight bytes each, so that a run of any length fits in memory."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]


class HashSet:
    """
    A growing set of 64-bit hashes in sorted runs, merged as they double.

    Two different texts of a feed of a million share a hash once in some forty million runs.
    """

    def __init__(self, hashes: Keys | None = None) -> None:
        self._runs: list[Keys] = []
        self.size = 0
        if hashes is not None and len(hashes):
            self.add_hashes(hashes)

    def add_hashes(self, hashes: Keys) -> None:
        """Add hashes."""
        fresh = np.sort(hashes)
        # A hash is kept once.
        fresh = fresh[np.flatnonzero(np.diff(fresh, prepend=~fresh[:1]))]
        if not len(fresh):
            return
        self._runs.append(fresh)
        self.size += len(fresh)
        while len(self._runs) > 1 and len(self._runs[-1]) * 2 > len(self._runs[-2]):
            last = self._runs.pop()
            merged = np.concatenate((self._runs.pop(), last))
            # Stable sorting is a merge of the two sorted halves.
            merged.sort(kind="stable")
            self._runs.append(merged)

    def holds_hashes(self, hashes: Keys) -> npt.NDArray[np.bool_]:
        """Tell for each hash whether it was added before."""
        found = np.zeros(len(hashes), dtype=np.bool_)
        for run in self._runs:
            places = np.searchsorted(run, hashes)
            places[places == len(run)] = 0
            found |= run[places] == hashes if len(run) else False
        return found


class KeySet(HashSet):
    """Which ids a run has seen."""

    def add(self, ids: Sequence[str]) -> list[int]:
        """Add distinct ids; returns the places of those that were there before."""
        hashes = _hashes(ids)
        held = self.holds_hashes(hashes)
        self.add_hashes(hashes[~held])
        return [int(place) for place in np.flatnonzero(held)]

    def holds(self, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell for each id whether it was added before."""
        return self.holds_hashes(_hashes(ids))


def add_new(keys: KeySet, ids: Collection[str]) -> int:
    """Add distinct ids; returns how many of them were not there."""
    if not ids:
        return 0
    found = list(ids)
    return len(found) - len(keys.add(found))


def _hashes(ids: Sequence[str]) -> Keys:
    # `hash` of a string is SipHash with a key of this process: 64 bits, and no publisher can aim at it.
    return np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids))
