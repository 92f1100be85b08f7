"""[p] The hours of the day in which a feed is asked, by its own clock, such as `03:00-06:30` or `22:00-02:00`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def are_hours(written: Any) -> bool:  # Any: an option is JSON.
    """Tell whether an option is two times of the day, which differ."""
    found = _HOURS.fullmatch(written) if isinstance(written, str) else None
    return found is not None and found.group(1, 2) != found.group(3, 4)


def opens_at(hours: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return when the hours begin next, in UTC; none while they last."""
    local = now.astimezone(zone)
    begin, end = hours.split("-")
    time = f"{local:%H:%M}"
    is_open = begin <= time < end if begin < end else time >= begin or time < end
    if is_open:
        return None
    hour, minute = map(int, begin.split(":"))
    opening = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (opening if opening > local else opening + timedelta(days=1)).astimezone(UTC)
