"""[p] Rows that were read column by column, a column each of what is stored: thousands of them as one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.feeds.encoding.binary import EPOCH, NEVER, microseconds
from tasks.feeds.encoding.geometries import Shape, shape_point
from tasks.feeds.encoding.rows import DIGEST_BYTES, Row
from tasks.feeds.encoding.weave import Numbers

_MICROSECOND: Final = timedelta(microseconds=1)
#: Lines of one block that COPY is sent.
_SENT_AT_ONCE: Final = 500
_NULL: Final = -1
_ID_BYTES: Final = 16


@dataclass(slots=True)
class Lines:
    """
    Rows of one kind with ids that differ; each column has one for each.

    `prefix` and `numbers` are their addresses; `observed` counts microseconds as Postgres does.
    """

    kind: str
    prefix: str
    numbers: Sequence[int]
    ids: Sequence[str]
    digests: Sequence[bytes]
    bodies: Sequence[bytes]
    observed: Numbers
    shapes: Sequence[Shape | None]
    hashes: Numbers

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.ids)

    def newest(self, now: datetime) -> datetime | None:
        """Return the last moment observed until now."""
        told = self.observed[self.observed <= microseconds(now)]
        return moment(int(told.max(initial=NEVER)))

    def rows(self) -> Iterator[Row]:
        """Yield them one by one."""
        columns = (self.numbers, self.ids, self.digests, self.bodies, self.observed.tolist(), self.shapes)
        for number, id_, digest, body, observed, shape, hash_ in zip(
            *columns, self.hashes.tolist(), strict=True
        ):
            at, address = moment(observed), f"{self.prefix}{number}"
            yield Row(id_, digest, body, address, at, None, self.kind, False, shape, hash_)

    def blocks(self, ids: Sequence[bytes], head: bytes, fixed: bytes) -> Iterator[bytes]:
        """
        Yield what COPY reads: of each row `head`, its body, what `feature_row` would have, our id, and `fixed`.

        None is withdrawn, and of none it is known when it was published.
        """
        for begin in range(0, self.size, _SENT_AT_ONCE):
            part = slice(begin, begin + _SENT_AT_ONCE)
            tails = self._tails(part, ids[part], fixed)
            points = map(shape_point, self.shapes[part])
            yield b"".join(
                chain.from_iterable(zip(repeat(head), self.bodies[part], points, tails, strict=False))
            )

    def _tails(self, part: slice, ids: Sequence[bytes], fixed: bytes) -> Sequence[bytes]:
        tails = np.empty(len(ids), dtype=_tail(len(fixed)))
        tails["withdrawn_at"] = tails["published_at"] = _NULL
        tails["of_hash"], tails["hash"] = 8, self.hashes[part]
        tails["of_id"], tails["id"] = _ID_BYTES, np.frombuffer(b"".join(ids), dtype=f"V{_ID_BYTES}")
        tails["of_digest"] = DIGEST_BYTES
        tails["digest"] = np.frombuffer(b"".join(self.digests[part]), dtype=f"V{DIGEST_BYTES}")
        tails["fixed"] = np.void(fixed)
        found: Sequence[bytes] = tails.view(f"V{tails.itemsize}").tolist()
        return found


def _tail(fixed_bytes: int) -> npt.DTypeLike:
    """Return how what follows a body is laid out: fields of COPY's binary format, each after its length."""
    return np.dtype(
        [
            ("withdrawn_at", ">i4"),
            *[("of_hash", ">i4"), ("hash", ">i8")],
            *[("of_id", ">i4"), ("id", f"V{_ID_BYTES}")],
            *[("of_digest", ">i4"), ("digest", f"V{DIGEST_BYTES}")],
            ("published_at", ">i4"),
            ("fixed", f"V{fixed_bytes}"),
        ]
    )


NO_LINES: Final = Lines("", "", (), (), (), (), np.zeros(0, dtype=np.int64), (), np.zeros(0, dtype=np.int64))


def moment(count: int) -> datetime | None:
    """Return the moment of a count of microseconds."""
    return None if count == NEVER else EPOCH + count * _MICROSECOND
