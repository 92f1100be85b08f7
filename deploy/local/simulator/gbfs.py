"""Shared bicycles as GBFS 2.3: stations, their bikes and docks, bikes parked in the street; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, pi, sin
from typing import Any

from deploy.cities.routes import Position
from deploy.local.simulator.chance import between, drift, roll
from deploy.local.simulator.city import SimulatedCity

# A GBFS file is open and nested: `Any` stands for one JSON value.
Json = dict[str, Any]

STATIC_TTL_SECONDS = 300
STATUS_TTL_SECONDS = 10
DAY_SECONDS = 86_400
# Bikes come and go: a wave over the day, and a wandering of a few bikes over a minute and a half.
WANDER_SECONDS, WANDER_BIKES = 90, 4.5
FREE_BIKES, PARKED_SECONDS = 60, 1_200
EBIKE_RANGE_M = 60_000


@dataclass(frozen=True, slots=True)
class Station:
    """A bike station; the area is the borough that it stands in."""

    station_id: str
    name: str
    position: Position
    area: str
    capacity: int


def stations(city: SimulatedCity) -> list[Station]:
    """Return the stations, about 120, numbered within their area."""
    counts: dict[str, int] = {}
    found = []
    for index, dock in enumerate(city.docks):
        counts[dock.area] = counts.get(dock.area, 0) + 1
        name = f"{dock.area} {counts[dock.area]} (simulated)"
        capacity = floor(between(14, 42, city.seed, "capacity", index))
        found.append(Station(f"sim-{index + 1:03d}", name, dock.position, dock.area, capacity))
    return found


def gbfs(city: SimulatedCity, moment: float, base: str) -> Json:
    """Return the discovery file; `base` is the address that the other files stand under."""
    feeds = [{"name": name, "url": f"{base}/{name}.json"} for name in FILES]
    return _file(city, {"en": {"feeds": feeds}}, moment, STATIC_TTL_SECONDS)


def system_information(city: SimulatedCity, moment: float) -> Json:
    """Return who runs the bikes: nobody."""
    data = {
        "system_id": f"sim-{city.slug}",
        "language": "en",
        "name": f"{city.name} demo bikes (simulated)",
        "operator": "CityPulse city simulator; no such bikes exist",
        "timezone": city.timezone.key,
        "license_url": "https://creativecommons.org/publicdomain/zero/1.0/",
        "feed_contact_email": "nobody@example.org",
    }
    return _file(city, data, moment, STATIC_TTL_SECONDS)


def vehicle_types(city: SimulatedCity, moment: float) -> Json:
    """Return the two kinds of bike."""
    bike = {"vehicle_type_id": "bike", "form_factor": "bicycle", "propulsion_type": "human", "name": "Bike"}
    ebike = {
        "vehicle_type_id": "ebike",
        "form_factor": "bicycle",
        "propulsion_type": "electric_assist",
        "max_range_meters": EBIKE_RANGE_M,
        "name": "Electric bike",
    }
    return _file(city, {"vehicle_types": [bike, ebike]}, moment, STATIC_TTL_SECONDS)


def system_regions(city: SimulatedCity, moment: float) -> Json:
    """Return the areas that have stations."""
    areas = sorted({station.area for station in stations(city)})
    return _file(city, {"regions": [_region(area) for area in areas]}, moment, STATIC_TTL_SECONDS)


def station_information(city: SimulatedCity, moment: float) -> Json:
    """Return what does not change about each station."""
    rows = [
        {
            "station_id": station.station_id,
            "name": station.name,
            "lat": station.position[1],
            "lon": station.position[0],
            "region_id": _region(station.area)["region_id"],
            "capacity": station.capacity,
        }
        for station in stations(city)
    ]
    return _file(city, {"stations": rows}, moment, STATIC_TTL_SECONDS)


def station_status(city: SimulatedCity, moment: float) -> Json:
    """Return what each station last reported."""
    now = city.made_at(moment)
    rows = [_status(city, station, now) for station in stations(city)]
    return _file(city, {"stations": rows}, moment, STATUS_TTL_SECONDS)


def free_bike_status(city: SimulatedCity, moment: float) -> Json:
    """Return the bikes that stand in the street; a bike's id changes with each trip, as the standard asks."""
    now = city.made_at(moment)
    rows = [row for index in range(FREE_BIKES) if (row := _free_bike(city, index, now))]
    return _file(city, {"bikes": rows}, moment, STATUS_TTL_SECONDS)


FILES: dict[str, Callable[[SimulatedCity, float], Json]] = {
    "system_information": system_information,
    "vehicle_types": vehicle_types,
    "system_regions": system_regions,
    "station_information": station_information,
    "station_status": station_status,
    "free_bike_status": free_bike_status,
}


def _file(city: SimulatedCity, data: Json, moment: float, ttl_seconds: int) -> Json:
    made = (
        city.made_at(moment)
        if ttl_seconds == STATUS_TTL_SECONDS
        else floor(moment / ttl_seconds) * ttl_seconds
    )
    return {"last_updated": made, "ttl": ttl_seconds, "version": "2.3", "data": data}


def _region(area: str) -> dict[str, str]:
    return {"region_id": area.lower().replace(" ", "-"), "name": area}


def _status(city: SimulatedCity, station: Station, now: int) -> Json:
    reported = city.reported_at(now, station.station_id, "report")
    key = (city.seed, station.station_id)
    clock = city.clock(reported)
    hour = floor(clock / 3_600)
    in_service = roll(*key, "in service", hour) >= 0.015
    broken = floor(between(0, 3, *key, "broken", hour))
    wave = 0.5 + 0.33 * sin(2 * pi * (clock / DAY_SECONDS + roll(*key, "wave")))
    wander = WANDER_BIKES * drift(clock, WANDER_SECONDS, *key)
    room = station.capacity - broken
    bikes = min(max(round(room * wave + wander), 0), room)
    electric = round(bikes * between(0.1, 0.4, *key, "electric"))
    return {
        "station_id": station.station_id,
        "num_bikes_available": bikes,
        "num_bikes_disabled": broken,
        "num_docks_available": room - bikes,
        "vehicle_types_available": [
            {"vehicle_type_id": "bike", "count": bikes - electric},
            {"vehicle_type_id": "ebike", "count": electric},
        ],
        "is_installed": True,
        "is_renting": in_service,
        "is_returning": in_service,
        "last_reported": reported,
    }


def _free_bike(city: SimulatedCity, index: int, now: int) -> Json | None:
    """Return a parked bike, or nothing while it is being ridden (the last sixth of its stay)."""
    clock = city.clock(now) + PARKED_SECONDS * roll(city.seed, "free", index)
    stay, into = divmod(clock, PARKED_SECONDS)
    if into > PARKED_SECONDS * 5 / 6:
        return None
    key = (city.seed, "free", index, floor(stay))
    place = city.places[floor(roll(*key, "place") * len(city.places))]
    electric = roll(*key, "electric") < 0.5
    bike: Json = {
        "bike_id": f"sim-free-{index + 1}-{floor(stay)}",
        "lat": place.position[1],
        "lon": place.position[0],
        "is_reserved": roll(*key, "reserved") < 0.05,
        "is_disabled": roll(*key, "disabled") < 0.04,
        "vehicle_type_id": "ebike" if electric else "bike",
        "last_reported": now,
    }
    if electric:
        bike["current_range_meters"] = round(between(3_000, EBIKE_RANGE_M, *key, "range"))
    return bike
