"""Fetching for a run: conditional, within the publisher's ttl, archived, newest wins."""

from collections.abc import Callable
from datetime import timedelta
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared.clock import new_id, utcnow
from shared.db import transaction
from shared.errors import Permanent
from shared.feeds.archive import Archive
from shared.feeds.runs import Opened, open_run
from shared.settings import get_settings
from tasks.feeds.connector import Plan, Request, Source
from tasks.feeds.fetching.http import Fetched
from tasks.feeds.fetching.visit import secret_named
from tasks.feeds.fetching.visitor import Visitor
from tests.integration.test_feeds_store import request
from tests.support.feed_runs import (
    GIVEN,
    Given,
    Site,
    add_given,
    count,
    feed_row,
    newest_run,
    run_given,
    snapshot,
)

OTHER = "https://given.example/other"


class Asking(Given):
    """A connector that makes the requests a test gives it."""

    def __init__(self, *requests: Request) -> None:
        super().__init__([request(1)])
        self.requests = requests

    def plan(self, source: Source) -> Plan:
        """Make the requests in their order."""
        for asked in self.requests:  # noqa: UP028 - a plan is sent answers, which `yield from` would pass on
            yield asked
        return {}


def asking(**values: Any) -> Asking:
    """Ask for one URL."""
    return Asking(Request(name="given", url=GIVEN, **values))


def test_the_second_poll_sends_what_the_first_was_told(db: Engine) -> None:
    """A matching ETag is answered with 304, and the archived payload stands for it."""
    feed, site = add_given(), Site({GIVEN: b"page"})
    run_given(feed, asking(), site=site)

    ran = run_given(feed, asking(), site=site)

    assert [None, site.asked[1].etag] == [site.asked[0].etag, site.asked[1].etag]
    assert site.asked[1].etag
    assert ("unchanged", 304, 0) == (ran.state, ran.http_status, ran.bytes)


def test_the_same_bytes_without_validators_are_unchanged_too(db: Engine) -> None:
    """A publisher without ETag is told apart by content."""
    feed, site = add_given(), Site({GIVEN: b"page"}, conditional=False)
    run_given(feed, asking(), site=site)

    ran = run_given(feed, asking(), site=site)

    assert ("unchanged", 200) == (ran.state, ran.http_status)


def test_within_the_ttl_the_publisher_is_not_asked(db: Engine) -> None:
    """What is young enough is taken from the archive."""
    feed, site = add_given(), Site({GIVEN: b"page"})
    run_given(feed, asking(max_age_seconds=60), site=site)

    ran = run_given(feed, asking(max_age_seconds=60), site=site)

    assert (1, "unchanged", None) == (len(site.asked), ran.state, ran.http_status)


def test_past_the_ttl_the_publisher_is_asked_again(db: Engine) -> None:
    """A payload that is about to expire counts as expired."""
    feed, site = add_given(), Site({GIVEN: b"page"})
    run_given(feed, asking(max_age_seconds=60), site=site)
    with transaction() as tx:
        tx.execute(text("UPDATE feed_resources SET fetched_at = fetched_at - interval '56 seconds'"))

    run_given(feed, asking(max_age_seconds=60), site=site)

    assert 2 == len(site.asked)


def test_a_cache_max_age_is_obeyed_for_a_while(db: Engine) -> None:
    """Five minutes at most: a header for static pages must not freeze a feed."""
    feed, site = add_given(), Site({GIVEN: b"page"}, max_age_seconds=86_400)

    run_given(feed, asking(), site=site)

    ((fetched_at, until),) = snapshot("feed_resources", "fetched_at, fresh_until")
    assert timedelta(minutes=5) == until - fetched_at


