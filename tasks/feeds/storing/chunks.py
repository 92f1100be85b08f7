"""[p] Cut a run's records and blocks into chunks; of blocks only what is not known is read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from tasks.feeds.connector import Feature, Record
from tasks.feeds.encoding.blocks import Block
from tasks.feeds.encoding.lines import NO_LINES, Lines
from tasks.feeds.encoding.weave import Numbers
from tasks.feeds.quality import Context, check
from tasks.feeds.storing.intake import Chunk, Same
from tasks.feeds.storing.keys import Known


def chunks(
    records: Iterable[Record | Block], context: Context, known: Known | None = None
) -> Iterator[tuple[Chunk, bool]]:
    """
    Yield chunks of records, each with whether it is the last; there is always a last one.

    Records that cannot be true, in `context`, are set aside. Rows of blocks whose hash is `known` are not read.
    """
    chunk = Chunk()
    for record in records:
        if chunk.is_full:
            yield chunk, False
            chunk = Chunk()
        if isinstance(record, Block):
            read_block(record, context, known).put(chunk, record, context, known)
        else:
            chunk.add(check(record, context) or record)
        # What was taken is not held while the next is made.
        del record
    yield chunk, True


#: Fewer rows than these are read sooner one by one.
MANY: Final = 150


class ReadBlock(NamedTuple):
    """What became of a block's rows: known ones, those read at once, and the places of those to read alone."""

    same: Same
    lines: Lines
    alone: Sequence[int]
    hashes: Numbers

    def put(self, chunk: Chunk, block: Block, context: Context, known: Known | None) -> None:
        """Put all of it into a chunk, and what was read of it into what is `known`."""
        chunk.take_same(self.same)
        chunk.take_lines(self.lines)
        alone = [block.record(place) for place in self.alone]
        for place, record in zip(self.alone, alone, strict=True):
            chunk.add(check(record, context) or record, int(self.hashes[place]))
        if known is not None:
            known.note_read(self.lines.ids)
            known.note_read([record.external_id for record in alone if isinstance(record, Feature)])


def read_block(block: Block, context: Context, known: Known | None) -> ReadBlock:
    """Read what is not known of a block, as much of it as can be at once."""
    hashes = block.hashes()
    ids, is_alone = block.ids()
    is_same = ~is_alone & known.holds(hashes, ids) if known is not None else np.zeros_like(is_alone)
    same, fresh = np.flatnonzero(is_same), np.flatnonzero(~is_alone & ~is_same)
    lines, left = block.read(fresh, ids, hashes, context) if len(fresh) >= MANY else (NO_LINES, fresh)
    return ReadBlock(
        Same([ids[place] for place in same.tolist()], block.prefix, (same + block.number).tolist()),
        lines,
        sorted([*np.flatnonzero(is_alone).tolist(), *left.tolist()]),
        hashes,
    )
