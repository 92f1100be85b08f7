"""The simulator's feeds: a function of seed and moment, alive, and in the form their standards ask."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs
from shapely.geometry import Point

from deploy.local.simulator import gbfs, gbfs3
from deploy.local.simulator.city import SimulatedCity, load_city
from deploy.local.simulator.gtfs_realtime import service_alerts, trip_updates, vehicle_positions
from deploy.local.simulator.timetable import timetable
from tasks.feeds.connector import Rejected, Thing, TransitTrip
from tests.support.feeds import parse, payload, source

MOMENT = 1_763_800_003.2  # 22 November 2025, 08:26:43 UTC


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    """Give simulated London."""
    return load_city("london")


def read(payload: bytes) -> gtfs.FeedMessage:
    """Decode a GTFS-Realtime feed, which must hold every required field."""
    feed = gtfs.FeedMessage.FromString(payload)
    assert feed.IsInitialized()
    return feed


def positions(feed: gtfs.FeedMessage) -> dict[str, tuple[float, float]]:
    """Give where each vehicle is."""
    return {
        entity.vehicle.vehicle.id: (entity.vehicle.position.longitude, entity.vehicle.position.latitude)
        for entity in feed.entity
    }


def test_another_process_would_say_the_same(city: SimulatedCity) -> None:
    """A city loaded anew, with the same seed, agrees to the last byte."""
    twin = load_city("london")

    assert vehicle_positions(twin, MOMENT) == vehicle_positions(city, MOMENT)
    assert service_alerts(twin, MOMENT) == service_alerts(city, MOMENT)
    assert gbfs.station_status(twin, MOMENT) == gbfs.station_status(city, MOMENT)


def test_another_seed_is_another_city(city: SimulatedCity) -> None:
    """Otherwise the seed would be for show."""
    other = load_city("london", seed=8)

    assert vehicle_positions(other, MOMENT) != vehicle_positions(city, MOMENT)
    assert gbfs.station_status(other, MOMENT) != gbfs.station_status(city, MOMENT)


class TestVehicles:
    """Vehicle positions."""

    def test_about_two_hundred_are_under_way(self, city: SimulatedCity) -> None:
        """Each once, with an id, a route, a trip and a label that says it is simulated."""
        entities = [entity.vehicle for entity in read(vehicle_positions(city, MOMENT)).entity]

        assert 180 <= len(entities) <= 220
        assert len(entities) == len({vehicle.vehicle.id for vehicle in entities})
        assert all(vehicle.trip.route_id and vehicle.trip.trip_id for vehicle in entities)
        assert all(vehicle.vehicle.label.endswith("(simulated)") for vehicle in entities)

    def test_most_move_within_ten_seconds(self, city: SimulatedCity) -> None:
        """Some stand at a stop or wait at the end of the line."""
        before = positions(read(vehicle_positions(city, MOMENT)))
        after = positions(read(vehicle_positions(city, MOMENT + 10)))
        moved = [name for name in before if name in after and before[name] != after[name]]

        assert len(moved) > len(before) / 2

    def test_all_are_inside_the_city_and_never_at_zero(self, city: SimulatedCity) -> None:
        """Trains beyond the bounds are not reported."""
        assert all(city.holds(place) for place in positions(read(vehicle_positions(city, MOMENT))).values())

    def test_the_times_are_those_of_a_live_feed(self, city: SimulatedCity) -> None:
        """The header says when it was made; each vehicle when it spoke, within its ten seconds."""
        feed = read(vehicle_positions(city, MOMENT))

        assert 1_763_800_000 == feed.header.timestamp
        assert (
            {0, 1}
            <= {feed.header.timestamp - entity.vehicle.timestamp for entity in feed.entity}
            <= set(range(10))
        )

    def test_the_feed_keeps_its_bytes_until_it_is_made_anew(self, city: SimulatedCity) -> None:
        """A conditional request within five seconds gets no new body."""
        assert vehicle_positions(city, MOMENT) == vehicle_positions(city, MOMENT + 1)
        assert vehicle_positions(city, MOMENT) != vehicle_positions(city, MOMENT + 5)

    def test_twice_the_speed_goes_twice_as_far(self, city: SimulatedCity) -> None:
        """Speed changes the motion, never the clock that the feed tells."""
        fast = load_city("london", speed=4.0)
        feed = read(vehicle_positions(fast, MOMENT))

        assert 1_763_800_000 == feed.header.timestamp
        assert max(entity.vehicle.position.speed for entity in feed.entity) > 40


class TestTrips:
    """Trip updates."""

    def test_each_vehicle_has_its_next_calls_in_order(self, city: SimulatedCity) -> None:
        """Sequence and time both rise; nothing arrives after it left."""
        for entity in read(trip_updates(city, MOMENT)).entity:
            calls = entity.trip_update.stop_time_update
            sequence = [call.stop_sequence for call in calls]
            assert 1 <= len(calls) <= 6
            assert sequence == sorted(set(sequence))
            assert all(call.arrival.time <= call.departure.time for call in calls)
            assert [call.arrival.time for call in calls] == sorted(call.arrival.time for call in calls)

    def test_it_speaks_of_the_trips_that_the_positions_name(self, city: SimulatedCity) -> None:
        """A vehicle's trip is the same in both feeds, but for one that ends within these seconds."""
        named = {entity.vehicle.trip.trip_id for entity in read(vehicle_positions(city, MOMENT)).entity}
        updated = {entity.trip_update.trip.trip_id for entity in read(trip_updates(city, MOMENT)).entity}

        assert len(named - updated) <= 5

    def test_the_service_day_is_the_citys_own(self, city: SimulatedCity) -> None:
        """Half past midnight in London's summer is still the day before in UTC."""
        moment = datetime(2025, 6, 30, 23, 30, tzinfo=UTC).timestamp()
        dates = {entity.trip_update.trip.start_date for entity in read(trip_updates(city, moment)).entity}

        assert "20250701" in dates


