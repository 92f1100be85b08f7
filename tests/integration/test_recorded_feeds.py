"""Recorded polls of real publishers, served over HTTP and run as a worker runs them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import Engine, text
from werkzeug import Request, Response

from shared.db import transaction
from shared.feeds.models import FeedRun
from shared.feeds.runs import MOST_REJECTS
from shared.messages import RunFeed
from shared.settings import get_settings
from tasks.feeds.connector import Malformed
from tasks.feeds.connectors.gbfs import files
from tasks.feeds.fetching.http import Fetcher
from tasks.feeds.quality import all_set_aside
from tasks.feeds.registry import kinds
from tasks.feeds.run import run
from tests.support.feed_runs import add_feed, count, newest_run, row_versions, snapshot
from tests.support.feeds import (
    Recording,
    addresses,
    most_rows,
    parse,
    payload,
    recordings,
    source,
    workbooks,
)
from tests.support.jobs import running_job
from tests.support.recorded import RecordedTable

#: Kind of file in the manifest -> the connector that reads it.
CONNECTORS = {
    "gbfs": "gbfs",
    "gtfs-rt": "gtfs_realtime",
    "gtfs-static": "gtfs_static",
    "socrata-311": "socrata",
    "open311": "open311",
    "cap": "cap",
    "alerts-geojson": "nws_alerts",
    "air-quality": "air_quality",
    "weather": "weather",
    "arcgis": "arcgis",
    "ical": "icalendar",
    "feeds": "news",
    "events-json": "legistar",
    "neighbourhoods": "socrata",
}
STORED = ("features", "feature_versions", "things", "datastreams", "observations", "vehicles", "trip_updates")
NYC = {"timezone": "America/New_York"}


class Publisher:
    """A web server whose files change between polls; answers matching ETags with 304."""

    def __init__(self, server: HTTPServer) -> None:
        self._server = server
        self.pages: dict[str, bytes] = {}
        self.statuses: list[int] = []
        server.expect_request(re.compile("^/.*")).respond_with_handler(self._answer)

    def url(self, path: str) -> str:
        """Return the address of a page."""
        return self._server.url_for(path)

    def _answer(self, request: Request) -> Response:
        page = self.pages.get(request.path)
        if page is None:
            self.statuses.append(404)
            return Response(status=404)
        etag = f'"{hash(page):x}"'
        unchanged = request.headers.get("If-None-Match") == etag
        self.statuses.append(304 if unchanged else 200)
        return Response(status=304) if unchanged else Response(page, headers={"ETag": etag})


@pytest.fixture
def publisher(httpserver: HTTPServer, db: Engine) -> Iterator[Publisher]:
    """A publisher on loopback."""
    yield Publisher(httpserver)
    httpserver.check_assertions()


def poll(feed_id: UUID) -> FeedRun:
    """Run a feed over the network, as the scheduler asks for it."""
    message = RunFeed(feed_id=str(feed_id))
    settings = get_settings().model_copy(
        update={"feeds_allowed_private_hosts": frozenset({"localhost", "127.0.0.1"})}
    )
    with running_job(message) as job:
        run(message, job, get=Fetcher.from_settings(settings))
    return newest_run(feed_id)


def add(publisher: Publisher, kind: str, content: bytes, path: str = "/feed", **values: object) -> UUID:
    """Publish a file and add the feed that reads it."""
    publisher.pages[path] = content
    return add_feed(kind, publisher.url(path), **values)


def add_recording(publisher: Publisher, recording: Recording) -> UUID:
    """Publish a recorded file where its kind of feed is looked for."""
    path = "/requests" if recording.kind == "open311" else "/feed"
    return add(publisher, CONNECTORS[recording.kind], recording.path.read_bytes(), path, **NYC)


@pytest.fixture
def samples(test_data: Path) -> Path:
    """Our own samples, whose figures are known; recordings of other cities have others."""
    if not (test_data / "gtfs-rt" / "king-county-metro-1.pb").exists():
        pytest.skip("recordings of other cities")
    return test_data


def readable(*wanted: str) -> Sequence[Any]:
    """Return the recordings that there is a connector for; a discovery file alone leads to other hosts."""
    known = set(kinds())
    found = recordings(*(kind for kind in wanted if CONNECTORS[kind] in known))
    return [one for one in found if one.values[0] is None or not leads_elsewhere(one.values[0])]


def leads_elsewhere(recording: Recording) -> bool:
    """Tell whether a file is a discovery, by what it lists: its name is the publisher's choice."""
    if recording.kind != "gbfs" or recording.ends_badly:
        return False
    try:
        return bool(files.listed(files.load(payload(recording.path)), None))
    except Malformed:
        return False


