"""[p] The parts of a meeting under the names that the dialects give them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.reading.column_names import letters
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import cleaned
from tasks.feeds.reading.places import Geometry, point

#: Part -> names of it, best first; compared without case, spaces and punctuation.
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "title": (
        "eventbodyname",
        "eventname",
        "committeename",
        "meetingname",
        "eventtitle",
        "mmmeetingtitle",
        "boardname",
        "name",
        "title",
        "summary",
        "subject",
        "committee",
        "bodyname",
        "body",
        "agendaname",
    ),
    "description": ("eventcomment", "description", "shortdescription", "eventdetails", "eventdescription"),
    "date": ("eventdate", "meetingdate", "startdate", "date", "numberdate"),
    "time": ("eventtime", "meetingtime", "starttime", "time"),
    "start": ("start", "startdatetime", "mmdatetime", "datetime"),
    "end": ("end", "enddatetime", "enddate", "endtime"),
    "start_counted": ("eventstartunix",),
    "end_counted": ("eventendunix",),
    "start_utc": ("utcstartdate",),
    "end_utc": ("utcenddate",),
    "changed": ("eventlastmodifiedutc",),
    "status": ("status", "eventstatus", "meetingstatus", "meetingtype"),
    "agenda_status": ("eventagendastatusname", "agendastatus"),
    "minutes_status": ("eventminutesstatusname",),
    "place": (
        "eventlocation",
        "meetinglocation",
        "location",
        "venue",
        "venueslug",
        "place",
        "address",
        "locationname",
        "locationaddress",
        "physicallist",
        "mmaddress1",
    ),
    "street": ("address", "locationaddress", "mmaddress2"),
    "url": (
        "eventinsiteurl",
        "url",
        "meetingdetails",
        "eventurl",
        "htmllink",
        "link",
        "localisturl",
        "infourl",
        "eventpath",
        "learnmorelink",
    ),
    "agenda": ("eventagendafile", "agenda"),
    "minutes": ("eventminutesfile", "minutes"),
    "called_off": ("cancelled", "canceled", "iscancelled", "iscanceled", "canceledevent", "isdeleted"),
    "all_day": ("allday", "isallday"),
    "endless": ("noendtime",),
    "id": ("eventid", "meetingid", "mastermeetingid", "meetingeventid", "globalid", "unid"),
}
#: What an object in the place of a text has it in, best first.
_TEXTS: Final = ("label", "text", "rendered", "name", "datetime", "utc", "local", "date")
#: What an object in the place of a place tells of it.
_PLACES: Final = (
    "name", "locationname", "venue", "address", "address1", "formattedaddress", "streetaddress", "streetlineone",
    "city",
)  # fmt: skip
_LONGEST: Final = 4000
_LATITUDES: Final = ("lat", "latitude", "geolat", "locationlat")
_LONGITUDES: Final = ("lon", "lng", "long", "longitude", "geolng", "geolon", "locationlon", "locationlng")
#: The objects that tell where a meeting is, each within the one before.
_WHERE: Final = ("location", "venue", "place", "geo", "position", "coordinates", "address")
_DEEPEST: Final = 3
#: What forms say where they know nothing.
_NOTHING: Final = ("not available", "n/a")
_YES: Final = re.compile(r"\s*(?:true|yes|y|1|cancel+ed)\s*$", re.IGNORECASE)
#: Letters of a language's name.
_TAG: Final = 2


def named(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row, or an object within it, by the bare letters of its names."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        found.setdefault(letters(name), value)
    return found


def values(row: Mapping[str, Any], part: str) -> Iterator[Any]:
    """Yield what a row, by its bare names, has of a part."""
    yield from (row[name] for name in _NAMES[part] if row.get(name) is not None)


def text(row: Mapping[str, Any], part: str) -> str | None:
    """Return a part's text without markup; a link gives its label, and `Not available` is nothing."""
    return next((found for value in values(row, part) if (found := _text(value))), None)