def test_a_304_without_its_archived_payload_cannot_happen(db: Engine) -> None:
    """When retention took the bytes, the URL is asked without conditions."""
    feed, site = add_given(), Site({GIVEN: b"page"})
    run_given(feed, asking(), site=site)
    for (sha256,) in snapshot("payloads", "sha256"):
        Archive().drop(sha256)

    ran = run_given(feed, asking(), site=site)

    assert (None, 200) == (site.asked[1].etag, ran.http_status)
    assert all(Archive().holds(sha256) for (sha256,) in snapshot("payloads", "sha256"))


def test_an_older_copy_from_a_cache_is_not_taken(db: Engine) -> None:
    """Last-Modified went back: the newest wins."""
    feed = add_given()
    late, early = "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 11:00:00 GMT"
    run_given(feed, asking(), site=Site({GIVEN: b"new"}, last_modified=late))

    ran = run_given(feed, asking(), site=Site({GIVEN: b"old"}, last_modified=early))

    assert "unchanged" == ran.state
    assert {(late,)} == snapshot("feed_resources", "last_modified")


def test_what_a_publisher_took_back_is_taken_in_the_end(db: Engine) -> None:
    """Only caches serve what is older, and none for hours: a file that was restored would never be read."""
    feed = add_given()
    late, early = "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 11:00:00 GMT"
    restored = Site({GIVEN: b"old"}, last_modified=early)
    run_given(feed, asking(), site=Site({GIVEN: b"new"}, last_modified=late))
    with transaction() as tx:
        tx.execute(text("UPDATE feed_resources SET fetched_at = fetched_at - interval '59 minutes'"))
    run_given(feed, asking(), site=restored)
    with transaction() as tx:
        tx.execute(text("UPDATE feed_resources SET fetched_at = fetched_at - interval '1 minute'"))

    ran = run_given(feed, asking(), site=restored)

    assert "succeeded" == ran.state
    assert {(early,)} == snapshot("feed_resources", "last_modified")


def test_an_optional_file_that_is_not_there_is_no_failure(db: Engine) -> None:
    """It is answered with nothing."""
    feed, site = add_given(), Site({GIVEN: b"page"})
    plan = Asking(Request(name="given", url=GIVEN), Request(name="other", url=OTHER, optional=True))

    ran = run_given(feed, plan, site=site)

    assert "succeeded" == ran.state
    assert 1 == count("feed_run_payloads")


def test_a_page_more_or_less_is_a_change(db: Engine) -> None:
    """The same first page without its second is not the same list."""
    feed, site = add_given(), Site({GIVEN: b"page", OTHER: b"more"})
    run_given(feed, Asking(Request(name="1", url=GIVEN), Request(name="2", url=OTHER)), site=site)

    ran = run_given(feed, asking(), site=site)

    assert "succeeded" == ran.state
    assert {(GIVEN,)} == snapshot("feed_resources", "url")


def test_one_payload_is_kept_once_whoever_sent_it(db: Engine) -> None:
    """The archive is addressed by content."""
    one, two = add_given(name="one"), add_given(name="two")

    for feed in (one, two):
        run_given(feed, asking(), site=Site({GIVEN: b"same"}))

    assert (1, 2) == (count("payloads"), count("feed_run_payloads"))
    ((path,),) = snapshot("payloads", "path")
    ((sha256,),) = snapshot("payloads", "sha256")
    assert f"payloads/{sha256[:2]}/{sha256[2:4]}/{sha256}.zst" == path
    assert b"same" == Archive().open(sha256).read()


def test_a_missing_secret_is_named(db: Engine) -> None:
    """An admin reads which one to set; nothing was asked."""
    feed, site = add_given(), Site({GIVEN: b"page"})

    ran = run_given(feed, asking(secret_headers={"X-App-Token": "socrata_token"}), site=site)

    assert "failed" == ran.state
    assert "socrata_token" in (ran.error or "")
    assert [] == site.asked


