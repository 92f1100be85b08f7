"""
[p] Trips that realtime messages call by the last part of their id in the timetable.

New York's subway does: `079150_2..N01R` is `AFA23GEN-2088-Weekday-00_079150_2..N01R`, whose first part names the
service; where the messages do not know the path of a train they end at its direction, `081600_A..N`.
Source: GTFS-realtime Reference for the New York City Subway, TripDescriptor: "a partial match should be possible", and
it is "unique within the day type".
"""

import re
from typing import Final

#: When the trip leaves its origin, in hundredths of a minute, its route, and its direction; behind them its path.
_TOLD: Final = re.compile(r"(-?[0-9]{5,6}_[A-Z0-9]+\.{1,2}[NS])[A-Z0-9]*", re.ASCII)


def head_of(told: str) -> str | None:
    """Return what the id of a message has in common with that of the timetable; none if it is no such id."""
    found = _TOLD.fullmatch(told)
    return found.group(1) if found else None


def last_part(trip_id: str) -> str:
    """Return the part of a timetable's id that is, or begins with, the id of a message, if it has one."""
    return "_".join(trip_id.rsplit("_", 2)[1:])
