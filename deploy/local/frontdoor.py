"""
Show the browser one origin: pages and API, live socket and Flower behind one address.

It does on one machine what nginx does in production: it streams HTTP bodies both ways without keeping them, passes
upgraded connections (WebSocket) through as raw bytes, and answers 503 while a server behind it restarts.
"""

import argparse
import asyncio
import contextlib
import socket
from collections.abc import Callable

from deploy.local.wire import BadMessage, Routes, forwarded, parse_head, problem, returned, write_head

HEAD_LIMIT_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
#: How long a client may take to send a request's head, or keep an unused connection.
IDLE_SECONDS = 75.0
#: How long a client that was answered early may go on sending: closing at once would lose it the answer.
LINGER_SECONDS = 2.0
STARTING = "this part of CityPulse is starting: try again in a second"


class FrontDoor:
    """Serves connections: one request after the other, each on a fresh connection to its server."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def serve(self, client: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        """Answer the requests of one client connection until either side ends it."""
        peer = out.get_extra_info("peername")
        address = str(peer[0]) if peer else "unknown"
        with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            try:
                while await self._answer(client, out, address):
                    pass
            except BadMessage as error:
                out.write(problem("400 Bad Request", str(error)))
                await out.drain()
        out.close()
        with contextlib.suppress(OSError):
            await out.wait_closed()

    async def _answer(self, client: asyncio.StreamReader, out: asyncio.StreamWriter, address: str) -> bool:
        """Pass one request on and its answer back; tell whether the connection can take another."""
        async with asyncio.timeout(IDLE_SECONDS):
            request = parse_head(await client.readuntil(b"\r\n\r\n"))
        method, target, version = request.words
        length = request.body
        try:
            server, up = await asyncio.open_connection(*self._routes.find(target), limit=HEAD_LIMIT_BYTES)
        except OSError:
            out.write(problem("503 Service Unavailable", STARTING))
            await linger(client, out)
            return False
        try:
            up.write(forwarded(request, address))
            if request.upgrades:
                await pipe_both(client, up, server, out)
                return False
            sender = asyncio.create_task(send_body(client, up, length))
            wants_more = version == b"HTTP/1.1" and b"close" not in request.get(b"connection")
            try:
                stays = await pass_answer(server, out, method, lambda: wants_more and sender.done())
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
        finally:
            up.close()
        if not stays:
            await linger(client, out)
        return stays


async def send_body(client: asyncio.StreamReader, up: asyncio.StreamWriter, length: int | None) -> None:
    """Stream a request's body to its server, as fast as that reads."""
    try:
        await copy_body(client, up, length)
    except BaseException:
        up.close()  # A server that waits for the rest would wait in vain.
        raise


async def copy_body(source: asyncio.StreamReader, sink: asyncio.StreamWriter, length: int | None) -> None:
    """Copy a body of a known length, or a chunked one."""
    if length is None:
        await copy_chunked(source, sink)
    else:
        await copy_bytes(source, sink, length)


async def pass_answer(
    server: asyncio.StreamReader, out: asyncio.StreamWriter, method: bytes, may_stay: Callable[[], bool]
) -> bool:
    """Stream an answer to the client; tell whether the connection stays open after it."""
    while True:
        try:
            answer = parse_head(await server.readuntil(b"\r\n\r\n"))
        except (OSError, EOFError):
            out.write(problem("503 Service Unavailable", STARTING))
            return False
        status = answer.words[1]
        if not status.startswith(b"1"):
            break
        out.write(write_head(answer.first, list(answer.fields)))
    bodiless = method == b"HEAD" or status in (b"204", b"304")
    framed = bodiless or bool(answer.get(b"content-length") or answer.get(b"transfer-encoding"))
    stays = framed and may_stay()
    out.write(returned(answer, stays=stays))
    if not framed:
        await copy_until_end(server, out)
    elif not bodiless:
        await copy_body(server, out, answer.body)
    await out.drain()
    return stays


async def copy_bytes(source: asyncio.StreamReader, sink: asyncio.StreamWriter, count: int) -> None:
    """Copy exactly so many bytes, a piece at a time."""
    while count:
        piece = await source.read(min(count, CHUNK_BYTES))
        if not piece:
            raise EOFError
        count -= len(piece)
        sink.write(piece)
        await sink.drain()


async def copy_chunked(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy a chunked body as it is, with its trailer (RFC 9112, 7.1)."""
    while True:
        line = await source.readuntil(b"\r\n")
        try:
            size = int(line.split(b";", 1)[0], 16)
        except ValueError:
            raise BadMessage("malformed chunk") from None
        sink.write(line)
        if not size:
            break
        await copy_bytes(source, sink, size + 2)
    while line != b"\r\n":
        line = await source.readuntil(b"\r\n")
        sink.write(line)
    await sink.drain()


async def copy_until_end(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until the source closes."""
    while piece := await source.read(CHUNK_BYTES):
        sink.write(piece)
        await sink.drain()


async def pipe_both(
    client: asyncio.StreamReader,
    up: asyncio.StreamWriter,
    server: asyncio.StreamReader,
    out: asyncio.StreamWriter,
) -> None:
    """Copy both ways until one side ends."""
    both = [asyncio.create_task(copy_until_end(client, up)), asyncio.create_task(copy_until_end(server, out))]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def linger(client: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    """Send what was written, then read what the client still sends, so that it gets to read the answer."""
    await out.drain()
    if out.can_write_eof():
        out.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while await client.read(CHUNK_BYTES):
                pass


async def listen(listener: socket.socket, routes: Routes) -> None:
    """Serve until cancelled."""
    server = await asyncio.start_server(
        FrontDoor(routes).serve, sock=listener, limit=HEAD_LIMIT_BYTES, backlog=1024
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve on a socket that the launcher opened, so that a restart of ours refuses nobody."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the number of a listening socket")
    parser.add_argument("--route", action="append", required=True, metavar="PREFIX=PORT")
    options = parser.parse_args()
    pairs = (route.partition("=") for route in options.route)
    routes = Routes({prefix: ("127.0.0.1", int(port)) for prefix, _, port in pairs})
    asyncio.run(listen(socket.socket(fileno=options.fd), routes))


if __name__ == "__main__":
    main()
