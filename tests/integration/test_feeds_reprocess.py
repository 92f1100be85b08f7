"""Reading archived payloads again: what a dry run tells, what applying it does, and that it does it once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from shared.db import transaction
from shared.feeds.archive import Archive
from shared.jobs.lease import Cancelled
from shared.messages import ReprocessFeed
from tasks.feeds.connector import Feature, Malformed, Record, Rejected
from tasks.feeds.reprocess import reprocess
from tasks.feeds.reprocess_diff import SAMPLES
from tests.integration.test_feeds_store import NOON, bus, request, station, status
from tests.support.feed_runs import (
    GIVEN,
    ByPayload,
    Site,
    add_given,
    count,
    events,
    feed_row,
    newest_run,
    reprocess_feed,
    row_versions,
    run_given,
    snapshot,
)
from tests.support.jobs import running_job

STORED = ("features", "feature_versions", "things", "datastreams", "observations", "vehicles", "trip_updates")
ALL = ("features", "vehicles", "things")

MONDAY: Sequence[Record] = [request(1), request(2), request(3), bus(1), station(1), status(1, 5)]
TUESDAY: Sequence[Record] = [
    request(1, status="closed"),
    request(3),
    bus(1, observed_at=NOON + timedelta(hours=1)),
]


def old_parser(**values: object) -> ByPayload:
    """What parsed the payloads when they came."""
    return ByPayload({b"monday": MONDAY, b"tuesday": TUESDAY}, replaces=ALL, **values)


def upper(record: Record) -> Record:
    """Read a title as the new parser does."""
    return replace(record, title=record.title.upper()) if isinstance(record, Feature) else record


def new_parser() -> ByPayload:
    """A parser that reads titles in capitals, finds one record more, and refuses one."""
    refused = Rejected(record="given#2", reason="test_message", external_id="r3")
    monday = [upper(r) if r is not MONDAY[2] else refused for r in MONDAY]
    tuesday = [upper(r) if r is not TUESDAY[1] else refused for r in TUESDAY]
    return ByPayload({b"monday": monday, b"tuesday": [*tuesday, request(9)]}, replaces=ALL, parser_version=2)


@pytest.fixture
def feed(db: Engine) -> UUID:
    """A feed with two runs in its archive."""
    feed_id = add_given()
    for page in (b"monday", b"tuesday"):
        run_given(feed_id, old_parser(), site=Site({GIVEN: page}))
    return feed_id


def told() -> int:
    """Count the events that told of changes."""
    return sum(len(events(name)) for name in ("FeaturesChanged", "VehiclesMoved", "ObservationsAdded"))


def test_a_dry_run_tells_the_difference_and_writes_nothing(feed: UUID) -> None:
    """Counts by noun, and samples with each field, old and new."""
    before, events_before = row_versions(*STORED, "feeds"), told()

    ran = reprocess_feed(feed, new_parser())

    assert ("succeeded", True) == (ran.state, ran.dry_run)
    difference = ran.difference
    assert (2, 2, []) == (difference["runs"], difference["read"], difference["unread"])
    assert {"new": 1, "changed": 2, "same": 1, "removed": 1} == difference["features"]
    assert {"test_message": 2} == difference["rejected"]
    changed = {sample["external_id"]: sample["fields"] for sample in difference["samples"]["changed"]}
    assert ["Pothole 1", "POTHOLE 1"] == changed["r1"]["title"]
    assert ["r9"] == [sample["external_id"] for sample in difference["samples"]["new"]]
    assert ["r3"] == [sample["external_id"] for sample in difference["samples"]["removed"]]
    assert (before, events_before) == (row_versions(*STORED, "feeds"), told())


def test_applying_does_what_the_dry_run_told(feed: UUID) -> None:
    """The two agree number by number."""
    dry = reprocess_feed(feed, new_parser())

    ran = reprocess_feed(feed, new_parser(), dry_run=False)

    for noun in ("features", "vehicles", "things", "observations"):
        expected = {name: n for name, n in dry.difference.get(noun, {}).items() if n}
        assert expected == {name: n for name, n in ran.difference[noun].items() if n}, noun
    assert dry.difference["samples"] == ran.difference["samples"]
    assert {("r1", "POTHOLE 1"), ("r2", "POTHOLE 2"), ("r3", "Pothole 3"), ("r9", "Pothole 9")} == snapshot(
        "features", "external_id, title"
    )
    assert {("r3",)} == snapshot("features WHERE withdrawn_at IS NOT NULL", "external_id")


def test_applying_tells_the_first_of_each_noun_and_no_more(feed: UUID) -> None:
    """What is new, changed and removed, step by step, in bounds."""
    many = [request(n, title="MANY") for n in range(100, 100 + 2 * SAMPLES)]
    monday = [
        *(upper(record) for record in MONDAY[:2]),
        bus(1, label="N1"),
        station(1, name="New name"),
        *many,
    ]
    parser = ByPayload({b"monday": monday, b"tuesday": monday}, replaces=("features",), parser_version=2)

    samples = reprocess_feed(feed, parser, dry_run=False).difference["samples"]

    assert SAMPLES == len(samples["new"])
    assert {"noun": "features", "external_id": "r100", "kind": "service_request"} == samples["new"][0]
    changed = {(sample["noun"], sample["external_id"]): sample["fields"] for sample in samples["changed"]}
    assert ["Pothole 2", "POTHOLE 2"] == changed["features", "r2"]["title"]
    assert {("features", "r1"), ("features", "r2"), ("things", "s1"), ("vehicles", "b1")} == changed.keys()
    assert [{"noun": "features", "external_id": "r3"}] == samples["removed"]


def test_what_is_only_hashed_otherwise_is_no_difference(feed: UUID) -> None:
    """Neither a dry run after a release nor applying it tells of rows whose content is the same."""
    with transaction() as tx:
        tx.execute(text("UPDATE features SET content_hash = 'other'"))
    versions = count("feature_versions")

    dry = reprocess_feed(feed, old_parser())
    ran = reprocess_feed(feed, old_parser(), dry_run=False)

    assert dry.difference["features"] == {n: of for n, of in ran.difference["features"].items() if of}
    assert {"same": 5} == dry.difference["features"]
    assert versions == count("feature_versions")


def test_applying_twice_changes_nothing_and_tells_nothing(feed: UUID) -> None:
    """A repeated job is harmless."""
    reprocess_feed(feed, new_parser(), dry_run=False)
    before, events_before = row_versions(*STORED), told()

    ran = reprocess_feed(feed, new_parser(), dry_run=False)

    assert (0, 0, 0) == (ran.new, ran.changed, ran.vanished)
    assert (before, events_before) == (row_versions(*STORED), told())


def test_what_a_later_run_stored_is_not_set_back(feed: UUID) -> None:
    """The request that was closed on Tuesday stays closed after Monday is read again."""
    reprocess_feed(feed, old_parser(parser_version=2), dry_run=False)

    assert ("r1", "closed") in snapshot("features", "external_id, status")
    assert {(NOON + timedelta(hours=1),)} == snapshot("vehicles", "observed_at")


def test_what_was_missing_stays_missing(feed: UUID) -> None:
    """Monday's list says nothing of what is listed today."""
    assert 1 == count("features", "external_id = 'r2' AND missing_since IS NOT NULL")

    reprocess_feed(feed, new_parser(), dry_run=False)

    assert 1 == count("features", "external_id = 'r2' AND missing_since IS NOT NULL AND title = 'POTHOLE 2'")


