"""[p] Rows that were read column by column, a column each of what is stored: thousands of them as one."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, compress, repeat
from struct import Struct
from typing import Final, NamedTuple

from tasks.feeds.bulk_times import NEVER
from tasks.feeds.store_binary import EPOCH, LENGTHS, NULL, microseconds
from tasks.feeds.store_encode import Place, Row

_MICROSECOND: Final = timedelta(microseconds=1)
#: Lines of one block that COPY is sent.
_SENT_AT_ONCE: Final = 2_000
_HASH: Final = Struct(">iq").pack


class Named(NamedTuple):
    """Rows of a block: the place and the id of each."""

    places: Sequence[int]
    ids: Sequence[str]


class Lines(NamedTuple):
    """
    Rows of one kind with ids that differ; every list has one for each.

    `observed` counts microseconds as Postgres does; `points` are fields of the places.
    """

    kind: str
    prefix: str
    ids: Sequence[str]
    digests: Sequence[bytes]
    bodies: Sequence[bytes]
    numbers: Sequence[int]
    observed: Sequence[int]
    places: Sequence[Place]
    points: Sequence[bytes]
    hashes: Sequence[int]

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.ids)

    def newest(self, now: datetime) -> int:
        """Return the last moment observed until now."""
        latest = microseconds(now)
        last = max(self.observed)
        return last if last <= latest else max((at for at in self.observed if at <= latest), default=NEVER)

    def without(self, left: set[int]) -> "Lines":
        """Return those that are not `left`."""
        if not left:
            return self
        kept = [at not in left for at in range(self.size)]
        return Lines(self.kind, self.prefix, *(list(compress(column, kept)) for column in self[2:]))  # type: ignore[arg-type]  # in the order of the columns

    def rows(self) -> Iterator[Row]:
        """Yield them one by one."""
        for id_, digest, body, number, observed, place, hash_ in zip(
            self.ids, self.digests, self.bodies, self.numbers, self.observed, self.places, self.hashes,
            strict=True,
        ):  # fmt: skip
            at, address = moment(observed), f"{self.prefix}{number}"
            yield Row(id_, digest, body, address, at, None, place, self.kind, False, hash_)

    def blocks(self, ids: Sequence[bytes], head: bytes, fixed: bytes) -> Iterator[bytes]:
        """
        Yield what COPY reads: of each row `head`, its body, our id, what `feature_row` would have, and `fixed`.

        None is withdrawn, and of none it is known when it was published.
        """
        sixteen = LENGTHS[16]
        parts = zip(
            repeat(head),
            self.bodies,
            repeat(sixteen),
            ids,
            repeat(sixteen),
            self.digests,
            repeat(NULL),
            self.points,
            repeat(NULL),
            map(_HASH, repeat(8), self.hashes),
            repeat(fixed),
        )
        lines = list(map(b"".join, parts))
        for start in range(0, len(lines), _SENT_AT_ONCE):
            yield b"".join(chain(lines[start : start + _SENT_AT_ONCE]))


NO_LINES: Final = Lines("", "", (), (), (), (), (), (), (), ())


def moment(count: int) -> datetime | None:
    """Return the moment of a count of microseconds."""
    return None if count == NEVER else EPOCH + count * _MICROSECOND
