"""A fetch goes to vetted places only, ends in time, and never takes more than it may."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_httpserver import HTTPServer

from shared.jobs.lease import Cancelled
from tasks.feeds.fetching.errors import FetchFailed, FetchRefused
from tasks.feeds.fetching.http import Ask, Fetcher, Limits

PUBLIC = "93.184.216.34"
Handler = Callable[[socket.socket, threading.Event], None]


@contextmanager
def server(handle: Handler) -> Iterator[int]:
    """Serve each connection by a function, as rudely as it likes; yields the port."""
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                try:
                    connection.recv(65536)
                    handle(connection, stopped)
                except OSError:
                    continue

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stopped.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def here(**limits: float) -> Fetcher:
    """A fetcher that may reach this machine, with tight limits."""
    values = {"max_bytes": 100_000, "total_seconds": 20.0} | limits
    return Fetcher(allowed_private_hosts={"127.0.0.1"}, limits=Limits(**values))  # type: ignore[arg-type]


REFUSED = [
    "http://127.0.0.1/", "http://127.0.0.1:80/", "http://[::1]/", "http://0/", "http://0.0.0.0/", "http://2130706433/",
    "http://0x7f.1/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://10.0.0.1/",
    "http://172.16.0.1/", "http://192.168.0.1/", "http://[fc00::1]/", "http://[fe80::1]/", "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/", "http://[::]/", "http://localhost/", "https://localhost/", "http://localhost./",
    "http://127%2e0%2e0%2e1/", "http://①②⑦.⓪.⓪.①/", "file:///etc/passwd", "gopher://127.0.0.1:70/", "ftp://127.0.0.1/",
    "http://feeds.example@127.0.0.1/", "http://127.0.0.1@feeds.example/", "http://127.0.0.1:6379/",
    "http://127.0.0.1:5432/", "http://localhost:6379/", "dict://127.0.0.1:11211/", "http://", "not a url",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_no_private_place_is_fetched_from(url: str, tmp_path: Path) -> None:
    """Whatever an address is written as, it is refused before anything is dialled."""
    dialled: list[str] = []

    def dialler(address: str, _port: int, _seconds: float) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError

    with pytest.raises(FetchRefused, match=r"^feed trap: address refused"):
        Fetcher(dialler=dialler).get("trap", Ask(url), tmp_path)
    assert [] == dialled


@pytest.mark.parametrize("url", [url for url in REFUSED if ":" in url and url.isascii() and url != "http://"])
def test_no_redirect_leads_to_a_private_place(url: str, tmp_path: Path, httpserver: HTTPServer) -> None:
    """A publisher that was taken over cannot send us inside; the allowed host is allowed, not what it points to."""
    httpserver.expect_request("/x").respond_with_data("", status=302, headers={"Location": url})
    fetcher = Fetcher(allowed_private_hosts={f"localhost:{httpserver.port}"})
    with pytest.raises(FetchRefused, match="address refused"):
        fetcher.get("trap", Ask(httpserver.url_for("/x")), tmp_path)


class Rebinding:
    """A name server that gives a public address first and a private one after it."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return [PUBLIC] if self.asked == 1 else ["127.0.0.1"]


def test_a_name_that_changes_its_mind_gains_nothing(tmp_path: Path) -> None:
    """The vetted address is the one dialled: the name is asked once for each connection."""
    rebinding, dialled = Rebinding(), []

    def dialler(address: str, port: int, _seconds: float) -> socket.socket:
        dialled.append((address, port))
        raise ConnectionRefusedError("nobody there")

    fetcher = Fetcher(resolver=rebinding, dialler=dialler)
    with pytest.raises(FetchFailed, match="nobody there"):
        fetcher.get("trap", Ask("http://feeds.example/"), tmp_path)
    with pytest.raises(FetchRefused, match=r"resolves to 127\.0\.0\.1"):
        fetcher.get("trap", Ask("http://feeds.example/"), tmp_path)

    assert ([(PUBLIC, 80)], 2) == (dialled, rebinding.asked)


def test_every_hop_of_a_redirect_is_resolved_and_vetted_anew(tmp_path: Path) -> None:
    """The second hop of the same name may resolve differently: it is refused."""

    def redirect(connection: socket.socket, _stopped: threading.Event) -> None:
        """Redirect, and keep the connection open for the next hop although asked to close it."""
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://feeds.example/2\r\nContent-Length: 0\r\n\r\n"
        )
        if connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

    with server(redirect) as port:
        fetcher = Fetcher(
            resolver=Rebinding(),
            dialler=lambda _a, _p, seconds: socket.create_connection(("127.0.0.1", port), seconds),
        )
        with pytest.raises(FetchRefused, match=r"resolves to 127\.0\.0\.1"):
            fetcher.get("trap", Ask("http://feeds.example/1"), tmp_path)


