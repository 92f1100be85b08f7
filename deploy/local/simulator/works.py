"""Made-up road works as rows of a Socrata data set: announced, begun, ended; pure."""

from math import floor

from deploy.local.simulator.chance import between, choose, roll
from deploy.local.simulator.city import SimulatedCity
from deploy.local.simulator.requests311 import MARK, STREETS, Row, fixed_time, floating_time

ANNOUNCED_EVERY_SECONDS = 1_800
NOTICE_SECONDS = 7_200
LONGEST_SECONDS = 2 * 86_400
KEPT_AFTER_SECONDS = 21_600
PURPOSES = (
    "Gas main renewal",
    "Water leak repair",
    "Resurfacing",
    "Cable laying",
    "Tree pruning",
    "Crane lift",
)


def works_at(city: SimulatedCity, moment: float) -> list[Row]:
    """Return the works announced and not long over at a moment, oldest first."""
    newest = floor(city.clock(moment) / ANNOUNCED_EVERY_SECONDS)
    back = (NOTICE_SECONDS + LONGEST_SECONDS + KEPT_AFTER_SECONDS) // ANNOUNCED_EVERY_SECONDS
    rows = (_row(city, number, moment) for number in range(newest - back, newest + 1))
    return [row for row in rows if row]


def _row(city: SimulatedCity, number: int, moment: float) -> Row | None:
    key = (city.seed, "works", number)
    announced = city.moment((number + roll(*key, "second")) * ANNOUNCED_EVERY_SECONDS)
    starts = announced + NOTICE_SECONDS / city.speed
    ends = starts + between(LONGEST_SECONDS / 12, LONGEST_SECONDS, *key, "lasts") / city.speed
    if not announced <= moment < ends + KEPT_AFTER_SECONDS / city.speed:
        return None
    steps = {"Planned": announced, "Active": starts, "Finished": ends}
    status = [name for name, since in steps.items() if since <= moment][-1]
    place = city.places[floor(roll(*key, "place") * len(city.places))]
    return {
        ":id": f"row-works-{number:08x}",
        ":created_at": fixed_time(announced),
        ":updated_at": fixed_time(steps[status]),
        "permit_id": f"SIM-W-{number}",
        "street": f"{choose(STREETS, *key, 'street')}, {place.area}",
        "purpose": f"{choose(PURPOSES, *key, 'purpose')} {MARK}",
        "status": status,
        "work_start_date": floating_time(starts, city.timezone),
        "work_end_date": floating_time(ends, city.timezone),
        "borough": place.area.upper(),
        "latitude": f"{place.position[1]:.6f}",
        "longitude": f"{place.position[0]:.6f}",
    }
