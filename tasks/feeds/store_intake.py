"""[p] Take in a run's records: encode them, settle repeated ids, and hand out chunks of bounded size."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from shared.errors import Rejection
from shared.feeds.runs import Reject
from tasks.feeds.bulk import Block
from tasks.feeds.connector import Described, Observation, Record, Rejected, Thing
from tasks.feeds.quality import Context, check
from tasks.feeds.store_encode import Row
from tasks.feeds.store_keys import HashSet
from tasks.feeds.store_tables import ENCODERS, TABLES, Noun

#: Records and bytes of a chunk: what one step of a big run holds in memory.
CHUNK_RECORDS: Final = 5_000
CHUNK_BYTES: Final = 8 * 1024 * 1024
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
#: Rejects handed on with their records; more of a chunk are only counted.
_MOST_REJECTS: Final = 1000


@dataclass(slots=True)
class Chunk:
    """Records of one step; ids are distinct within it."""

    rows: dict[Noun, dict[str, Row]] = field(default_factory=lambda: {noun: {} for noun in TABLES})
    observations: dict[tuple[str, datetime], Observation] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    #: Ids of records that were set aside: the publisher lists them, so they have not vanished.
    set_aside: set[str] = field(default_factory=set)
    nameless_rejects: int = 0
    described: int = 0
    records: int = 0
    #: Addresses of things and observations: one record of the publisher may give both.
    addresses: set[str] = field(default_factory=set)
    #: Other records of the publisher.
    others: int = 0
    bytes: int = 0
    #: Id and address of rows that are stored as they were sent.
    same: dict[str, str] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Tell whether this is enough for one step."""
        return self.records >= CHUNK_RECORDS or self.bytes >= CHUNK_BYTES

    def add(self, record: Record, source_hash: int | None = None) -> None:
        """Take one record in; `source_hash` is that of the row it was read from."""
        self.records += 1
        if isinstance(record, Thing | Observation | Rejected):
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
            self._add_observation(record)
        elif isinstance(record, Rejected):
            self.reject(
                Reject(record.record, record.reason, record.detail, record.external_id, record.excerpt)
            )
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

    def _add_row(self, noun: Noun, row: Row) -> None:
        rows = self.rows[noun]
        other = rows.get(row.external_id)
        if other is None:
            rows[row.external_id] = row
            self.bytes += len(row.body)
            return
        winner, loser = (row, other) if rank(row) > rank(other) else (other, row)
        rows[row.external_id] = winner
        self.reject(duplicate(loser.record, loser.external_id))

    def _add_observation(self, observation: Observation) -> None:
        key = (observation.external_id, observation.phenomenon_time)
        other = self.observations.get(key)
        if other is None:
            self.observations[key] = observation
            self.bytes += 100 * len(observation.results)
            return
        # Of two that tell of one moment the larger wins, so that any order ends the same.
        winner, loser = (
            (observation, other) if _content(observation) > _content(other) else (other, observation)
        )
        self.observations[key] = winner
        self.reject(duplicate(loser.record, loser.external_id))


def rank(row: Row) -> tuple[datetime, bytes]:
    """Return by what the winner of two records of one id is found: the newest observed, then the hash."""
    return row.observed_at or _BEGINNING, row.digest


def duplicate(record: str, external_id: str) -> Reject:
    """Return the reject of a record whose id another one of the run has, which won."""
    return Reject(record, "duplicate", "another record of this run has the same id", external_id)


def _content(observation: Observation) -> list[tuple[str, float]]:
    return sorted((result.observed_property, result.value) for result in observation.results)


def chunks(
    records: Iterable[Record | Block], context: Context, known: HashSet | None = None
) -> Iterator[tuple[Chunk, bool]]:
    """
    Yield chunks of records, each with whether it is the last; there is always a last one.

    Records that cannot be true, in `context`, are set aside. Rows of blocks whose hash is `known` are not read.
    """
    chunk = Chunk()
    for record in records:
        is_block = isinstance(record, Block)
        if chunk.is_full or (is_block and chunk.records):
            yield chunk, False
            chunk = Chunk()
        if isinstance(record, Block):
            take_block(chunk, record, context, known)
        else:
            chunk.add(check(record, context) or record)
    yield chunk, True


def take_block(chunk: Chunk, block: Block, context: Context, known: HashSet | None) -> None:
    """Take a block into an empty chunk: what is known, what is read at once, and what is read row by row."""
    hashes = block.hashes()
    places: Sequence[int] = range(block.size)
    alone = places
    if block.external_ids:
        if known is not None:
            held = known.holds_hashes(hashes)
            same = np.flatnonzero(held).tolist()
            chunk.same = {block.external_ids[place]: block.address(place) for place in same}
            places = np.flatnonzero(~held).tolist()
        rows, alone = block.rows(places, hashes[places].tolist(), context)
        chunk.rows["features"] = {row.external_id: row for row in rows}
        chunk.bytes += sum(len(row.body) for row in rows)
    chunk.records += block.size - len(alone)
    chunk.others += block.size - len(alone)
    for place in alone:
        record = block.record(place)
        chunk.add(check(record, context) or record, int(hashes[place]))