def test_the_next_address_is_tried_when_one_does_not_answer(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Both addresses of a host were vetted; the second serves when the first is down."""
    httpserver.expect_request("/").respond_with_data("ok")

    def dialler(address: str, _port: int, seconds: float) -> socket.socket:
        if address == "2606:4700::1111":
            raise OSError("no route")
        return socket.create_connection(("127.0.0.1", httpserver.port), seconds)

    fetcher = Fetcher(resolver=lambda _h, _p: ["2606:4700::1111", PUBLIC], dialler=dialler)

    assert 200 == fetcher.get("bikes", Ask("http://feeds.example/"), tmp_path).status


def drip(first: bytes) -> Handler:
    """Send a beginning, then a byte at a time for ever."""

    def handle(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(first)
        while not stopped.wait(0.01):
            connection.sendall(b"x")

    return handle


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
    ids=["in the body", "in a body without length", "in a header", "in the status line", "after 100"],
)
def test_a_server_that_drips_is_cut_off(first: bytes, tmp_path: Path) -> None:
    """Every single read is quick, the whole is not: the total counts."""
    with server(drip(first)) as port, pytest.raises(FetchFailed, match=r"cut off after 0\.4 s"):
        here(total_seconds=0.4).get("trap", Ask(f"http://127.0.0.1:{port}/"), tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_fetch_that_nobody_waits_for_ends(tmp_path: Path) -> None:
    """A job that is cancelled meanwhile says so; the time that a fetch may take is not waited for."""
    asked = iter(("still wanted",))

    def checkpoint() -> None:
        if next(asked, None) is None:
            raise Cancelled(uuid4())

    with server(drip(b"HTTP/1.1 200 OK\r\n\r\n")) as port, pytest.raises(Cancelled):
        ask = Ask(f"http://127.0.0.1:{port}/", checkpoint=checkpoint)
        here(total_seconds=600).get("trap", ask, tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_server_that_says_nothing_is_cut_off(tmp_path: Path) -> None:
    """Silence is a passing fault."""

    def silence(_connection: socket.socket, stopped: threading.Event) -> None:
        stopped.wait()

    with server(silence) as port, pytest.raises(FetchFailed):
        here(total_seconds=0.3).get("trap", Ask(f"http://127.0.0.1:{port}/"), tmp_path)


def test_a_body_that_says_it_is_too_big_is_not_read(tmp_path: Path) -> None:
    """Ten gigabytes announced are refused at the header."""

    def announce(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        stopped.wait()

    with server(announce) as port, pytest.raises(FetchRefused, match="larger than 100,000 bytes"):
        here().get("trap", Ask(f"http://127.0.0.1:{port}/"), tmp_path)


def test_an_endless_body_is_cut_while_it_streams(tmp_path: Path) -> None:
    """A body without a length is counted as it comes; the server cannot send much more than the limit."""
    sent = []

    def endless(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stopped.is_set():
            sent.append(connection.send(bytes(65536)))

    with server(endless) as port, pytest.raises(FetchRefused, match="larger than 100,000 bytes"):
        here().get("trap", Ask(f"http://127.0.0.1:{port}/"), tmp_path)
    assert sum(sent) < 50_000_000
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("members", [1, 100])
def test_a_bomb_is_cut_at_the_limit(members: int, tmp_path: Path, httpserver: HTTPServer) -> None:
    """The limit holds after decompression, for one bomb and for many in a row."""
    bomb = gzip.compress(bytes(20_000_000 // members)) * members
    httpserver.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    fetcher = Fetcher(allowed_private_hosts={"localhost"}, limits=Limits(max_bytes=1_000_000))
    with pytest.raises(FetchRefused, match="larger than 1,000,000 bytes"):
        fetcher.get("trap", Ask(httpserver.url_for("/")), tmp_path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"",
        b"\x16\x03\x01 this is no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=[
        "cut",
        "cut chunk",
        "no last chunk",
        "bad chunk",
        "closed",
        "no http",
        "many headers",
        "long header",
    ],
)
def test_an_answer_that_breaks_off_is_a_passing_fault(answer: bytes, tmp_path: Path) -> None:
    """Half an answer is never stored as a whole one."""
    with server(lambda connection, _stopped: connection.sendall(answer)) as port, pytest.raises(FetchFailed):
        here().get("trap", Ask(f"http://127.0.0.1:{port}/"), tmp_path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"Content-Length: 100\r\n\r\nonly this", "91 more expected"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", "broke off between two chunks"),
        (b"Content-Length: 9999999\r\n\r\n", "larger than 1,000 bytes"),
        (b"Content-Encoding: gzip\r\n\r\nno gzip", "incorrect header check"),
    ],
)
def test_a_body_that_fails_tells_how_it_was_answered(answer: bytes, said: str, tmp_path: Path) -> None:
    """An operator sees that the publisher did answer, how and how soon, and what was wrong with it."""
    whole = b"HTTP/1.1 200 OK\r\n" + answer
    with (
        server(lambda connection, _stopped: connection.sendall(whole)) as port,
        pytest.raises((FetchFailed, FetchRefused), match=said) as failed,
    ):
        here(max_bytes=1_000).get("trap", Ask(f"http://127.0.0.1:{port}/"), tmp_path)

    assert (200, int) == (failed.value.status, type(failed.value.ttfb_ms))


def test_a_whole_chunked_answer_is_read(tmp_path: Path) -> None:
    """Chunked bodies are joined."""
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n"
    with server(lambda connection, _stopped: connection.sendall(answer)) as port:
        fetched = here().get("bikes", Ask(f"http://127.0.0.1:{port}/"), tmp_path)

    assert fetched.path is not None
    assert b"abcdefgh" == fetched.path.read_bytes()
