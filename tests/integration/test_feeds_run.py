"""A feed's run: what it stores, what it leaves alone, and what it does when something fails."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.feed_runs import Site, add_feed, count, row_versions, run_feed

URL = "https://bikes.example/gbfs.json"


@pytest.fixture
def bay_wheels(test_data: Path) -> Site:
    """Stations and bikes of a real system, as one site with a discovery file."""
    folder = test_data / "gbfs" / "baywheels"
    names = (
        "station_information",
        "station_status",
        "free_bike_status",
        "system_information",
        "system_regions",
    )
    feeds = ",".join(f'{{"name": "{name}", "url": "https://bikes.example/{name}.json"}}' for name in names)
    pages: dict[str, bytes | Exception] = {
        f"https://bikes.example/{name}.json": (folder / f"{name}.json").read_bytes() for name in names
    }
    pages[URL] = (
        f'{{"last_updated": 1663292851, "ttl": 5, "data": {{"en": {{"feeds": [{feeds}]}}}}}}'.encode()
    )
    return Site(pages)


STORED = ("features", "things", "datastreams", "observations", "vehicles", "trip_updates")


def test_a_first_run_stores_every_record_or_says_why_not(db: Engine, bay_wheels: Site) -> None:
    """Stored and set aside add up to what the publisher sent."""
    feed = add_feed("gbfs", URL)

    ran = run_feed(feed, bay_wheels)

    assert "succeeded" == ran.state, ran.error
    assert 1 + 496 + 496 + 720 + 1 + 12 == ran.records
    assert 496 == count("things")
    assert 720 == count("vehicles")
    assert ran.records == ran.new + ran.changed + ran.same + ran.described + sum(ran.rejected.values())


def test_a_second_run_of_the_same_payloads_writes_nothing(db: Engine, bay_wheels: Site) -> None:
    """A publisher that sends the same again changes no row."""
    feed = add_feed("gbfs", URL)
    run_feed(feed, bay_wheels)
    before = row_versions(*STORED)

    ran = run_feed(feed, bay_wheels)

    assert "unchanged" == ran.state
    assert before == row_versions(*STORED)
