"""[p] Where an event is: by the standard, or as Apple's calendars tell it beside the words."""

import re
from typing import Final

from tasks.feeds.connectors.icalendar.lines import Event
from tasks.feeds.reading.places import Geometry, point

#: `geo:41.88,-87.63`, to which a height or an accuracy may be added (RFC 5870).
_GEO_URI: Final = re.compile(r"geo:(-?[\d.]+),(-?[\d.]+)(?:[,;].*)?", re.IGNORECASE | re.ASCII)


def place(event: Event) -> Geometry | None:
    """
    Return the position of an event: of GEO, which is latitude;longitude (some programs write a comma), or Apple's.

    Raises: Rejection if it is not on Earth.
    """
    lat, separator, lon = (event.text("GEO") or "").replace("\\", "").replace(",", ";").partition(";")
    if separator:
        return point(lon, lat)
    found = _GEO_URI.fullmatch(event.text("X-APPLE-STRUCTURED-LOCATION") or "")
    return point(found.group(2), found.group(1)) if found else None
