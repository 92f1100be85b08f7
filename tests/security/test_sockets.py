"""Sockets: what a stranger's page brings along is not looked at, and a frame is no larger than it is."""

import os
import socket
import struct
import zlib
from collections.abc import Iterator

import pytest

from deploy.local.servers import Postgres
from deploy.local.testing import Emptier
from shared.accounts.rules import Role
from shared.clock import new_id
from tests.conftest import DATABASE, SECRET
from tests.security.conftest import Tries
from tests.support.live import PATIENCE_SECONDS, LiveServer, live_client, live_server, tell
from tests.support.web import Browser

pytestmark = [pytest.mark.row(5), pytest.mark.usefixtures("db")]


@pytest.fixture(scope="module")
def live(
    postgres: Postgres, _emptier: Emptier, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The live server of production, one process."""
    folder, environment = tmp_path_factory.mktemp("live"), {"JWT_SECRET": SECRET, "CITYPULSE_ENV": "test"}
    with live_server(folder, DATABASE_URL=postgres.url(DATABASE), **environment) as server:
        yield server


def test_no_cookie_is_ever_read(live: LiveServer, tries: Tries) -> None:
    """Without an Origin, with every cookie an admin's browser has and its token among them: still nobody."""
    browser = Browser(Role.ADMIN)
    user = f"user:{browser.get('/api/v1/auth/me').json['id']}"
    refresh = browser.client.get_cookie("citypulse_refresh")
    assert refresh
    names = (
        "citypulse_refresh",
        "__Host-citypulse_refresh",
        "access_token_cookie",
        "access_token",
        "token",
        "session",
    )
    for value in (refresh.value, browser.token or ""):
        cookie = "; ".join(f"{name}={value}" for name in names)
        headers = {
            "Cookie": cookie,
            "X-CSRF-TOKEN": browser.csrf()["X-CSRF-TOKEN"],
            "Authorization": f"Bearer {value}",
        }
        with live_client(live, additional_headers=headers) as client:
            client.say(type="hello", topics=["ops", user, "city:london"])
            answers = [client.hear() for _ in range(3)]
            tell("secret", topic="ops")
            tell("secret", topic=user)
            tell("public")
            tries("refused", ["error", "error", "welcome"] == [each["type"] for each in answers])
            tries("not told", "public" == client.hear_event()["data"]["freshness"])
    with live_client(live) as client:
        assert "welcome" == client.hello("ops", user, token=browser.token)["type"]


def test_whoever_is_signed_in_follows_nobody_elses(live: LiveServer, tries: Tries) -> None:
    """Another's topic, the engine room, and ids that are none."""
    browser = Browser(Role.RESIDENT)
    topics = [
        f"user:{new_id()}",
        "ops",
        "job:1",
        "job:*",
        "user:",
        "user:*",
        "city:*",
        "city:../ops",
        "ops:all",
        "*",
    ]
    with live_client(live) as client:
        client.say(type="hello", topics=topics, token=browser.token)
        answers = [client.hear() for _ in topics]
        for topic, answer in zip(topics, answers, strict=True):
            tries(topic, answer["type"] == "error")
        assert "welcome" == client.hear()["type"]


@pytest.mark.parametrize(
    ("what", "first", "payload"),
    [
        ("a deflate bomb", 0xC1, zlib.compress(bytes(4_000_000))),
        ("a reserved bit", 0xA1, b"{}"),
        ("a text of no UTF-8", 0x81, b"\xff\xfe\xfd"),
        ("a piece of nothing", 0x80, b"{}"),
        ("an opcode that is none", 0x83, b"{}"),
        ("a ping of 200 bytes", 0x89, bytes(200)),
    ],
)
def test_a_frame_that_is_none_ends_the_connection(
    live: LiveServer, what: str, first: int, payload: bytes, tries: Tries
) -> None:
    """Cut off, with a code or without: no extension is spoken, so what claims to be packed is not unpacked."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=PATIENCE_SECONDS) as plain:
        plain.sendall(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += plain.recv(1)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
        plain.sendall(bytes([first]) + size + mask + masked)
        answer = plain.recv(4096)

    is_closed = not answer or (
        answer[:1] == b"\x88" and int.from_bytes(answer[2:4], "big") in {1002, 1007, 1008}
    )
    tries(f"{what}: {answer[:20]!r}", b" 101 " in head and b"permessage" not in head and is_closed)
