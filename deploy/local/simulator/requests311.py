"""Made-up service requests as rows of a Socrata data set: filed, taken up, closed as time goes on; pure."""

from datetime import UTC, datetime
from functools import lru_cache
from math import floor, inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

from deploy.local.simulator.chance import between, choose, roll
from deploy.local.simulator.city import SimulatedCity

# A new request about this often; each within its own slot, so ten to twenty seconds apart.
FILED_EVERY_SECONDS = 15
KEPT_SECONDS = 86_400
WITHOUT_PLACE = 0.02
MARK = "(simulated)"

Row = dict[str, str | None]

COMPLAINTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Pothole", ("Small, by the kerb", "Deep, in the wheel track", "Beside a cover")),
    ("Street Light", ("Out", "Flickering", "On all day")),
    ("Fly-tipping", ("Mattress", "Building waste", "Black bags")),
    ("Overflowing Bin", ("At a bus stop", "In a park")),
    ("Graffiti", ("On a wall", "On a shutter")),
    ("Blocked Drain", ("Standing water", "Smell")),
    ("Fallen Branch", ("Across the path", "In the road")),
    ("Abandoned Bicycle", ("Chained to a railing", "In the canal")),
    ("Broken Paving", ("Loose slab", "Missing slab")),
    ("Traffic Light", ("Dark", "Turned the wrong way")),
    ("Noise", ("Alarm", "Building site at night")),
    ("Missed Collection", ("Recycling", "Food waste")),
)
STREETS = ("Sample Street", "Example Road", "Placeholder Lane", "Demo Avenue", "Model Terrace", "Pretend Row")


class Filed(NamedTuple):
    """What does not change about a request."""

    number: int
    filed_at: float
    taken_up_at: float
    closed_at: float
    complaint: str
    descriptor: str
    address: str
    area: str
    lon: float | None
    lat: float | None


def requests_at(city: SimulatedCity, moment: float) -> list[Row]:
    """Return the requests of the last day as they stand at a moment, oldest first."""
    newest = floor(city.clock(moment) / FILED_EVERY_SECONDS)
    oldest = newest - floor(KEPT_SECONDS / FILED_EVERY_SECONDS)
    filed = (_filed(city, number) for number in range(oldest, newest + 1))
    return [row_of(city, one, moment) for one in filed if one.filed_at <= moment]


def row_of(city: SimulatedCity, filed: Filed, moment: float) -> Row:
    """Return a request as it stands at a moment: every value a string or null, as the service answers."""
    is_closed, is_taken_up = filed.closed_at <= moment, filed.taken_up_at <= moment
    updated = max(at for at in (filed.filed_at, filed.taken_up_at, filed.closed_at) if at <= moment)
    return {
        ":id": f"row-{filed.number:08x}",
        ":created_at": fixed_time(filed.filed_at),
        ":updated_at": fixed_time(updated),
        "unique_key": str(filed.number),
        "created_date": floating_time(filed.filed_at, city.timezone),
        "closed_date": floating_time(filed.closed_at, city.timezone) if is_closed else None,
        "agency": "SIM",
        "agency_name": f"City simulator {MARK}",
        "complaint_type": filed.complaint,
        "descriptor": f"{filed.descriptor} {MARK}",
        "status": "Closed" if is_closed else "In Progress" if is_taken_up else "Open",
        "incident_address": filed.address,
        "borough": filed.area.upper(),
        "latitude": None if filed.lat is None else f"{filed.lat:.6f}",
        "longitude": None if filed.lon is None else f"{filed.lon:.6f}",
    }


@lru_cache(maxsize=8_192)
def _filed(city: SimulatedCity, number: int) -> Filed:
    key = (city.seed, "request", number)
    filed_at = round(city.moment((number + between(0.1, 0.9, *key, "second")) * FILED_EVERY_SECONDS), 3)
    waits = between(120, 5_400, *key, "waits") / city.speed
    works = between(300, 20_000, *key, "works") / city.speed
    is_kept_open = roll(*key, "kept open") < 0.15
    complaint, descriptors = choose(COMPLAINTS, *key, "complaint")
    place = city.places[floor(roll(*key, "place") * len(city.places))]
    is_placed = roll(*key, "placed") >= WITHOUT_PLACE
    return Filed(
        number=number,
        filed_at=filed_at,
        taken_up_at=round(filed_at + waits, 3),
        closed_at=inf if is_kept_open else round(filed_at + waits + works, 3),
        complaint=complaint,
        descriptor=choose(descriptors, *key, "descriptor"),
        address=f"{floor(between(1, 180, *key, 'house'))} {choose(STREETS, *key, 'street')}, {place.area}",
        area=place.area,
        lon=place.position[0] + between(-3e-4, 3e-4, *key, "lon") if is_placed else None,
        lat=place.position[1] + between(-2e-4, 2e-4, *key, "lat") if is_placed else None,
    )


def fixed_time(moment: float) -> str:
    """Write a system field: UTC with milliseconds and Z."""
    return _milliseconds(datetime.fromtimestamp(moment, UTC)) + "Z"


def floating_time(moment: float, timezone: ZoneInfo) -> str:
    """Write a floating timestamp: the city's own time, without a zone, as the real service does."""
    return _milliseconds(datetime.fromtimestamp(moment, timezone))


def _milliseconds(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
