"""
[p] Records to rows: the bytes of what a publisher said, as COPY reads them, and their hash.

A record's *body* is its content, field by field as the database reads it, objects with their keys sorted and
without any time of ours: equal bodies are equal content, whoever fetched them and when. What follows from the
content is left to be found when the row is written: the point that places a shape.
"""

import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from xxhash import xxh3_128_digest

from shared.errors import Rejection
from tasks.feeds.connector import Feature, Thing, TripUpdate, Vehicle
from tasks.feeds.encoding.binary import clean, document, integer, moment, point, real, words
from tasks.feeds.encoding.geometries import Shape, place_fields, position, shape_of

DIGEST_BYTES: Final = 16

FEATURE_BODY: Final = (
    "external_id, kind, title, description, status, severity, category, address, url, geometry, "
    "starts_at, ends_at, observed_at, properties, point"
)
THING_BODY: Final = "external_id, kind, name, point, properties"
VEHICLE_BODY: Final = (
    "external_id, kind, label, route, trip_id, point, bearing, speed_mps, observed_at, properties"
)
TRIP_BODY: Final = (
    "external_id, trip_id, start_date, route, vehicle, delay_seconds, observed_at, stops, properties"
)


class Row(NamedTuple):
    """One record ready to store; `digest` is the content hash, `record` its address."""

    external_id: str
    digest: bytes
    body: bytes
    record: str
    observed_at: datetime | None
    published_at: datetime | None
    kind: str = ""
    withdrawn: bool = False
    #: What the feature is drawn as; `body` then lacks its last field, `shape_point`.
    shape: Shape | None = None
    #: Of the row of a table as it was sent, and how it was read.
    source_hash: int | None = None


def feature_row(feature: Feature) -> Row:
    """
    Encode a feature.

    Raises: Rejection when it cannot be written as text and JSON.
    """
    return _row(feature, _feature_body, feature.kind, feature.withdrawn, shape_of(feature.geometry))


def _feature_body(feature: Feature) -> bytes:
    geometry, place = place_fields(feature.geometry)
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
            geometry,
            moment(feature.starts_at),
            moment(feature.ends_at),
            moment(feature.observed_at),
            document(feature.properties),
            place,
        )
    )


def thing_row(thing: Thing) -> Row:
    """Encode a thing; raises Rejection as `feature_row` does."""
    return _row(thing, _thing_body)


def _thing_body(thing: Thing) -> bytes:
    return b"".join(
        (
            words(thing.external_id),
            words(thing.kind),
            words(thing.name),
            point(position(thing.lon, thing.lat)),
            document(thing.properties),
        )
    )


def vehicle_row(vehicle: Vehicle) -> Row:
    """Encode a vehicle; raises Rejection as `feature_row` does."""
    return _row(vehicle, _vehicle_body, vehicle.kind)


def _vehicle_body(vehicle: Vehicle) -> bytes:
    return b"".join(
        (
            words(vehicle.external_id),
            words(vehicle.kind),
            words(vehicle.label),
            words(vehicle.route),
            words(vehicle.trip_id),
            point(position(vehicle.lon, vehicle.lat)),
            real(vehicle.bearing),
            real(vehicle.speed_mps),
            moment(vehicle.observed_at),
            document(vehicle.properties),
        )
    )


def trip_row(trip: TripUpdate) -> Row:
    """Encode a trip update; raises Rejection as `feature_row` does."""
    return _row(trip, _trip_body)


def _trip_body(trip: TripUpdate) -> bytes:
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
    body_of: Callable[[Any], bytes],
    kind: str = "",
    withdrawn: bool = False,
    shape: Shape | None = None,
) -> Row:
    try:
        body = body_of(record)
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise Rejection("unstorable", str(error)) from None
    return Row(
        clean(record.external_id),
        digest_of(body, withdrawn),
        body,
        record.record,
        record.observed_at,
        record.published_at,
        kind,
        withdrawn,
        shape,
    )


def digest_of(body: bytes, withdrawn: bool = False) -> bytes:
    """
    Return the hash of a content, `DIGEST_BYTES` long.

    Who makes two contents of one hash hides a change of his own record, and nobody else's.
    """
    return xxh3_128_digest(body + b"withdrawn" if withdrawn else body)
