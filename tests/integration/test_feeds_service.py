"""Feeds as admins, the scheduler and the API see them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.exc import OperationalError

from shared.clock import new_id, utcnow
from shared.db import transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.features.lists import FeatureFilter, list_features
from shared.features.queries import get_feature
from shared.feeds import queries, removal, service
from shared.feeds.judging import judge_all
from shared.feeds.models import Feed
from shared.feeds.runs import lock_feed
from shared.geo import Box
from shared.messages import JudgeFeeds
from shared.observations import queries as observations
from shared.observations.queries import ThingFilter, list_observations, list_things, list_vehicles
from tasks.feeds.connector import Malformed, Payload, Record, Rejected, Source
from tests.integration.test_feeds_store import EVERYTHING, NOON, bus, request, station, status
from tests.support.feed_runs import (
    CITY,
    GIVEN,
    Given,
    Site,
    add_given,
    count,
    events,
    feed_row,
    run_given,
    snapshot,
)
from tests.support.jobs import drain, run_job


def enqueue(now: datetime) -> int:
    """Let the scheduler pass once."""
    with transaction() as tx:
        return service.enqueue_due(tx, now)


def due_at(feed_id: UUID, moment: datetime) -> None:
    """Set when a feed is due."""
    with transaction() as tx:
        tx.execute(update(Feed).where(Feed.id == feed_id).values(next_run_at=moment))


def test_a_new_feed_is_due_at_once_and_each_slot_fires_once(db: Engine) -> None:
    """Two passes of the scheduler, or two schedulers, make one job."""
    feed, now = add_given(), utcnow()
    planned = feed_row(feed).next_run_at

    assert [1, 0] == [enqueue(now), enqueue(now)]
    assert 1 == count("jobs", "cron_slot LIKE :slot", slot=f"feeds.run/{feed}@%")
    following = feed_row(feed).next_run_at
    assert planned + timedelta(seconds=30) <= following <= planned + timedelta(seconds=90)
    enqueue(following)
    assert following + timedelta(seconds=60) == feed_row(feed).next_run_at


def test_a_run_that_still_works_takes_its_next_slot_too(db: Engine) -> None:
    """At most one run of a feed waits or works."""
    feed, now = add_given(), utcnow()
    enqueue(now)

    due_at(feed, now)

    assert 0 == enqueue(now + timedelta(seconds=60))
    assert 1 == count("jobs")


def test_a_paused_feed_is_never_due(db: Engine) -> None:
    """It waits for an admin."""
    add_given(paused=True)

    assert 0 == enqueue(utcnow())


def test_outside_its_hours_a_feed_is_not_due(db: Engine) -> None:
    """By its city's clock; somebody who asks for a run gets one."""
    night = datetime(2026, 7, 1, 1, tzinfo=UTC)
    feed = add_given(options={"hours": "03:00-06:30"}, timezone="Europe/London")
    due_at(feed, night)

    assert 0 == enqueue(night)
    opening = feed_row(feed).next_run_at
    assert night + timedelta(hours=1) <= opening < night + timedelta(hours=1, seconds=60)
    assert 1 == enqueue(opening)
    with transaction() as tx:
        service.run_now(tx, feed, "asked for")


@pytest.mark.parametrize("told", ["", [], "Mars/Olympus", "Europe"])
def test_a_zone_that_is_none_stops_no_feed(db: Engine, told: Any) -> None:
    """Empty it is as good as not given, and others may be stored from before they were judged: the city's holds."""
    night = datetime(2026, 7, 1, 1, tzinfo=UTC)
    feed = add_given(timezone="Europe/London")
    with transaction() as tx:
        options = {"hours": "03:00-06:30", "timezone": told}
        tx.execute(update(Feed).where(Feed.id == feed).values(options=options))
    due_at(feed, night)

    assert 0 == enqueue(night)
    assert night + timedelta(hours=1) <= feed_row(feed).next_run_at < night + timedelta(hours=1, seconds=60)


