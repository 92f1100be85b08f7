"""[p] Take in a run's records: encode them, settle repeated ids, and hand out chunks of bounded size."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from shared.errors import Rejection
from shared.feeds.runs import Reject
from tasks.feeds.connector import (
    Described,
    Observation,
    Record,
    Rejected,
    Scheduled,
    Thing,
    TransitRoute,
    TransitTrip,
    TripUpdate,
    Vehicle,
)
from tasks.feeds.encoding.lines import Lines
from tasks.feeds.encoding.rows import Row
from tasks.feeds.storing.batch import Batch
from tasks.feeds.storing.tables import ENCODERS, TABLES, Noun

#: Records read one by one, observations aside, and bytes of a chunk: what one step of a big run holds in memory.
CHUNK_RECORDS: Final = 3_000
CHUNK_BYTES: Final = 5 * 256 * 1024
#: Rows of a chunk that are stored as they were sent, or are only counted: next to nothing is done for each.
CHUNK_SAME: Final = 25_000
#: A station is a thing and what was observed there; an entity of a realtime message may hold a vehicle and its
#: trip.
_SHARED: Final = Thing | Observation | Rejected | Vehicle | TripUpdate
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
#: Rejects handed on with their records; more of a chunk are only counted.
_MOST_REJECTS: Final = 1000


class Same(NamedTuple):
    """Rows that are stored as they were sent: their ids, and their addresses in the run."""

    ids: Sequence[str]
    prefix: str
    numbers: Sequence[int]


@dataclass(slots=True)
class Chunk:
    """Records of one step; ids of rows are distinct within it, but for those that are the `same`."""

    #: Features that were read column by column.
    lines: list[Lines] = field(default_factory=list)
    ids_of_lines: set[str] = field(default_factory=set)
    rows: dict[Noun, dict[str, Row]] = field(default_factory=lambda: {noun: {} for noun in TABLES})
    observations: Batch = field(default_factory=Batch)
    timetable: list[Scheduled] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    #: Ids of records that were set aside: the publisher lists them, so they have not vanished.
    set_aside: set[str] = field(default_factory=set)
    nameless_rejects: int = 0
    described: int = 0
    records: int = 0
    #: Addresses of what one record of the publisher may give several of.
    addresses: set[str] = field(default_factory=set)
    #: Other records of the publisher.
    others: int = 0
    bytes: int = 0
    same: list[Same] = field(default_factory=list)
    same_rows: int = 0

    @property
    def is_full(self) -> bool:
        """Tell whether this is enough for one step."""
        return (
            self.records - len(self.observations) - self.described - len(self.ids_of_lines) >= CHUNK_RECORDS
            or self.described >= CHUNK_SAME
            or self.same_rows >= CHUNK_SAME
            or self.bytes >= CHUNK_BYTES
            or self.observations.is_full
        )

    @property
    def is_set_aside(self) -> bool:
        """Tell whether nothing of this is to be stored, though records may have come."""
        return not self.same_rows and self.records - self.described == self.rejected.total()

    @property
    def has_more_than_features(self) -> bool:
        """Tell whether there is anything to store beside features."""
        others = any(rows for noun, rows in self.rows.items() if noun != "features")
        return bool(others or self.same or len(self.observations) or self.timetable)

    def add(self, record: Record, source_hash: int | None = None) -> None:
        """Take one record in; `source_hash` is that of the row it was read from."""
        self.records += 1
        if isinstance(record, _SHARED):
            self.addresses.add(record.record)
        else:
            self.others += 1
        encoder = ENCODERS.get(type(record))
        if encoder is not None:
            try:
                row = encoder.encode(record)
            except Rejection as why:
                self.reject(Reject(record.record, why.reason, why.detail))
                return
            self._add_row(encoder.noun, row if source_hash is None else row._replace(source_hash=source_hash))
        elif isinstance(record, Observation):
            self.observations.add(record)
        elif isinstance(record, Rejected):
            self.reject(
                Reject(record.record, record.reason, record.detail, record.external_id, record.excerpt)
            )
        elif isinstance(record, TransitRoute | TransitTrip):
            self.timetable.append(record)
        elif isinstance(record, Described):
            self.described += 1

    def reject(self, reject: Reject) -> None:
        """Set a record aside."""
        self.rejected[reject.reason] += 1
        if reject.external_id is None:
            self.nameless_rejects += 1
        else:
            self.set_aside.add(reject.external_id)
        if len(self.rejects) < _MOST_REJECTS:
            self.rejects.append(reject)

    def take_lines(self, lines: Lines) -> None:
        """Take in what was read column by column; it stays as it is when all ids are new."""
        if not lines.size:
            return
        self.others += lines.size
        self.records += lines.size
        is_new = self.ids_of_lines.isdisjoint(lines.ids) and self.rows["features"].keys().isdisjoint(
            lines.ids
        )
        if is_new:
            self.lines.append(lines)
            self.ids_of_lines.update(lines.ids)
            self.bytes += sum(map(len, lines.bodies))
            return
        for row in lines.rows():
            self._add_row("features", row)

    def take_same(self, same: Same) -> None:
        """Take in rows that need not be read."""
        if same.ids:
            self.same.append(same)
            self.same_rows += len(same.ids)
            self.others += len(same.ids)

    def _add_row(self, noun: Noun, row: Row) -> None:
        rows = self.rows[noun]
        if noun == "features" and row.external_id in self.ids_of_lines:
            rows.update({of.external_id: of for lines in self.lines for of in lines.rows()})
            self.lines, self.ids_of_lines = [], set()
        other = rows.get(row.external_id)
        if other is None:
            rows[row.external_id] = row
            self.bytes += len(row.body)
            return
        winner, loser = (row, other) if rank(row) > rank(other) else (other, row)
        rows[row.external_id] = winner
        self.reject(duplicate(loser.record, loser.external_id))


def rank(row: Row) -> tuple[datetime, bytes]:
    """Return by what the winner of two records of one id is found: the newest observed, then the hash."""
    return row.observed_at or _BEGINNING, row.digest


def duplicate(record: str, external_id: str) -> Reject:
    """Return the reject of a record whose id another one of the run has, which won."""
    return Reject(record, "duplicate", "another record of this run has the same id", external_id)
