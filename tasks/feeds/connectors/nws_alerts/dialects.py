"""
[p] Alerts of other offices in the words of the weather service's, which are those of CAP.

Germany's map server writes the names in capitals; Norway, New South Wales, Victoria, the disaster coordination of the
United Nations (GDACS) and the US Geological Survey have names of their own for the same.
Sources: https://www.dwd.de/DE/leistungen/geodienste/geodienste.html, https://api.met.no/weatherapi/metalerts/2.0/documentation,
https://www.rfs.nsw.gov.au/feeds/majorIncidents.json, https://www.gdacs.org/gdacsapi, https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.reading.column_names import letters
from tasks.feeds.reading.times import LocalTimes, from_posix

#: The weather service's name -> others for it, best first, without case and punctuation; its own is one of them.
_WORDS: Final[Mapping[str, Sequence[str]]] = {
    "event": ("event", "eventname"),
    "status": ("status",),
    "messageType": ("messagetype", "msgtype"),
    "scope": ("scope",),
    "severity": ("severity",),
    "urgency": ("urgency",),
    "certainty": ("certainty",),
    "headline": ("headline", "title", "webheadline", "warningtitle", "name"),
    "description": ("description", "descripen", "warningtext", "text"),
    "instruction": ("instruction",),
    "areaDesc": ("areadesc", "area", "location", "place"),
    "senderName": ("sendername", "sourcetitle"),
    "web": ("web", "link", "url"),
}
_TIMES: Final[Mapping[str, Sequence[str]]] = {
    "sent": ("sent", "pubdate", "datemodified", "updated", "created"),
    "effective": ("effective",),
    "onset": ("onset", "fromdate", "time"),
    "expires": ("expires",),
    "ends": ("ends", "todate"),
}
_TYPES: Final = frozenset(("alert", "update", "cancel"))
_ANY_ZONE: Final = LocalTimes("UTC", day_first=True), LocalTimes("UTC")


def in_words_of_the_service(row: Any) -> Any:  # Any: JSON of a publisher.
    """Return a feature whose properties have the names of the weather service beside their own."""
    said = row.get("properties") if isinstance(row, dict) else None
    if not isinstance(said, dict):
        return row
    told: dict[str, Any] = {}
    for name, value in said.items():
        told.setdefault(_letters(name), value)
    # Norway tells under `type` what elsewhere says what an event is.
    if str(told.get("type")).lower() in _TYPES:
        told.setdefault("messagetype", told["type"])
    begins, ends = _interval(row)
    told.setdefault("onset", begins)
    told.setdefault("ends", ends)
    known = {name: _first(others, told, _is_word) for name, others in _WORDS.items() if not said.get(name)}
    known |= {name: _first(others, told, _is_time) for name, others in _TIMES.items() if not said.get(name)}
    return {
        **row,
        "properties": {**said, **{name: value for name, value in known.items() if value is not None}},
    }


@lru_cache(maxsize=1024)
def _letters(name: str) -> str:
    return letters(name)


def _interval(row: Mapping[str, Any]) -> Sequence[Any]:
    """Return begin and end of the interval that stands beside the properties."""
    when = row.get("when")
    told = when.get("interval") if isinstance(when, dict) else None
    return told if isinstance(told, list) and len(told) == 2 else (None, None)


def _first(names: Sequence[str], told: Mapping[str, Any], fits: Any) -> Any:  # Any: JSON of a publisher.
    return next((value for name in names if fits(value := told.get(name))), None)


def _is_word(value: Any) -> bool:  # Any: as above.
    return isinstance(value, str) and bool(value.strip())


def _is_time(value: Any) -> bool:  # Any: as above.
    """Tell whether a value is a time: under a name of another meaning it may be anything."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    for times in _ANY_ZONE:
        try:
            return (times.parse(value) if isinstance(value, str) else from_posix(value)) is not None
        except Rejection:
            continue
    return False