def test_a_change_of_the_url_forgets_what_the_old_one_said(db: Engine) -> None:
    """Validators and cursor belong to a URL; neither a new name changes them nor how long what was sent is kept."""
    feed = add_given()
    run_given(feed, Given([request(1)]))
    with transaction() as tx:
        service.update_feed(
            tx, feed, {"name": "Another name", "options": {"keep_days": 2, "hours": "01:00-02:00"}}, utcnow()
        )
    assert 1 == count("feed_resources")

    with transaction() as tx:
        service.update_feed(tx, feed, {"url": "https://elsewhere.example/"}, utcnow())

    assert 0 == count("feed_resources")
    assert ({}, None) == (feed_row(feed).cursor, feed_row(feed).parser_version)


class Meddling(Given):
    """A connector during whose run an admin changes the feed."""

    def __init__(self, feed: UUID, last: Exception | None = None, **changes: Any) -> None:
        super().__init__([request(1), *([last] if last else [])])
        self.feed, self.changes = feed, changes

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Change the feed, then yield records of what it was."""
        with transaction() as tx:
            service.update_feed(tx, self.feed, self.changes, utcnow())
        yield from super().parse(payloads, source)


@pytest.mark.parametrize("last", [None, Malformed("given: not JSON")])
def test_a_feed_that_is_changed_while_it_runs_is_read_anew_at_once(
    db: Engine, last: Exception | None
) -> None:
    """The run that ends knows only what the feed was: nothing of it stands for what the feed is now."""
    feed = add_given()

    run_given(feed, Meddling(feed, last, options={"bbox": [0, 0, 1, 1]}))

    row = feed_row(feed)
    assert ({}, None, 0, 0) == (
        row.cursor,
        row.parser_version,
        row.failures_in_a_row,
        count("feed_resources"),
    )
    assert 1 == enqueue(utcnow())


def test_another_name_while_a_feed_runs_changes_nothing_of_its_run(db: Engine) -> None:
    """What was fetched is still what the feed gives."""
    feed = add_given()

    run_given(feed, Meddling(feed, name="Another name"))

    assert ({"run": 1}, 1, 1) == (
        feed_row(feed).cursor,
        feed_row(feed).parser_version,
        count("feed_resources"),
    )


def test_a_feed_that_is_changed_is_judged_by_nothing_it_was(db: Engine) -> None:
    """Times that were read from the wrong column, and faults of a wrong URL, are over."""
    feed = add_given()
    run_given(feed, Given([request(1, observed_at=NOON)]))
    run_given(feed, Given(Malformed("given: not JSON")))

    with transaction() as tx:
        changed = service.update_feed(tx, feed, {"options": {"bbox": [0, 0, 1, 1]}}, utcnow())

    assert (None, 0) == (changed.newest_at, changed.failures_in_a_row)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("url", {"url": "file:///etc/passwd"}),
        ("url", {"url": "https://feeds example/"}),
        ("url", {"url": "https://feeds.example/a list"}),
        ("url", {"url": "https://feeds.example/a\nb"}),
        ("url", {"url": "https://[::1/"}),
        ("url", {"url": "https://feeds.example:99999/"}),
        ("url", {"url": f"https://{'a' * 64}.example/"}),
        ("interval_seconds", {"interval_seconds": 1}),
        ("kind", {"kind": "../x"}),
        ("freshness", {"freshness": "fresh"}),
        ("url", {"url": "https://user:word@feeds.example/"}),
        ("url", {"url": "https://feeds.example/?f=json&API_key=abc"}),
        ("options.timezone", {"options": {"timezone": 7}}),
        ("options.bbox", {"options": {"bbox": "london"}}),
        ("options.bbox", {"options": {"bbox": [51.3, -0.5, 51.7]}}),
        ("options.bbox", {"options": {"bbox": [-0.5, "51.3", 0.3, 51.7]}}),
        ("options.bbox", {"options": {"bbox": [-0.5, 51.7, 0.3, 51.3]}}),
        ("options.bbox", {"options": {"bbox": [-0.5, 51.3, 0.3, 97]}}),
        ("options.credential_header", {"options": {"credential_header": "X-Key: a\r\nX-Other"}}),
        ("options.credential_query", {"options": {"credential_query": ["key"]}}),
        ("options.credential", {"options": {"credential": 7}}),
        ("options.max_pages", {"options": {"max_pages": "many"}}),
        ("options.page_size", {"options": {"page_size": -1}}),
        ("options.keep_days", {"options": {"keep_days": 91}}),
        ("options.hours", {"options": {"hours": "at night"}}),
        ("options.keep_days", {"options": {"keep_days": "2"}}),
        ("options.feature_kind", {"kind": "socrata", "options": {"feature_kind": "pothole"}}),
        ("options.kind", {"kind": "mapping", "options": {"kind": "place", "fields": {"external_id": "id"}}}),
        ("options.fields", {"kind": "mapping"}),
        ("options.rows", {"kind": "mapping", "options": {"rows": "a(", "fields": {"external_id": "id"}}}),
    ],
)
def test_values_that_break_a_rule_are_refused_by_field(
    db: Engine, field: str, changes: Mapping[str, Any]
) -> None:
    """The answer names the field."""
    feed = add_given()

    with transaction() as tx, pytest.raises(Invalid) as refused:
        service.update_feed(tx, feed, changes, utcnow())

    assert [field] == [problem.field for problem in refused.value.problems]


def test_a_slug_is_taken_once_a_city(db: Engine) -> None:
    """The second feed of a name is a conflict."""
    add_given(name="Bikes")

    with pytest.raises(Conflict, match="bikes"):
        add_given(name="Bikes")


def test_a_deleted_feed_takes_all_it_gave(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, observations and runs, step by step; until then it is paused, and its name is free."""
    monkeypatch.setattr("shared.feeds.removal._PARTS", [(*part[:2], 1) for part in removal._PARTS])
    feed = add_given()
    run_given(feed, Given(EVERYTHING))

    with transaction() as tx:
        removal.request_delete(tx, feed)
    assert feed_row(feed).paused
    for ask in (
        lambda tx: service.update_feed(tx, feed, {"paused": False}, utcnow()),
        lambda tx: service.run_now(tx, feed, "x"),
        lambda tx: service.request_reprocess(tx, feed, utcnow(), utcnow(), dry_run=True, reason="x"),
    ):
        with transaction() as tx, pytest.raises(Conflict, match="being removed"):
            ask(tx)
    other = add_given()
    assert [("feeds.delete", "succeeded")] == drain({"feeds.delete"})

    tables = ("features", "things", "datastreams", "observations", "vehicles", "trip_updates", "feed_runs")
    assert [0] * 7 == [count(table) for table in tables]
    assert {(other,)} == snapshot("feeds", "id")
    assert [{"feed_id": str(feed), "city": "testville"}] == events("FeedRemoved")


