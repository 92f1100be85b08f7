"""[p] What can be told of a feed's options before anything was fetched."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import FieldProblem
from shared.feeds import mappings
from shared.feeds.rules import FEATURE_KINDS

#: Kind of feed -> what judges its options; other kinds take options that are each optional.
_JUDGES: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[FieldProblem]]]] = {
    "mapping": mappings.problems
}


def problems(kind: str, options: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield what is wrong with the options of a feed of a kind, each with its name."""
    if (name := options.get("timezone")) and not _is_zone(name):
        said = f"{name!r:.60} is not an IANA time zone"
        yield FieldProblem("options.timezone", "unknown", said)
    if (name := options.get("feature_kind")) and name not in FEATURE_KINDS:
        said = f"{name!r:.40} is not one of {', '.join(FEATURE_KINDS)}"
        yield FieldProblem("options.feature_kind", "unknown", said)
    if judge := _JUDGES.get(kind):
        yield from judge(options)


def _is_zone(name: Any) -> bool:  # Any: an option is JSON.
    try:
        return isinstance(name, str) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
