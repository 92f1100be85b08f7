"""The transit feeds as GTFS-Realtime 2.0: vehicle positions, trip updates, service alerts; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor

from google.transit import gtfs_realtime_pb2 as gtfs

from deploy.local.simulator.chance import between, choose, drift, roll
from deploy.local.simulator.city import SimulatedCity
from deploy.local.simulator.motion import Run, Track, run_at
from deploy.local.simulator.timetable import trip_id

TRAIN_SPACING_M = 3_600.0
BUSES_PER_ROUTE = 3
CALLS_AHEAD = 6
LONGEST_DELAY_SECONDS = 300
ALERT_EVERY_SECONDS = 420
ALERT_LONGEST_SECONDS = 2_400
MARK = "Simulated: this is a demo, not a real notice."

CAUSES = (
    (gtfs.Alert.TECHNICAL_PROBLEM, "a faulty signal"),
    (gtfs.Alert.MAINTENANCE, "track work"),
    (gtfs.Alert.MEDICAL_EMERGENCY, "a passenger taken ill"),
    (gtfs.Alert.WEATHER, "slippery rails"),
    (gtfs.Alert.POLICE_ACTIVITY, "a police matter"),
)
EFFECTS = (
    (gtfs.Alert.SIGNIFICANT_DELAYS, gtfs.Alert.WARNING, "Delays"),
    (gtfs.Alert.REDUCED_SERVICE, gtfs.Alert.WARNING, "Fewer vehicles"),
    (gtfs.Alert.DETOUR, gtfs.Alert.INFO, "Detour"),
    (gtfs.Alert.NO_SERVICE, gtfs.Alert.SEVERE, "No service"),
)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle of a route: its id, and how far ahead in the route's cycle it runs."""

    vehicle_id: str
    track: Track
    phase_seconds: float

    def at(self, city: SimulatedCity, moment: float) -> Run:
        """Return the trip that the vehicle is on at a moment in POSIX seconds."""
        return run_at(self.track, self.phase_seconds, city.clock(moment))


def vehicles(city: SimulatedCity) -> Iterator[Vehicle]:
    """Yield every vehicle of the city, about two hundred in London."""
    for track in city.tracks:
        is_bus = track.route_id.startswith("demo-bus")
        count = BUSES_PER_ROUTE if is_bus else 1 + floor(track.along_m[-1] / TRAIN_SPACING_M)
        ahead = roll(city.seed, track.route_id)
        for number in range(count):
            phase = track.cycle_seconds * ((number + ahead) / count)
            yield Vehicle(f"sim-{track.route_id}-{number + 1:02d}", track, phase)


def vehicle_positions(city: SimulatedCity, moment: float) -> bytes:
    """Return a full data set of where each vehicle last reported to be, inside the city's bounds."""
    feed = _feed(city, moment)
    for vehicle in vehicles(city):
        reported = city.reported_at(feed.header.timestamp, vehicle.vehicle_id)
        run = vehicle.at(city, reported)
        position, bearing, speed_mps = run.place()
        if city.holds(position):
            entity = feed.entity.add(id=f"vehicle-{vehicle.vehicle_id}")
            _describe_trip(entity.vehicle.trip, city, run, vehicle)
            _describe_vehicle(entity.vehicle.vehicle, vehicle, run)
            entity.vehicle.position.longitude, entity.vehicle.position.latitude = position
            entity.vehicle.position.bearing = bearing
            entity.vehicle.position.speed = speed_mps * city.speed
            _describe_progress(entity.vehicle, run)
            entity.vehicle.timestamp = reported
    return feed.SerializeToString()


def trip_updates(city: SimulatedCity, moment: float) -> bytes:
    """Return a full data set of when each vehicle will call at its next stops."""
    feed = _feed(city, moment)
    for vehicle in vehicles(city):
        run = vehicle.at(city, feed.header.timestamp)
        entity = feed.entity.add(id=f"trip-{vehicle.vehicle_id}")
        _describe_trip(entity.trip_update.trip, city, run, vehicle)
        _describe_vehicle(entity.trip_update.vehicle, vehicle, run)
        entity.trip_update.timestamp = feed.header.timestamp
        delay = delay_seconds(city, run, vehicle)
        first = run.next_call
        for sequence, call in enumerate(run.calls[first : first + CALLS_AHEAD], start=first + 1):
            update = entity.trip_update.stop_time_update.add(
                stop_sequence=sequence, stop_id=run.track.stop_id(call.stop)
            )
            update.arrival.time = floor(city.moment(run.started_at + call.arrival))
            update.departure.time = floor(city.moment(run.started_at + call.departure))
            update.arrival.delay = update.departure.delay = delay
    return feed.SerializeToString()


