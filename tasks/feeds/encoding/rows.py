"""
[p] Records to rows: the bytes of what a publisher said, as COPY reads them, and their hash.

A record's *body* is its content, field by field as the database reads it, objects with their keys sorted and
without any time of ours: equal bodies are equal content, whoever fetched them and when.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from shared.errors import Rejection
from shared.geo import Position, is_position
from tasks.feeds.connector import Feature, Thing, TripUpdate, Vehicle
from tasks.feeds.encoding.binary import clean, document, integer, moment, point, real, words

DIGEST_BYTES: Final = 16

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
    """One record ready to store; `digest` is the content hash, `record` its address."""

    external_id: str
    digest: bytes
    body: bytes
    record: str
    observed_at: datetime | None
    published_at: datetime | None
    place: Place
    kind: str = ""
    withdrawn: bool = False
    #: Of the row of a table as it was sent, and how it was read.
    source_hash: int | None = None


def feature_row(feature: Feature) -> Row:
    """
    Encode a feature.

    Raises: Rejection when it cannot be written as text and JSON.
    """
    return _row(
        feature,
        _feature_body,
        place_of(feature.geometry),
        feature.kind,
        feature.withdrawn,
    )


def _feature_body(feature: Feature, place: Place) -> bytes:
    return b"".join(
        (
            words(feature.external_id),
            words(feature.kind),
            words(feature.title),
            words(feature.description),
            words(feature.status),
            words(feature.severity),
            words(feature.category),
            words(feature.address),
            words(feature.url),
            document(feature.geometry),
            moment(feature.starts_at),
            moment(feature.ends_at),
            moment(feature.observed_at),
            document(feature.properties),
        )
    )


def thing_row(thing: Thing) -> Row:
    """Encode a thing; raises Rejection as `feature_row` does."""
    return _row(thing, _thing_body, _position(thing.lon, thing.lat))


def _thing_body(thing: Thing, place: Position | None) -> bytes:
    return b"".join(
        (
            words(thing.external_id),
            words(thing.kind),
            words(thing.name),
            point(place),
            document(thing.properties),
        )
    )


def vehicle_row(vehicle: Vehicle) -> Row:
    """Encode a vehicle; raises Rejection as `feature_row` does."""
    return _row(vehicle, _vehicle_body, _position(vehicle.lon, vehicle.lat))


def _vehicle_body(vehicle: Vehicle, place: Position | None) -> bytes:
    return b"".join(
        (
            words(vehicle.external_id),
            words(vehicle.kind),
            words(vehicle.label),
            words(vehicle.route),
            words(vehicle.trip_id),
            point(place),
            real(vehicle.bearing),
            real(vehicle.speed_mps),
            moment(vehicle.observed_at),
            document(vehicle.properties),
        )
    )


def trip_row(trip: TripUpdate) -> Row:
    """Encode a trip update; raises Rejection as `feature_row` does."""
    return _row(trip, _trip_body, None)


def _trip_body(trip: TripUpdate, place: None) -> bytes:
    return b"".join(
        (
            words(trip.external_id),
            words(trip.trip_id),
            words(trip.start_date),
            words(trip.route),
            words(trip.vehicle),
            integer(trip.delay_seconds),
            moment(trip.observed_at),
            document(list(trip.stops)),
            document(trip.properties),
        )
    )


def _row(
    record: Any,  # one of the four, with the body's function for it
    body_of: Callable[[Any, Any], bytes],
    place: Place,
    kind: str = "",
    withdrawn: bool = False,
) -> Row:
    try:
        body = body_of(record, place)
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise Rejection("unstorable", str(error)) from None
    return Row(
        clean(record.external_id),
        digest_of(body, withdrawn),
        body,
        record.record,
        record.observed_at,
        record.published_at,
        place,
        kind,
        withdrawn,
    )


def digest_of(body: bytes, withdrawn: bool = False) -> bytes:
    """Return the hash of a content."""
    return sha256(body + b"withdrawn" if withdrawn else body).digest()[:DIGEST_BYTES]


def place_of(geometry: Mapping[str, Any] | None) -> Place:
    """Return where a geometry is placed: a point is itself, of a shape one is found when it is stored."""
    if geometry is None:
        return None
    if geometry.get("type") == "Point":
        coordinates = geometry.get("coordinates") or (None, None)
        return _position(coordinates[0], coordinates[1])
    return geometry


def _position(lon: float | None, lat: float | None) -> Position | None:
    return (lon, lat) if lon is not None and lat is not None and is_position(lon, lat) else None
