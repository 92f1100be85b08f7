"""[p] Service alerts."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import Feature
from tasks.feeds.connectors.gtfs_realtime.keys import trip_key
from tasks.feeds.connectors.gtfs_realtime.message import Message
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import first_line, plain
from tasks.feeds.reading.times import from_posix

#: The words of CAP, so that notices of all kinds compare.
_SEVERITIES: Final = {
    gtfs.Alert.INFO: "minor",
    gtfs.Alert.WARNING: "moderate",
    gtfs.Alert.SEVERE: "severe",
}
#: The year 2000, before which no message was sent: so agencies write that something begins at any time.
_ALWAYS: Final = 946_684_800
#: The year 5138, and milliseconds of 2001, between which no time is that of an alert: so they write that it has no end.
_NEVER: Final = 100_000_000_000
_MILLISECONDS: Final = 1_000_000_000_000
_ENTITY_FIELDS: Final = {"agency_id": "agencies", "stop_id": "stops"}


def ids_are_positions(message: Message) -> bool:
    """
    Tell whether a message merely numbers its entities from 0 or 1, in whatever order it has them.

    Such ids name another alert in the next message (New York's subway); an alert is then known by what it says.
    """
    numbers: set[int] = set()
    count = 0
    for entity in message.entities:
        count += 1
        if isinstance(entity, Rejection):
            continue
        number = int(entity.id[:18]) if entity.id.isascii() and entity.id.isdigit() else -1
        if number < 0 or number in numbers:
            return False
        numbers.add(number)
    return max(numbers, default=0) <= count


def alert(
    entity: gtfs.FeedEntity, record: str, published: datetime | None, language: str | None, numbered: bool
) -> Feature:
    """Read an alert; one without an active period is in force as long as it is listed."""
    said = entity.alert
    title, description = _text(said.header_text, language), _text(said.description_text, language)
    periods = _periods(said)
    starts, ends = _span(periods)
    return Feature(
        external_id=_fingerprint(said) if numbered or not entity.id else entity.id,
        record=record,
        observed_at=None,
        published_at=published,
        kind="alert",
        title=title or first_line(description) or "Service alert",
        description=description,
        severity=_SEVERITIES.get(said.severity_level),
        category=gtfs.Alert.Effect.Name(said.effect).lower() if said.HasField("effect") else None,
        url=web_link(_text(said.url, language)),
        starts_at=starts,
        ends_at=ends,
        properties=_properties(said, periods, language),
    )


def trip_name(trip: gtfs.TripDescriptor) -> str | None:
    """Return what an alert calls a trip: its id, else its route, direction and start; none if it means no one trip."""
    return trip.trip_id or trip_key(trip)


def _fingerprint(said: gtfs.Alert) -> str:
    return hashlib.sha256(said.SerializeToString(deterministic=True)).hexdigest()[:32]


def _text(translated: gtfs.TranslatedString, language: str | None) -> str | None:
    texts = {
        part.language.lower(): text for part in translated.translation if (text := plain(part.text).strip())
    }
    wanted = (language or "en").lower()
    near = next((text for tag, text in texts.items() if tag.split("-")[0] == wanted.split("-")[0]), None)
    # The one that names no language is for those whose own is not there.
    return texts.get(wanted) or near or texts.get("") or next(iter(texts.values()), None)


def _periods(said: gtfs.Alert) -> Sequence[gtfs.TimeRange]:
    """
    Return when service is affected; older messages tell that, or when to tell of it, as the active period.

    Source: https://gtfs.org/documentation/realtime/examples/migration-active-period/
    """
    return said.impact_period or said.active_period or said.communication_period


def _span(periods: Iterable[gtfs.TimeRange]) -> tuple[datetime | None, datetime | None]:
    """Return the earliest start and the latest end; an end left open anywhere leaves the whole open."""
    spans = [(_moment(period.start), _moment(period.end)) for period in periods]
    starts = [start for start, _ in spans if start]
    ends = [end for _, end in spans if end]
    return (
        min(starts) if starts and len(starts) == len(spans) else None,
        max(ends) if ends and len(ends) == len(spans) else None,
    )


def _moment(seconds: int) -> datetime | None:
    """Read a time; one before or after all messages is none."""
    if seconds < _ALWAYS or _NEVER <= seconds < _MILLISECONDS:
        return None
    try:
        return from_posix(seconds)
    except Rejection:
        return None


def _properties(said: gtfs.Alert, periods: Sequence[gtfs.TimeRange], language: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if said.HasField("cause"):
        found["cause"] = gtfs.Alert.Cause.Name(said.cause).lower()
    for name in ("cause_detail", "effect_detail"):
        if text := _text(getattr(said, name), language):
            found[name] = text
    if len(periods) > 1:
        found["active_periods"] = [[_written(period.start), _written(period.end)] for period in periods]
    return found | _applies_to(said.informed_entity)


def _applies_to(informed: Iterable[gtfs.EntitySelector]) -> dict[str, Any]:
    """Return what an alert is about, by the ids of the timetable; a direction where it is about that one alone."""
    found: dict[str, set[Any]] = {}
    directions: dict[str, set[int | None]] = {}
    for entity in informed:
        trip = trip_name(entity.trip) if entity.HasField("trip") else None
        if trip:
            found.setdefault("trips", set()).add(trip)
        # A descriptor that means no one trip means those of its route.
        of_route = entity if entity.route_id or trip else entity.trip
        if of_route.route_id:
            told = of_route.direction_id if of_route.HasField("direction_id") else None
            directions.setdefault(of_route.route_id, set()).add(told)
        # Beside a route it says nothing more.
        if entity.HasField("route_type") and not (trip or of_route.route_id or entity.stop_id):
            found.setdefault("route_types", set()).add(entity.route_type)
        for field, name in _ENTITY_FIELDS.items():
            if value := getattr(entity, field):
                found.setdefault(name, set()).add(value)
    properties: dict[str, Any] = {name: sorted(values) for name, values in found.items()}
    if directions:
        properties["routes"] = sorted(directions)
    only = {route: next(iter(told)) for route, told in sorted(directions.items()) if len(told) == 1}
    if one_way := {route: direction for route, direction in only.items() if direction is not None}:
        properties["directions"] = one_way
    return properties


def _written(seconds: int) -> str | None:
    moment = _moment(seconds)
    return moment.isoformat().replace("+00:00", "Z") if moment else None
