"""Alerts that name zones: each zone is fetched once, shared, renewed after a month, and never fails a run."""

import hashlib
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import Engine, text
from werkzeug import Request, Response

from shared.clock import utcnow
from shared.db import transaction
from shared.feeds.models import FeedRun
from shared.feeds.zones import RENEWED_AFTER
from shared.messages import ReprocessFeed, RunFeed
from shared.settings import get_settings
from tasks.feeds import zones
from tasks.feeds.fetching.http import Fetcher
from tasks.feeds.registry import connector
from tasks.feeds.reprocess import reprocess
from tasks.feeds.run import run
from tests.support.feed_runs import add_feed, count, newest_run, row_versions, snapshot
from tests.support.feeds import payload, source
from tests.support.jobs import running_job
from tests.unit.connectors.test_nws_zones import square


class Office:
    """A weather service: its list of alerts, its zones, and what was asked of it."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("/alerts/active")
        self.alerts: list[dict[str, Any]] = []
        self.zones: dict[str, bytes | int] = {}
        #: What a zone answers that is not in `zones`: a square of its own, or this status.
        self.otherwise = 200
        self.asked: list[str] = []
        self.statuses: Counter[int] = Counter()
        server.expect_request(re.compile("^/.*")).respond_with_handler(self._answer)

    def name(self, *alerts: list[str]) -> None:
        """Put alerts on the list, each by its zones."""
        self.alerts = [alert(number, named) for number, named in enumerate(alerts)]

    def _answer(self, request: Request) -> Response:
        if request.path == "/alerts/active":
            return _conditional(request, orjson.dumps({"features": self.alerts}))
        zone = request.path.rsplit("/", 1)[-1]
        self.asked.append(zone)
        page = self.zones.get(zone, drawn(zone) if self.otherwise == 200 else self.otherwise)
        answer = Response(status=page) if isinstance(page, int) else _conditional(request, page)
        self.statuses[answer.status_code] += 1
        return answer


def _conditional(request: Request, page: bytes) -> Response:
    etag = f'"{hashlib.sha256(page).hexdigest()[:12]}"'
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304)
    return Response(page, headers={"ETag": etag})


def alert(number: int, named: list[str]) -> dict[str, Any]:
    """Write an alert that names zones."""
    return {
        "geometry": None,
        "properties": {
            "id": f"a{number}",
            "event": "Gale Warning",
            "areaDesc": "Somewhere",
            "affectedZones": [f"https://api.weather.gov/zones/forecast/{zone}" for zone in named],
        },
    }


def drawn(zone: str, side: float = 1.0) -> bytes:
    """Draw a zone: a square whose place follows from its number."""
    geometry = square(int(zone[3:]) % 170, 10, side)
    return orjson.dumps({"type": "Feature", "geometry": geometry, "properties": {"name": f"Zone {zone}"}})


@pytest.fixture
def office(httpserver: HTTPServer, db: Engine) -> Office:
    """A weather service on loopback."""
    return Office(httpserver)


def poll(feed_id: UUID) -> FeedRun:
    """Run the feed over the network, as the scheduler asks for it."""
    settings = get_settings().model_copy(update={"feeds_allowed_private_hosts": frozenset({"localhost"})})
    with running_job(RunFeed(feed_id=str(feed_id))) as job:
        run(RunFeed(feed_id=str(feed_id)), job, get=Fetcher.from_settings(settings))
    return newest_run(feed_id)


def shapes() -> dict[str, Any]:
    """Return external id -> geometry of the alerts that are stored."""
    with transaction() as tx:
        rows = tx.execute(text("SELECT external_id, geometry FROM features"))
        return {row.external_id: row.geometry for row in rows}


def let_pass(span: timedelta) -> None:
    """Let time pass for the zones."""
    with transaction() as tx:
        tx.execute(text("UPDATE zones SET due_at = due_at - CAST(:span AS interval)"), {"span": span})


def test_zones_are_fetched_once_and_drawn_together(office: Office) -> None:
    """Three alerts over three zones: three requests, and none by later runs, nor by another feed."""
    office.name(["WAZ001"], ["WAZ001", "WAZ002"], ["WAZ003", "WAZ002"])

    first = poll(add_feed("nws_alerts", office.url))
    again = poll(add_feed("nws_alerts", office.url, name="again"))

    assert ("succeeded", "succeeded") == (first.state, again.state)
    assert ["WAZ001", "WAZ002", "WAZ003"] == sorted(office.asked)
    found = shapes()
    assert {"a0": "Polygon", "a1": "Polygon", "a2": "Polygon"} == {
        key: value["type"] for key, value in found.items()
    }
    assert 0 == count("features", "point IS NULL")
    assert {"Zone WAZ001", "Zone WAZ002"} == {
        name
        for (names,) in snapshot("features WHERE external_id = 'a1'", "(properties->'zone_names')::text")
        for name in orjson.loads(names)
    }


def test_a_recorded_list_gets_shapes_run_by_run(office: Office, test_data: Path) -> None:
    """No run asks for more than its share, and an unchanged list does not stop the next from going on."""
    recorded = orjson.loads((test_data / "alerts-geojson" / "nws-northwest-active.json").read_bytes())
    office.alerts = [row for row in recorded["features"] if row["geometry"] is None][:80]
    feed = add_feed("nws_alerts", office.url)
    named = {zone for row in office.alerts for zone in row["properties"]["geocode"]["UGC"]}
    runs = -(-len(named) // zones.MOST_A_RUN)

    states = [poll(feed).state for _ in range(runs)]
    last = poll(feed)

    assert runs > 1
    assert (["succeeded"] * runs, "unchanged") == (states, last.state)
    assert sorted(named) == sorted(office.asked)
    assert 0 == count("features", "geometry IS NULL OR point IS NULL")


def test_a_zone_that_is_not_there_leaves_its_alerts_without_shape_and_others_alone(office: Office) -> None:
    """The run succeeds; names that are known stay; it is asked for again after an hour."""
    office.name(["WAZ001", "WAZ404"], ["WAZ001"])
    office.zones["WAZ404"] = 404
    feed = add_feed("nws_alerts", office.url)

    states = [poll(feed).state for _ in range(2)]

    assert ["succeeded", "unchanged"] == states
    assert (None, "Polygon") == (shapes()["a0"], shapes()["a1"]["type"])
    assert ('["Zone WAZ001"]', "Somewhere") == next(
        iter(snapshot("features WHERE external_id = 'a0'", "(properties->'zone_names')::text, address"))
    )
    assert 1 == office.asked.count("WAZ404")
    let_pass(timedelta(hours=1))
    office.zones["WAZ404"] = drawn("WAZ404")
    assert "succeeded" == poll(feed).state
    assert "MultiPolygon" == shapes()["a0"]["type"]


@pytest.mark.parametrize("page", [b"<html>", drawn("WAZ001")[:40], b"", 403, 410])
def test_whatever_stands_where_a_zone_should_be_fails_no_run(office: Office, page: bytes | int) -> None:
    """The sentence is kept with the zone."""
    office.name(["WAZ001"])
    office.zones["WAZ001"] = page

    assert "succeeded" == poll(add_feed("nws_alerts", office.url)).state
    assert 1 == count("zones", "geometry IS NULL AND error <> '' AND due_at > now()")


def test_a_service_in_trouble_is_not_asked_for_every_zone(office: Office) -> None:
    """One answer of 503 is enough for this run, and for an hour; each failure waits longer."""
    office.name(["WAZ001", "WAZ002"], ["WAZ003"])
    office.otherwise = 503
    feed = add_feed("nws_alerts", office.url)

    states = [poll(feed).state for _ in range(3)]

    assert (["succeeded", "unchanged", "unchanged"], 1) == (states, len(office.asked))
    let_pass(timedelta(hours=1))
    poll(feed)
    assert 2 == len(office.asked)
    ((wait,),) = snapshot("zones WHERE failures_in_a_row = 2 LIMIT 1", "due_at - asked_at")
    assert timedelta(hours=2) == wait


def test_zones_are_renewed_after_a_month_with_what_the_service_said(office: Office) -> None:
    """A 304 renews for another month and writes no alert."""
    office.name(["WAZ001"])
    feed = add_feed("nws_alerts", office.url)
    poll(feed)
    before = row_versions("features", "feature_versions")
    let_pass(RENEWED_AFTER - timedelta(minutes=1))
    poll(feed)
    assert 1 == len(office.asked)

    let_pass(timedelta(minutes=1))
    ran = poll(feed)

    assert ("unchanged", {200: 1, 304: 1}) == (ran.state, dict(office.statuses))
    assert before == row_versions("features", "feature_versions")
    assert 1 == count("zones", "due_at > now() + interval '29 days' AND geometry IS NOT NULL AND name <> ''")


def test_a_zone_that_was_redrawn_draws_its_alerts_anew(office: Office) -> None:
    """Although the list of alerts is the same byte for byte."""
    office.name(["WAZ001"])
    feed = add_feed("nws_alerts", office.url)
    poll(feed)
    office.zones["WAZ001"] = drawn("WAZ001", 2.0)
    let_pass(RENEWED_AFTER)

    ran = poll(feed)

    assert ("succeeded", 1) == (ran.state, ran.changed)
    assert 1 == count("features", "version = 2")


def test_a_renewal_that_fails_keeps_the_shape(office: Office) -> None:
    """What was known stays until something better is."""
    office.name(["WAZ001"])
    feed = add_feed("nws_alerts", office.url)
    poll(feed)
    before = shapes()
    office.otherwise = 500
    let_pass(RENEWED_AFTER)

    assert "unchanged" == poll(feed).state
    office.name(["WAZ001"], ["WAZ001"])
    assert "succeeded" == poll(feed).state
    assert {"a0": before["a0"], "a1": before["a0"]} == shapes()


def test_a_run_asks_no_longer_than_its_share_of_time(office: Office) -> None:
    """A slow service delays the alerts by half a minute at most."""
    office.name(["WAZ001", "WAZ002", "WAZ003"])
    feed = add_feed("nws_alerts", office.url)
    poll(feed)
    with transaction() as tx:
        tx.execute(text("DELETE FROM zones"))
    asked, seconds = len(office.asked), iter((0.0, 1.0, 29.9, 30.0))
    settings = get_settings().model_copy(update={"feeds_allowed_private_hosts": frozenset({"localhost"})})
    has_news = zones.fetch_zones(
        zones.zoned(connector("nws_alerts")),
        [payload(orjson.dumps({"features": office.alerts}))],
        source("nws_alerts", office.url),
        Fetcher.from_settings(settings),
        lambda: None,
        lambda: next(seconds),
    )

    assert (True, 2) == (has_news, len(office.asked) - asked)


def test_a_reprocess_draws_what_is_kept_and_asks_for_nothing(office: Office) -> None:
    """The archive and the zones are enough."""
    office.name(["WAZ001"])
    feed = add_feed("nws_alerts", office.url)
    poll(feed)
    with transaction() as tx:
        tx.execute(text("UPDATE features SET geometry = NULL, content_hash = ''"))
    now = utcnow()
    message = ReprocessFeed(
        feed_id=str(feed),
        since=(now - timedelta(hours=1)).isoformat(),
        until=(now + timedelta(hours=1)).isoformat(),
        dry_run=False,
        reason="test",
    )
    with running_job(message) as job:
        reprocess(message, job)

    assert ("Polygon", 1) == (shapes()["a0"]["type"], len(office.asked))
