"""
Show the browser one origin: pages and API, live socket and Flower behind one address.

It does on one machine what nginx does in production: it streams HTTP bodies both ways without keeping them, passes
upgraded connections (WebSocket) through as raw bytes, and answers 503 while a server behind it restarts.
"""

import argparse
import asyncio
import contextlib
import select
import socket

from deploy.local.copying import CHUNK_BYTES, copy_body, copy_until_end, into
from deploy.local.wire import BadMessage, Head, Routes, forwarded, parse_head, problem, returned, write_head

HEAD_LIMIT_BYTES = 64 * 1024
#: How long a client may take to send a request's head, or keep an unused connection.
IDLE_SECONDS = 75.0
#: How long a client that was answered early may go on sending: closing at once would lose it the answer.
LINGER_SECONDS = 2.0
#: An answer that has come is read by the event loop within so many rounds.
ROUNDS_TO_READ = 3
STARTING = "this part of CityPulse is starting: try again in a second"


class Unanswered(Exception):
    """A server closed the connection without an answer."""


class Unwanted(Exception):
    """A server has answered and reads no more of the request."""


class FrontDoor:
    """Serves connections: one request after the other, each on a fresh connection to its server."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def serve(self, client: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        """Answer the requests of one client connection until either side ends it."""
        peer = out.get_extra_info("peername")
        address = str(peer[0]) if peer else "unknown"
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            try:
                while await self._answer(client, out, address):
                    pass
            except BadMessage as error:
                out.write(problem("400 Bad Request", str(error)))
                await linger(client, out)
            except asyncio.LimitOverrunError:
                out.write(
                    problem("431 Request Header Fields Too Large", f"the limit is {HEAD_LIMIT_BYTES} bytes")
                )
                await linger(client, out)
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
            answered = asyncio.Event()
            sender = asyncio.create_task(send_body(client, up, length, answered))
            wants_more = version == b"HTTP/1.1" and b"close" not in request.get(b"connection")
            try:
                answer = await pass_head(server, out)
                answered.set()
                stays = wants_more and sender.done() and answer.ends(method)
                out.write(returned(answer, stays=stays))
                await pass_body(server, out, answer, method)
            except Unanswered:
                out.write(problem("503 Service Unavailable", STARTING))
                stays = False
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
        finally:
            up.close()
        if not stays:
            await linger(client, out)
        return stays


async def send_body(
    client: asyncio.StreamReader, up: asyncio.StreamWriter, length: int | None, answered: asyncio.Event
) -> None:
    """
    Stream a request's body to its server, as fast as that reads, until it has answered.

    A server that refuses an upload answers and closes. One byte sent after that would come back as a reset, and the
    reset would throw the answer away before it is read. So each piece looks for an answer first.
    """
    look = select.poll()
    look.register(up.get_extra_info("socket"), select.POLLIN)
    send = into(up)

    async def put(piece: bytes) -> None:
        for _ in range(ROUNDS_TO_READ):
            if answered.is_set():
                raise Unwanted
            if not look.poll(0):
                break
            await asyncio.sleep(0)
        await send(piece)

    try:
        await copy_body(client, put, length)
    except Unwanted:
        return
    except BaseException:
        up.close()  # A server that waits for the rest would wait in vain.
        raise


async def pass_head(server: asyncio.StreamReader, out: asyncio.StreamWriter) -> Head:
    """
    Return the head of a server's answer; interim ones (100 Continue) go to the client at once.

    Raises: Unanswered when the server closes before.
    """
    while True:
        try:
            answer = parse_head(await server.readuntil(b"\r\n\r\n"))
        except (OSError, EOFError):
            raise Unanswered from None
        if not answer.words[1].startswith(b"1"):
            return answer
        out.write(write_head(answer.first, list(answer.fields)))


async def pass_body(
    server: asyncio.StreamReader, out: asyncio.StreamWriter, answer: Head, method: bytes
) -> None:
    """Stream the body of an answer to the client."""
    if not answer.ends(method):
        await copy_until_end(server, into(out))
    elif not answer.bodiless(method):
        await copy_body(server, into(out), answer.body)
    await out.drain()


async def pipe_both(
    client: asyncio.StreamReader,
    up: asyncio.StreamWriter,
    server: asyncio.StreamReader,
    out: asyncio.StreamWriter,
) -> None:
    """Copy both ways until one side ends."""
    both = [
        asyncio.create_task(copy_until_end(client, into(up))),
        asyncio.create_task(copy_until_end(server, into(out))),
    ]
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
