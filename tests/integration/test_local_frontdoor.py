"""The front door between real sockets: it streams, it waits for nobody, it hides no failure."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from deploy.local.frontdoor import HEAD_LIMIT_BYTES, listen
from deploy.local.processes import free_port
from deploy.local.wire import Routes

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def answer_with_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request with what it carried."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) if b"ontent-" in head else 0
    body = await reader.readexactly(length)
    told = head.split(b"\r\n")[0] + b"|" + body
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told)
    await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def front_door(serve: Serve | None) -> AsyncIterator[int]:
    """Yield the port of a front door before one server, or before none."""
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        if serve:
            server = await asyncio.start_server(serve, "127.0.0.1", port)
            stack.callback(server.close)
        listener = socket.create_server(("127.0.0.1", 0))
        door = asyncio.create_task(listen(listener, Routes({"": ("127.0.0.1", port)})))
        try:
            yield int(listener.getsockname()[1])
        finally:
            door.cancel()
            await asyncio.gather(door, return_exceptions=True)


async def exchange(port: int, request: bytes) -> bytes:
    """Send a request and read until the front door closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """Read one answer with a counted body from a connection that stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))


def test_one_connection_carries_one_request_after_the_other() -> None:
    """The browser keeps its connection though each request gets a fresh one behind."""

    async def scene() -> list[bytes]:
        async with front_door(answer_with_body) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answers = []
            for number in (b"1", b"2"):
                writer.write(b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" % number)
                answers.append(await read_answer(reader))
            writer.close()
            return answers

    assert [b"POST /1 HTTP/1.1|abc", b"POST /2 HTTP/1.1|abc"] == asyncio.run(scene())


def test_an_upload_streams_to_a_server_that_has_not_answered() -> None:
    """The server sees the first bytes before the last are sent."""

    async def scene() -> bytes:
        first = asyncio.Event()

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(5)
            first.set()
            rest = await reader.readexactly(5)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + rest)
            writer.close()

        async with front_door(slow) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfirst")
            await first.wait()
            writer.write(b"later")
            answer = await read_answer(reader)
            writer.close()
            return answer

    assert b"later" == asyncio.run(scene())


def test_a_chunked_answer_passes_as_it_is() -> None:
    """Chunks and trailer arrive unchanged, and the connection stays."""

    async def chunked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nSum: 1\r\n\r\n"
        )
        writer.close()

    async def scene() -> bytes:
        async with front_door(chunked) as port:
            return await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert asyncio.run(scene()).endswith(b"\r\n\r\n3;x=1\r\nabc\r\n0\r\nSum: 1\r\n\r\n")


def test_an_early_answer_reaches_a_client_that_still_sends() -> None:
    """A refused upload is told so, though its body was never read."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scene() -> bytes:
        async with front_door(refuse) as port:
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n"
            return await exchange(port, head + b"x" * 1_000_000)

    assert asyncio.run(scene()).startswith(b"HTTP/1.1 413 ")


def test_an_upgraded_connection_carries_raw_bytes_both_ways() -> None:
    """After 101 the front door only copies."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
        writer.write((await reader.readexactly(4))[::-1])
        writer.close()

    async def scene() -> bytes:
        async with front_door(echo) as port:
            request = b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            return await exchange(port, request + b"\x00\x01\x02\x03")

    assert asyncio.run(scene()).endswith(b"\r\n\r\n\x03\x02\x01\x00")


def test_a_server_that_is_not_there_yet_is_a_503() -> None:
    """The page reads problem details and asks again."""

    async def scene() -> bytes:
        async with front_door(None) as port:
            return await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    head, _, body = asyncio.run(scene()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert 503 == json.loads(body)["status"]


def test_a_server_that_dies_without_an_answer_is_a_503() -> None:
    """A connection that closes before the first byte is the same news."""

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def scene() -> bytes:
        async with front_door(die) as port:
            return await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert asyncio.run(scene()).startswith(b"HTTP/1.1 503 ")


def test_a_head_without_end_is_refused() -> None:
    """No client makes the front door keep more than its limit."""

    async def scene() -> bytes:
        async with front_door(answer_with_body) as port:
            return await exchange(port, b"GET / HTTP/1.1\r\nX: " + b"a" * (HEAD_LIMIT_BYTES + 10))

    assert asyncio.run(scene()).startswith(b"HTTP/1.1 431 ")