class TestTimetable:
    """The package that the trips belong to."""

    def test_it_is_the_one_that_the_trips_name(self, city: SimulatedCity) -> None:
        """Every trip, route and stop of the updates is in it, and nothing of it is set aside."""
        records = parse(source("gtfs_static"), payload(timetable(city, MOMENT)))
        trips = {record.trip_id: record for record in records if isinstance(record, TransitTrip)}
        stops = {record.external_id for record in records if isinstance(record, Thing)}
        updates = [entity.trip_update for entity in read(trip_updates(city, MOMENT)).entity]

        assert not [record for record in records if isinstance(record, Rejected)]
        assert all(record.is_repeated and record.headsign for record in trips.values())
        for update in updates:
            assert update.trip.route_id == trips[update.trip.trip_id].route_id
            assert {call.stop_id for call in update.stop_time_update} <= stops

    def test_a_trip_is_as_late_as_it_says(self, city: SimulatedCity) -> None:
        """Its start and the timetable's times tell the delay that the update tells, to the rounding of seconds."""
        records = parse(source("gtfs_static"), payload(timetable(city, MOMENT)))
        planned = {record.trip_id: record for record in records if isinstance(record, TransitTrip)}
        delays = set()
        for update in (entity.trip_update for entity in read(trip_updates(city, MOMENT)).entity):
            call, trip = update.stop_time_update[0], planned[update.trip.trip_id]
            at = datetime.strptime(
                f"{update.trip.start_date} {update.trip.start_time}+0000", "%Y%m%d %H:%M:%S%z"
            )
            arrival = trip.arrivals[list(trip.sequences).index(call.stop_sequence)] or 0
            assert abs(at.timestamp() + arrival + call.arrival.delay - call.arrival.time) <= 2
            delays.add(call.arrival.delay)

        assert {True, False} == {delay >= 60 for delay in delays}


