"""
Where vehicles were before: each keeps a few positions on its own row.

A trail ends where the vehicle was silent for long, so that no line is drawn to where it turns up again. What is rented
has none: where it went is for its rider to tell. Sources: https://gbfs.org/documentation/reference/ (vehicle_id, which
is to change after each trip for that reason).
"""

from collections.abc import Mapping
from typing import Final

from shared.feeds.rules import RENTED_KINDS

#: Positions kept, besides the one where the vehicle is.
MOST: Final = 30
_SILENT: Final = "interval '15 minutes'"
_AT: Final = "coalesce({0}.observed_at, {0}.fetched_at)"


def _after(column: str, value: str) -> str:
    """Return what a column of the trail is when staged row `s` replaces row `f`, whose `value` is the last of it."""
    rented = ", ".join(f"'{kind}'" for kind in sorted(RENTED_KINDS))
    return (
        f"CASE WHEN s.kind IN ({rented}) OR f.missing_since IS NOT NULL"
        f" OR {_AT.format('s')} - {_AT.format('f')} > {_SILENT} THEN '{{}}'"
        f" WHEN f.point IS NULL OR s.point IS NULL OR f.point ~= s.point"
        # Told anew of the same moment, its place is corrected.
        f" OR {_AT.format('s')} <= {_AT.format('f')} THEN f.{column}"
        f" ELSE (f.{column} || {value})[greatest(1, cardinality(f.{column}) + 2 - {MOST}):] END"
    )


TRAIL: Final[Mapping[str, str]] = {
    "trail": _after("trail", "f.point"),
    "trail_times": _after("trail_times", _AT.format("f")),
}