@pytest.mark.parametrize("remove", [removal.remove_part, removal.remove_feed])
def test_nothing_is_removed_while_a_step_of_a_run_stores(db: Engine, remove: Callable[..., Any]) -> None:
    """What the step writes stands on rows that it has just read."""
    feed = add_given()

    with transaction() as storing:
        lock_feed(storing, feed)
        with pytest.raises(OperationalError, match="lock timeout"), transaction() as tx:
            tx.execute(text("SET LOCAL lock_timeout = '50ms'"))
            remove(tx, feed)


def test_asked_for_twice_a_run_is_one_job(db: Engine) -> None:
    """The job that waits stands for both."""
    feed = add_given()

    with transaction() as tx:
        first, second = (service.run_now(tx, feed, "asked for") for _ in range(2))

    assert (first.id, True, False) == (second.id, first.created, second.created)


def test_a_reprocess_wants_a_range_and_a_reason_and_is_alone(db: Engine) -> None:
    """Each rule names its field; a second one while the first waits is a conflict."""
    feed, now = add_given(), utcnow()
    with transaction() as tx:
        with pytest.raises(Invalid) as refused:
            service.request_reprocess(tx, feed, now, now, dry_run=True, reason=" ")
        service.request_reprocess(tx, feed, NOON, now, dry_run=True, reason="a zone was wrong")

        with pytest.raises(Conflict):
            service.request_reprocess(tx, feed, NOON, now, dry_run=True, reason="again")

    assert ["to", "reason"] == [problem.field for problem in refused.value.problems]


def test_unknown_feeds_are_not_found(db: Engine) -> None:
    """Everything that takes an id says so."""
    with transaction() as tx:
        for ask in (removal.request_delete, lambda tx, id_: service.run_now(tx, id_, "x")):
            with pytest.raises(NotFound):
                ask(tx, new_id())


