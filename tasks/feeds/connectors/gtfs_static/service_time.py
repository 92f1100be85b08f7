"""[p] Times of a timetable: seconds after "noon minus 12 h" of the service day, and more than a day of them."""

import re
from typing import Final

from shared.errors import Rejection

_TIME: Final = re.compile(r"(\d{1,3}):([0-5]?\d):([0-5]?\d)", re.ASCII)
#: A time that nobody tells: the vehicle calls between two stops whose times are known.
UNTOLD: Final = -1
#: Different texts that are remembered; a timetable of a minute's precision has some thousands.
_REMEMBERED: Final = 100_000


class Times:
    """Reads `8:05:00` and `25:35:00`, each text once."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {"": UNTOLD}

    def read(self, text: str) -> int:
        """
        Return a time as seconds; blank is `UNTOLD`.

        Raises: Rejection if it is no time.
        """
        seconds = self._known.get(text)
        if seconds is None:
            seconds = seconds_of(text)
            if len(self._known) < _REMEMBERED:
                self._known[text] = seconds
        return seconds


def seconds_of(text: str) -> int:
    """
    Read one time: hours may go on after 24, for calls after midnight of the service day.

    Raises: Rejection if it is no time.
    """
    stripped = text.strip()
    if not stripped:
        return UNTOLD
    found = _TIME.fullmatch(stripped)
    if found is None:
        raise Rejection("bad_time", f"{text!r:.40} is not H:MM:SS")
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def told(seconds: int) -> int | None:
    """Return a time that is told, or none."""
    return None if seconds == UNTOLD else seconds
