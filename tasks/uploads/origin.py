"""
[p] Read from EXIF where and when a photo was taken; wrong or impossible values count as absent.

Source: Exif 2.32 (CIPA DC-008), section 4.6.6 (GPS) and the tags DateTimeOriginal and OffsetTimeOriginal.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a worker reads moments here, and loads no image library for it
    from PIL.Image import Exif

_GPS_IFD, _EXIF_IFD = 0x8825, 0x8769
_TAKEN, _TAKEN_OFFSET, _CHANGED = 0x9003, 0x9011, 0x0132
_TIME = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_CLOCK_SLACK = timedelta(days=1)


def place_of(exif: "Exif") -> tuple[float, float] | None:
    """Return (lon, lat) in degrees, WGS 84; null island and the impossible are no place."""
    gps = _ifd(exif, _GPS_IFD)
    lat = _degrees(gps.get(2), gps.get(1), "S")
    lon = _degrees(gps.get(4), gps.get(3), "W")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (lat == 0 and lon == 0):
        return None
    return round(lon, 6), round(lat, 6)


def time_of(exif: "Exif") -> str | None:
    """Return the camera's clock as ISO 8601, with its offset where the camera wrote one."""
    details = _ifd(exif, _EXIF_IFD)
    found = _TIME.match(str(details.get(_TAKEN) or exif.get(_CHANGED) or ""))
    if found is None:
        return None
    offset = _OFFSET.fullmatch(str(details.get(_TAKEN_OFFSET) or "").strip())
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{offset.group() if offset else ''}"


def moment_of(text: str | None, zone: tzinfo, now: datetime) -> datetime | None:
    """Turn `time_of`'s text into a moment; a camera without offset is taken to stand in `zone`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment <= now + _CLOCK_SLACK else None


def _ifd(exif: "Exif", tag: int) -> Mapping[int, Any]:  # values are whatever the sender's file holds
    try:
        return exif.get_ifd(tag)
    except Exception:  # a damaged directory raises whatever its bytes lead to
        return {}


def _degrees(parts: Any, reference: Any, negative: str) -> float | None:
    """Return degrees of one to three numbers: some programs leave out the seconds, or the minutes too."""
    if isinstance(reference, bytes):
        reference = reference.decode("ascii", "replace")
    try:
        numbers = [float(part) for part in (parts if isinstance(parts, Sequence) else (parts,))]
        letter = str(reference or "").strip("\0 ").upper()[:1]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not 1 <= len(numbers) <= 3 or letter not in {"N", "S", "E", "W"}:
        return None
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        return None
    value = math.fsum(number / 60.0**place for place, number in enumerate(numbers))
    return -value if letter == negative else value
