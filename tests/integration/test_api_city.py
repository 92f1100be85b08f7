"""What anybody reads of a city: features, things, observations, vehicles, its pulse and its areas."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared.cities.pack import load_pack
from shared.cities.service import store_pack
from shared.clock import rfc3339, utcnow
from shared.db import transaction
from shared.features.models import FeatureRow
from shared.settings import get_settings
from tests.support.feed_runs import CITY, Site, add_feed, run_feed
from tests.support.web import Browser, add_city, assert_problem

URL = "https://requests.example/requests.json"


@pytest.fixture
def requests(db: Engine) -> Browser:
    """A city with service requests and alerts, one of them withdrawn."""
    add_city(CITY, "Testville")
    feed = add_feed("open311", URL)
    with transaction() as tx:
        run_id = tx.execute(text("SELECT gen_random_uuid()")).scalar_one()
        now = utcnow()
        for number in range(25):
            tx.add(_feature(feed, run_id, number, now - timedelta(minutes=number)))
    return Browser()


def _feature(feed: Any, run_id: Any, number: int, at: Any) -> FeatureRow:
    place = (-0.1 + number / 1000, 51.5)
    return FeatureRow(
        city=CITY,
        feed_id=feed,
        external_id=f"SR-{number}",
        kind="alert" if number % 5 == 0 else "service_request",
        title=f"Pothole 100% deep, number {number}",
        status="open" if number % 2 else "closed",
        geometry={"type": "Point", "coordinates": list(place)},
        point=place,
        properties={},
        observed_at=at,
        fetched_at=at,
        updated_at=at,
        content_hash=b"x" * 16,
        run_id=run_id,
        withdrawn_at=at if number == 24 else None,
    )


def test_a_feature_says_where_it_comes_from_and_how_old_it_is(requests: Browser) -> None:
    """Times, freshness and source stand on every item."""
    item = requests.get(f"/api/v1/features?city={CITY}&limit=1").json["items"][0]

    assert {"observed_at", "fetched_at", "published_at"} == item["times"].keys()
    assert item["freshness"] in {"fresh", "late", "stale", "dead"}
    assert {"feed_id", "name", "kind", "attribution", "license", "url", "simulated"} == item["source"].keys()
    assert item["times"]["fetched_at"].endswith("Z")
    assert ("SR-0", -0.1, 51.5, False) == (item["external_id"], item["lon"], item["lat"], item["withdrawn"])


def test_pages_follow_each_other_without_a_gap_or_a_double(requests: Browser) -> None:
    """By the cursor, and by the link in the header alike."""
    seen: list[str] = []
    path: str | None = f"/api/v1/features?city={CITY}&limit=7"
    while path is not None:
        answer = requests.get(path)
        seen += [item["external_id"] for item in answer.json["items"]]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json["next"] is None)
        path = link.split(">")[0].removeprefix("<") if link else None

    assert [f"SR-{number}" for number in range(24)] == seen


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=alert", 5),
        ("kind=alert,service_request", 24),
        ("kind=news", 0),
        ("status=open", 12),
        ("q=number 7", 1),
        ("q=100%25 deep", 24),
        ("q=100x deep", 0),
        ("q='; DROP TABLE features; --", 0),
        ("bbox=-0.1005,51.4,-0.0985,51.6", 2),
        ("bbox=170,51.4,-0.0985,51.6", 2),
    ],
)
def test_a_list_can_be_narrowed(requests: Browser, query: str, found: int) -> None:
    """By kind, status, words and place; what looks like SQL is a word."""
    assert found == len(requests.get(f"/api/v1/features?city={CITY}&limit=500&{query}").json["items"])


def test_a_cursor_names_a_place_in_its_own_list(requests: Browser) -> None:
    """In another list sorted alike it would name one that means nothing."""
    cursor = requests.get(f"/api/v1/features?city={CITY}&limit=1").json["next"]

    assert_problem(requests.get(f"/api/v1/things?city={CITY}&cursor={cursor}"), 422, "cursor")


def test_who_asks_since_when_hears_of_what_was_withdrawn(requests: Browser) -> None:
    """Whoever keeps a copy must be able to take things out of it."""
    since = rfc3339(utcnow() - timedelta(days=1)).replace("+", "%2B")

    items = requests.get(f"/api/v1/features?city={CITY}&limit=500&since={since}").json["items"]

    assert ["SR-24"] == [item["external_id"] for item in items if item["withdrawn"]]


def test_one_feature_has_its_versions(requests: Browser) -> None:
    """And one that is not there is a 404."""
    item = requests.get(f"/api/v1/features?city={CITY}&limit=1").json["items"][0]

    detail = requests.get(f"/api/v1/features/{item['id']}").json

    assert [] == detail.pop("versions")
    assert item == detail
    assert_problem(requests.get("/api/v1/features/0190a1b2-0000-7000-8000-000000000000"), 404)


@pytest.fixture
def bikes(db: Engine, test_data: Path) -> Browser:
    """A city whose real bicycle stations and bicycles were fetched."""
    add_city(CITY, "Testville")
    folder = test_data / "gbfs" / "baywheels"
    names = (
        "station_information",
        "station_status",
        "free_bike_status",
        "system_information",
        "system_regions",
    )
    feeds = ",".join(f'{{"name": "{name}", "url": "https://bikes.example/{name}.json"}}' for name in names)
    start = f'{{"last_updated": 1663292851, "ttl": 5, "data": {{"en": {{"feeds": [{feeds}]}}}}}}'.encode()
    pages: dict[str, bytes | Exception] = {
        f"https://bikes.example/{name}.json": (folder / f"{name}.json").read_bytes() for name in names
    }
    ran = run_feed(
        add_feed("gbfs", "https://bikes.example/gbfs.json"),
        Site({**pages, "https://bikes.example/gbfs.json": start}),
    )
    assert "succeeded" == ran.state, ran.error
    return Browser()


def test_stations_show_their_latest_results(bikes: Browser) -> None:
    """Each with its observed properties, pages and all."""
    first = bikes.get(f"/api/v1/things?city={CITY}&limit=400").json
    second = bikes.get(f"/api/v1/things?city={CITY}&limit=400&cursor={first['next']}").json
    station = first["items"][0]

    assert (400, 96, None) == (len(first["items"]), len(second["items"]), second["next"])
    assert 496 == len({item["id"] for item in first["items"] + second["items"]})
    assert station["datastreams"]
    assert {"id", "observed_property", "unit", "result", "phenomenon_time"} <= station["datastreams"][
        0
    ].keys()


def test_a_datastream_gives_its_results_plain_and_in_buckets(bikes: Browser) -> None:
    """A bucket has its extremes, its mean and its count."""
    station = bikes.get(f"/api/v1/things?city={CITY}&limit=1").json["items"][0]
    stream = station["datastreams"][0]
    at = f"/api/v1/datastreams/{stream['id']}/observations?from=2022-09-01T00:00:00Z&to=2022-10-01T00:00:00Z"

    plain = bikes.get(at).json
    by_day = bikes.get(f"{at}&bucket=1d").json

    assert stream["id"] == plain["datastream"]["id"]
    assert len(plain["items"]) == sum(item["count"] for item in by_day["items"])
    assert_problem(bikes.get(f"{at}&bucket=2d"), 422, "bucket")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2022-10-01T00:00:00Z&to=2022-09-01T00:00:00Z", "to"),
        ("from=2022-10-01T00:00:00Z&to=2022-10-01T00:00:00Z", "to"),
        ("from=2022-10-01", "from"),
        ("to=yesterday", "to"),
        ("bucket=2h", "bucket"),
    ],
)
def test_a_time_that_is_no_span_is_refused(bikes: Browser, query: str, field: str) -> None:
    """Between the end and the beginning nothing was ever measured."""
    stream = bikes.get(f"/api/v1/things?city={CITY}&limit=1").json["items"][0]["datastreams"][0]

    assert_problem(bikes.get(f"/api/v1/datastreams/{stream['id']}/observations?{query}"), 422, field)


@pytest.mark.parametrize(
    "query",
    [
        "to=0001-01-01T00:00:00Z",
        "to=0001-01-01T00:00:00Z&bucket=1h",
        "to=0001-01-01T23:00:00-05:00",
        "to=0001-01-01T00:00:00%2B05:00&bucket=1h",
        "from=9999-12-31T23:00:00Z",
        "from=9999-12-31T23:30:00Z&bucket=1h",
        "from=9999-12-31T23:30:00-05:00&bucket=1d",
    ],
)
def test_the_ends_of_the_calendar_hold_no_results(bikes: Browser, query: str) -> None:
    """A day before the first day there is none."""
    stream = bikes.get(f"/api/v1/things?city={CITY}&limit=1").json["items"][0]["datastreams"][0]

    answer = bikes.get(f"/api/v1/datastreams/{stream['id']}/observations?{query}")

    assert (200, []) == (answer.status_code, answer.json["items"])


def test_vehicles_are_where_they_are_now(bikes: Browser) -> None:
    """All of them, without pages; those without a place are on no map."""
    answer = bikes.get(f"/api/v1/vehicles?city={CITY}").json

    assert answer["next"] is None
    assert all(item["lon"] is not None for item in answer["items"])
    assert {"bicycle", "scooter"} >= {item["kind"] for item in answer["items"]}


def test_the_pulse_has_a_day_of_hours(bikes: Browser) -> None:
    """Tiles that a feed can fill, and our own reports."""
    tiles = {tile["key"]: tile for tile in bikes.get(f"/api/v1/pulse?city={CITY}").json["tiles"]}

    assert "reports_today" in tiles
    assert "bikes_available" in tiles
    assert {24} == {len(tile["series"]) for tile in tiles.values()}
    assert_problem(bikes.get("/api/v1/pulse?city=atlantis"), 404, "city")


def test_the_feeds_show_their_last_run(bikes: Browser) -> None:
    """And how much they gave."""
    feed = bikes.get(f"/api/v1/feeds?city={CITY}").json["items"][0]

    assert ("gbfs", "succeeded") == (feed["kind"], feed["last_run"]["state"])
    assert 496 == feed["counts"]["things"]
    assert feed == bikes.get(f"/api/v1/feeds/{feed['id']}").json


def test_a_real_city_has_its_areas_and_its_map(db: Engine) -> None:
    """London as its pack describes it; stored twice it stays the same."""
    pack = load_pack(get_settings().cities_dir / "london")
    for _ in range(2):
        with transaction() as tx:
            store_pack(tx, pack)
    browser = Browser()

    city = browser.get("/api/v1/cities/london").json
    areas = browser.get("/api/v1/cities/london/areas").json

    assert ("Europe/London", "/basemaps/london.pmtiles") == (city["timezone"], city["basemap"])
    assert [city] == browser.get("/api/v1/cities").json["items"]
    assert 33 == len(areas["features"])
    assert "FeatureCollection" == areas["type"]
    assert_problem(browser.get("/api/v1/cities/atlantis"), 404)
    assert_problem(browser.get("/api/v1/cities/atlantis/areas"), 404)


def test_an_area_is_found_by_a_point_in_it(db: Engine) -> None:
    """The cells stored with an area cover all of it."""
    pack = load_pack(get_settings().cities_dir / "london")
    with transaction() as tx:
        store_pack(tx, pack)
        from shared.reports.places import area_at

        found = {area.slug: area_at(tx, "london", tuple(area.centroid)) for area in pack.areas}

    assert {slug: slug for slug in found} == {
        slug: area.slug if area else None for slug, area in found.items()
    }