def rows_stored() -> dict[str, int]:
    """Count by noun what the database holds; one observation has a row for each of its results."""
    nouns = ("features", "things", "vehicles", "trip_updates", "transit_routes", "transit_trips")
    stored = {noun: count(noun) for noun in nouns}
    of = "observations JOIN datastreams ON datastreams.id = datastream_id"
    moments = f"(SELECT DISTINCT thing_id, observations.phenomenon_time FROM {of}) AS moments"
    return stored | {"observations": count(moments)}


def told_twice(recording: Recording) -> int:
    """Count the records of ours beyond the first that one record of the publisher gives: a thing and its results."""
    feed = source(CONNECTORS[recording.kind], timezone=NYC["timezone"])
    try:
        records = parse(feed, payload(recording.path))
    except Malformed:
        return 0
    return len(records) - len(addresses(records))


@pytest.mark.parametrize("recording", readable(*CONNECTORS))
def test_a_recorded_file_is_stored_or_set_aside_where_it_lies_and_once(
    publisher: Publisher, recording: Recording, recorded_table: RecordedTable, subtests: pytest.Subtests
) -> None:
    """A file that is not of its format ends its run with the reason; nothing else is lost, doubled or misplaced."""
    feed = add_recording(publisher, recording)
    first = poll(feed)
    before = row_versions(*STORED)
    with subtests.test("every record is stored or set aside"):
        check_stored(recording, first, recorded_table)
    if recording.bbox is not None and not recording.ends_badly:
        with subtests.test("no swapped or projected coordinate reaches a point column"):
            check_bounds(recording.bbox)

    with subtests.test("the same file again writes nothing"):
        second = poll(feed)
        if first.state == "succeeded":
            # No status: the publisher's ttl had not run out, so it was not even asked.
            assert ("unchanged", True) == (second.state, second.http_status in (304, None))
        assert before == row_versions(*STORED)

    with subtests.test("the file parsed again writes nothing"):
        with transaction() as tx:
            tx.execute(text("UPDATE feeds SET parser_version = 0"))
        again = poll(feed)
        recorded_table.note(recording, again_new=again.new)
        assert (first.state, first.records) == (again.state, again.records)
        assert (0, 0) == (again.new, again.changed)
        assert first.rejected == again.rejected
        assert before == row_versions(*STORED)


@pytest.mark.parametrize("recording", workbooks())
def test_a_recorded_workbook_is_stored_or_set_aside_once(
    publisher: Publisher, recording: Recording, recorded_table: RecordedTable
) -> None:
    """The manifest counts the rows of all sheets: those of the first table, less its header and blank ones, are kept."""
    feed = add(publisher, "socrata", recording.path.read_bytes())
    first = poll(feed)
    before, stored = row_versions(*STORED), count("features")
    recorded_table.note(recording, stored={"features": stored, "records": stored}, rejected=first.rejected)

    assert "succeeded" == first.state, first.error
    assert 0 < first.records <= most_rows(recording)
    assert first.records == stored + sum(first.rejected.values())

    second = poll(feed)
    with transaction() as tx:
        tx.execute(text("UPDATE feeds SET parser_version = 0"))
    again = poll(feed)
    recorded_table.note(recording, again_new=again.new)
    assert "unchanged" == second.state
    assert (first.records, first.rejected, 0, 0) == (again.records, again.rejected, again.new, again.changed)
    assert before == row_versions(*STORED)