def test_a_feed_is_listed_with_its_last_run_and_counts(db: Engine) -> None:
    """What an admin sees first."""
    feed = add_given(attribution="City of Testville")
    run_given(feed, Given([*EVERYTHING, Rejected(record="given#x", reason="bad_time", detail="when?")]))

    with transaction() as tx:
        (listed,) = queries.list_feeds(tx, CITY, utcnow())
        runs = queries.list_runs(tx, feed, 10, None)
        rejects = queries.list_rejects(tx, feed, None, 10)

    assert {"features": 5, "things": 5, "vehicles": 5} == listed["counts"]
    assert ("succeeded", {"bad_time": 1}) == (listed["last_run"]["state"], listed["last_run"]["rejected"])
    assert [64] == [len(run["sha256"]) for run in runs.items]
    assert [("bad_time", "when?", "given#x")] == [(r["reason"], r["detail"], r["record"]) for r in rejects]


def test_runs_are_paged_newest_first(db: Engine) -> None:
    """The cursor goes on where the page ended."""
    feed, site = add_given(), Site({GIVEN: b"same"})
    for _ in range(3):
        run_given(feed, Given([request(1)]), site=site)

    with transaction() as tx:
        first = queries.list_runs(tx, feed, 2, None)
        second = queries.list_runs(tx, feed, 2, first.next)

    assert ["unchanged", "unchanged", "succeeded"] == [run["state"] for run in (*first.items, *second.items)]
    assert second.next is None


def features(**chosen: Any) -> list[str]:
    """List features and return their ids by the publisher."""
    with transaction() as tx:
        page = list_features(tx, FeatureFilter(CITY, **chosen), 50, None, utcnow())
    return sorted(item["external_id"] for item in page.items)


def test_features_are_found_by_place_kind_words_and_status(db: Engine) -> None:
    """Each filter narrows."""
    run_given(
        add_given(),
        Given(
            [
                request(1),
                request(2, kind="alert", title="Flood at 100%"),
                request(3, status="closed", description="The lamp is out"),
                request(4, geometry={"type": "Point", "coordinates": [179.9, -17]}),
            ]
        ),
    )

    assert ["r1", "r2", "r3", "r4"] == features()
    assert ["r2"] == features(kinds=["alert"])
    assert ["r2"] == features(q="100%")
    assert [] == features(q="100_")
    assert ["r3"] == features(q="LAMP")
    assert ["r3"] == features(status="Closed")
    assert ["r1", "r2", "r3"] == features(bbox=Box(-0.2, 51.4, 0.0, 51.6))
    assert ["r4"] == features(bbox=Box(179, -20, -179, -10))


def test_features_are_paged_without_gaps_or_repeats(db: Engine) -> None:
    """Rows of one run share their moment; the id decides."""
    run_given(add_given(), Given([request(n) for n in range(7)]))
    seen: list[str] = []
    cursor: str | None = None
    with transaction() as tx:
        for _ in range(4):
            page = list_features(tx, FeatureFilter(CITY), 2, cursor, utcnow())
            seen += [item["external_id"] for item in page.items]
            cursor = page.next

    assert (7, 7, None) == (len(seen), len(set(seen)), cursor)


def test_a_strange_cursor_is_refused(db: Engine) -> None:
    """It is none of ours."""
    with transaction() as tx:
        for cursor in ("x", "////", "MjAyNi0xMS0yMnxub3QtYW4taWQ"):
            with pytest.raises(Invalid):
                list_features(tx, FeatureFilter(CITY), 2, cursor, utcnow())


def test_what_was_withdrawn_is_told_to_those_who_ask_for_changes(db: Engine) -> None:
    """A list does not show it, `since` does."""
    feed, before = add_given(), utcnow()
    run_given(feed, Given([request(1), request(2, withdrawn=True)]))

    assert ["r1"] == features()
    assert ["r1", "r2"] == features(since=before)


def test_a_feature_says_where_it_comes_from_when_and_what_it_was(db: Engine) -> None:
    """Source, times, freshness and versions stand on every item."""
    feed = add_given(attribution="City", license="ODbL")
    run_given(feed, Given([request(1)]))
    run_given(feed, Given([request(1, status="closed")]))
    ((feature_id,),) = snapshot("features", "id")

    with transaction() as tx:
        item = get_feature(tx, feature_id, utcnow())

    assert ("City", "ODbL", False) == tuple(
        item["source"][name] for name in ("attribution", "license", "simulated")
    )
    assert NOON.isoformat().replace("+00:00", "Z") == item["times"]["observed_at"]
    assert "fresh" == item["freshness"]
    assert [(2, ["open", "closed"])] == [(v["version"], v["changes"]["status"]) for v in item["versions"]]


