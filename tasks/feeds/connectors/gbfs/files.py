"""[p] The GBFS file: its envelope, its rows, and the forms 1.x to 3.x give to times and texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading.documents import load_json
from tasks.feeds.reading.times import from_posix, from_rfc3339

#: The key under `data` that holds a file's rows; a file with none of them is itself one record.
ROW_KEYS: Final = (
    "stations",
    "bikes",
    "vehicles",
    "regions",
    "feeds",
    "vehicle_types",
    "plans",
    "alerts",
    "versions",
    "datasets",
    "rental_hours",
    "calendars",
    "geofencing_zones",
)
_STATUS_KEYS: Final = frozenset(
    ("num_bikes_available", "num_vehicles_available", "last_reported", "is_renting", "is_returning")
)
#: What a file of a feed is fetched for, in this order; the others can be named in the option `files`.
FETCHED: Final = (
    "system_information",
    "vehicle_types",
    "system_regions",
    "station_information",
    "station_status",
    "free_bike_status",
    "vehicle_status",
    "system_alerts",
)
#: Before this no system told of its vehicles: -1, 86400 and the first of all years stand for what is not known.
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
REQUIRED: Final = frozenset(("station_information", "station_status", "free_bike_status", "vehicle_status"))


@dataclass(frozen=True, slots=True)
class File:
    """One GBFS file; `kind` is its name in discovery, found from the content when the name does not tell."""

    kind: str
    payload: Payload
    rows: Sequence[Any]
    data: Mapping[str, Any]
    last_updated: datetime | None
    ttl_seconds: int


def load(payload: Payload) -> File:
    """
    Read one file.

    Raises: Malformed if it is no JSON object with a GBFS `data` object.
    """
    document = load_json(payload)
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise Malformed(f"{payload.name}: no GBFS file: there is no object `data`")
    key = next((key for key in ROW_KEYS if key in data), "")
    rows = _rows(payload.name, key, data)
    return File(
        kind=_kind(payload.name, key, rows),
        payload=payload,
        rows=rows,
        data=data,
        last_updated=told_moment(document.get("last_updated")),
        ttl_seconds=_seconds(document.get("ttl")),
    )


def _rows(name: str, key: str, data: Mapping[str, Any]) -> Sequence[Any]:
    if not key:
        return [data]
    rows = data[key].get("features") if isinstance(data[key], dict) else data[key]
    if data[key] is None or data[key] == {}:
        # So some servers write an empty list.
        return []
    if not isinstance(rows, list):
        raise Malformed(f"{name}: `data.{key}` is no list")
    return [_opened(row) for row in rows]


def _opened(row: Any) -> Any:  # Any: JSON of a publisher.
    """Return a row without the answer that CommonsBooking puts around each (its issue 2249)."""
    return row["data"] if isinstance(row, dict) and {"data", "headers", "status"} == row.keys() else row


def _kind(name: str, key: str, rows: Sequence[Any]) -> str:
    if key == "stations":
        known = name in ("station_information", "station_status")
        return name if known else _station_file(rows)
    if key == "vehicles" and any(isinstance(row, dict) and "availabilities" in row for row in rows[:1]):
        return "vehicle_availability"
    return {"bikes": "vehicle_status", "vehicles": "vehicle_status", "alerts": "system_alerts"}.get(
        key, key or name
    )


def _station_file(rows: Sequence[Any]) -> str:
    reports = any(isinstance(row, dict) and _STATUS_KEYS & row.keys() for row in rows)
    return "station_status" if reports else "station_information"


def listed(discovery: File, language: str | None) -> dict[str, str]:
    """Return the URL of each file that a discovery lists, in a language; empty when it is no discovery."""
    feeds = discovery.data.get("feeds")
    if feeds is None:
        languages = {key: value for key, value in discovery.data.items() if isinstance(value, dict)}
        chosen = languages.get(language or "") or languages.get("en") or next(iter(languages.values()), {})
        feeds = chosen.get("feeds")
    if not isinstance(feeds, list):
        return {}
    return {
        str(feed["name"]).removesuffix(".json"): urljoin(discovery.payload.url, str(feed["url"]))
        for feed in feeds
        if isinstance(feed, dict) and feed.get("name") and feed.get("url")
    }


def text(value: Any, language: str | None = None) -> str | None:
    """Read a text in the form of 1.x and 2.x (a string) or of 3.x (a list of language and text)."""
    if isinstance(value, list):
        texts = {str(part.get("language")): part.get("text") for part in value if isinstance(part, dict)}
        value = texts.get(language or "") or texts.get("en") or next(iter(texts.values()), None)
    return str(value).strip() or None if isinstance(value, str | int | float) else None


def moment(value: Any) -> datetime | None:
    """
    Read a time in the form of 1.x and 2.x (POSIX) or of 3.x (RFC 3339); none if it is before all systems.

    Raises: Rejection if it is no time.
    """
    if isinstance(value, str) and "-" in value[1:]:
        found = from_rfc3339(value)
    else:
        # Numbers below all calendars are written too.
        found = None if str(value).strip().startswith("-") else from_posix(value)
    return found if found and found >= _FIRST else None


def flag(value: Any) -> bool:
    """Read a boolean; 1.0 allowed 1 and 0, and some systems quote what they write."""
    return value.strip().lower() in ("true", "1", "yes") if isinstance(value, str) else bool(value)


def told_moment(value: Any) -> datetime | None:
    """Read a time that may be missing: one that cannot be read is none."""
    try:
        return moment(value)
    except Rejection:
        return None


def _seconds(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = float(value)
    return int(value) if isinstance(value, int | float) and 0 < value < 1e7 else 0


def position(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """
    Return lon and lat; null, empty or 0,0 is no position.

    Raises: Rejection if they are no place on Earth.
    """
    lon, lat = row.get("lon"), row.get("lat")
    if lon in (None, "") or lat in (None, ""):
        return None, None
    try:
        lon, lat = float(lon), float(lat)
    except (TypeError, ValueError):
        raise Rejection("bad_position", f"lon {lon!r:.40}, lat {lat!r:.40}") from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Rejection("bad_position", f"lon {lon}, lat {lat}")
    return (None, None) if lon == lat == 0 else (lon, lat)


def identity(row: Mapping[str, Any], *keys: str) -> str:
    """Return the first identifier a row has, as text; refuse a row without one."""
    found = next((id_ for key in keys if (id_ := id_of(row.get(key)))), None)
    if found is None:
        raise Rejection("no_identity", f"the row has no {' or '.join(keys)}")
    return found


def id_of(value: Any) -> str | None:  # Any: JSON of a publisher.
    """Return an identifier as text, also where it is written as a number; a blank one is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    return str(value).strip() or None