class TestAlerts:
    """Service alerts."""

    def test_an_alert_begins_is_updated_and_ends(self, city: SimulatedCity) -> None:
        """Over an hour, minute by minute."""
        seen: dict[str, list[str]] = {}
        for minute in range(60):
            for entity in read(service_alerts(city, MOMENT + 60 * minute)).entity:
                seen.setdefault(entity.id, []).append(entity.alert.description_text.translation[0].text)
        last = {entity.id for entity in read(service_alerts(city, MOMENT + 59 * 60)).entity}

        assert len(seen) > 5
        assert any(len(set(texts)) == 2 for texts in seen.values())
        assert seen.keys() - last
        assert all("Simulated" in text for texts in seen.values() for text in texts)

    def test_each_is_in_force_when_it_is_shown(self, city: SimulatedCity) -> None:
        """It has a period around the present, a route, a cause, an effect and a language."""
        feed = read(service_alerts(city, MOMENT))
        assert feed.entity
        for entity in feed.entity:
            period = entity.alert.active_period[0]
            assert period.start <= feed.header.timestamp < period.end
            assert entity.alert.informed_entity[0].route_id
            assert entity.alert.HasField("cause")
            assert entity.alert.HasField("effect")
            assert "en" == entity.alert.header_text.translation[0].language


REQUIRED_23 = {
    "system_information": {"system_id", "language", "name", "timezone"},
    "station_information": {"station_id", "name", "lat", "lon"},
    "station_status": {
        "station_id",
        "num_bikes_available",
        "is_installed",
        "is_renting",
        "is_returning",
        "last_reported",
    },
    "free_bike_status": {"bike_id", "lat", "lon", "is_reserved", "is_disabled", "vehicle_type_id"},
    "vehicle_types": {"vehicle_type_id", "form_factor", "propulsion_type"},
    "system_regions": {"region_id", "name"},
}
REQUIRED_30 = {
    "system_information": {
        "system_id",
        "languages",
        "name",
        "opening_hours",
        "feed_contact_email",
        "timezone",
    },
    "station_information": {"station_id", "name", "lat", "lon"},
    "station_status": {
        "station_id",
        "num_vehicles_available",
        "is_installed",
        "is_renting",
        "is_returning",
        "last_reported",
    },
    "vehicle_status": {"vehicle_id", "lat", "lon", "is_reserved", "is_disabled", "vehicle_type_id"},
    "vehicle_types": {"vehicle_type_id", "form_factor", "propulsion_type"},
    "system_regions": {"region_id", "name"},
}


