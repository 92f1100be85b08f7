"""A feed is tried before it is saved: what it would give is shown, and nothing is stored."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.clock import utcnow
from shared.db import transaction
from shared.errors import Invalid, NotFound
from shared.feeds.previews import KEPT, forget_previews, read_preview, request_preview
from shared.messages import PreviewFeed
from tasks.feeds.fetching.http import Fetcher
from tasks.feeds.preview import preview
from tests.support.feed_runs import Site, add_city, count
from tests.support.jobs import running_job

URL = "https://data.example/export.csv"
TABLE = b"case_id,opened,latitude,longitude\n1,2024-03-01,40.7,-73.9\n2,soon,40.7,-73.9\n"
GBFS = "https://bikes.example/gbfs.json"
STORED = ("features", "payloads", "feeds", "feed_runs", "feed_rejects")


def gbfs(**data: Any) -> bytes:
    """Return a GBFS 2.3 document of now."""
    at = int(utcnow().timestamp())
    if "feeds" in data:
        data = {"en": data}
    return json.dumps({"last_updated": at, "ttl": 30, "version": "2.3", "data": data}).encode()


def shown(site: Site | Fetcher, url: str = URL, kind: str = "socrata", **options: Any) -> dict[str, Any]:
    """Try a feed and return what is shown."""
    with transaction() as tx:
        add_city(tx)
    with running_job(PreviewFeed(city="testville", kind=kind, url=url, options=options)) as job:
        preview(PreviewFeed(city="testville", kind=kind, url=url, options=options), job, get=site)
    return read_preview(job.id)


def test_the_first_records_and_problems_are_shown_and_nothing_is_stored(db: Engine) -> None:
    """An admin sees what would come, and what would be set aside, before anybody else does."""
    found = shown(Site({URL: TABLE}))

    assert {"Feature": 1, "Rejected": 1} == found["read"]
    assert [("1", "2024-03-01T00:00:00+00:00")] == [
        (one["external_id"], one["starts_at"]) for one in found["records"]
    ]
    assert [("bad_time", "2")] == [(one["reason"], one["external_id"]) for one in found["problems"]]
    assert [(200, len(TABLE))] == [(one["status"], one["bytes"]) for one in found["fetched"]]
    assert [0] * len(STORED) == [count(table) for table in STORED]


@pytest.mark.parametrize(
    ("kind", "pages", "said"),
    [("socrata", {}, "404"), ("socrata", {URL: b"<html>"}, "markup"), ("nothing", {URL: TABLE}, "no connector")],
)  # fmt: skip
def test_what_fails_is_the_answer(db: Engine, kind: str, pages: dict[str, Any], said: str) -> None:
    """The sentence is the one a run would be recorded with."""
    assert said in shown(Site(pages), kind=kind)["error"]


def test_the_publishers_answer_and_the_feeds_own_words_are_told(db: Engine) -> None:
    """How it answered, its ttl, how old its newest record is, and whose it is."""
    newest = utcnow().replace(microsecond=0) - timedelta(minutes=1)
    station = {"station_id": "a", "num_bikes_available": 3, "num_docks_available": 1, "is_installed": True,
               "is_renting": True, "is_returning": True, "last_reported": int(newest.timestamp())}  # fmt: skip
    site = Site(
        {
            GBFS: gbfs(feeds=[
                {"name": name, "url": f"https://bikes.example/{name}.json"}
                for name in ("system_information", "station_information", "station_status")
            ]),
            "https://bikes.example/system_information.json": gbfs(
                system_id="b", language="en", timezone="UTC", name="Bikes", operator="Wheel & Sons",
                license_url="https://bikes.example/terms",
            ),
            "https://bikes.example/station_information.json": gbfs(
                stations=[{"station_id": "a", "name": "A", "lat": 40.7, "lon": -73.9}]
            ),
            "https://bikes.example/station_status.json": gbfs(stations=[station]),
        },
        max_age_seconds=20,
    )  # fmt: skip

    found = shown(site, url=GBFS, kind="gbfs")

    assert "error" not in found
    assert (200, 1, 20) == (found["http_status"], found["ttfb_ms"], found["ttl_seconds"])
    assert newest == datetime.fromisoformat(found["newest_at"])
    assert "fresh" == found["freshness"]
    assert {"attribution": "Wheel & Sons", "license": "https://bikes.example/terms"} == found["terms"]


def test_an_answer_that_refuses_tells_its_code(db: Engine) -> None:
    """The code is shown beside the sentence, and nothing is judged."""
    found = shown(Site({}))

    assert 404 == found["http_status"]
    assert found.get("freshness") is None


def test_hosts_that_no_feed_may_reach_are_refused(db: Engine) -> None:
    """Trying is no way round the rules for addresses."""
    found = shown(Fetcher(), url="http://169.254.169.254/latest/meta-data/x.csv")

    assert "169.254.169.254" in found["error"]
    assert [] == found["fetched"]


def test_a_preview_is_refused_as_saving_would_be(db: Engine) -> None:
    """An address of no web, a city that there is not."""
    with transaction() as tx:
        add_city(tx)
        with pytest.raises(Invalid):
            request_preview(tx, city="testville", kind="socrata", url="ftp://x.example/", options={})
        with pytest.raises(NotFound):
            request_preview(tx, city="nowhere", kind="socrata", url=URL, options={})


def test_previews_are_forgotten_after_an_hour(db: Engine) -> None:
    """They are somebody else's data, kept to be looked at once."""
    found = shown(Site({URL: TABLE}))

    assert 0 == forget_previews(utcnow())
    assert 1 == forget_previews(utcnow() + KEPT + KEPT)
    with pytest.raises(NotFound):
        read_preview(found["job_id"])
