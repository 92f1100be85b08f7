"""[p] What can be told of a feed's options before anything was fetched."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import FieldProblem
from shared.feeds import mappings
from shared.feeds.hours import are_hours
from shared.feeds.rules import FEATURE_KINDS

#: Kind of feed -> what judges its options; other kinds take options that are each optional.
_JUDGES: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[FieldProblem]]]] = {
    "mapping": mappings.problems
}


#: A name of a header (RFC 9110, 5.6.2) or of a parameter.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: What is reprocessed is found by its run, and runs are kept no longer.
LONGEST_KEEP_DAYS: Final = 90
_COUNTS: Final = ("max_pages", "page_size", "max_messages", "max_locations", "first_days")


def problems(kind: str, options: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield what is wrong with the options of a feed of a kind, each with its name."""
    if (name := options.get("timezone")) and not _is_zone(name):
        said = f"{name!r:.60} is not an IANA time zone"
        yield FieldProblem("options.timezone", "unknown", said)
    if (name := options.get("feature_kind")) and name not in FEATURE_KINDS:
        said = f"{name!r:.40} is not one of {', '.join(FEATURE_KINDS)}"
        yield FieldProblem("options.feature_kind", "unknown", said)
    yield from _of_all_kinds(options)
    if judge := _JUDGES.get(kind):
        yield from judge(options)


def _of_all_kinds(options: Mapping[str, Any]) -> Iterator[FieldProblem]:
    if (box := options.get("bbox")) is not None and not _is_box(box):
        said = "four numbers: west, south, east, north in degrees, south below north"
        yield FieldProblem("options.bbox", "box", said)
    for name in ("credential_header", "credential_query", "credential"):
        told = options.get(name)
        if told is not None and not (isinstance(told, str) and _TOKEN.fullmatch(told)):
            yield FieldProblem(f"options.{name}", "name", "a name of letters, digits and hyphens")
    for name in _COUNTS:
        told = options.get(name)
        if told is not None and not (str(told).isascii() and str(told).isdigit()):
            yield FieldProblem(f"options.{name}", "number", "a whole number, not below 0")

    hours = options.get("hours")
    if hours is not None and not are_hours(hours):
        said = "two times of the city's day between which the feed is asked, such as 03:00-06:30"
        yield FieldProblem("options.hours", "pattern", said)
    days = options.get("keep_days")
    if days is not None and (type(days) is not int or not 1 <= days <= LONGEST_KEEP_DAYS):
        said = f"a whole number of days, 1 to {LONGEST_KEEP_DAYS}, for which what was sent is kept"
        yield FieldProblem("options.keep_days", "range", said)


def _is_box(box: Any) -> bool:  # Any: an option is JSON.
    if not isinstance(box, list) or len(box) != 4:
        return False
    if not all(isinstance(edge, int | float) and not isinstance(edge, bool) for edge in box):
        return False
    west, south, east, north = box
    return bool(abs(west) <= 180 and abs(east) <= 180 and -90 <= south < north <= 90)


def _is_zone(name: Any) -> bool:  # Any: an option is JSON.
    try:
        return isinstance(name, str) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
