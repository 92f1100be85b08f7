"""
[p] Open311 GeoReport v2, JSON and XML: service requests.

The feed's URL is the server's root or its `requests` resource. Options: see README.md.
Source: https://wiki.open311.org/GeoReport_v2/ and its extensions.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.connector import (
    Cursor,
    Described,
    Feature,
    Malformed,
    Payload,
    Plan,
    Record,
    Rejected,
    Request,
    Source,
)
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.documents import all_text, children, excerpt, load_json, load_xml, local_name
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import LocalTimes

_MOST_PAGES: Final = 10
_KEPT: Final = (
    "status_notes", "service_code", "agency_responsible", "service_notice", "address_id", "zipcode", "media_url",
)  # fmt: skip
#: Key around the rows -> what XML calls one of them.
_WRAPPERS: Final = {"service_requests": "request", "requests": "request", "services": "service"}
_DESCRIBE: Final = frozenset(("attributes", "service_code", "endpoints"))
#: What a request has and the description of a service has not.
_OF_REQUESTS: Final = frozenset(("service_request_id", "token", "requested_datetime", "address", "lat"))
_NOTHING: Final = frozenset(("null", "none", "nil", "nan", "n/a"))
_CLOSED: Final = ("clos", "complet", "resolv", "cancel", "duplicate")


class _Document(NamedTuple):
    """What an answer holds: requests, or descriptions of services."""

    rows: Sequence[Any]
    are_requests: bool


def plan(source: Source) -> Plan:
    """Fetch requests: one answer of the standard's size, or pages where the option `page_size` says so."""
    url = _requests_url(source)
    query = {str(key): str(value) for key, value in (source.options.get("query") or {}).items()}
    size = int(source.options.get("page_size") or 0)
    before: Sequence[Any] = ()
    for number in range(1, int(source.options.get("max_pages") or _MOST_PAGES) + 1 if size else 2):
        paging = {"page": str(number), "page_size": str(size)} if size else {}
        answer = yield with_credential(Request(f"requests-{number}", url, params=query | paging), source)
        rows = _document(answer).rows
        # Past the end some servers repeat the last page instead of sending an empty one.
        if len(rows) < size or [_identity(row) for row in rows] == [_identity(row) for row in before]:
            break
        before = rows
    return _no_cursor()


def _no_cursor() -> Cursor:
    return {}


def _requests_url(source: Source) -> str:
    if source.url.split("?")[0].rstrip("/").endswith((".json", ".xml", "/requests")):
        return source.url
    return f"{source.url.rstrip('/')}/requests.{source.options.get('format') or 'json'}"


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per request, service or attribute list, in the publisher's order.

    Raises: Malformed if a payload is neither JSON nor XML of Open311, with the server's own words if it failed.
    """
    times = LocalTimes(source.timezone)
    for payload in payloads:
        document = _document(payload)
        for number, row in enumerate(document.rows):
            record = f"{payload.name}#{number}"
            if not document.are_requests:
                yield Described(record=record)
                continue
            try:
                yield _request(_fields(row), record, times)
            except Rejection as why:
                identity = _identity(row)
                yield Rejected(
                    record=record,
                    reason=why.reason,
                    detail=why.detail,
                    external_id=identity,
                    excerpt=excerpt(row),
                )


def _document(payload: Payload) -> _Document:
    start = payload.read().lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return _json(payload) if start in (b"[", b"{") else _xml(payload)


def _json(payload: Payload) -> _Document:
    document = load_json(payload)
    if isinstance(document, dict):
        for name, within in _WRAPPERS.items():
            if name in document and isinstance(document[name], list | dict | None):
                return _Document(_wrapped(document[name], within), within != "service")
        if _DESCRIBE & document.keys() and "service_request_id" not in document:
            return _Document([document], False)
        if "service_request_id" in document:
            return _Document([document], True)
        raise Malformed(f"{payload.name}: no Open311 answer: {excerpt(document):.200}")
    rows = document if isinstance(document, list) else []
    first = next((row for row in rows if isinstance(row, dict)), {})
    if not isinstance(document, list) or ("code" in first and "description" in first and len(first) <= 3):
        raise Malformed(f"{payload.name}: no Open311 answer: {excerpt(document):.200}")
    are_services = "service_code" in first and not _OF_REQUESTS & first.keys()
    return _Document(rows, not are_services)


def _wrapped(rows: Any, within: str) -> Sequence[Any]:  # Any: JSON of a publisher.
    """Return the rows of a wrapper; XML turned into JSON nests them once more, and a single one is no list."""
    if isinstance(rows, dict) and within in rows:
        rows = rows[within]
    return rows if isinstance(rows, list) else [rows] if rows else []


def _xml(payload: Payload) -> _Document:
    root = load_xml(payload)
    name = local_name(root)
    if name in ("service_requests", "requests"):
        return _Document([child for child in root if local_name(child)], True)
    if name == "request":
        return _Document([root], True)
    if name == "services":
        return _Document(children(root, "service"), False)
    if name in ("service_definition", "discovery"):
        return _Document([root], False)
    said = " ".join(all_text(root).split())
    raise Malformed(f"{payload.name}: no Open311 answer but <{name}>: {said:.200}")


def _fields(row: Any) -> Mapping[str, Any]:  # Any: a row of JSON or XML.
    if isinstance(row, etree._Element):
        return {local_name(child): all_text(child) for child in row if local_name(child)}
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the request is no object")
    return row


def _identity(row: Any) -> str | None:  # Any: as above.
    try:
        return _text(_fields(row), "service_request_id")
    except Rejection:
        return None


def _request(fields: Mapping[str, Any], record: str, times: LocalTimes) -> Feature:
    request_id = _text(fields, "service_request_id")
    if request_id is None:
        # A token stands for a request that has no number yet: it cannot be followed.
        raise Rejection("no_identity", "the request has no service_request_id")
    requested, updated = _time(fields, "requested_datetime", times), _time(fields, "updated_datetime", times)
    expected = _time(fields, "expected_datetime", times)
    status = (_text(fields, "status") or "open").lower()
    is_closed = status.startswith(_CLOSED)
    properties = {name: text for name in _KEPT if (text := _text(fields, name))}
    if expected:
        properties["expected_datetime"] = expected.isoformat().replace("+00:00", "Z")
    return Feature(
        external_id=request_id,
        record=record,
        observed_at=max((moment for moment in (requested, updated) if moment), default=None),
        kind="service_request",
        title=_text(fields, "service_name") or "Service request",
        description=_text(fields, "description"),
        status="closed" if is_closed else "open",
        category=_text(fields, "service_name"),
        address=_text(fields, "address"),
        geometry=point(_number(fields, "long", "lon", "lng"), _number(fields, "lat")),
        starts_at=requested,
        ends_at=updated if is_closed else None,
        properties=properties,
    )


def _number(fields: Mapping[str, Any], *names: str) -> str | None:
    """Return what stands in the first of these fields that is told; some servers write null as a word."""
    found = next((text for name in names if (text := _text(fields, name))), None)
    return None if found is None or found.lower() in _NOTHING else found


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return str(value).strip() or None if isinstance(value, str | int | float) else None


def _time(fields: Mapping[str, Any], name: str, times: LocalTimes) -> datetime | None:
    text = _text(fields, name)
    return times.parse(text) if text else None
