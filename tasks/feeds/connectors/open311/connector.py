"""
[p] Open311 GeoReport v2, JSON and XML: service requests.

The feed's URL is the server's root or its `requests` resource. Options: see README.md.
Source: https://wiki.open311.org/GeoReport_v2/ and its extensions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shared.errors import Rejection
from shared.feeds.kinds.open311 import Open311Options
from tasks.feeds.connector import (
    Cursor,
    Described,
    Malformed,
    Payload,
    Plan,
    Record,
    Rejected,
    Request,
    Source,
    not_read,
)
from tasks.feeds.connectors.open311.requests import fields_of, identity, request
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.day_order import local_times
from tasks.feeds.reading.documents import children, excerpt, json_of, load_xml, local_name

#: A call of a script around the answer (JSONP), which some servers send to any client.
_CALL: Final = re.compile(rb"(?:/\*\*/)?\s*[A-Za-z_$][\w.$]{0,80}\s*\(\s*(?=[\[{])")
#: Key around the rows -> what XML calls one of them.
_WRAPPERS: Final = {
    "service_requests": "request", "requests": "request", "results": "request", "data": "request",
    "services": "service",
}  # fmt: skip
_DESCRIBE: Final = frozenset(("attributes", "service_code", "endpoints"))
#: What a request has and the description of a service has not.
_OF_REQUESTS: Final = frozenset(("service_request_id", "token", "requested_datetime", "address", "lat"))


class _Document(NamedTuple):
    """What an answer holds: requests, or descriptions of services."""

    rows: Sequence[Any]
    are_requests: bool


def plan(source: Source) -> Plan:
    """Fetch requests: one answer of the standard's size, or pages where the option `page_size` says so."""
    url = _requests_url(source)
    query = Open311Options.read(source.options).query
    size, most = _pages(source)
    before: Sequence[Any] = ()
    for number in range(1, most + 1):
        paging = {"page": str(number), "page_size": str(size)} if size else {}
        answer = yield with_credential(Request(f"requests-{number}", url, params=query | paging), source)
        rows = _document(answer).rows
        if _is_end(rows, before, size):
            break
        before = rows
    return _no_cursor()


def _pages(source: Source) -> tuple[int, int]:
    """Return how many requests a page has, 0 where the server does not page, and how many pages are read."""
    told = Open311Options.read(source.options)
    return told.page_size, told.max_pages if told.page_size else 1


def _is_end(rows: Sequence[Any], before: Sequence[Any], size: int) -> bool:
    """Tell whether no page follows: past the end some servers repeat the last one instead of sending an empty one."""
    return len(rows) < size or [identity(row) for row in rows] == [identity(row) for row in before]


def _no_cursor() -> Cursor:
    return {}


def _requests_url(source: Source) -> str:
    if source.url.split("?")[0].rstrip("/").endswith((".json", ".xml", "/requests")):
        return source.url
    return f"{source.url.rstrip('/')}/requests.{Open311Options.read(source.options).format}"


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per request, service or attribute list, in the publisher's order; one more if pages were left.

    Raises: Malformed if a payload is neither JSON nor XML of Open311, with the server's own words if it failed.
    """
    size, most = _pages(source)
    day_first = Open311Options.read(source.options).day_first
    before: Sequence[Any] = ()
    rows: Sequence[Any] = ()
    for payload in payloads:
        document = _document(payload)
        before, rows = rows, document.rows
        times = local_times(source.timezone, day_first, map(_told_of, document.rows))
        for number, row in enumerate(document.rows):
            record = f"{payload.name}#{number}"
            if not document.are_requests:
                yield Described(record=record)
                continue
            try:
                yield request(fields_of(row), record, times)
            except Rejection as why:
                yield Rejected(
                    record=record,
                    reason=why.reason,
                    detail=why.detail,
                    external_id=identity(row),
                    excerpt=excerpt(row),
                )
    if size and len(payloads) == most and not _is_end(rows, before, size):
        yield not_read(f"requests-{most + 1}", most)


def _told_of(row: Any) -> Mapping[str, Any]:  # Any: a row of JSON or XML.
    try:
        return fields_of(row)
    except Rejection:
        return {}


def _document(payload: Payload) -> _Document:
    content = payload.read().lstrip(b"\xef\xbb\xbf \t\r\n")
    called = _CALL.match(content)
    if called is not None:
        content = content[called.end() : content.rfind(b")")]
    return _json(content, payload) if content[:1] in (b"[", b"{") else _xml(payload)


def _json(content: bytes, payload: Payload) -> _Document:
    document = json_of(content, payload.name)
    if isinstance(document, dict) and isinstance(document.get("features"), list):
        return _Document([_of_feature(row) for row in document["features"]], True)
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


def _of_feature(row: Any) -> Any:  # Any: JSON of a publisher.
    """Return a request that is told as a feature of GeoJSON, its place among its fields."""
    said = row.get("properties") if isinstance(row, dict) else None
    if not isinstance(said, dict):
        return row
    shape = row.get("geometry")
    pair = shape.get("coordinates") if isinstance(shape, dict) and shape.get("type") == "Point" else None
    place = dict(zip(("long", "lat"), pair, strict=False)) if isinstance(pair, list) else {}
    return {**said, **place}


def _wrapped(rows: Any, within: str) -> Sequence[Any]:  # Any: JSON of a publisher.
    """
    Return the rows of a wrapper; XML turned into JSON nests them once more, and a single one is no list.

    FixMyStreet writes each element as a list, also the only one.
    """
    if isinstance(rows, list) and len(rows) == 1 and isinstance(rows[0], dict) and rows[0].keys() == {within}:
        rows = rows[0]
    if isinstance(rows, dict) and within in rows:
        rows = rows[within]
    return rows if isinstance(rows, list) else [rows] if rows else []


def _xml(payload: Payload) -> _Document:
    root = load_xml(payload)
    name = local_name(root)
    told = [child for child in root if local_name(child)]
    if name in ("service_requests", "requests") and not _are_errors(told):
        return _Document(told, True)
    if name == "request":
        return _Document([root], True)
    if name == "services":
        return _Document(children(root, "service"), False)
    if name in ("service_definition", "discovery"):
        return _Document([root], False)
    said = " ".join(" ".join(map(str, root.itertext())).split())
    raise Malformed(f"{payload.name}: no Open311 answer but <{name}>: {said:.200}")


def _are_errors(told: Sequence[Any]) -> bool:  # Any: elements of XML.
    """Tell whether a server says within a list of requests why there is none."""
    return bool(told) and all(local_name(one) == "error" for one in told)