def check_stored(recording: Recording, first: FeedRun, recorded_table: RecordedTable) -> None:
    """Note what became of each record, and hold it against what the manifest counts."""
    stored = rows_stored()
    records = sum(stored.values()) - told_twice(recording)
    recorded_table.note(
        recording,
        stored={**{noun: rows for noun, rows in stored.items() if rows}, "records": records},
        described=first.described,
        rejected=first.rejected,
        **({"why": first.error} if first.error else {}),
    )
    if recording.ends_badly:
        assert ("failed", True) == (first.state, bool(first.error))
        assert 0 == count("features") + count("things") + count("vehicles")
        return
    is_unusable = not records and bool(all_set_aside(first.rejected))
    assert ("failed" if is_unusable else "succeeded") == first.state, first.error
    assert recording.records == first.records, first.rejected
    assert recording.records == records + first.described + sum(first.rejected.values())
    assert min(MOST_REJECTS, sum(first.rejected.values())) == count("feed_rejects")


def check_bounds(bbox: tuple[float, ...]) -> None:
    """Look for points beyond the bounds that the manifest knows."""
    west, south, east, north = (
        edge + margin for edge, margin in zip(bbox, (-1e-4, -1e-4, 1e-4, 1e-4), strict=True)
    )
    for table in ("features", "things", "vehicles"):
        outside = "point IS NOT NULL AND NOT (point[0] BETWEEN :w AND :e AND point[1] BETWEEN :s AND :n)"
        assert 0 == count(table, outside, w=west, s=south, e=east, n=north), table


def test_bay_wheels_is_read_from_its_discovery_file(publisher: Publisher, samples: Path) -> None:
    """Stations, their counts and free bikes of one system in one run."""
    folder = samples / "gbfs" / "baywheels"
    names = sorted(path.stem for path in folder.glob("*.json") if path.stem != "gbfs")
    listed = ",".join(f'{{"name": "{name}", "url": "{publisher.url(f"/{name}")}"}}' for name in names)
    publisher.pages = {f"/{name}": (folder / f"{name}.json").read_bytes() for name in names}
    discovery = f'{{"last_updated": 1663292851, "ttl": 0, "data": {{"en": {{"feeds": [{listed}]}}}}}}'

    ran = poll(add(publisher, "gbfs", discovery.encode(), "/gbfs"))

    assert "succeeded" == ran.state, ran.error
    assert (496, 496, 720) == (
        count("things"),
        count("datastreams", "observed_property = 'bikes_available'"),
        count("vehicles"),
    )
    assert 5248 == ran.totals["bikes_available"]


def test_the_second_poll_of_king_county_moves_the_fleet(publisher: Publisher, samples: Path) -> None:
    """420 vehicles in both polls, 207 gone, 150 new."""
    one, two = ((samples / "gtfs-rt" / f"king-county-metro-{n}.pb").read_bytes() for n in (1, 2))
    feed = add(publisher, "gtfs_realtime", one)
    poll(feed)
    publisher.pages["/feed"] = two

    ran = poll(feed)

    assert (570, 150, 207) == (ran.records, ran.new, ran.vanished)
    assert 420 == ran.changed + ran.same
    assert (570, 207) == (
        count("vehicles", "missing_since IS NULL"),
        count("vehicles", "missing_since IS NOT NULL"),
    )


def test_the_first_poll_of_king_county_after_the_second_moves_nobody_back(
    publisher: Publisher, samples: Path
) -> None:
    """A cache that serves an old copy loses: the 420 stay where they were seen last."""
    one, two = ((samples / "gtfs-rt" / f"king-county-metro-{n}.pb").read_bytes() for n in (1, 2))
    feed = add(publisher, "gtfs_realtime", two)
    poll(feed)
    before = snapshot("vehicles", "external_id, point::text, observed_at")
    publisher.pages["/feed"] = one

    ran = poll(feed)

    assert (0, 207) == (ran.changed, ran.new)
    assert before <= snapshot("vehicles", "external_id, point::text, observed_at")
    assert 420 == ran.same + ran.rejected.get("older", 0)


