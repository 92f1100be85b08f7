"""
[p] ArcGIS feature services: the rows of a layer as features, in whatever reference system they come.

The feed's URL is a layer (`.../FeatureServer/0`), a query of one, or a file of a download. Options: see README.md.
Source: https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple

from shared.errors import Rejection
from shared.feeds.kinds.arcgis import ArcgisOptions
from tasks.feeds.connector import (
    GZIP,
    NOT_READ,
    Described,
    Malformed,
    Payload,
    Plan,
    Record,
    Rejected,
    Source,
)
from tasks.feeds.connectors.arcgis import answers, asking, paging, shapes
from tasks.feeds.connectors.arcgis.codes import Codes, codes, decoded
from tasks.feeds.reading import columns, long_json
from tasks.feeds.reading.cells import BadRow, Row, names_of
from tasks.feeds.reading.clocks import beside
from tasks.feeds.reading.day_order import local_times
from tasks.feeds.reading.documents import excerpt, load_json
from tasks.feeds.reading.exports import opened, records
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.tables import Table
from tasks.feeds.reading.unpacked import opened as unpacked

_GEOMETRY: Final = "geometry"
_LOOKED_AT: Final = 64
#: What answers have that only count or describe.
_DESCRIBE: Final = frozenset(("count", "extent", "geometryType", "fields", "layers", "services"))


def plan(source: Source) -> Plan:
    """Query the layer page by page until the service says that no more are left; there is no cursor."""
    return (yield from asking.plan(source))


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per feature; answers that only count, list ids or describe the layer are counted.

    Raises: Malformed if a payload is none of these, with the service's own words if it failed.
    """
    told = next((paging.described(payload) for payload in payloads if payload.name == paging.LAYER), {})
    for payload in payloads:
        if payload.name in paging.NO_ROWS:
            continue
        if _is_export(payload):
            yield from records(*opened(payload, source), payload.name)
            continue
        document, rows = _document(payload)
        if not isinstance(document, dict) or "error" in document:
            raise Malformed(f"{payload.name}: no features: {excerpt(document):.200}")
        if (layers := answers.layers(document)) is not None:
            first = 0
            for number, layer in enumerate(layers):
                # The same object id is of another row in another layer.
                prefix = f"{layer.get('id', number)}/" if len(layers) > 1 else ""
                features = layer["features"] if rows is None else rows
                yield from _features(layer, features, payload, source, first, prefix, _told(told, layer))
                first += len(layer["features"])
        elif "objectIds" in document:
            # Nothing found is told as null.
            ids = document["objectIds"] if isinstance(document["objectIds"], list) else []
            yield from (Described(record=f"{payload.name}#{at}") for at in range(len(ids)))
        elif _DESCRIBE & document.keys():
            yield Described(record=f"{payload.name}#0", properties={"name": str(document.get("name") or "")})
        else:
            raise Malformed(f"{payload.name}: no features: {excerpt(document):.200}")
    if why := paging.not_read({payload.name: payload for payload in payloads}, source):
        yield Rejected(record=f"{paging.LAYER}#0", reason=NOT_READ, detail=why)


class _Told(NamedTuple):
    """
    What is told of the columns of a layer: codes, which are dates, and whether these are of no known zone.

    `shown` is the one that calls its rows.
    """

    codes: Codes
    dates: Set[str]
    are_local: bool
    shown: str | None


def _told(described: Mapping[str, Any], answer: Mapping[str, Any]) -> _Told:
    is_unknown = described.get("datesInUnknownTimezone") is True
    shown = answers.shown(answer, described)
    return _Told(codes(described, answer), answers.dates(answer), is_unknown, shown)


def _is_export(payload: Payload) -> bool:
    """
    Tell whether a payload is a file of a download (CSV, a workbook, a zip) instead of an answer in JSON.

    Raises: Malformed if it is a broken gzip file.
    """
    with payload.open() as stream:
        start = stream.read(_LOOKED_AT)
        if start.startswith(GZIP):
            stream.seek(0)
            try:
                start = gzip.GzipFile(fileobj=stream).read(_LOOKED_AT)
            except (OSError, EOFError, zlib.error) as error:
                raise Malformed(f"{payload.name}: {error}") from None
    return start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"[")