def test_secrets_reach_the_request_and_nothing_that_is_stored(db: Engine) -> None:
    """The name is in the options, the value in the request only."""
    feed, site = add_given(), Site({GIVEN: b"page"})
    with transaction() as tx:
        opened = open_run(tx, feed, new_id(), utcnow())
    assert isinstance(opened, Opened)
    secret: Callable[[str], str] = lambda name: f"value of {name}"  # noqa: E731 - shorter than a function
    with Visitor(opened, site, Archive(), secret=secret) as visitor:
        visitor.run(
            asking(secret_headers={"X-Token": "a"}, secret_params={"key": "b"}),
            Source(str(feed), "testville", "given", GIVEN, "UTC"),
        )
        kept = visitor.kept()

    assert {"X-Token": "value of a"} == site.asked[0].secret_headers
    assert {"key": "value of b"} == site.asked[0].secret_params
    assert "value of" not in str(visitor.visit.resources) + str(kept)


def test_the_installation_without_secrets_refuses_by_name(db: Engine) -> None:
    """The sentence says where to add it."""
    with pytest.raises(Permanent, match="FEEDS_SECRETS"):
        secret_named("nothing")


def test_secrets_come_from_the_environment_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """FEEDS_SECRETS is JSON; its values are never shown."""
    monkeypatch.setenv("FEEDS_SECRETS", '{"openaq": "k-1"}')
    get_settings.cache_clear()

    assert "k-1" == secret_named("openaq")
    assert "k-1" not in repr(get_settings())


def test_any_feed_may_say_where_its_key_goes(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The options name header and secret; the connector knows of neither."""
    monkeypatch.setenv("FEEDS_SECRETS", '{"mine": "k-2"}')
    get_settings.cache_clear()
    site = Site({GIVEN: b"x"})
    feed = add_given(options={"credential": "mine", "credential_header": "X-Key"})

    run_given(feed, Given([]), site=site)

    assert {"X-Key": "k-2"} == site.asked[0].secret_headers


def test_a_publishers_ttl_slows_the_feed(db: Engine) -> None:
    """What need not be asked for ten minutes is not due before."""
    feed = add_given()

    run_given(feed, asking(max_age_seconds=600))

    assert 600 == feed_row(feed).ttl_seconds


def test_the_archive_keeps_nothing_half_written(tmp_path: Path, db: Engine) -> None:
    """A source that cannot be read leaves no file."""
    archive = Archive(tmp_path / "store")

    with pytest.raises(FileNotFoundError):
        archive.keep(tmp_path / "absent", "ab" * 32, 1)

    assert [] == [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_nothing_is_stored_of_what_cannot_be_kept(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive is full: the run fails before its first row, and says why."""

    def full(*args: Any) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(Archive, "keep", full)
    feed = add_given()

    with pytest.raises(OSError, match="No space"):
        run_given(feed, asking(), site=Site({GIVEN: b"page"}))

    ran = newest_run(feed)
    assert ("failed", "a fault of ours: OSError") == (ran.state, ran.error)
    assert (0, 0) == (count("features"), count("payloads"))


def test_a_payload_is_read_from_the_archive_once_it_is_there(db: Engine) -> None:
    """What was fetched is removed as soon as it is packed; reading it goes on."""
    feed = add_given()
    with transaction() as tx:
        opened = open_run(tx, feed, new_id(), utcnow())
    assert isinstance(opened, Opened)

    with Visitor(opened, Site({GIVEN: b"page"}), Archive()) as visitor:
        visitor.run(asking(), Source(str(feed), "testville", "given", GIVEN, "UTC"))
        (read,) = visitor.kept()
        Archive().drop(read.kept.sha256)

        with pytest.raises(FileNotFoundError):
            visitor.visit.payloads[0].read()


def test_a_fetched_answer_without_a_body_is_a_failure(db: Engine) -> None:
    """A 204 is no payload."""
    feed = add_given()

    class Empty(Site):
        """Answers without a body."""

        def get(self, slug: str, ask: Any, into: Path) -> Fetched:
            """Answer 204."""
            return Fetched(204, ask.url, utcnow(), 1)

    with pytest.raises(Exception, match="without a body"):
        run_given(feed, asking(), site=Empty())
