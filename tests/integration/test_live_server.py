"""The live server over real sockets: what it tells, to whom, and how it treats those who misbehave."""

import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deploy.local.processes import wait_until
from deploy.local.servers import Postgres
from deploy.local.testing import Emptier
from shared.accounts.rules import Role
from shared.clock import new_id
from shared.db import transaction
from shared.stream.prune import prune_events
from tests.conftest import DATABASE, SECRET
from tests.support.live import PATIENCE_SECONDS, LiveClient, LiveServer, live_client, live_server, tell
from tests.support.web import Browser
from web.live.subscriber import STALL_SECONDS

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(scope="module")
def live(
    postgres: Postgres, _emptier: Emptier, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """One live server for the tests of this file."""
    folder = tmp_path_factory.mktemp("live")
    with (
        contextlib.closing(postgres.connect(DATABASE)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        # The stream does not begin with this server.
        cursor.execute("INSERT INTO events (topics, name, data) VALUES ('{}', 'Before', '{}')")
    with live_server(
        folder,
        DATABASE_URL=postgres.url(DATABASE),
        JWT_SECRET=SECRET,
        CITYPULSE_ENV="test",
        LIVE_MAX_SOCKETS_PER_ADDRESS="400",
        LIVE_MAX_SOCKETS_PER_USER="3",
    ) as server:
        yield server


def words(events: list[dict[str, object]]) -> list[object]:
    """Return what events say."""
    return [event["data"]["freshness"] for event in events]  # type: ignore[index]  # data of an event is a dict


def test_who_says_hello_hears_what_happens_on_its_topics(live: LiveServer) -> None:
    """And nothing else."""
    with live_client(live) as client:
        welcome = client.hello("city:london")
        tell("late", topic="city:paris")
        tell("stale")
        event = client.hear_event()

    assert "welcome" == welcome["type"]
    assert ("event", "city:london", "FreshnessChanged") == (event["type"], event["topic"], event["name"])
    assert {"feed_id": "feed-1", "city": "london", "freshness": "stale"} == event["data"]
    assert event["at"].endswith("Z")
    assert welcome["after"] != event["id"]


def test_an_event_on_several_topics_is_told_once(live: LiveServer) -> None:
    """Under the first of the client's own topics."""
    area = f"area:{new_id()}"
    with live_client(live) as both, live_client(live) as one:
        both.hello("city:london", area)
        one.hello(area)
        with transaction() as tx:
            from shared.events import FreshnessChanged
            from shared.stream.publish import publish

            publish(tx, FreshnessChanged("f", "london", "late"), to=["city:london", area])
        tell("stale")

        assert ["late", "stale"] == words([both.hear_event(), both.hear_event()])
        assert area == one.hear_event()["topic"]


def test_topics_can_be_followed_and_left(live: LiveServer) -> None:
    """Without a new connection."""
    with live_client(live) as client:
        client.hello()
        client.say(type="subscribe", topics=["city:london"])
        client.say(type="ping")
        assert "pong" == client.hear()["type"]
        tell("late")
        assert ["late"] == words([client.hear_event()])

        client.say(type="unsubscribe", topics=["city:london"])
        client.say(type="subscribe", topics=["city:paris"])
        client.say(type="ping")
        assert "pong" == client.hear()["type"]
        tell("fresh")
        tell("dead", topic="city:paris")
        assert ["dead"] == words([client.hear_event()])


def test_who_comes_back_hears_what_it_missed_and_then_goes_on(live: LiveServer) -> None:
    """In order, each event once, from the database and from memory alike."""
    with live_client(live) as client:
        client.hello("city:london")
        tell("first")
        last = client.hear_event()["id"]
    tell("missed 1", "missed 2")
    tell("not ours", topic="city:paris")
    tell("missed 3")

    with live_client(live) as client:
        welcome = client.hello("city:london", after=last)
        tell("new")
        heard = [client.hear_event() for _ in range(4)]

    assert last == welcome["after"]
    assert ["missed 1", "missed 2", "missed 3", "new"] == words(heard)
    assert 4 == len({event["id"] for event in heard})


def count_up(first: int, last: int, padding: int = 0) -> None:
    """Publish one event a number, in one transaction."""
    with transaction() as tx:
        tx.execute(
            text("""INSERT INTO events (topics, name, data) SELECT ARRAY['city:london'], 'Counted',
                    jsonb_build_object('n', n, 'x', repeat('x', :padding)) FROM generate_series(:first, :last) n"""),
            {"first": first, "last": last, "padding": padding},
        )
        tx.execute(text("NOTIFY citypulse_stream"))


def test_a_long_absence_is_read_page_by_page_while_news_come_in(live: LiveServer) -> None:
    """More than memory holds, and what happens meanwhile, without a gap or a double."""
    with live_client(live) as client:
        place = client.hello("city:london")["after"]
    count_up(1, 5000)
    with live_client(live) as client:
        assert "welcome" == client.hello("city:london", after=place)["type"]
        count_up(5001, 5100)
        heard = [client.hear_event()["data"]["n"] for _ in range(5100)]

    assert list(range(1, 5101)) == heard


@pytest.mark.parametrize(
    "after", ["", "x", "-1", "1.2", "999.1.1", f"1.{1 << 63}.1", "1.99999999999999999999.1", "'; --"]
)
def test_a_place_that_is_none_is_answered_by_a_reset(live: LiveServer, after: str) -> None:
    """The page reads everything afresh and goes on from there."""
    with live_client(live) as client:
        assert "welcome" == client.hello("city:london", after=after)["type"]
        reset = client.hear()
        tell("late")
        event = client.hear_event()

    assert "reset" == reset["type"]
    assert ["late"] == words([event])


def test_a_place_from_before_what_was_forgotten_is_answered_by_a_reset(live: LiveServer) -> None:
    """There is a gap, and it is said."""
    with transaction() as tx:
        epoch = tx.execute(text("SELECT epoch FROM stream_state")).scalar_one()
    tell("old", "older")
    with transaction() as tx:
        prune_events(tx, 0, 1)
    with live_client(live) as client:
        client.hello("city:london", after=f"{epoch}.1.1")

        assert "reset" == client.hear()["type"]


def test_private_topics_are_for_those_they_belong_to(live: LiveServer) -> None:
    """The refusal says which and why; what is public is followed all the same."""
    user = f"user:{new_id()}"
    with live_client(live) as client:
        client.say(type="hello", topics=["ops", user, "city:london", "planet:mars", "job:1"])
        refused = [client.hear() for _ in range(4)]
        assert "welcome" == client.hear()["type"]
        tell("secret", topic="ops")
        tell("secret", topic=user)
        tell("public")

        assert {"error"} == {each["type"] for each in refused}
        assert ["public"] == words([client.hear_event()])


def test_a_signed_in_person_hears_their_own_topic(live: LiveServer) -> None:
    """And an admin what happens in the engine room."""
    browser = Browser(Role.ADMIN)
    user = f"user:{browser.get('/api/v1/auth/me').json['id']}"
    with live_client(live) as client:
        assert "welcome" == client.hello("ops", user, token=browser.token)["type"]
        tell("one", topic="ops")
        tell("two", topic=user)

        assert ["one", "two"] == words([client.hear_event(), client.hear_event()])


def test_a_bad_token_makes_nobody_of_its_bearer(live: LiveServer) -> None:
    """It is told, and what is public still flows."""
    with live_client(live) as client:
        assert "error" == client.hello("city:london", token="a.b.c")["type"]
        assert "welcome" == client.hear()["type"]
        tell("late")
        assert ["late"] == words([client.hear_event()])


def closed_with(client: LiveClient) -> tuple[int, str]:
    """Wait until the server closes; returns its code and reason."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.connection.recv(timeout=PATIENCE_SECONDS)
    assert closed.value.rcvd
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_signing_out_closes_the_sockets_of_the_session(live: LiveServer) -> None:
    """Within five seconds, on a socket that is open."""
    browser = Browser(Role.RESIDENT)
    with live_client(live) as client:
        client.hello("city:london", token=browser.token)
        browser.post("/api/v1/auth/logout", headers=browser.csrf())

        assert (1008, "this session has ended") == closed_with(client)


def test_one_person_has_a_few_sockets_and_is_told_so(live: LiveServer) -> None:
    """The fourth of three is refused."""
    browser = Browser(Role.RESIDENT)
    with (
        live_client(live) as one,
        live_client(live) as two,
        live_client(live) as three,
        live_client(live) as four,
    ):
        for client in (one, two, three):
            assert "welcome" == client.hello(token=browser.token)["type"]
        four.say(type="hello", topics=[], token=browser.token)

        assert (1008, "too many connections of yours") == closed_with(four)


@pytest.mark.parametrize("path", ["/ws?token=abc", "/ws?x=1"])
def test_nothing_goes_into_the_address(live: LiveServer, path: str) -> None:
    """Logs of every hop would keep a token there."""
    with pytest.raises(InvalidStatus) as refused, live_client(live, path):
        pass

    assert 400 == refused.value.response.status_code


def test_a_page_of_another_site_is_refused(live: LiveServer) -> None:
    """Our own page is not."""
    with pytest.raises(InvalidStatus) as refused, live_client(live, origin="https://evil.example"):
        pass
    assert 403 == refused.value.response.status_code

    with live_client(live, origin=f"http://127.0.0.1:{live.port}") as client:
        assert "welcome" == client.hello("city:london")["type"]


def test_compression_is_not_taken(live: LiveServer) -> None:
    """A small frame cannot become a large one."""
    with live_client(live, compression="deflate") as client:
        assert [] == list(client.connection.protocol.extensions)
        assert "welcome" == client.hello("city:london")["type"]


@pytest.mark.parametrize(
    ("message", "code"),
    [("x" * 4097, 1009), ("x" * 1_000_000, 1009), (b"bytes", 1002)],
)
def test_a_message_that_is_too_large_or_no_text_ends_the_connection(
    live: LiveServer, message: str | bytes, code: int
) -> None:
    """With the code that says why."""
    with live_client(live) as client:
        client.hello("city:london")
        with contextlib.suppress(ConnectionClosed):
            client.connection.send(message)

        assert code == closed_with(client)[0]


def test_an_endless_message_in_pieces_ends_the_connection(live: LiveServer) -> None:
    """Its parts are counted together."""
    with live_client(live) as client:
        client.hello("city:london")
        with contextlib.suppress(ConnectionClosed):
            client.connection.send("y" * 500 for _ in range(1000))

        assert closed_with(client)[0] in {1008, 1009}


def test_a_flood_of_messages_ends_the_connection(live: LiveServer) -> None:
    """Nobody needs ten thousand words a second."""
    with live_client(live) as client:
        client.hello("city:london")
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10_000):
                client.say(type="ping")

        assert 1008 == closed_with(client)[0]


def test_nonsense_is_answered_and_not_followed(live: LiveServer) -> None:
    """The connection stays: a page with a bug must not lose its stream."""
    with live_client(live) as client:
        client.hello("city:london")
        for nonsense in (
            "{",
            "[]",
            '"x"',
            '{"type":"drop"}',
            '{"type":"subscribe","topics":"city:x"}',
            "[" * 3000,
        ):
            client.connection.send(nonsense)
            assert "error" == client.hear()["type"]
        tell("late")
        assert ["late"] == words([client.hear_event()])


def test_topics_before_hello_are_refused(live: LiveServer) -> None:
    """Who you are comes first."""
    with live_client(live) as client:
        client.say(type="subscribe", topics=["city:london"])

        assert (1008, "say hello first") == closed_with(client)


def _upgraded(live: LiveServer, receive_bytes: int) -> socket.socket:
    """Open a socket by hand that will read nothing."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    plain.settimeout(PATIENCE_SECONDS)
    plain.connect(("127.0.0.1", live.port))
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    plain.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += plain.recv(1)
    payload = json.dumps({"type": "hello", "topics": ["city:london"]}).encode()
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    plain.sendall(struct.pack("!BB", 0x81, 0x80 | len(payload)) + mask + masked)
    return plain


def test_a_client_that_never_reads_is_put_out_and_holds_up_nobody(live: LiveServer) -> None:
    """Eight seconds without reading are enough; the others hear every event meanwhile."""
    stuck = _upgraded(live, 4096)
    with stuck, live_client(live, max_size=None) as client:
        client.hello("city:london")
        sockets_before = live.health()["sockets"]
        count_up(1, 200, padding=50_000)
        heard = [client.hear_event()["data"]["n"] for _ in range(200)]

        assert list(range(1, 201)) == heard
        wait_until(
            lambda: live.health()["sockets"] == sockets_before - 1,
            live.process,
            live.program,
            STALL_SECONDS + 5,
        )


def _messages(plain: socket.socket) -> Iterator[dict[str, object]]:
    """Yield the messages that come out of a socket read by hand."""
    held = b""

    def take(size: int) -> bytes:
        nonlocal held
        while len(held) < size:
            piece = plain.recv(1 << 16)
            if not piece:
                raise EOFError
            held += piece
        taken, held = held[:size], held[size:]
        return taken

    while True:
        opcode, size = take(2)
        if size == 126:
            size = int.from_bytes(take(2), "big")
        elif size == 127:
            size = int.from_bytes(take(8), "big")
        payload = take(size)
        if opcode == 0x81:
            yield json.loads(payload)


def test_a_client_that_reads_late_misses_nothing(live: LiveServer) -> None:
    """What it cannot take at once waits in the stream and not in our memory, and comes in order."""
    with _upgraded(live, 4096) as late, live_client(live, max_size=None) as prompt:
        messages = _messages(late)
        assert "welcome" == next(messages)["type"]
        prompt.hello("city:london")
        for first in range(1, 200, 10):
            count_up(first, first + 9, padding=50_000)
        while prompt.hear_event()["data"]["n"] != 200:
            pass

        heard = [
            each["data"]["n"] for each in (next(messages) for _ in range(200)) if each["type"] == "event"
        ]

    assert list(range(1, len(heard) + 1)) == heard
    assert 199 <= len(heard)


def test_a_restored_database_is_a_new_stream(live: LiveServer) -> None:
    """Its places mean something else: everybody reads afresh."""
    with live_client(live) as client:
        client.hello("city:london")
        with transaction() as tx:
            tx.execute(text("UPDATE stream_state SET epoch = epoch + 1"))
        reset = client.hear()
        tell("late")
        event = client.hear_event()

    assert "reset" == reset["type"]
    assert reset["after"].split(".")[0] == event["id"].split(".")[0]


def test_a_restart_sends_everybody_elsewhere_and_they_miss_nothing(
    postgres: Postgres, tmp_path: Path
) -> None:
    """SIGTERM closes with 1012; another server goes on after the last event heard."""
    environment = {"DATABASE_URL": postgres.url(DATABASE), "JWT_SECRET": SECRET, "CITYPULSE_ENV": "test"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with live_server(tmp_path, **environment) as old, live_server(elsewhere, **environment) as new:
        with live_client(old) as client:
            client.hello("city:london")
            tell("before")
            last = client.hear_event()["id"]
            old.terminate()
            assert 1012 == closed_with(client)[0]
        tell("between")
        with live_client(new) as client:
            client.hello("city:london", after=last)
            tell("after")
            assert ["between", "after"] == words([client.hear_event(), client.hear_event()])
        assert 0 == old.process.wait(PATIENCE_SECONDS)


def test_the_register_knows_the_server(live: LiveServer) -> None:
    """The status page counts it."""
    with live_client(live) as client:
        client.hello("city:london")
        with transaction() as tx:
            tx.execute(text("DELETE FROM processes"))
        wait_until(lambda: registered() is not None, live.process, live.program, PATIENCE_SECONDS)

    assert ("live", {"sockets"}) == registered()


def registered() -> tuple[str, set[str]] | None:
    """Return what the register says of a live process."""
    with transaction() as tx:
        row = tx.execute(text("SELECT role, data FROM processes")).first()
    return (row.role, set(row.data)) if row else None
