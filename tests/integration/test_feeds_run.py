"""A feed's run: what it stores, what it leaves alone, and what it does when something fails."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared.db import transaction
from tasks.feeds.storing import intake
from tests.support.feed_runs import Site, add_feed, count, row_versions, run_feed, snapshot

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


def test_rows_read_anew_for_other_options_are_known_again_the_next_time(db: Engine) -> None:
    """They come out as they are stored: not changed, not told, and from then on not read."""
    url = "https://data.example/311.csv"
    line = "{0},01/02/2026 10:00:00 AM,Noise,40.7,-73.9\n"
    table = "unique_key,created_date,complaint_type,latitude,longitude\n" + "".join(
        map(line.format, range(300))
    )
    feed = add_feed("socrata", url)
    run_feed(feed, Site({url: table.encode()}))
    before = snapshot("features", "external_id, source_hash, version, updated_at")
    with transaction() as tx:
        tx.execute(text("""UPDATE feeds SET options = '{"feature_kind": "service_request"}'"""))

    ran = run_feed(feed, Site({url: (table + line.format(300)).encode()}))

    after = snapshot("features", "external_id, source_hash, version, updated_at")
    assert (1, 0, 300) == (ran.new, ran.changed, ran.same)
    assert {(row[0], *row[2:]) for row in before} <= {(row[0], *row[2:]) for row in after}
    assert not {row[1] for row in before} & {row[1] for row in after}
    run_feed(feed, Site({url: (table + line.format(300) + line.format(301)).encode()}))
    assert after <= snapshot("features", "external_id, source_hash, version, updated_at")


@pytest.mark.parametrize("loser_first", [False, True])
def test_of_two_rows_of_one_id_the_one_that_won_stays(
    db: Engine, monkeypatch: pytest.MonkeyPatch, loser_first: bool
) -> None:
    """Also where the loser comes again first, in an earlier step, and the winner is stored as it was sent."""
    monkeypatch.setattr(intake, "CHUNK_SAME", 1000)
    url = "https://data.example/311.csv"
    header = "unique_key,created_date,closed_date,complaint_type,descriptor,status\n"
    line = "{0},01/02/2026 10:00:00 AM,{1},Noise,{2},{3}\n"
    loser = line.format("twice", "", "", "Open")
    winner = line.format("twice", "01/05/2026 10:00:00 AM", "", "Closed")
    # Enough of them that the first and the last row are read apart.
    between = "".join(line.format(number, "", "loud " * 50, "Open") for number in range(4000))
    feed = add_feed("socrata", url)
    run_feed(feed, Site({url: f"{header}{winner}{between}{loser}".encode()}))
    first, last = (loser, winner) if loser_first else (winner, loser)

    ran = run_feed(
        feed, Site({url: f"{header}{first}{line.format('new', '', '', 'Open')}{between}{last}".encode()})
    )

    assert {"duplicate": 1} == ran.rejected
    assert 4003 == ran.new + ran.changed + ran.same + ran.rejected["duplicate"]
    assert 1 == count("features", "external_id = 'twice' AND status = 'closed'")
