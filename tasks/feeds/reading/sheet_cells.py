"""
[p] What a cell of a workbook means: by its type, and by the format that it is shown in.

Source: ECMA-376 Part 1, 18.3.1.4 (c), 18.8.30 (numFmt), 18.17.4.1 (dates) and 22.9.2.19 (escapes in texts).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, Final


class Shown(Enum):
    """As what a number is shown; of one that is none of these the digits are what is meant."""

    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    CLOCK = "clock"
    ELAPSED = "elapsed"


#: Formats that have a number alone; those of Japan, Korea and China are dates under the numbers of theirs.
_KNOWN: Final[Mapping[int, Shown]] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), *range(34, 37), *range(50, 59)), Shown.DATE),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 47), Shown.CLOCK),
    22: Shown.MOMENT,
    46: Shown.ELAPSED,
}
#: What a format shows as it stands there: texts, escaped and padding characters, colours and languages.
_LITERAL: Final = re.compile(r'"[^"]*"|[\\_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"_x(?!D[89A-F])([0-9A-F]{4})_", re.IGNORECASE)
_DAY_MS: Final = 86_400_000
#: Digits of a number that a database has room for; below that a whole number is exact.
_MOST_DIGITS: Final = 18
_EXACT_BELOW: Final = 2**53
#: Days are counted from here; before March 1900 one more, because the count has a 29th of February then.
_FIRST: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a local time of the city
_MARCH_1900: Final = 61
#: The end of the year 9999.
_MOST_DAYS: Final = 2_958_466
#: By how much the count is behind in workbooks that begin with 1904.
FROM_1904: Final = 1462


@lru_cache(maxsize=1024)
def shown_as(number: int, code: str) -> Shown:
    """Tell as what a format shows a number; a blank code is that of a format known by its number."""
    if not code:
        return _KNOWN.get(number, Shown.NUMBER)
    # What follows is for numbers below zero, for nought and for texts.
    parts = _LITERAL.sub("", code).lower().split(";")[0]
    if _ELAPSED.search(parts):
        return Shown.ELAPSED
    has_clock = "h" in parts or "s" in parts
    if "y" in parts or "d" in parts or ("m" in parts and not has_clock):
        return Shown.MOMENT if has_clock else Shown.DATE
    return Shown.CLOCK if has_clock else Shown.NUMBER


def value_of(text: str, kind: str, shown: Shown, behind: int) -> Any:  # Any: a cell of any kind.
    """
    Return what a cell holds: text, a number, a truth, a day, a moment of the city's, or nothing (blank and errors).

    Args: what is written; the cell's type; as what numbers are shown; days by which the workbook's count is behind.
    """
    if kind == "e" or not text:
        return None
    if kind == "b":
        return text.strip() in ("1", "true")
    if kind == "n":
        return _number(text, shown, behind)
    if kind == "d":
        return _written(text)
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text


def _number(text: str, shown: Shown, behind: int) -> Any:  # Any: as above.
    try:
        number = float(text)
        whole = int(number)
    except (ValueError, OverflowError):
        return text  # not a number, or beyond all: judged by who needs one
    if shown is not Shown.NUMBER and (moment := _moment(number, shown, behind)) is not None:
        return moment
    # Of a long number each digit counts.
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return whole if whole == number and abs(number) < _EXACT_BELOW else number


def _moment(days: float, shown: Shown, behind: int) -> date | str | None:
    """Return a day, a moment, or the text of a clock; none for what no calendar has."""
    if abs(days) > _MOST_DAYS:
        return None
    milliseconds = round(days * _DAY_MS)
    if shown is Shown.ELAPSED or (shown is Shown.CLOCK and 0 <= days < 1):
        return _clock(milliseconds)
    if days < 0:
        return None
    days_ahead = behind + (behind == 0 and days < _MARCH_1900 - 1)
    try:
        moment = _FIRST + timedelta(days=days_ahead, milliseconds=milliseconds)
    except OverflowError:
        return None
    is_day = shown is Shown.DATE and milliseconds % _DAY_MS == 0
    return moment.date() if is_day else moment


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(abs(milliseconds), 1000)
    sign, fraction = "-" if milliseconds < 0 else "", f".{rest:03}" if rest else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def _written(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
