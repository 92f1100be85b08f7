"""
[p] Quantized answers: positions as counts of a grid, which clients ask for to draw them at a scale.

Counts go right and down from the upper left corner; of a line all but the first are steps from the one before.
Source: https://developers.arcgis.com/web-map-specification/objects/featureSet/ (transform) and what the service's own
JavaScript client makes of it.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shared.errors import Rejection
from tasks.feeds.connector import Malformed
from tasks.feeds.reading.reference import is_number

_LINES: Final = ("rings", "paths", "points")


class Grid(NamedTuple):
    """Where the counts of a grid are: its corner, and what one count is in the units of the reference system."""

    left: float
    top: float
    right: float
    down: float

    def plain(self, shape: Any) -> Any:  # Any: JSON of a publisher.
        """
        Return a geometry of counts as one of positions; what is none comes back as it is.

        Raises: Rejection if it counts with what are no numbers.
        """
        if not isinstance(shape, Mapping):
            return shape
        if is_number(shape.get("x")) and is_number(shape.get("y")):
            x, y = self._position(shape["x"], shape["y"])
            return {**shape, "x": x, "y": y}
        return {name: self._lines(held) if name in _LINES else held for name, held in shape.items()}

    def _lines(self, nested: Any) -> Any:  # Any: as above.
        if not isinstance(nested, list):
            return nested
        if nested and isinstance(nested[0], list) and nested[0] and is_number(nested[0][0]):
            return self._line(nested)
        return [self._line(line) if isinstance(line, list) else line for line in nested]

    def _line(self, line: list[Any]) -> list[list[float]]:
        found = []
        x = y = 0
        for step in line:
            if not (isinstance(step, list) and len(step) >= 2 and is_number(step[0]) and is_number(step[1])):
                raise Rejection("bad_geometry", f"{step!r:.40} is no step on a grid")
            x, y = x + step[0], y + step[1]
            found.append(list(self._position(x, y)))
        return found

    def _position(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.right, self.top + y * self.down


def grid(transform: Any, name: str) -> Grid | None:  # Any: JSON of a publisher.
    """
    Return the grid of an answer, or nothing if its positions are plain.

    Raises: Malformed if it is not told where the grid is; it names the payload.
    """
    if not transform:
        return None
    told = transform if isinstance(transform, Mapping) else {}
    scale, corner = told.get("scale"), told.get("translate")
    numbers = [*scale[:2], *corner[:2]] if isinstance(scale, list) and isinstance(corner, list) else []
    if len(numbers) != 4 or not all(map(is_number, numbers)):
        raise Malformed(f"{name}: its positions are counts of a grid that is nowhere: {transform!r:.100}")
    right, down, left, top = numbers
    return Grid(left, top, right, down if told.get("originPosition") == "lowerLeft" else -down)
