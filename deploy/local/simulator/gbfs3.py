"""The same bicycles as GBFS 3.0: texts by language, RFC 3339 times, vehicles instead of bikes; pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from deploy.local.simulator import gbfs
from deploy.local.simulator.city import SimulatedCity
from deploy.local.simulator.gbfs import Json


def discovery(city: SimulatedCity, moment: float, base: str) -> Json:
    """Return the discovery file, which in 3.0 has no language key."""
    feeds = [{"name": name, "url": f"{base}/{name}.json"} for name in FILES]
    return _renewed(gbfs.gbfs(city, moment, base), city, {"feeds": feeds})


def system_information(city: SimulatedCity, moment: float) -> Json:
    """Return who runs the bikes, with the opening hours that 3.0 requires."""
    old = gbfs.system_information(city, moment)
    facts = old["data"]
    data = {
        "system_id": facts["system_id"],
        "languages": ["en"],
        "name": _texts(facts["name"]),
        "operator": _texts(facts["operator"]),
        "opening_hours": "24/7",
        "feed_contact_email": facts["feed_contact_email"],
        "timezone": facts["timezone"],
        "license_url": facts["license_url"],
    }
    return _renewed(old, city, data)


def vehicle_types(city: SimulatedCity, moment: float) -> Json:
    """Return the two kinds of bike."""
    old = gbfs.vehicle_types(city, moment)
    rows = [{**row, "name": _texts(row["name"])} for row in old["data"]["vehicle_types"]]
    return _renewed(old, city, {"vehicle_types": rows})


def system_regions(city: SimulatedCity, moment: float) -> Json:
    """Return the areas that have stations."""
    old = gbfs.system_regions(city, moment)
    return _renewed(
        old, city, {"regions": [{**row, "name": _texts(row["name"])} for row in old["data"]["regions"]]}
    )


def station_information(city: SimulatedCity, moment: float) -> Json:
    """Return what does not change about each station."""
    old = gbfs.station_information(city, moment)
    rows = [{**row, "name": _texts(row["name"])} for row in old["data"]["stations"]]
    return _renewed(old, city, {"stations": rows})


def station_status(city: SimulatedCity, moment: float) -> Json:
    """Return what each station last reported."""
    old = gbfs.station_status(city, moment)
    names = {"num_bikes_available": "num_vehicles_available", "num_bikes_disabled": "num_vehicles_disabled"}
    rows = [
        {names.get(name, name): value for name, value in row.items()}
        | {"last_reported": _time(city, row["last_reported"])}
        for row in old["data"]["stations"]
    ]
    return _renewed(old, city, {"stations": rows})


def vehicle_status(city: SimulatedCity, moment: float) -> Json:
    """Return the bikes that stand in the street."""
    old = gbfs.free_bike_status(city, moment)
    rows = [
        {"vehicle_id" if name == "bike_id" else name: value for name, value in row.items()}
        | {"last_reported": _time(city, row["last_reported"])}
        for row in old["data"]["bikes"]
    ]
    return _renewed(old, city, {"vehicles": rows})


FILES: dict[str, Callable[[SimulatedCity, float], Json]] = {
    "system_information": system_information,
    "vehicle_types": vehicle_types,
    "system_regions": system_regions,
    "station_information": station_information,
    "station_status": station_status,
    "vehicle_status": vehicle_status,
}


def _renewed(old: Json, city: SimulatedCity, data: Any) -> Json:  # one JSON value
    return {**old, "last_updated": _time(city, old["last_updated"]), "version": "3.0", "data": data}


def _texts(text: str) -> list[dict[str, str]]:
    return [{"text": text, "language": "en"}]


def _time(city: SimulatedCity, seconds: int) -> str:
    return datetime.fromtimestamp(seconds, city.timezone).isoformat()
