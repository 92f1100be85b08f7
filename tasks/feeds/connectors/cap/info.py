"""[p] What a CAP message says in one language, as a feature."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.connector import Feature
from tasks.feeds.connectors.cap.message import Envelope
from tasks.feeds.reading.documents import child_text, children
from tasks.feeds.reading.places import Geometry, checked
from tasks.feeds.reading.times import LocalTimes

_CIRCLE_POINTS: Final = 36
_KM_PER_DEGREE: Final = 111.32
_PARTS: Final = {
    "urgency": "urgency",
    "certainty": "certainty",
    "response": "responseType",
    "sender": "senderName",
}


def feature(
    info: etree._Element, message: Envelope, external_id: str, record: str, times: LocalTimes
) -> Feature:
    """
    Read one info block.

    Raises: Rejection for unreadable times and areas that are no place on Earth.
    """
    areas = children(info, "area")
    starts = _time(info, "onset", times) or _time(info, "effective", times) or message.sent
    description = "\n\n".join(
        text for name in ("description", "instruction") if (text := child_text(info, name)) is not None
    )
    return Feature(
        external_id=external_id,
        record=record,
        published_at=message.sent,
        kind="alert",
        title=child_text(info, "headline") or child_text(info, "event") or "Warning",
        description=description or None,
        severity=(child_text(info, "severity") or "unknown").lower(),
        category=child_text(info, "event"),
        address="; ".join(text for area in areas if (text := child_text(area, "areaDesc"))) or None,
        url=child_text(info, "web"),
        geometry=geometry(areas),
        starts_at=starts,
        ends_at=_time(info, "expires", times),
        properties=_properties(info, areas, message),
        withdrawn=message.kind == "Cancel",
    )


def language(info: etree._Element) -> str:
    """Return the language of an info block; the standard's default is American English."""
    return (child_text(info, "language") or "en-US").lower()


def area_names(info: etree._Element) -> set[str]:
    """Return the descriptions of an info's areas."""
    return {text for area in children(info, "area") if (text := child_text(area, "areaDesc"))}


def _time(info: etree._Element, name: str, times: LocalTimes) -> datetime | None:
    text = child_text(info, name)
    return times.parse(text) if text else None


def _properties(info: etree._Element, areas: Sequence[etree._Element], message: Envelope) -> dict[str, Any]:
    found: dict[str, Any] = {name: text for name, tag in _PARTS.items() if (text := child_text(info, tag))}
    found["message"] = message.id
    found["message_type"] = message.kind.lower()
    found["language"] = language(info)
    if codes := _pairs(areas, "geocode"):
        found["geocodes"] = codes
    if events := _pairs([info], "eventCode"):
        found["event_codes"] = events
    return found


def _pairs(elements: Sequence[etree._Element], name: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in elements:
        for pair in children(element, name):
            label, value = child_text(pair, "valueName"), child_text(pair, "value")
            if label and value and value not in found.setdefault(label, []):
                found[label].append(value)
    return {label: values for label, values in found.items() if values}


def geometry(areas: Sequence[etree._Element]) -> Geometry | None:
    """
    Return the polygons and circles of areas as one geometry; CAP writes lat,lon and GeoJSON lon,lat.

    Raises: Rejection if one is no place on Earth.
    """
    rings = [
        ring for area in areas for shape in children(area, "polygon") if (ring := _ring(shape.text or ""))
    ]
    for area in areas:
        for shape in children(area, "circle"):
            ring = _circle(shape.text or "")
            if len(ring) == 1 and not rings:
                return checked({"type": "Point", "coordinates": ring[0]})
            rings += [ring] if len(ring) > 1 else []
    if not rings:
        return None
    if len(rings) == 1:
        return checked({"type": "Polygon", "coordinates": [rings[0]]})
    return checked({"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]})


def _ring(text: str) -> list[list[float]]:
    ring = [_position(pair) for pair in text.split()]
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    if 0 < len(ring) < 4:
        raise Rejection("bad_geometry", f"a polygon of {len(ring)} positions")
    return ring


def _position(pair: str) -> list[float]:
    try:
        lat, lon = map(float, pair.split(","))
    except ValueError:
        raise Rejection("bad_geometry", f"{pair!r:.40} is no position") from None
    return [lon, lat]


def _circle(text: str) -> list[list[float]]:
    """Draw `lat,lon radius` (kilometres) as a ring, a radius of 0 as its centre."""
    parts = text.split()
    if not parts:
        return []
    lon, lat = _position(parts[0])
    try:
        radius_km = float(parts[1]) if len(parts) > 1 else 0.0
    except ValueError:
        raise Rejection("bad_geometry", f"{text!r:.40} is no circle") from None
    if radius_km == 0:
        return [[lon, lat]]
    tall = radius_km / _KM_PER_DEGREE
    if not 0 < tall < 20 or abs(lat) + tall >= 90:
        raise Rejection("bad_geometry", f"a circle of {radius_km:g} km around latitude {lat:g}")
    wide = tall / math.cos(math.radians(lat))
    turns = (2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS))
    ring = [[round(lon + wide * math.cos(turn), 5), round(lat + tall * math.sin(turn), 5)] for turn in turns]
    return [*ring, ring[0]]