def _text(value: Any) -> str | None:  # Any: JSON of a publisher.
    if isinstance(value, dict):
        within = named(value)
        told = next((found for name in _TEXTS if (found := _bare(within.get(name)))), None)
        if told and told == _bare(within.get("date")) and (clock := _bare(within.get("time"))):
            return f"{told} {clock}"
        return told or _said(within)
    return _bare(value)


def _said(by_language: Mapping[str, Any]) -> str | None:
    """Return what an object says in English, else in the first of its languages, which are two letters each."""
    if not all(len(language) == _TAG for language in by_language):
        return None
    told = (by_language.get("en"), *by_language.values())
    return next((found for value in told if (found := _bare(value))), None)


def _bare(value: Any) -> str | None:  # Any: as above.
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    found = cleaned(str(value)).strip()
    return found[:_LONGEST] if found and found.lower() not in _NOTHING else None


def place(row: Mapping[str, Any]) -> str | None:
    """Return where a meeting is: its text, or the name and address of an object; the first of several."""
    for value in chain.from_iterable(map(_each, values(row, "place"))):
        told = list(_told(value)) if isinstance(value, dict) else [_text(value)]
        if found := ", ".join(dict.fromkeys(one for one in told if one)):
            return found
    return None


def address(row: Mapping[str, Any]) -> str | None:
    """Return where a meeting is, with the street that stands apart from its room."""
    room, street = place(row), text(row, "street")
    if room and street and street.lower() not in room.lower():
        return f"{room}, {street}"
    return room


def _each(value: Any) -> list[Any]:  # Any: as above.
    """Return the members of a list; else the value alone."""
    return value if isinstance(value, list) else [value]


def _told(value: Mapping[str, Any]) -> Iterator[str | None]:
    within = named(value)
    if "label" in within:
        yield _bare(within["label"])
    for name in _PLACES:
        inner = within.get(name)
        told = list(_told(inner)) if isinstance(inner, dict) else []
        yield from told if any(told) else [_text(inner)]


def spot(row: Mapping[str, Any]) -> Geometry | None:
    """Return the point at which a meeting is; one that cannot be read is unknown."""
    try:
        return point(*(_position(row) or (None, None)))
    except Rejection:
        return None


def _position(row: Mapping[str, Any], depth: int = 0) -> tuple[Any, Any] | None:
    """Return lon, lat of a row or of what tells where it is."""
    lon, lat = (
        next((row[name] for name in names if isinstance(row.get(name), str | int | float)), None)
        for names in (_LONGITUDES, _LATITUDES)
    )
    if lon is not None and lat is not None:
        return lon, lat
    pair = row.get("coordinates")
    if row.get("type") == "Point" and isinstance(pair, list) and len(pair) > 1:
        return pair[0], pair[1]
    within = (one for name in _WHERE if depth < _DEEPEST for one in _each(row.get(name)))
    found = (_position(named(one), depth + 1) for one in within if isinstance(one, dict))
    return next((one for one in found if one), None)


def link(row: Mapping[str, Any], part: str) -> str | None:
    """Return a part that is a link."""
    told = (_address(named(value)) if isinstance(value, dict) else value for value in values(row, part))
    return next(filter(None, map(web_link, told)), None)


def _address(within: Mapping[str, Any]) -> Any:  # Any: JSON of a publisher.
    return within["url"] if "url" in within else _said(within)


def zone(row: Mapping[str, Any]) -> str | None:
    """Return the time zone that a row, or its beginning, names for itself."""
    within = (named(value) for value in values(row, "start") if isinstance(value, dict))
    told = (said.get("timezone") for said in (*within, row))
    return next((name for name in told if isinstance(name, str) and name.strip()), None)


def is_day_alone(row: Mapping[str, Any], part: str) -> bool:
    """Tell whether a part is a day whose hour is told as not known."""
    value = next(values(row, part), None)
    return isinstance(value, dict) and "time" in (within := named(value)) and not within["time"]


def is_true(row: Mapping[str, Any], part: str) -> bool:
    """Tell whether a part is said to be so, by a word of yes or its own (`Cancelled`)."""
    return any(isinstance(value, str | int) and _YES.match(str(value)) for value in values(row, part))
