"""[p] Rows that were read column by column, a column each of what is stored: thousands of them as one."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, compress, islice, repeat
from struct import Struct
from typing import Final, NamedTuple

from tasks.feeds.encoding.binary import EPOCH, LENGTHS, NULL, microseconds
from tasks.feeds.encoding.geometries import Shape, shape_point
from tasks.feeds.encoding.rows import Row
from tasks.feeds.encoding.times import NEVER

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

    `addresses` are the payload's and the row's; `observed` counts microseconds as Postgres does.
    """

    kind: str
    addresses: Sequence[tuple[str, int]]
    ids: Sequence[str]
    digests: Sequence[bytes]
    bodies: Sequence[bytes]
    observed: Sequence[int]
    shapes: Sequence[Shape | None]
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
        return Lines(self.kind, *(list(compress(column, kept)) for column in self[1:]))  # type: ignore[arg-type]  # in the order of the columns

    def rows(self) -> Iterator[Row]:
        """Yield them one by one."""
        for (prefix, number), id_, digest, body, observed, shape, hash_ in zip(*self[1:], strict=True):
            at, address = moment(observed), f"{prefix}{number}"
            yield Row(id_, digest, body, address, at, None, self.kind, False, shape, hash_)

    def blocks(self, ids: Sequence[bytes], head: bytes, fixed: bytes) -> Iterator[bytes]:
        """
        Yield what COPY reads: of each row `head`, its body, our id, what `feature_row` would have, and `fixed`.

        None is withdrawn, and of none it is known when it was published.
        """
        sixteen = LENGTHS[16]
        lines = zip(
            repeat(head),
            self.bodies,
            map(shape_point, self.shapes),
            repeat(NULL),
            map(_HASH, repeat(8), self.hashes),
            repeat(sixteen),
            ids,
            repeat(sixteen),
            self.digests,
            repeat(NULL),
            repeat(fixed),
            strict=False,
        )
        while part := b"".join(chain.from_iterable(islice(lines, _SENT_AT_ONCE))):
            yield part


NO_LINES: Final = Lines("", (), (), (), (), (), (), ())


def together(parts: Sequence[Lines]) -> Lines:
    """Return lines of one kind as one."""
    if len(parts) == 1:
        return parts[0]
    columns = zip(*(part[1:] for part in parts), strict=True)
    return Lines(parts[0].kind, *(list(chain.from_iterable(column)) for column in columns))


def moment(count: int) -> datetime | None:
    """Return the moment of a count of microseconds."""
    return None if count == NEVER else EPOCH + count * _MICROSECOND
