"""
[p] Times as people and programs say them, written anew in a form that is usual.

Most times are in a usual form, and come here only when they are in none of them.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Final
from unicodedata import normalize
from zoneinfo import ZoneInfo

#: Offsets of zones by their abbreviations; the city's own go before them: `CST` is China's, too.
_ZONES: Final = {
    abbreviation: f"{hours:+03}:00"
    for hours, abbreviations in (
        (0, "UT GMT UTC WET"), (1, "WEST CET"), (2, "CEST EET"), (3, "EEST"), (-4, "EDT"), (-5, "EST CDT"),
        (-6, "CST MDT"), (-7, "MST PDT"), (-8, "PST AKDT"), (-9, "AKST"), (-10, "HST"), (9, "JST"), (10, "AEST"),
        (11, "AEDT"), (12, "NZST"), (13, "NZDT"),
    )
    for abbreviation in abbreviations.split()
}  # fmt: skip
#: The first half of the day, and the second, in China, Japan and Korea.
_FIRST_HALF, _SECOND_HALF = "上午|午前|오전", "下午|午後|오후"
_EAST_ASIAN: Final = re.compile(
    r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]?\s*"
    rf"({_FIRST_HALF}|{_SECOND_HALF})?\s*(?:(\d{{1,2}})\s?[時时点시:]\s?(?:(\d{{1,2}})\s?[分분]?)?(?:[: ]?(\d{{1,2}})\s?[秒초]?)?)?"
)
_EAST_ASIAN_HALF: Final = re.compile(rf"^(\S+)\s+({_FIRST_HALF}|{_SECOND_HALF})\s*(\S+)$")
#: `Wed Jan 19 11:42:16 EST 2022`, as Java and C write a time.
_YEAR_LAST: Final = re.compile(
    r"([^\W\d_]{3,9})\s+(\d{1,2})\s+(\d{1,2}:\d\d:\d\d)(?:\s+([A-Z]{2,5}|[+-]\d\d:?\d\d))?\s+(\d{4})"
)
_COMPACT: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(\d\d)?", re.ASCII)
_CLOCK_FIRST: Final = re.compile(r"(\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?)[,;]? +(\S.*)", re.IGNORECASE)
_WEEKDAY: Final = re.compile(r"[^\W\d_]{2,12}(?:-[^\W\d_]{3,6})?\.?,?\s+(?=(?:[^\W\d_]{3,12}\.?\s+)?\d)")
#: What is left out or written otherwise, in this order.
_REWRITTEN: Final = tuple(
    (re.compile(found, re.IGNORECASE), written)
    for found, written in (
        # The name of a zone behind its offset.
        (r"(?<=\d)\s*(?:\([^()\d]*\)|\[[a-z_/]+\])$", ""),
        (r"\b(?:GMT|UTC)\s?(?=[+-]\d)", ""),
        # Oracle's clocks, and those of Finland and Denmark, have dots; French ones an h.
        (r"(?<=\s)(\d{1,2})\.(\d\d)\.(\d\d)(?=\s|\.\d|$)", r"\1:\2:\3"),
        (r"(?<=\s)(\d{1,2})\.(\d\d)(?=\s|$)", r"\1:\2"),
        (r"(?<=\s)(\d{1,2}) ?h ?(\d\d)(?: ?m(?:in)?)?\b", r"\1:\2"),
        (r"(?<=\d)\s*(?:uhr|hrs?\.?|horas|h|г\.?)$", ""),
        (r"(?<=\d)\s*([ap])\.?\s?m\b\.?", r" \1m"),
        (r"(?<=\d)(?:st|nd|rd|th)\b", ""),
        # What stands between a day and its clock.
        (r",?\s+(?:at|à|a las|às|alle|um|om|kl\.?|o|-|–|г\.,?|v)\s+(?=\d{1,2}:)", " "),
        (r"(?<=\d{4}):(?=\d\d:\d\d)", " "),
        (r"(?<=\d)\. (?=\d)", "."),
        (r"(?<=\d\.\d\d)\.? (?=\d{1,2}:)", " "),
    )
)
_ZONE: Final = re.compile(r"\s+([A-Z]{2,5})$")


def usual_forms(text: str, zone: ZoneInfo) -> tuple[str, ...]:
    """Return what a text may be in a form that is usual, the likelier first; nothing if it has no digit."""
    if not any(character.isdigit() for character in text):
        return ()
    plain = " ".join(normalize("NFKC", text).split())
    if found := _EAST_ASIAN.fullmatch(plain):
        return (_east_asian(*found.groups()),)
    if found := _EAST_ASIAN_HALF.fullmatch(plain):
        plain = f"{found[1]} {found[3]} {'AM' if found[2] in _FIRST_HALF else 'PM'}"
    if found := _COMPACT.fullmatch(plain):
        year, month, day, hour, minute, second = found.groups()
        return (f"{year}-{month}-{day} {hour}:{minute}:{second or '00'}",)
    for written, anew in _REWRITTEN:
        plain = written.sub(anew, plain)
    if found := _CLOCK_FIRST.fullmatch(plain):
        plain = f"{found[2]} {found[1]}"
    without = _WEEKDAY.sub("", plain, count=1) if _WEEKDAY.match(plain) else plain
    return tuple(dict.fromkeys(_with_offset(_year_third(one), zone) for one in (plain, without)))


def _east_asian(
    year: str,
    month: str,
    day: str,
    half: str | None,
    hour: str | None,
    minute: str | None,
    second: str | None,
) -> str:
    date = f"{year}-{month}-{day}"
    if hour is None:
        return date
    said = "" if half is None else " AM" if half in _FIRST_HALF else " PM"
    return f"{date} {hour}:{(minute or '0').zfill(2)}:{(second or '0').zfill(2)}{said}"


def _year_third(text: str) -> str:
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return text
    month, day, clock, zone, year = found.groups()
    return f"{month} {day} {year} {clock} {zone or ''}".rstrip()


def _with_offset(text: str, zone: ZoneInfo) -> str:
    """Write a zone at the end as its offset; one that nobody knows stays, and makes the text none."""
    found = _ZONE.search(text)
    offset = (_own(zone).get(found[1]) or _ZONES.get(found[1])) if found else None
    return text if found is None or offset is None else f"{text[: found.start()]} {offset}"


@cache
def _own(zone: ZoneInfo) -> Mapping[str, str]:
    """Return the offsets of a zone by its abbreviations, in winter and in summer."""
    moments = [datetime(2020, month, 1, tzinfo=zone) for month in (1, 7)]
    return {moment.tzname() or "": f"{moment:%z}" for moment in moments}
