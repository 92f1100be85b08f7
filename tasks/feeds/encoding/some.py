"""[p] Some whole rows of a grid, and their cells by columns."""

import numpy as np
import orjson

from tasks.feeds.encoding.places import Cells
from tasks.feeds.reading.grid import Grid, Rows


class Some:
    """Some whole rows of a grid."""

    def __init__(self, grid: Grid, rows: Rows) -> None:
        self.grid = grid
        self.size = len(rows)
        self._rows = rows
        self._starts, self._ends = grid.starts[rows], grid.ends[rows]

    def cells(self, at: int | None) -> Cells:
        """Return the cells of a column; of none, blank ones."""
        if at is None:
            nowhere = np.zeros(self.size, dtype=np.int32)
            return Cells(nowhere, nowhere)
        return Cells(self._starts[:, at], self._ends[:, at])

    def escaped(self, at: int) -> dict[int, bytes]:
        """Return the cells of a column that JSON writes otherwise than they are, as it writes them."""
        if self.grid.escaped is None:
            return {}
        rows = np.flatnonzero(self.grid.escaped[self._rows, at])
        cells = self.grid.texts(self._starts[rows, at], self._ends[rows, at])
        return {row: orjson.dumps(cell)[1:-1] for row, cell in zip(rows.tolist(), cells, strict=True)}
