"""[p] What the headers of an answer say about when to ask again and what came."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from shared.errors import Rejection
from tasks.feeds.reading.times import from_rfc2822

_MAX_AGE: Final = re.compile(r'(?:^|[,\s])max-age\s*=\s*"?(\d{1,9})', re.IGNORECASE)
#: Clocks of publishers run ahead; what was changed later than this from now was not.
_AHEAD: Final = timedelta(hours=1)
_NOT_KEPT: Final = re.compile(r"(?:^|[,\s])no-(?:cache|store)(?:$|[,\s=])", re.IGNORECASE)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read `Retry-After`, seconds or a date; a date that has passed is 0, what cannot be read is nothing."""
    if not value or not value.strip():
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        moment = from_rfc2822(text)
    except Rejection:
        return None
    return max((moment - now).total_seconds(), 0.0) if moment else None


def max_age_seconds(headers: Mapping[str, str], now: datetime) -> int | None:
    """
    Return for how long the answer stays fresh by `Cache-Control`, else by `Expires`, less the `Age` it already has.

    Source: RFC 9111, 4.2.1 and 5.3.
    """
    control = headers.get("Cache-Control", "")
    if _NOT_KEPT.search(control):
        return 0
    found = _MAX_AGE.search(control)
    life = int(found.group(1)) if found else _expires_in_seconds(headers, now)
    if life is None:
        return None
    age = headers.get("Age", "0").strip()
    return max(life - (int(age[:9]) if age.isascii() and age.isdigit() else 0), 0)


def _expires_in_seconds(headers: Mapping[str, str], now: datetime) -> int | None:
    """Return how long after its `Date` an answer expires; one whose `Expires` is no date (`0`) has expired."""
    told = headers.get("Expires")
    if told is None:
        return None
    expires = http_date(told)
    if expires is None:
        return 0
    return int((expires - (http_date(headers.get("Date")) or now)).total_seconds())


def last_modified(value: str | None, now: datetime) -> str | None:
    """Return `Last-Modified` as it was told; one that cannot be read, or lies ahead of all clocks, tells nothing."""
    moment = http_date(value)
    return value if moment is not None and moment <= now + _AHEAD else None


def http_date(value: str | None) -> datetime | None:
    """Read the moment of a header such as Last-Modified; none when it cannot be read."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def media_type(value: str | None) -> str:
    """Return the media type without its parameters, in lower case."""
    return (value or "").split(";")[0].strip().lower()


def same_origin(one: str, other: str) -> bool:
    """Tell whether two URLs share scheme, host and port, so that a secret for one may go to the other."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