def _document(payload: Payload) -> tuple[Any, Iterable[Any] | None]:
    """Return an answer in JSON; of a long download only its first features, and beside it all of them."""
    again = partial(unpacked, payload)
    if long_json.is_long(again):
        with suppress(long_json.Inseparable):
            document, some, rows = long_json.apart(again, payload.name)
            if isinstance(document, dict) and document.get("features") is some:
                document["features"] = list(islice(rows, answers.LOOKED_AT))
                return document, rows
    return load_json(payload), None


def _features(
    document: Mapping[str, Any],
    features: Iterable[Any],
    payload: Payload,
    source: Source,
    first: int,
    prefix: str,
    told: _Told,
) -> Iterator[Record]:
    read = _Read(features, shapes.Places(document, payload.name), told)
    found: Iterable[dict[str, Any] | BadRow] = list(read) if isinstance(features, list) else read
    names = [key for key in names_of(found, payload.name) if key != _GEOMETRY] + [_GEOMETRY]
    options = ArcgisOptions.read(source.options)
    zone = options.timezone or source.timezone
    times = local_times(zone, options.day_first, map(answers.said_of, document["features"]))
    named = options.fields
    ahead = [_cells(row, names) for row in islice(found, answers.LOOKED_AT)]
    chosen = columns.choose(names, ahead, named, times)
    if not named and "title" not in chosen and told.shown in names:
        chosen["title"] = names.index(told.shown)
    chosen[_GEOMETRY] = names.index(_GEOMETRY)
    if any(row[_GEOMETRY] is not None for row in found if not isinstance(row, BadRow)):
        for part in ("latitude", "longitude"):
            # The geometry is what the service stands for; columns of coordinates may be of another system.
            chosen.pop(part, None)
    identities = [] if "external_id" in named else answers.identities(document, names)
    if identities:
        chosen["external_id"] = identities[0]
    clocks = beside(names, ahead, chosen, times)
    reader = Reader(Table(names, iter(())), chosen, times, options.feature_kind, clocks)
    for number, row in enumerate(found, start=first):
        cells = _cells(row, names)
        cells = answers.identified(cells, identities) if identities else cells
        record = reader.read(cells, f"{payload.name}#{number}")
        if record.external_id is not None:
            record.external_id = prefix + record.external_id
        yield record


@dataclass(frozen=True, slots=True)
class _Read:
    """The rows of an answer, read anew each time that they are gone through."""

    features: Iterable[Any]
    places: shapes.Places
    told: _Told

    def __iter__(self) -> Iterator[dict[str, Any] | BadRow]:
        return (_row(row, self.places, self.told) for row in self.features)


def _cells(row: dict[str, Any] | BadRow, names: Sequence[str]) -> Row:
    return row if isinstance(row, BadRow) else [row.get(name) for name in names]


def _row(row: Any, places: shapes.Places, told: _Told) -> dict[str, Any] | BadRow:  # Any: as above.
    said = answers.said_of(row)
    if said is None:
        return BadRow("not_an_object", "the feature has no attributes", excerpt(row))
    try:
        found = places.read(row.get("geometry"))
        values = {key: _value(key, value, told) for key, value in said.items()}
    except Rejection as why:
        return BadRow(why.reason, why.detail, excerpt(row))
    identity = (
        {answers.ID: row["id"]} if isinstance(row.get("id"), int | str) and answers.ID not in values else {}
    )
    return {**values, **identity, _GEOMETRY: found}


def _value(column: str, value: Any, told: _Told) -> Any:  # Any: as above.
    if column not in told.dates or not answers.is_posix(value):
        return decoded(told.codes, column, value)
    moment = answers.moment(value)
    # Without a zone it is of the city's.
    return moment.replace(tzinfo=None) if moment and told.are_local else moment
