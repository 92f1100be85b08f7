"""Made-up weather: what an Open-Meteo forecast says is so now, and warnings as NWS alerts; pure."""

from datetime import UTC, datetime
from math import cos, floor, pi
from typing import Any

from shapely.geometry import mapping

from deploy.local.simulator.chance import between, choose, drift, roll
from deploy.local.simulator.city import SimulatedCity

# Open and nested JSON: `Any` stands for one value.
Json = dict[str, Any]

CURRENT_SECONDS = 900
DAY_SECONDS = 86_400
WARNING_EVERY_SECONDS = 3_600
WARNING_LONGEST_SECONDS = 4 * 3_600
MARK = "Simulated: this is a demo, not a real warning."
WARNINGS = (
    ("Wind Advisory", "Moderate", "Likely"),
    ("Flood Watch", "Severe", "Possible"),
    ("Dense Fog Advisory", "Minor", "Likely"),
    ("Severe Thunderstorm Warning", "Severe", "Observed"),
)


def weather_at(city: SimulatedCity, moment: float) -> Json:
    """Return the current conditions in Open-Meteo's form; times are UTC without a zone, as there."""
    step = floor(moment / CURRENT_SECONDS) * CURRENT_SECONDS
    wind = 14 + 10 * drift(step, 7_200, city.seed, "wind")
    warmth = 11 - 5 * cos(2 * pi * (step % DAY_SECONDS / DAY_SECONDS - 0.1))
    west, south, east, north = city.bounds
    return {
        "latitude": round((south + north) / 2, 4),
        "longitude": round((west + east) / 2, 4),
        "generationtime_ms": 0.1,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 20.0,
        "current_units": {
            "time": "iso8601",
            "interval": "seconds",
            "temperature_2m": "°C",
            "relative_humidity_2m": "%",
            "precipitation": "mm",
            "wind_speed_10m": "km/h",
            "wind_gusts_10m": "km/h",
        },
        "current": {
            "time": f"{datetime.fromtimestamp(step, UTC):%Y-%m-%dT%H:%M}",
            "interval": CURRENT_SECONDS,
            "temperature_2m": round(warmth + 4 * drift(step, 10_800, city.seed, "warmth"), 1),
            "relative_humidity_2m": round(70 + 25 * drift(step, 14_400, city.seed, "damp")),
            "precipitation": round(max(0.0, 3 * drift(step, 5_400, city.seed, "rain") - 1.2), 1),
            "wind_speed_10m": round(wind, 1),
            "wind_gusts_10m": round(wind * 1.7, 1),
        },
    }


def warnings_at(city: SimulatedCity, moment: float) -> Json:
    """Return the warnings in force as a GeoJSON collection, in the form of the NWS alerts service."""
    newest = floor(city.clock(moment) / WARNING_EVERY_SECONDS)
    back = WARNING_LONGEST_SECONDS // WARNING_EVERY_SECONDS + 1
    features = [_warning(city, number, moment) for number in range(newest - back, newest + 1)]
    made = floor(moment / 60) * 60
    return {
        "type": "FeatureCollection",
        "features": [feature for feature in features if feature],
        "title": f"Weather warnings for {city.name} (simulated)",
        "updated": _iso(city, made),
    }


def _warning(city: SimulatedCity, number: int, moment: float) -> Json | None:
    key = (city.seed, "warning", number)
    sent = floor(city.moment((number + roll(*key, "second")) * WARNING_EVERY_SECONDS))
    ends = sent + floor(between(3_600, WARNING_LONGEST_SECONDS, *key, "lasts") / city.speed)
    if not sent <= moment < ends:
        return None
    name, outline = choose(city.areas, *key, "area")
    event, severity, certainty = choose(WARNINGS, *key, "event")
    identifier = f"urn:oid:2.49.0.1.826.0.sim.{number}"
    properties = {
        "@id": f"https://example.org/alerts/{identifier}",
        "@type": "wx:Alert",
        "id": identifier,
        "areaDesc": name,
        "geocode": {"SAME": [], "UGC": []},
        "affectedZones": [],
        "references": [],
        "sent": _iso(city, sent),
        "effective": _iso(city, sent),
        "onset": _iso(city, sent),
        "expires": _iso(city, ends),
        "ends": _iso(city, ends),
        "status": "Actual",
        "messageType": "Alert",
        "category": "Met",
        "severity": severity,
        "certainty": certainty,
        "urgency": "Expected",
        "event": event,
        "sender": "nobody@example.org",
        "senderName": "City simulator (simulated)",
        "headline": f"{event} for {name} (simulated)",
        "description": MARK,
        "instruction": "Do nothing: this is a demo.",
        "response": "None",
    }
    return {
        "id": f"https://example.org/alerts/{identifier}",
        "type": "Feature",
        "geometry": mapping(outline),
        "properties": properties,
    }


def _iso(city: SimulatedCity, moment: float) -> str:
    return datetime.fromtimestamp(moment, city.timezone).isoformat()