def test_things_carry_their_latest_results(db: Engine) -> None:
    """A station of forty days ago is dead, and says so."""
    run_given(add_given(), Given([station(1), status(1, 5, properties={"is_renting": True}), station(2)]))

    with transaction() as tx:
        observed = list_things(
            tx, ThingFilter(CITY, observed_property="bikes_available"), 50, None, utcnow()
        ).items

    (thing,) = observed
    assert [("bikes_available", 5.0, "1")] == [
        (stream["observed_property"], stream["result"], stream["unit"]) for stream in thing["datastreams"]
    ]
    assert ("dead", True) == (thing["freshness"], thing["properties"]["is_renting"])


def test_observations_are_given_raw_or_in_buckets(db: Engine) -> None:
    """Oldest first; a bucket tells least, most, mean and how many."""
    times = [NOON + timedelta(minutes=n) for n in (0, 2, 7)]
    run_given(add_given(), Given([station(1), *(status(1, n, at) for n, at in enumerate(times))]))
    ((stream,),) = snapshot("datastreams", "id")
    with transaction() as tx:
        raw = list_observations(tx, stream, NOON, NOON + timedelta(hours=1), None, utcnow())
        binned = list_observations(tx, stream, NOON, NOON + timedelta(hours=1), "5m", utcnow())
        with pytest.raises(Invalid):
            list_observations(tx, stream, None, None, "7m", utcnow())

    assert [0, 1, 2] == [item["result"] for item in raw["items"]]
    assert [(0, 1, 0.5, 2), (2, 2, 2, 1)] == [
        (item["min"], item["max"], item["mean"], item["count"]) for item in binned["items"]
    ]


def test_vehicles_that_the_publisher_lists_no_more_are_not_shown(db: Engine) -> None:
    """A rented bicycle is not to be had."""
    feed = add_given()
    run_given(feed, Given([bus(1), bus(2)], replaces=("vehicles",)))
    run_given(feed, Given([bus(1)], replaces=("vehicles",)))

    with transaction() as tx:
        shown, _ = list_vehicles(tx, CITY, None, ["bus"], utcnow())

    assert ["b1"] == [vehicle["external_id"] for vehicle in shown]


def test_more_vehicles_than_a_page_holds_are_on_the_next(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is left out, also where some have no position."""
    monkeypatch.setattr(observations, "MOST_VEHICLES", 2)
    run_given(add_given(), Given([*map(bus, range(5)), replace(bus(5), lon=None, lat=None)]))

    pages: list[list[str]] = []
    after: UUID | None = None
    with transaction() as tx:
        while not pages or after:
            shown, after = list_vehicles(tx, CITY, None, (), utcnow(), after)
            pages.append([vehicle["external_id"] for vehicle in shown])

    assert [2, 2, 1] == list(map(len, pages))
    assert {f"b{number}" for number in range(5)} == set(chain.from_iterable(pages))


def test_a_feed_that_falls_silent_is_judged_and_told_once(db: Engine) -> None:
    """No run tells that there was none; the clock does."""
    feed = add_given()
    run_given(feed, Given([bus(1, observed_at=utcnow())]))
    assert "fresh" == feed_row(feed).freshness

    with transaction() as tx:
        changed = [judge_all(tx, utcnow() + timedelta(minutes=minutes)) for minutes in (4, 4)]

    assert [1, 0] == changed
    assert ["fresh", "late"] == [event["freshness"] for event in events("FreshnessChanged")]


def test_judging_closes_the_rows_of_silent_workers(db: Engine) -> None:
    """A run of a worker that was killed does not look alive until the next one."""
    feed = add_given()
    with transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO feed_runs (id, feed_id, job_id, state, started_at)"
                " VALUES (:id, :feed, :job, 'running', now() - interval '1 minute')"
            ),
            {"id": new_id(), "feed": feed, "job": new_id()},
        )

    assert "succeeded" == run_job(JudgeFeeds())

    assert 1 == count("feed_runs", "state = 'failed'")
