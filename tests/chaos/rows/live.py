"""Rows 20 and 21: pages that hang, leave and come back while the stream flows."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import websockets
from websockets.asyncio.client import ClientConnection, connect

from shared.db import transaction
from shared.events import FreshnessChanged
from shared.stream.publish import publish
from tests.chaos import nemesis
from tests.chaos.arena import Arena
from tests.chaos.rows import row
from tests.support.live import LiveServer, live_server

TOPIC = "city:london"
PADDING = "x" * 8000
#: A page that reads nothing is put out within ten seconds; here it also has to be noticed on a busy machine.
PUT_OUT_SECONDS = 25
HEALTH_SECONDS = 0.25
PATIENCE = 4
GROWTH_MB = 50


class Page:
    """A page on a socket that remembers what it saw and where it stopped."""

    def __init__(self, port: int) -> None:
        self.url = f"ws://127.0.0.1:{port}/ws"
        self.seen: list[int] = []
        self.after: str | None = None
        self.resumes = 0
        self.resets = 0
        self.closed = False

    async def open(self) -> ClientConnection:
        """Connect and say hello from where it stopped."""
        socket = await connect(self.url, compression=None, ping_interval=None, max_queue=64, open_timeout=30)
        hello = {"type": "hello", "topics": [TOPIC], **({"after": self.after} if self.after else {})}
        await socket.send(json.dumps(hello))
        return socket

    async def read(self, socket: ClientConnection, until: int, events: int = 1_000_000) -> None:
        """Read that many events, or until the last of all."""
        while events > 0 and (not self.seen or self.seen[-1] < until):
            told = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if told["type"] == "welcome":
                self.after = self.after or told["after"]
            elif told["type"] == "reset":
                self.after, self.resets = told["after"], self.resets + 1
            elif told["type"] == "event":
                self.after = told["id"]
                self.seen.append(int(told["data"]["freshness"].partition(":")[0]))
                events -= 1

    async def stay(self, until: int) -> None:
        """Read everything, coming back whenever the server sends it away."""
        while not self.seen or self.seen[-1] < until:
            with suppress(
                websockets.ConnectionClosed, OSError, websockets.InvalidMessage, websockets.InvalidStatus
            ):
                async with await self.open() as socket:
                    await self.read(socket, until)
            self.resumes += 1
            await asyncio.sleep(0.1)

    async def come_and_go(self, until: int) -> None:
        """Leave after a few events, and come back from there, again and again."""
        while not self.seen or self.seen[-1] < until:
            with suppress(
                websockets.ConnectionClosed, OSError, websockets.InvalidMessage, websockets.InvalidStatus
            ):
                async with await self.open() as socket:
                    await self.read(socket, until, events=7)
            self.resumes += 1
            await asyncio.sleep(0.02)

    async def hang(self, until_closed_seconds: float) -> None:
        """Say hello, read nothing more, and see whether the server lets go."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(self.url.split(":")[2].split("/")[0]), limit=1024
        )
        writer.write(_HANDSHAKE + _masked(json.dumps({"type": "hello", "topics": [TOPIC]}).encode()))
        await writer.drain()
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # there is no public way to stop reading
        end = time.monotonic() + until_closed_seconds
        while time.monotonic() < end and not self.closed:
            await asyncio.sleep(0.5)
            try:
                writer.write(_masked(b'{"type":"ping"}'))
                await writer.drain()
            except OSError:
                self.closed = True
        writer.close()


_HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def _masked(payload: bytes) -> bytes:
    """Return a short text frame as a client sends it (RFC 6455), masked with zeros."""
    return bytes((0x81, 0x80 | len(payload))) + b"\0\0\0\0" + payload


@contextmanager
def publishing(events: int, per_second: float, padding: str = "") -> Iterator[threading.Thread]:
    """Publish numbered events, one transaction each, for as long as the block lasts."""
    stop = threading.Event()

    def run() -> None:
        for number in range(1, events + 1):
            if stop.wait(1 / per_second):
                return
            with transaction() as tx:
                publish(tx, FreshnessChanged("feed-1", "london", f"{number}:{padding}"), to=TOPIC)

    thread = threading.Thread(target=run, name="publisher", daemon=True)
    try:
        yield thread
    finally:
        stop.set()
        thread.join(60)


