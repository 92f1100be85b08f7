"""[p] One GBFS row to one record."""

from collections.abc import Mapping
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Feature, Observation, Result, Thing, Vehicle
from tasks.feeds.connectors.gbfs.counts import FORMS, System, counted
from tasks.feeds.connectors.gbfs.files import (
    File,
    flag,
    id_of,
    identity,
    moment,
    position,
    text,
    told_moment,
)
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import plain

_STATION: Final = (
    "short_name", "address", "cross_street", "post_code", "region_id", "capacity", "is_virtual_station",
    "is_charging_station", "parking_type",
)  # fmt: skip
_STATUS: Final = ("is_installed", "is_renting", "is_returning")
_VEHICLE: Final = (
    "is_reserved", "is_disabled", "station_id", "vehicle_type_id", "current_range_meters",
    "current_fuel_percent", "pricing_plan_id",
)  # fmt: skip


def station(row: Mapping[str, Any], file: File, record: str, system: System) -> Thing:
    """Read a row of station_information."""
    station_id = identity(row, "station_id")
    lon, lat = position(row)
    properties = _kept(row, _STATION, system.language)
    if region := system.regions.get(str(row.get("region_id"))):
        properties["region"] = region
    return Thing(
        external_id=station_id,
        record=record,
        published_at=file.last_updated,
        kind="bike_station",
        name=text(row.get("name"), system.language) or station_id,
        lon=lon,
        lat=lat,
        properties=properties,
    )


def status(row: Mapping[str, Any], file: File, record: str, system: System) -> Observation:
    """Read a row of station_status; the station's own time wins over the file's."""
    station_id = identity(row, "station_id")
    observed = moment(row.get("last_reported")) or file.last_updated
    counts = counted(row, system)
    if not counts:
        raise Rejection("no_result", f"station {station_id} tells no count")
    return Observation(
        external_id=station_id,
        record=record,
        observed_at=observed,
        published_at=file.last_updated,
        phenomenon_time=observed or file.payload.fetched_at,
        results=tuple(Result(name, float(count)) for name, count in counts.items()),
        properties={key: flag(row[key]) for key in _STATUS if row.get(key) is not None},
    )


def vehicle(row: Mapping[str, Any], file: File, record: str, system: System) -> Vehicle:
    """Read a row of free_bike_status or vehicle_status; one that is docked may have no position."""
    lon, lat = position(row)
    return Vehicle(
        external_id=identity(row, "vehicle_id", "bike_id"),
        record=record,
        observed_at=moment(row.get("last_reported")) or file.last_updated,
        published_at=file.last_updated,
        kind=_vehicle_kind(row, system),
        lon=lon,
        lat=lat,
        properties=_kept(row, _VEHICLE, system.language),
    )


def _vehicle_kind(row: Mapping[str, Any], system: System) -> str:
    listed = system.types.get(str(row.get("vehicle_type_id")))
    if listed is not None:
        return FORMS.get(str(listed.get("form_factor")), "other")
    written = f"{row.get('type', '')} {row.get('vehicle_type', '')} {row.get('vehicle_type_id', '')}".lower()
    return next(
        (kind for kind in ("scooter", "moped", "car") if kind in written.split("_") + written.split()),
        "bicycle",
    )


def alert(row: Mapping[str, Any], file: File, record: str, system: System) -> Feature:
    """Read a row of system_alerts; a time that cannot be read leaves that side open, as if nobody told it."""
    times = row.get("times")
    spans = [span for span in (times if isinstance(times, list) else [times]) if isinstance(span, dict)]
    starts = [start for span in spans if (start := told_moment(span.get("start")))]
    ends = [end for span in spans if (end := told_moment(span.get("end")))]
    return Feature(
        external_id=identity(row, "alert_id"),
        record=record,
        observed_at=told_moment(row.get("last_updated")) or file.last_updated,
        published_at=file.last_updated,
        kind="alert",
        title=plain(text(row.get("summary"), system.language) or "").strip() or "Alert",
        description=plain(text(row.get("description"), system.language) or "").strip() or None,
        category=(text(row.get("type")) or "").lower() or None,
        url=web_link(text(row.get("url"), system.language)),
        starts_at=min(starts, default=None),
        ends_at=max(ends, default=None) if len(ends) == len(spans) else None,
        properties=_kept(row, ("station_ids", "region_ids"), None),
    )


def _kept(row: Mapping[str, Any], keys: tuple[str, ...], language: str | None) -> dict[str, Any]:
    kept = {key: _property(key, row[key], language) for key in keys if row.get(key) is not None}
    return {key: value for key, value in kept.items() if value is not None}


def _property(key: str, value: Any, language: str | None) -> Any:  # Any: JSON of a publisher.
    """Read a member that is kept; what it refers to is named as it names itself, or not at all."""
    if key.startswith("is_"):
        return flag(value)
    if key.endswith("_id"):
        return id_of(value)
    if key.endswith("_ids"):
        listed = value if isinstance(value, list) else [value]
        return [id_ for one in listed if (id_ := id_of(one))]
    is_localised = isinstance(value, list) and value and isinstance(value[0], dict)
    return text(value, language) if is_localised else value
