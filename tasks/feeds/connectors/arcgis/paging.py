"""
[p] How the rows of a layer are asked for page by page, by what the layer says it can.

Source: https://developers.arcgis.com/rest/services-reference/enterprise/layer-feature-service/ (advancedQueryCapabilities)
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.feeds.kinds.arcgis import ArcgisOptions
from tasks.feeds.connector import Malformed, Payload, Source
from tasks.feeds.reading.documents import load_json

#: Payloads that only tell how to ask for the rows, or how many there are: what they list is none.
SERVICE: Final = "service"
LAYER: Final = "layer"
IDS: Final = "ids"
COUNT: Final = "count"
NO_ROWS: Final = frozenset((SERVICE, LAYER, IDS, COUNT))
_NOT_FOUND: Final = 404


class Layer:
    """A layer as its description has it; without one it is taken for one that pages by its OBJECTID."""

    def __init__(self, payload: Payload, source: Source) -> None:
        options = ArcgisOptions.read(source.options)
        told = described(payload)
        most = told.get("maxRecordCount")
        size = options.page_size
        self.size = min(size, most) if isinstance(most, int) and most > 0 else size
        self.most_pages = options.max_pages
        self.id_field = _id_field(told) or "OBJECTID"
        self.pages = _pages(told)
        self._where = options.where
        self._order = options.order or self.id_field

    def page(self, offset: int) -> dict[str, str]:
        """Return the parameters of the page that begins behind so many rows."""
        paging = {"resultOffset": str(offset), "resultRecordCount": str(self.size)}
        return _rows(self._where, orderByFields=self._order, **paging)

    def ids(self) -> dict[str, str]:
        """Return the parameters that ask for all ids, which servers before 10.3 tell without a limit."""
        return {"where": self._where, "returnIdsOnly": "true", "f": "json"}

    def count(self) -> dict[str, str]:
        """Return the parameters that ask how many rows there are."""
        return {"where": self._where, "returnCountOnly": "true", "f": "json"}

    def ranges(self, ids: Sequence[int]) -> Iterator[dict[str, str]]:
        """Yield the parameters of each page of a layer that knows no offset: ids from one to another."""
        ordered = sorted(ids)
        for first in range(0, min(len(ordered), self.most_pages * self.size), self.size):
            page = ordered[first : first + self.size]
            among = f"{self.id_field} >= {page[0]} AND {self.id_field} <= {page[-1]}"
            yield _rows(among if self._where == "1=1" else f"({self._where}) AND {among}")


def _rows(where: str, **more: str) -> dict[str, str]:
    return {"where": where, "outFields": "*", "outSR": "4326", **more, "f": "json"}


def described(payload: Payload) -> Mapping[str, Any]:
    """Return how a layer describes itself; a description that is not there, or no JSON, says nothing."""
    if payload.status == _NOT_FOUND:
        return {}
    try:
        document = load_json(payload)
    except Malformed:
        return {}
    return document if isinstance(document, dict) else {}


def listed(payload: Payload) -> list[int]:
    """
    Return the object ids of an answer; null is none.

    Raises: Malformed if it is no JSON.
    """
    document = load_json(payload)
    told = document.get("objectIds") if isinstance(document, dict) else None
    return [one for one in told if isinstance(one, int)] if isinstance(told, list) else []


def has_more(page: Mapping[str, Any], count: int, size: int) -> bool:
    """Tell whether rows follow a page of so many; a service that does not say so sends a full page."""
    told = page.get("exceededTransferLimit", (page.get("properties") or {}).get("exceededTransferLimit"))
    return bool(told) if told is not None else count >= size


def not_read(payloads: Mapping[str, Payload], source: Source) -> str | None:
    """Return why the rows of a layer are not all read, or nothing if they are."""
    if (description := payloads.get(LAYER)) is None:
        return None
    layer = Layer(description, source)
    most = layer.most_pages * layer.size
    if ids := payloads.get(IDS):
        return _rows_left(len(listed(ids)), most)
    if (last := payloads.get(f"features-{layer.most_pages}")) is None:
        return None
    page = load_json(last)
    if not isinstance(page, dict) or not has_more(page, len(page.get("features") or ()), layer.size):
        return None
    told = described(payloads[COUNT]).get("count") if COUNT in payloads else None
    left = _rows_left(told, most) if isinstance(told, int) else None
    return left or f"the layer goes on behind page {layer.most_pages}, the last that is read"


def _rows_left(count: int, most: int) -> str | None:
    return f"the layer has {count:,} rows, of which {most:,} are read" if count > most else None


def _id_field(told: Mapping[str, Any]) -> str | None:
    fields = told.get("fields")
    typed = (
        field.get("name")
        for field in (fields if isinstance(fields, list) else ())
        if isinstance(field, dict) and field.get("type") == "esriFieldTypeOID"
    )
    found = told.get("objectIdField") or next(typed, None)
    return found if isinstance(found, str) else None


def _pages(told: Mapping[str, Any]) -> bool:
    """Tell whether a layer knows offsets; one that does not say so is asked for them, unless it lists what it can."""
    advanced = told.get("advancedQueryCapabilities")
    said = [held.get("supportsPagination") for held in (told, advanced) if isinstance(held, dict)]
    # Those that know them have said so since they do: of an older one the version is told, and nothing else.
    return True in said if any(one is not None for one in said) else "currentVersion" not in told
