"""Timetables: kept whole, replaced whole, and gone with their feed."""

import zlib
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from shared.db import transaction
from shared.feeds.removal import remove_feed
from tasks.feeds.connectors.gtfs_static import package
from tasks.feeds.storing import intake
from tests.support.feed_runs import GIVEN, Site, add_feed, count, feed_row, row_versions, run_feed, snapshot
from tests.support.timetables import TABLES, timetable

TABLES_KEPT = ("transit_timetables", "transit_routes", "transit_trips")


@pytest.fixture
def site(db: Engine) -> Site:
    """A publisher of one timetable."""
    return Site({GIVEN: timetable()})


def add() -> UUID:
    """Add the feed that reads it."""
    return add_feed("gtfs_static", GIVEN, interval_seconds=86_400)


def test_a_timetable_is_kept_with_its_routes_trips_and_days(site: Site) -> None:
    """One row holds a trip with all its calls; a time that nobody tells is none."""
    run = run_feed(add(), site)

    assert ("succeeded", 13, {}) == (run.state, run.records, run.rejected)
    assert {("r7", "7", "Harbour Line", 3, "1A2B3C", "FFFFFF", "Testville Transit")} == snapshot(
        "transit_routes", "route_id, short_name, long_name, route_type, color, text_color, agency"
    )
    with transaction() as tx:
        way = tx.execute(text("SELECT geometry FROM transit_routes")).scalar_one()
        trips = tx.execute(
            text("SELECT trip_id, stop_ids, sequences, arrivals, departures FROM transit_trips ORDER BY 1")
        ).all()
        zone, services = tx.execute(text("SELECT timezone, services FROM transit_timetables")).one()
    assert {
        "type": "MultiLineString",
        "coordinates": [[[-0.1, 51.5], [-0.115, 51.51], [-0.12, 51.52]]],
    } == way
    assert [
        ("t-day", ["s1", "s2", "s3"], [1, 2, 3], [28_800, None, 30_000], [28_830, None, 30_000]),
        ("t-night", ["s1", "s2", "s3"], [1, 2, 3], [89_400, 90_000, 92_100], [89_400, 90_060, 92_100]),
    ] == [tuple(trip) for trip in trips]
    assert "Europe/London" == zone
    assert {
        "daily": {
            "service_id": "daily", "weekdays": "1111111", "start": "20200101", "end": "20991231",
            "added": [], "removed": [],
        }
    } == services  # fmt: skip


def test_the_same_timetable_again_writes_nothing(site: Site) -> None:
    """Not even when the server cannot tell that it is the same."""
    site.conditional = False
    feed = add()
    run_feed(feed, site)
    before = row_versions(*TABLES_KEPT, "things")

    again = run_feed(feed, site)

    assert "unchanged" == again.state
    assert before == row_versions(*TABLES_KEPT, "things")


def test_a_newer_timetable_takes_the_place_of_the_older_as_a_whole(site: Site) -> None:
    """Trips that are no more are gone, with the days they ran on."""
    feed = add()
    run_feed(feed, site)
    header, first, *_ = TABLES["trips"].splitlines()
    site.pages[GIVEN] = timetable(trips=f"{header}\n{first.replace('daily', 'sundays')}\n")

    run = run_feed(feed, site)

    assert {"unknown_trip": 3} == run.rejected
    assert {("t-day", "sundays")} == snapshot("transit_trips", "trip_id, service_id")
    assert (1, 1) == (count("transit_timetables"), count("transit_routes"))


def test_a_run_that_breaks_off_leaves_the_timetable_in_use(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it wrote until then is seen by nobody, and goes with the next run that ends."""
    feed = add()
    run_feed(feed, site)
    before = snapshot("transit_trips", "timetable_id, trip_id")
    monkeypatch.setattr(intake, "CHUNK_RECORDS", 1)
    whole = site.pages[GIVEN]
    site.pages[GIVEN] = timetable(routes=TABLES["routes"] + "r8,ta,8,New,3,,\n")
    with monkeypatch.context() as broken:
        broken.setattr(package.csv, "reader", breaks_at(package.csv.reader, "service_id,monday"))
        failed = run_feed(feed, site)

    assert ("failed", 2, 1) == (
        failed.state,
        count("transit_timetables"),
        count("transit_timetables", "is_current"),
    )
    assert before == snapshot("transit_trips", "timetable_id, trip_id")
    assert isinstance(whole, bytes)
    ran = run_feed(feed, site)
    assert ("succeeded", 1, 2) == (ran.state, count("transit_timetables"), count("transit_routes"))


def breaks_at(reader: object, header: str) -> object:
    """Make `csv.reader` that fails as a damaged zip does, at the table that begins so."""

    def reading(lines: object, **options: object) -> object:
        for line in lines:  # type: ignore[attr-defined]  # lines of a file
            if header in line:
                raise zlib.error("invalid distance too far back")
            yield from reader([line], **options)  # type: ignore[operator]  # as csv.reader is called

    return reading


def test_a_feed_takes_its_timetable_with_it(site: Site) -> None:
    """Deleting a feed leaves no row of it."""
    feed = add()
    run_feed(feed, site)
    assert feed_row(feed)

    with transaction() as tx:
        remove_feed(tx, feed)

    assert [0, 0, 0] == [count(table) for table in TABLES_KEPT]


def test_a_timetable_without_a_route_does_not_take_the_place_of_one_with(site: Site) -> None:
    """A package of headers alone is a mistake; what is known of the city's lines stays."""
    feed = add()
    run_feed(feed, site)
    site.pages[GIVEN] = timetable(
        **{name: TABLES[name].splitlines()[0] + "\n" for name in TABLES if name != "agency"}
    )

    run_feed(feed, site)

    assert 2 == count("transit_trips")
