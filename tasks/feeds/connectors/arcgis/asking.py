"""[p] What is asked of a service: which of its layers is meant, what that can, and then its rows page by page."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Permanent
from tasks.feeds.connector import Payload, Plan, Request, Source
from tasks.feeds.connectors.arcgis import paging
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.documents import excerpt, load_json

#: What a layer can changes with the server's release.
_DESCRIBED_SECONDS: Final = 24 * 3600
_SERVICES: Final = ("FeatureServer", "MapServer")
_SHOWN: Final = 20


def plan(source: Source) -> Plan:
    """
    Query a layer, that of the URL or the only one of its service; of any other URL fetch what is there.

    Raises: Permanent if a service has not one layer; it names those that it has.
    """
    url = source.url.split("?")[0].rstrip("/")
    last = url.rsplit("/", 1)[-1]
    if last in _SERVICES:
        described = yield with_credential(_described(paging.SERVICE, url), source)
        url = f"{url}/{_only_layer(paging.described(described))}"
    elif "/query" in source.url or not last.isdigit():
        yield with_credential(Request("features", source.url), source)
        return {}
    layer = paging.Layer((yield with_credential(_described(paging.LAYER, url), source)), source)
    if layer.pages:
        yield from _pages(layer, f"{url}/query", source)
        return {}
    ids = paging.listed((yield with_credential(Request(paging.IDS, f"{url}/query", layer.ids()), source)))
    for number, params in enumerate(layer.ranges(ids), start=1):
        yield with_credential(Request(f"features-{number}", f"{url}/query", params=params), source)
    return {}


def _described(name: str, url: str) -> Request:
    return Request(name, url, params={"f": "json"}, optional=True, max_age_seconds=_DESCRIBED_SECONDS)


def _only_layer(service: Mapping[str, Any]) -> int:
    """Return the number of a service's only layer or table; a group of layers is none."""
    if "error" in service:
        raise Permanent(f"the service does not tell its layers: {excerpt(service):.200}")
    listed = [
        one
        for rows in (service.get("layers"), service.get("tables"))
        for one in (rows if isinstance(rows, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("id"), int) and not one.get("subLayerIds")
    ]
    if len(listed) != 1:
        told = ", ".join(f"{one['id']} {one.get('name') or ''}".strip() for one in listed[:_SHOWN])
        raise Permanent(
            f"the URL is that of a service; add the number of one of its layers: {told or 'none'}"
        )
    return int(listed[0]["id"])


def _pages(layer: paging.Layer, url: str, source: Source) -> Generator[Request, Payload, None]:
    offset = 0
    before: Sequence[Any] = ()
    for number in range(1, layer.most_pages + 1):
        request = Request(f"features-{number}", url, params=layer.page(offset))
        page = load_json((yield with_credential(request, source)))
        rows = page.get("features") if isinstance(page, dict) else None
        # A service that does not know offsets sends its first page for ever.
        if (
            not isinstance(rows, list)
            or not rows
            or rows == before
            or not paging.has_more(page, len(rows), layer.size)
        ):
            break
        before = rows
        # A service may give fewer than we asked for, and says so.
        offset += len(rows)
    else:
        yield with_credential(Request(paging.COUNT, url, params=layer.count(), optional=True), source)
