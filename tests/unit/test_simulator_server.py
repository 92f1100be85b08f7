"""The simulator over HTTP: conditional requests, compression, an honest front page, and faults on request."""

import contextlib
import gzip
import http.client
import json
import zlib
from collections.abc import Iterator
from email.utils import formatdate
from threading import Thread
from typing import ClassVar

import pytest

from deploy.local.simulator.city import load_city
from deploy.local.simulator.faults import MODES, fault_in, misbehave
from deploy.local.simulator.server import SimulatorServer
from deploy.local.simulator.site import Answer

GOOD = Answer(b'{"ok":true}', "application/json", 0)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_763_800_003.2

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    """Give the server's clock."""
    return Clock()


@pytest.fixture(scope="module")
def server(clock: Clock) -> Iterator[SimulatorServer]:
    """Serve simulated London on a free port of loopback."""
    serving = SimulatorServer(load_city("london"), 0, clock=clock)
    thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield serving
    serving.shutdown()
    serving.server_close()
    thread.join()


def fetch(
    server: SimulatorServer, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask the server once; `_` in a header's name stands for `-`."""
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)  # type: ignore[arg-type]  # an IPv4 address
    connection.request(
        method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_the_server_listens_on_loopback_only(server: SimulatorServer) -> None:
    """Nobody else may take this for a city."""
    assert "127.0.0.1" == server.server_address[0]


def test_the_front_page_says_that_nothing_is_real(server: SimulatorServer) -> None:
    """And lists what is served."""
    response, body = fetch(server, "/")

    assert 200 == response.status
    assert b"Nothing here is real." in body
    assert b'href="/gtfs-rt/vehicles.pb"' in body


def test_every_file_that_discovery_names_is_there(server: SimulatorServer) -> None:
    """For both versions, by the address the caller used."""
    old = json.loads(fetch(server, "/gbfs/gbfs.json")[1])["data"]["en"]["feeds"]
    new = json.loads(fetch(server, "/gbfs3/gbfs.json")[1])["data"]["feeds"]

    for row in (*old, *new):
        assert row["url"].startswith(f"{server.url}/")
        assert 200 == fetch(server, row["url"].removeprefix(server.url))[0].status


def test_what_is_unchanged_is_not_sent_again(server: SimulatorServer, clock: Clock) -> None:
    """By entity tag; and sent again once it changed."""
    first, _ = fetch(server, "/gtfs-rt/vehicles.pb")
    again, nothing = fetch(server, "/gtfs-rt/vehicles.pb", If_None_Match=first.headers["ETag"])
    clock.now += 10
    changed, body = fetch(server, "/gtfs-rt/vehicles.pb", If_None_Match=first.headers["ETag"])

    assert (304, b"") == (again.status, nothing)
    assert 200 == changed.status
    assert body


def test_a_date_works_like_an_entity_tag(server: SimulatorServer) -> None:
    """If-Modified-Since; a date that is none is ignored."""
    first, _ = fetch(server, "/gbfs/vehicle_types.json")
    modified = first.headers["Last-Modified"]
    earlier = formatdate(0, usegmt=True)

    assert 304 == fetch(server, "/gbfs/vehicle_types.json", If_Modified_Since=modified)[0].status
    assert 200 == fetch(server, "/gbfs/vehicle_types.json", If_Modified_Since=earlier)[0].status
    assert 200 == fetch(server, "/gbfs/vehicle_types.json", If_Modified_Since="yesterday")[0].status


def test_a_body_is_compressed_when_the_caller_can_read_it(server: SimulatorServer) -> None:
    """And not otherwise."""
    packed, small = fetch(server, "/gbfs/station_status.json", Accept_Encoding="gzip, br")
    plain, large = fetch(server, "/gbfs/station_status.json")

    assert "gzip" == packed.headers["Content-Encoding"]
    assert plain.headers["Content-Encoding"] is None
    assert large == gzip.decompress(small)
    assert packed.headers["ETag"] == plain.headers["ETag"]


def test_a_head_request_has_no_body(server: SimulatorServer) -> None:
    """But the length it would have."""
    response, body = fetch(server, "/health", "HEAD")

    assert b"" == body
    assert int(response.headers["Content-Length"]) > 0


def test_an_unknown_address_is_not_found(server: SimulatorServer) -> None:
    """And no entity tag can turn that into 304."""
    assert 404 == fetch(server, "/nowhere", If_None_Match="*")[0].status


def test_the_query_language_works_over_http(server: SimulatorServer) -> None:
    """With the characters that clients escape."""
    _, body = fetch(server, "/resource/sim-311.json?$select=%3A*%2C*&$where=borough%3D%27CAMDEN%27&$limit=2")

    assert ["CAMDEN", "CAMDEN"] == [row["borough"] for row in json.loads(body)]


@pytest.mark.parametrize(
    ("address", "mode", "path"),
    [
        ("/fault/500/gbfs/gbfs.json", "500", "/gbfs/gbfs.json"),
        ("/fault/500", "500", "/"),
        ("/gbfs/gbfs.json", None, "/gbfs/gbfs.json"),
    ],
)
def test_a_fault_is_asked_for_by_path(address: str, mode: str | None, path: str) -> None:
    """So that a feed's address alone carries it."""
    assert (mode, path) == fault_in(address, {})


def test_a_fault_is_asked_for_by_query() -> None:
    """And the query that goes on is without it."""
    query = {"fault": "404", "$limit": "1"}

    assert ("404", "/x") == fault_in("/x", query)
    assert {"$limit": "1"} == query


@pytest.mark.parametrize(
    ("mode", "status", "header", "value"),
    [
        ("404", 404, "Connection", "close"),
        ("500", 500, "Connection", "close"),
        ("503", 503, "Connection", "close"),
        ("429", 429, "Retry-After", "30"),
        ("429-long", 429, "Retry-After", "150"),
        ("redirect-private", 302, "Location", "http://169.254.169.254/latest/meta-data/"),
        ("redirect-loop", 302, "Location", "/fault/redirect-loop/health"),
        ("html", 200, "Content-Type", "text/html; charset=utf-8"),
        ("empty", 200, "Content-Length", "0"),
    ],
)
def test_a_fault_answers_as_named(
    server: SimulatorServer, mode: str, status: int, header: str, value: str
) -> None:
    """Status and the header that matters."""
    response, _ = fetch(server, f"/fault/{mode}/health")

    assert (status, value) == (response.status, response.headers[header])


def test_a_truncated_answer_promises_more_than_it_sends(server: SimulatorServer) -> None:
    """The client must notice."""
    with pytest.raises(http.client.IncompleteRead):
        fetch(server, "/fault/truncated/gbfs/gbfs.json")


def test_a_connection_is_reset_without_an_answer(server: SimulatorServer) -> None:
    """RST, not the end of a conversation."""
    with pytest.raises(ConnectionResetError):
        fetch(server, "/fault/reset/health")


@pytest.mark.parametrize(
    ("expected", "mode"),
    [
        (True, "html"),
        (True, "garbage"),
        (True, "500"),
        (False, "truncated"),
        (False, "huge"),
        (False, "drip"),
    ],
)
def test_a_server_of_other_publishers_finds_faults_otherwise_and_knows_what_went_out(
    clock: Clock, expected: bool, mode: str
) -> None:
    """Its links keep the publisher's part of the path; a body that is cut off is none."""

    class Publishers(SimulatorServer):
        """Publishers at /7/..., all of which fail alike."""

        noted: ClassVar[list[tuple[str, str | None, int, bool]]] = []

        def find(self, path: str, query: dict[str, str]) -> tuple[str, str, str | None]:
            """Take the publisher off."""
            return "/7", path.removeprefix("/7"), None if "gbfs.json" in path else mode

        def note(self, path: str, mode: str | None, status: int, body: bytes | None) -> None:
            """Remember."""
            self.noted.append((path, mode, status, body is not None))

    serving = Publishers(load_city("london"), 0, clock=lambda: clock.now)
    Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        urls = [
            row["url"] for row in json.loads(fetch(serving, "/7/gbfs/gbfs.json")[1])["data"]["en"]["feeds"]
        ]
        port = serving.server_address[1]
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as caller:
            caller.request("GET", "/7/health")
            caller.getresponse().close()
    finally:
        serving.shutdown()
        serving.server_close()

    assert f"{serving.url}/7/gbfs/station_status.json" in urls
    assert [("/7/gbfs/gbfs.json", None, 200, True)] == serving.noted[:1]
    assert [("/7/health", mode, 500 if mode == "500" else 200, expected)] == serving.noted[1:]
    serving.noted.clear()


def test_a_stale_feed_is_hours_old(server: SimulatorServer, clock: Clock) -> None:
    """Its own times say so, and so do the files that its discovery names."""
    body = fetch(server, "/fault/stale/gbfs/station_status.json")[1]
    urls = [
        row["url"]
        for row in json.loads(fetch(server, "/fault/stale/gbfs/gbfs.json")[1])["data"]["en"]["feeds"]
    ]

    assert 3 * 3_600 <= clock.now - json.loads(body)["last_updated"] < 3 * 3_600 + 5
    assert f"{server.url}/fault/stale/gbfs/station_status.json" in urls


def test_garbage_has_the_length_but_not_the_form(server: SimulatorServer) -> None:
    """It must end in quarantine, not in the database."""
    body = fetch(server, "/fault/garbage/gbfs/vehicle_types.json")[1]

    with pytest.raises(ValueError, match=r"codec can't decode|Expecting"):
        json.loads(body)


def test_an_unknown_fault_lists_those_there_are(server: SimulatorServer) -> None:
    """With 404, so that a typing error does not pass for a healthy feed."""
    response, body = fetch(server, "/fault/500s/health")

    assert 404 == response.status
    assert all(mode.encode() in body for mode in MODES)


def test_a_dripping_answer_comes_byte_by_byte() -> None:
    """All of it, but slowly."""
    drip = MODES["drip"](GOOD, "/x")

    assert [bytes([byte]) for byte in GOOD.body] == list(drip.parts)
    assert drip.pause_seconds > 0


def test_a_hanging_answer_outlasts_any_patience() -> None:
    """Longer than the total time we give a fetch."""
    assert MODES["timeout"](GOOD, "/x").wait_seconds > 60


def test_a_caller_kept_waiting_is_let_go_when_the_server_stops() -> None:
    """Otherwise stopping the demo would take two minutes."""
    serving = SimulatorServer(load_city("london"), 0)
    thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    connection = http.client.HTTPConnection(*serving.server_address[:2], timeout=30)  # type: ignore[arg-type]  # an IPv4 address
    connection.request("GET", "/fault/timeout/health")
    serving.shutdown()
    serving.server_close()
    thread.join()

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()


def test_a_huge_answer_has_no_end_in_sight() -> None:
    """More than any limit of ours, and no length that would give it away."""
    huge = MODES["huge"](GOOD, "/x")

    assert huge.length is None
    assert 512 * 1_048_576 == sum(map(len, huge.parts))


def test_a_bomb_is_small_until_it_is_opened() -> None:
    """One mebibyte of each part comes from a few bytes."""
    part = next(iter(MODES["bomb"](GOOD, "/x").parts))

    assert len(part) < 2_000
    assert 1_048_576 == len(zlib.decompress(part, wbits=31))


def test_there_is_no_fault_without_a_name() -> None:
    """Asked for nothing, the answer stays good."""
    assert misbehave("", GOOD, "/x") is None