def test_what_an_old_payload_gives_anew_is_not_shown_as_listed(feed: UUID) -> None:
    """A bus that the old parser overlooked on Monday is not on the road today."""
    found = old_parser()
    found.pages = {b"monday": [*MONDAY, bus(7)], b"tuesday": TUESDAY}

    reprocess_feed(feed, found, dry_run=False)

    assert 1 == count("vehicles", "external_id = 'b7' AND missing_since IS NOT NULL")


def test_a_payload_that_never_parsed_can_be_read_by_a_better_parser(db: Engine) -> None:
    """That is why it is kept."""
    feed = add_given()
    run_given(feed, ByPayload({b"monday": Malformed("no")}), site=Site({GIVEN: b"monday"}))

    ran = reprocess_feed(feed, ByPayload({b"monday": MONDAY}, parser_version=2), dry_run=False)

    assert 6 == ran.new
    assert 3 == feed_row(feed).totals.get("features", count("features"))


def test_a_run_that_cannot_be_read_is_told_and_the_others_go_on(feed: UUID) -> None:
    """One broken payload, or one that retention took, is no reason to stop."""
    found = new_parser()
    found.pages = {**found.pages, b"monday": Malformed("cut off at byte 9")}

    ran = reprocess_feed(feed, found, dry_run=False)

    assert (2, 1) == (ran.difference["runs"], ran.difference["read"])
    assert ["cut off at byte 9"] == [unread["error"] for unread in ran.difference["unread"]]


def test_a_payload_that_retention_took_is_told(feed: UUID) -> None:
    """What is gone cannot be read again, and that is said."""
    with transaction() as tx:
        for sha256 in tx.execute(text("SELECT sha256 FROM payloads")).scalars():
            Archive().drop(sha256)

    ran = reprocess_feed(feed, new_parser())

    assert 0 == ran.difference["read"]
    assert "no longer in the archive" in ran.difference["unread"][0]["error"]


def test_an_empty_range_is_reprocessed_to_nothing(feed: UUID) -> None:
    """No run, no difference, no error."""
    ran = reprocess_feed(feed, new_parser(), hours=-0.5)

    assert ("succeeded", 0) == (ran.state, ran.difference["runs"])


def test_a_cancel_stops_between_two_steps(feed: UUID) -> None:
    """What was stored stays; the next reprocess goes on from there."""
    message = ReprocessFeed(
        feed_id=str(feed), since="2020-01-01T00:00:00Z", until="2100-01-01T00:00:00Z", dry_run=False
    )
    with running_job(message) as job:
        with transaction() as tx:
            tx.execute(text("UPDATE jobs SET cancel_requested = true WHERE id = :id"), {"id": job.id})

        with pytest.raises(Cancelled):
            reprocess(message, job, find=lambda _: new_parser())

    assert ("failed", "cancelled") == (newest_run(feed).state, newest_run(feed).error)
    assert ("r1", "Pothole 1") in snapshot("features", "external_id, title")


def test_an_applied_reprocess_of_the_present_spares_the_next_run_from_reading_again(feed: UUID) -> None:
    """A newer parser reads an unchanged payload once."""
    found = new_parser()
    reprocess_feed(feed, found, dry_run=False)

    ran = run_given(feed, found, site=Site({GIVEN: b"tuesday"}))

    assert "unchanged" == ran.state


def test_a_newer_parser_reads_an_unchanged_payload_again(feed: UUID) -> None:
    """Without a reprocess the next run brings what is stored up to date."""
    ran = run_given(feed, new_parser(), site=Site({GIVEN: b"tuesday"}))

    assert ("succeeded", 1, 1) == (ran.state, ran.changed, ran.new)