@row(20, "sockets that never read, and sockets that reconnect in a loop")
def many_sockets(arena: Arena) -> None:
    """The others miss nothing, health answers, hanging ones are put out."""
    events = arena.size(400, 3000)
    readers, hanging, looping = arena.size((30, 5, 5), (160, 20, 20))
    with live_server(arena.rig.folder, LIVE_MAX_SOCKETS_PER_ADDRESS="1000") as server:
        stay, hang, loop = ([Page(server.port) for _ in range(n)] for n in (readers, hanging, looping))
        before = server.memory_kib()
        with publishing(events, per_second=arena.size(80, 100), padding=PADDING) as publisher:
            slow = asyncio.run(_crowd(server, publisher, stay, hang, loop, events))
        grown = (server.memory_kib() - before) / 1024
    _judge_pages(arena, [*stay, *loop], events)
    put_out = sum(page.closed for page in hang)
    arena.figures |= {
        "sockets": readers + hanging + looping, "put_out": put_out, "health_p99_ms": round(slow * 1000),
        "grown_mb": round(grown, 1),
    }  # fmt: skip
    arena.expect(put_out == hanging, f"{put_out} of {hanging} hanging pages were put out")
    arena.expect(slow < HEALTH_SECONDS * PATIENCE, f"health took {slow * 1000:.0f} ms at p99")
    arena.expect(grown < GROWTH_MB, f"memory grew by {grown:.0f} MB")


async def _crowd(
    server: LiveServer,
    publisher: threading.Thread,
    stay: list[Page],
    hang: list[Page],
    loop: list[Page],
    events: int,
) -> float:
    """Let everybody do as they do; returns the p99 of the time health took to answer."""
    took: list[float] = []

    async def ask_health() -> None:
        while True:
            began = time.monotonic()
            await asyncio.to_thread(server.health)
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.05)

    asking = asyncio.create_task(ask_health())
    pages = [asyncio.create_task(page.stay(events)) for page in stay]
    pages += [asyncio.create_task(page.hang(PUT_OUT_SECONDS)) for page in hang]
    pages += [asyncio.create_task(page.come_and_go(events)) for page in loop]
    await asyncio.sleep(1)
    publisher.start()
    await asyncio.wait_for(asyncio.gather(*pages), 300)
    asking.cancel()
    return sorted(took)[int(len(took) * 0.99) - 1]


@row(21, "pages leave at random while Redis, the relay and the live server restart")
def restarts_under_pages(arena: Arena) -> None:
    """Every page has every event once, in order, over all its resumes."""
    events = arena.size(300, 10_000)
    pages = []
    with live_server(arena.rig.folder) as server:
        pages = [Page(server.port) for _ in range(arena.size(5, 20))]
        with publishing(events, per_second=arena.size(60, 200)) as publisher:
            watching = threading.Thread(target=lambda: asyncio.run(_come_and_go(pages, events)), daemon=True)
            watching.start()
            arena.rig.rest(1)
            publisher.start()
            for _ in range(arena.size(1, 5)):
                nemesis.crash_redis(arena)
                arena.rig.members["relay"].process.kill()
                arena.rig.rest(1)
            arena.until(
                lambda: not watching.is_alive(), "every page at the end of the stream", arena.size(90, 600)
            )
    _judge_pages(arena, pages, events)
    arena.expect(arena.figures["resumes"] >= arena.size(10, 50), "hardly anybody left, so nothing was proved")


async def _come_and_go(pages: list[Page], events: int) -> None:
    await asyncio.gather(*(page.come_and_go(events) for page in pages))


def _judge_pages(arena: Arena, pages: list[Page], events: int) -> None:
    arena.published = list(range(1, events + 1))
    arena.received = [page.seen for page in pages]
    arena.figures["resumes"] = sum(page.resumes for page in pages)
    arena.expect(
        not any(page.resets for page in pages), "a page was told to begin afresh although nothing was pruned"
    )
