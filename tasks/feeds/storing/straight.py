"""Features that are new for sure: they are copied straight into their table."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import uuid_utils

from shared.db import Transaction
from tasks.feeds.encoding.lines import Lines
from tasks.feeds.encoding.rows import Row
from tasks.feeds.storing.table import Writing, copy, copy_read
from tasks.feeds.storing.tables import TABLES


class Straight:
    """New features of a chunk, those that were read at once and those that were read alone, with ids of ours."""

    def __init__(self, writing: Writing, lines: Sequence[Lines], rows: Sequence[Row]) -> None:
        self.size = sum(part.size for part in lines) + len(rows)
        self._writing = writing
        self._lines = lines
        self._rows = rows
        self._ids_of_lines = [[uuid_utils.uuid7() for _ in part.ids] for part in lines]
        self._ids_of_rows = [uuid_utils.uuid7() for _ in rows]

    def copy(self, tx: Transaction) -> None:
        """Copy them into the table."""
        features = TABLES["features"]
        if self._lines:
            copy_read(tx, features, self._writing, self._lines, self._ids_of_lines)
        if self._rows:
            copy(tx, features, self._writing, self._rows, self._ids_of_rows)

    def observed(self) -> list[datetime | None]:
        """Return moments observed; of those read at once only the last that has come."""
        return [
            *(part.newest(self._writing.now) for part in self._lines),
            *(row.observed_at for row in self._rows),
        ]

    def kinds(self) -> Counter[str]:
        """Return how many there are of each kind."""
        counted = Counter(row.kind for row in self._rows)
        for part in self._lines:
            counted[part.kind] += part.size
        return counted

    def last(self, most: int) -> list[tuple[str, str]]:
        """Return our id, as text, and the kind of the last of those that were read at once."""
        parts = zip(self._lines, self._ids_of_lines, strict=True)
        return [(str(id_), part.kind) for part, ids in parts for id_ in ids[-most:]][-most:]
