r"""
[p] Records to rows: canonical bytes of what a publisher said, their hash, and the lines COPY reads.

A record's *body* is its content as a JSON list of strings and nulls, object keys sorted, without any
time of ours: equal bodies are equal content, whoever fetched them and when. The body is also most of
the line that COPY reads: JSON's escapes (`\n`, `\t`, `\\`, `\"`) are those of COPY's text format, and
`OPT_INDENT_2` puts a newline, which no JSON string can hold, between the elements, so that three
replacements over a whole chunk turn bodies into lines. That is several times faster than writing fields.
Source: https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.2 (text format).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from shared.errors import Rejection
from shared.geo import Position, is_position
from tasks.feeds.connector import Feature, Thing, TripUpdate, Vehicle

_BODY: Final = orjson.OPT_INDENT_2
_SORTED: Final = orjson.OPT_SORT_KEYS
_DIGEST_CHARACTERS: Final = 32
_BLOCK_ROWS: Final = 500
#: How the escape of a control character begins; COPY would read it as a plain `u`.
_CONTROL: Final = b"\\u00"
_KEPT_CONTROLS: Final = "\t\n\r"

FEATURE_BODY: Final = (
    "external_id, kind, title, description, status, severity, category, address, url, geometry, "
    "starts_at, ends_at, observed_at, properties"
)
THING_BODY: Final = "external_id, kind, name, point, properties"
VEHICLE_BODY: Final = (
    "external_id, kind, label, route, trip_id, point, bearing, speed_mps, observed_at, properties"
)
TRIP_BODY: Final = (
    "external_id, trip_id, start_date, route, vehicle, delay_seconds, observed_at, stops, properties"
)

Place = Position | Mapping[str, Any] | None
"""A position, or a GeoJSON geometry to find one on, or none."""


class Row(NamedTuple):
    """One record ready to store; `digest` is the hexadecimal content hash, `record` its address."""

    external_id: str
    digest: str
    body: bytes
    record: str
    observed_at: datetime | None
    published_at: datetime | None
    place: Place
    kind: str = ""
    withdrawn: bool = False


def feature_row(feature: Feature) -> Row:
    """
    Encode a feature.

    Raises: Rejection when it cannot be written as text and JSON.
    """
    geometry = feature.geometry
    return _row(
        feature,
        [
            feature.external_id,
            feature.kind,
            feature.title,
            feature.description,
            feature.status,
            feature.severity,
            feature.category,
            feature.address,
            feature.url,
            geometry,
            feature.starts_at,
            feature.ends_at,
            feature.observed_at,
            feature.properties,
        ],
        _point_or_geometry(geometry),
        feature.kind,
        feature.withdrawn,
    )


def thing_row(thing: Thing) -> Row:
    """Encode a thing; raises Rejection as `feature_row` does."""
    place = _position(thing.lon, thing.lat)
    return _row(thing, [thing.external_id, thing.kind, thing.name, _point(place), thing.properties], place)


def vehicle_row(vehicle: Vehicle) -> Row:
    """Encode a vehicle; raises Rejection as `feature_row` does."""
    place = _position(vehicle.lon, vehicle.lat)
    return _row(
        vehicle,
        [
            vehicle.external_id,
            vehicle.kind,
            vehicle.label,
            vehicle.route,
            vehicle.trip_id,
            _point(place),
            _number(vehicle.bearing),
            _number(vehicle.speed_mps),
            vehicle.observed_at,
            vehicle.properties,
        ],
        place,
    )


def trip_row(trip: TripUpdate) -> Row:
    """Encode a trip update; raises Rejection as `feature_row` does."""
    return _row(
        trip,
        [
            trip.external_id,
            trip.trip_id,
            trip.start_date,
            trip.route,
            trip.vehicle,
            _number(trip.delay_seconds),
            trip.observed_at,
            list(trip.stops),
            trip.properties,
        ],
        None,
    )


def _row(
    record: Feature | Thing | Vehicle | TripUpdate,
    values: list[Any],
    place: Place,
    kind: str = "",
    withdrawn: bool = False,
) -> Row:
    body = _body(values)
    content = body + b"withdrawn" if withdrawn else body
    return Row(
        record.external_id,
        hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS],
        body,
        record.record,
        record.observed_at,
        record.published_at,
        place,
        kind,
        withdrawn,
    )


def _body(values: list[Any]) -> bytes:
    """Write values as JSON; objects and lists among them become strings of JSON first."""
    try:
        body = orjson.dumps(_flat(values), option=_BODY)
        if _CONTROL in body:
            body = orjson.dumps(_flat(_clean(values)), option=_BODY)
    except (TypeError, ValueError) as error:
        raise Rejection("unstorable", str(error)) from None
    return body


def _flat(values: list[Any]) -> list[Any]:
    return [_nested(value) if value.__class__ in _CONTAINERS else value for value in values]


def _nested(value: Any) -> str:
    return orjson.dumps(value, option=_SORTED).decode()


_CONTAINERS: Final = frozenset((dict, list))


def _clean(value: Any) -> Any:
    """Take NUL and other control characters out of every text; Postgres holds no NUL."""
    if isinstance(value, str):
        return "".join(c for c in value if c >= " " or c in _KEPT_CONTROLS)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value


def _point_or_geometry(geometry: Mapping[str, Any] | None) -> Place:
    if geometry is None:
        return None
    if geometry.get("type") == "Point":
        coordinates = geometry.get("coordinates") or (None, None)
        return _position(coordinates[0], coordinates[1])
    return geometry


def _position(lon: float | None, lat: float | None) -> Position | None:
    return (lon, lat) if lon is not None and lat is not None and is_position(lon, lat) else None


def _point(place: Position | None) -> str | None:
    return None if place is None else f"({place[0]!r},{place[1]!r})"


def _number(value: float | None) -> str | None:
    """Write a number as text; one that is not finite is unknown."""
    return None if value is None or value != value or abs(value) == float("inf") else repr(value)


def lines(rows: Sequence[Row], tails: Iterable[str]) -> Iterator[bytes]:
    """
    Yield what `COPY ... FROM STDIN` reads, in blocks: of each row its body's columns, then its tail.

    A tail is the rest of the line, tabs between its columns, already escaped. Blocks are small, so that
    the database works on one while the next is written, and none costs fresh memory.
    """
    given = iter(tails)
    for start in range(0, len(rows), _BLOCK_ROWS):
        part = rows[start : start + _BLOCK_ROWS]
        # `[\n  "` and `"\n]` frame every body: its first and its last element are never null.
        bodies = b"\x00".join([row.body[5:-3] for row in part])
        bodies = bodies.replace(b",\n  null", b',\n  "\\N"').replace(b'",\n  "', b"\t")
        ends = "\n\x00".join(islice(given, len(part))).encode()
        joined = [b"%b\t%b" % pair for pair in zip(bodies.split(b"\x00"), ends.split(b"\x00"), strict=True)]
        yield b"".join(joined) + b"\n"