def test_two_polls_of_the_subway_keep_trips_apart_although_entity_ids_are_reused(
    publisher: Publisher, samples: Path
) -> None:
    """211 of 300 shared entity ids name another trip 16 s later; ours are the trips' own."""
    names = ("nyct-subway-20240319-092719", "nyct-subway-20240319-092735")
    one, two = ((samples / "gtfs-rt" / f"{name}.pb").read_bytes() for name in names)
    feed = add(publisher, "gtfs_realtime", one, **NYC)
    first = poll(feed)
    trips = snapshot("trip_updates", "external_id, trip_id")
    publisher.pages["/feed"] = two

    second = poll(feed)

    assert (503, 501) == (first.records, second.records)
    assert 308 == len(trips)
    assert all(
        external_id.startswith(trip_id)
        for external_id, trip_id in snapshot("trip_updates", "external_id, trip_id")
    )
    assert second.new < 20


def test_trips_of_bart_are_named_by_its_timetable_as_far_as_that_knows_them(
    publisher: Publisher, samples: Path
) -> None:
    """65 of 91 trips join; the others were added that day or are of another timetable, and are kept as told."""
    static = (samples / "gtfs-static" / "bart.zip").read_bytes()
    live = (samples / "gtfs-rt" / "bart-trip-updates.pb").read_bytes()
    poll(add(publisher, "gtfs_static", static, "/static", slug="bart"))

    ran = poll(add(publisher, "gtfs_realtime", live, "/live", options={"static": "bart"}))

    assert ("succeeded", {}) == (ran.state, ran.rejected)
    assert (91, 65) == (count("trip_updates"), count("trip_updates", "properties ? 'headsign'"))
    stops = "jsonb_path_exists(stops, '$[*].scheduled_departure')"
    assert 65 == count("trip_updates", f"{stops} AND properties ? 'route_color'")


def test_a_broken_feed_is_quarantined_while_the_others_go_on(publisher: Publisher, samples: Path) -> None:
    """The reason is on the run, the bytes are in the archive, what was stored before stays."""
    folder = samples / "gtfs-rt"
    broken = add(publisher, "gtfs_realtime", (folder / "septa.pb").read_bytes(), "/broken", name="broken")
    whole = add(publisher, "gtfs_realtime", (folder / "septa.pb").read_bytes(), "/whole", name="whole")
    poll(broken)
    publisher.pages["/broken"] = (folder / "invalid.pb").read_bytes()

    failed, ran = poll(broken), poll(whole)

    assert ("failed", "succeeded") == (failed.state, ran.state)
    assert failed.error
    assert 70 == count("trip_updates", "missing_since IS NULL")
    assert 1 == count("feed_run_payloads", "run_id = :run", run=failed.id)


def test_twenty_repeated_requests_of_boston_are_stored_once(publisher: Publisher, samples: Path) -> None:
    """100 rows, 80 requests, 20 set aside as duplicates; in any order the same 80."""
    content = (samples / "socrata-311" / "boston311-100-20dupes.csv").read_bytes()
    header, *rows = content.splitlines(keepends=True)
    straight = add(publisher, "socrata", content, "/straight", name="straight", timezone="America/New_York")
    turned = add(publisher, "socrata", header + b"".join(reversed(rows)), "/turned", name="turned")

    ran, again = poll(straight), poll(turned)

    assert (100, 80, {"duplicate": 20}) == (ran.records, ran.new, ran.rejected)
    assert (ran.new, ran.rejected) == (again.new, again.rejected)
    rows_of = snapshot("features", "feed_id::text, external_id, encode(content_hash, 'hex')")
    assert 80 == len({row[1:] for row in rows_of})


def test_a_publisher_that_is_gone_is_a_failed_run(publisher: Publisher) -> None:
    """404 is the publisher's word; it is recorded and tried again."""
    feed = add_feed("gtfs_realtime", publisher.url("/nowhere"))

    ran = poll(feed)

    assert ("failed", 404) == (ran.state, ran.http_status)
