"""[p] One service request of an answer, in JSON or XML, as a feature."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.connector import Feature
from tasks.feeds.reading.documents import all_text, local_name
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import first_line, plain
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.words import NOTHING, is_closed

_KEPT: Final = (
    "status_notes", "service_code", "agency_responsible", "service_notice", "address_id", "zipcode",
)  # fmt: skip
#: What Mark-a-Spot calls otherwise (Cologne, Bonn).
_OTHERWISE: Final = {"status_notes": ("status_note",), "address": ("address_string",)}
#: Where servers tell pictures: the standard's field, and those of extensions (Helsinki).
_MEDIA: Final = ("media_url", "media_urls")
#: Between several pictures in one text.
_NEXT_LINK: Final = re.compile(r"[,;\s]+(?=https?://)")
_EXTENDED: Final = "extended_attributes"
_NO_NUMBER: Final = frozenset(("nil", "nan"))


def fields_of(row: Any) -> Mapping[str, Any]:  # Any: a row of JSON or XML.
    """Return the fields of a row by name; raises Rejection if it has none."""
    if isinstance(row, etree._Element):
        return {local_name(child): _content(child) for child in row if local_name(child)}
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the request is no object")
    return row


def _content(element: etree._Element) -> Any:
    if local_name(element) == _EXTENDED:
        return fields_of(element)
    return [all_text(child) for child in element] if len(element) else all_text(element)


def identity(row: Any) -> str | None:  # Any: as above.
    """Return the number of a row's request, if it tells one."""
    try:
        return _text(fields_of(row), "service_request_id")
    except Rejection:
        return None


def request(fields: Mapping[str, Any], record: str, times: LocalTimes) -> Feature:
    """
    Read a request.

    Raises: Rejection if it has no number, or a beginning or place that cannot be read.
    """
    request_id = _text(fields, "service_request_id")
    if request_id is None:
        # A token stands for a request that has no number yet: it cannot be followed.
        raise Rejection("no_identity", "the request has no service_request_id")
    requested, updated = _time(fields, "requested_datetime", times), _told(fields, "updated_datetime", times)
    expected = _told(fields, "expected_datetime", times)
    closed = is_closed(_text(fields, "status") or "open")
    properties = {name: text for name in _KEPT if (text := _prose(fields, name, *_OTHERWISE.get(name, ())))}
    extended = fields.get(_EXTENDED)
    more: Mapping[str, Any] = extended if isinstance(extended, Mapping) else {}
    if media := _links(fields) or _links(more):
        properties["media_url"] = "; ".join(media)
    if expected:
        properties["expected_datetime"] = expected.isoformat().replace("+00:00", "Z")
    return Feature(
        external_id=request_id,
        record=record,
        observed_at=max((moment for moment in (requested, updated) if moment), default=None),
        kind="service_request",
        title=_title(fields, more) or "Service request",
        description=_prose(fields, "description"),
        status="closed" if closed else "open",
        category=_prose(fields, "service_name"),
        address=_prose(fields, "address", *_OTHERWISE["address"]),
        geometry=point(
            _number(fields, "long", "lon", "lng", "longitude"), _number(fields, "lat", "latitude")
        ),
        starts_at=requested,
        ends_at=updated if closed else None,
        properties=properties,
    )


def _title(fields: Mapping[str, Any], more: Mapping[str, Any]) -> str | None:
    named = _prose(fields, "service_name", "title") or _prose(more, "title")
    return named or first_line(_prose(fields, "description"))


def _links(fields: Mapping[str, Any]) -> list[str]:
    """Return the links of pictures, each once: texts of one or several, objects around one, or lists of these."""
    told = [fields.get(name) for name in _MEDIA]
    listed = [one for each in told for one in (each if isinstance(each, list) else [each])]
    flat = [one for each in listed for one in (_NEXT_LINK.split(each) if isinstance(each, str) else [each])]
    return list(dict.fromkeys(filter(None, map(web_link, flat))))


def _number(fields: Mapping[str, Any], *names: str) -> str | None:
    """Return what stands in the first of these fields that is told."""
    found = next((text for name in names if (text := _text(fields, name))), None)
    return None if found is None or found.lower() in _NO_NUMBER else found


def _prose(fields: Mapping[str, Any], *names: str) -> str | None:
    """Return as plain text what stands in the first of these fields that is told."""
    found = next((text for name in names if (text := _text(fields, name))), "")
    return plain(found).strip() or None


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    """Return what a field says, of a list all of it; blank and words such as `null` are nothing."""
    value = fields.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping) and len(value) == 1:
        # Several recipients are a list in an object of their own.
        value = next(iter(value.values()))
    if isinstance(value, list):
        value = "; ".join(text for part in value if (text := _written(part)))
    text = _written(value)
    return text if text and text not in NOTHING else None


def _written(value: Any) -> str:  # Any: as above.
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _time(fields: Mapping[str, Any], name: str, times: LocalTimes) -> datetime | None:
    text = _text(fields, name)
    return times.parse(text) if text else None


def _told(fields: Mapping[str, Any], name: str, times: LocalTimes) -> datetime | None:
    """Read a time that a request can do without: dumps of cities have `true` there, or words."""
    try:
        return _time(fields, name, times)
    except Rejection:
        return None
