"""[p] Times of a timetable: seconds after "noon minus 12 h" of the service day, and more than a day of them."""

from typing import Final

from tasks.feeds.reading.service_days import seconds_of

#: A time that nobody tells: the vehicle calls between two stops whose times are known.
UNTOLD: Final = -1
#: Different texts that are remembered; a timetable of a minute's precision has some thousands.
_REMEMBERED: Final = 100_000


class Times:
    """Reads `8:05:00`, `25:35:00` and `8:05`, each text once."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {"": UNTOLD}

    def read(self, text: str) -> int:
        """
        Return a time as seconds; blank is `UNTOLD`.

        Raises: Rejection if it is no time.
        """
        seconds = self._known.get(text)
        if seconds is None:
            told = seconds_of(text)
            seconds = UNTOLD if told is None else told
            if len(self._known) < _REMEMBERED:
                self._known[text] = seconds
        return seconds


def told(seconds: int) -> int | None:
    """Return a time that is told, or none."""
    return None if seconds == UNTOLD else seconds