def rows_of(file: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the records of a GBFS file; system_information is one."""
    lists = [
        value for value in file["data"].values() if isinstance(value, list) and value and "code" not in value
    ]
    records = [value for value in lists if isinstance(value[0], dict) and "text" not in value[0]]
    return records[0] if records else [file["data"]]


class TestBicycles:
    """GBFS 2.3 and 3.0."""

    @pytest.mark.parametrize("name", sorted(REQUIRED_23))
    def test_a_file_of_23_has_what_the_standard_requires(self, city: SimulatedCity, name: str) -> None:
        """Envelope and every record."""
        file = gbfs.FILES[name](city, MOMENT)

        assert {"last_updated", "ttl", "version", "data"} == file.keys()
        assert "2.3" == file["version"]
        assert isinstance(file["last_updated"], int)
        assert all(REQUIRED_23[name] <= row.keys() for row in rows_of(file))

    @pytest.mark.parametrize("name", sorted(REQUIRED_30))
    def test_a_file_of_30_has_what_the_standard_requires(self, city: SimulatedCity, name: str) -> None:
        """Envelope, RFC 3339 time and every record."""
        file = gbfs3.FILES[name](city, MOMENT)

        assert "3.0" == file["version"]
        assert datetime.fromisoformat(file["last_updated"]).utcoffset() is not None
        assert all(REQUIRED_30[name] <= row.keys() for row in rows_of(file))

    def test_discovery_names_every_file(self, city: SimulatedCity) -> None:
        """By language in 2.3, plainly in 3.0; never the manifest."""
        old = gbfs.gbfs(city, MOMENT, "http://h/gbfs")["data"]["en"]["feeds"]
        new = gbfs3.discovery(city, MOMENT, "http://h/gbfs3")["data"]["feeds"]

        assert {name: f"http://h/gbfs/{name}.json" for name in gbfs.FILES} == {
            row["name"]: row["url"] for row in old
        }
        assert {name: f"http://h/gbfs3/{name}.json" for name in gbfs3.FILES} == {
            row["name"]: row["url"] for row in new
        }

    def test_the_system_says_that_it_is_simulated(self, city: SimulatedCity) -> None:
        """In the name that the page shows."""
        assert "London demo bikes (simulated)" == gbfs.system_information(city, MOMENT)["data"]["name"]

    def test_stations_stand_in_the_borough_that_they_are_named_for(self, city: SimulatedCity) -> None:
        """About 120 of them."""
        outlines = dict(city.areas)
        stations = gbfs.stations(city)

        assert 110 <= len(stations) <= 120
        assert all(outlines[station.area].contains(Point(station.position)) for station in stations)

    def test_information_and_status_speak_of_the_same_stations(self, city: SimulatedCity) -> None:
        """A client joins the two by id, which is unique."""
        known = Counter(
            row["station_id"] for row in gbfs.station_information(city, MOMENT)["data"]["stations"]
        )
        told = Counter(row["station_id"] for row in gbfs.station_status(city, MOMENT)["data"]["stations"])

        assert known == told
        assert {1} == set(known.values())

    @pytest.mark.parametrize("hour", [0, 6, 12, 18])
    def test_bikes_and_docks_add_up_to_the_capacity(self, city: SimulatedCity, hour: int) -> None:
        """No negative and no absurd counts, at any time of the day."""
        moment = MOMENT + 3_600 * hour
        capacity = {station.station_id: station.capacity for station in gbfs.stations(city)}
        for row in gbfs.station_status(city, moment)["data"]["stations"]:
            counts = [row[f"num_{what}"] for what in ("bikes_available", "bikes_disabled", "docks_available")]
            assert min(counts) >= 0
            assert capacity[row["station_id"]] == sum(counts)
            assert row["num_bikes_available"] == sum(kind["count"] for kind in row["vehicle_types_available"])

    def test_some_stations_change_within_ten_seconds(self, city: SimulatedCity) -> None:
        """Enough to see the page move."""
        before, after = (
            {
                row["station_id"]: row["num_bikes_available"]
                for row in gbfs.station_status(city, at)["data"]["stations"]
            }
            for at in (MOMENT, MOMENT + 10)
        )

        assert sum(before[name] != after[name] for name in before) >= 10

    def test_a_station_reports_within_ten_seconds(self, city: SimulatedCity) -> None:
        """Never from the future, never stale."""
        file = gbfs.station_status(city, MOMENT)
        ages = {file["last_updated"] - row["last_reported"] for row in file["data"]["stations"]}

        assert ages <= set(range(10))
        assert len(ages) > 5

    def test_a_free_bike_changes_its_name_with_its_place(self, city: SimulatedCity) -> None:
        """The standard forbids to follow a bike from rider to rider."""
        now, later = (
            {
                row["bike_id"]: (row["lat"], row["lon"])
                for row in gbfs.free_bike_status(city, at)["data"]["bikes"]
            }
            for at in (MOMENT, MOMENT + 600)
        )

        assert now.keys() & later.keys()
        assert now.keys() - later.keys()
        assert all(now[name] == later[name] for name in now.keys() & later.keys())