def service_alerts(city: SimulatedCity, moment: float) -> bytes:
    """Return the notices in force: each begins, says more half-way, and ends."""
    feed = _feed(city, moment)
    newest = floor(city.clock(moment) / ALERT_EVERY_SECONDS)
    oldest = newest - ALERT_LONGEST_SECONDS // ALERT_EVERY_SECONDS - 1
    for number in range(oldest, newest + 1) if city.tracks else ():
        _add_alert(feed, city, number)
    return feed.SerializeToString()


def _feed(city: SimulatedCity, moment: float) -> gtfs.FeedMessage:
    feed = gtfs.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.incrementality = gtfs.FeedHeader.FULL_DATASET
    feed.header.timestamp = city.made_at(moment)
    return feed


def delay_seconds(city: SimulatedCity, run: Run, vehicle: Vehicle) -> int:
    """Return how late a trip is, from its first call to its last."""
    drifted = drift(run.started_at, 1800.0, city.seed, vehicle.vehicle_id)
    return round(LONGEST_DELAY_SECONDS * max(0.0, drifted))


def _describe_trip(trip: gtfs.TripDescriptor, city: SimulatedCity, run: Run, vehicle: Vehicle) -> None:
    planned = city.moment(run.started_at) - delay_seconds(city, run, vehicle)
    started = datetime.fromtimestamp(planned, UTC).astimezone(city.timezone)
    trip.trip_id = trip_id(run.track, run.direction)
    trip.route_id = run.track.route_id
    trip.direction_id = run.direction
    trip.start_date, trip.start_time = f"{started:%Y%m%d}", f"{started:%H:%M:%S}"
    trip.schedule_relationship = gtfs.TripDescriptor.SCHEDULED


def _describe_vehicle(descriptor: gtfs.VehicleDescriptor, vehicle: Vehicle, run: Run) -> None:
    towards = run.track.ends[1 - run.direction]
    descriptor.id = vehicle.vehicle_id
    descriptor.label = f"{run.track.name} towards {towards} (simulated)"


def _describe_progress(vehicle: gtfs.VehiclePosition, run: Run) -> None:
    vehicle.current_stop_sequence = run.next_call + 1
    vehicle.stop_id = run.track.stop_id(run.calls[run.next_call].stop)
    stopped, moving = gtfs.VehiclePosition.STOPPED_AT, gtfs.VehiclePosition.IN_TRANSIT_TO
    vehicle.current_status = stopped if run.is_stopped else moving


def _add_alert(feed: gtfs.FeedMessage, city: SimulatedCity, number: int) -> None:
    key = (city.seed, "alert", number)
    start = (number + roll(*key, "start")) * ALERT_EVERY_SECONDS
    lasts = between(ALERT_LONGEST_SECONDS / 3, ALERT_LONGEST_SECONDS, *key, "lasts")
    begins, ends = floor(city.moment(start)), floor(city.moment(start + lasts))
    halfway = floor(city.moment(start + lasts / 2))
    if not begins <= feed.header.timestamp < ends:
        return
    track = choose(city.tracks, *key, "track")
    (cause, because), (effect, severity, what) = (
        choose(CAUSES, *key, "cause"),
        choose(EFFECTS, *key, "effect"),
    )
    alert = feed.entity.add(id=f"sim-alert-{number}").alert
    alert.cause, alert.effect, alert.severity_level = cause, effect, severity
    alert.active_period.add(start=begins, end=ends)
    alert.informed_entity.add(agency_id="sim-transit", route_id=track.route_id)
    text = f"{what} between {track.ends[0]} and {track.ends[1]} because of {because}. {MARK}"
    if feed.header.timestamp >= halfway:
        ending = datetime.fromtimestamp(ends, UTC).astimezone(city.timezone)
        text = f"Update: normal service is expected at {ending:%H:%M}. {text}"
    alert.header_text.translation.add(text=f"{track.name}: {what.lower()} (simulated)", language="en")
    alert.description_text.translation.add(text=text, language="en")
