"""The front door frames HTTP/1.1 so that no two readers count a body differently."""

import pytest

from deploy.local.wire import BadMessage, Routes, forwarded, parse_head, problem, returned


def test_a_request_is_routed_by_whole_path_segments() -> None:
    """`/wsx` is not the socket, `/ws` and what is below it are."""
    routes = Routes({"/ws": ("127.0.0.1", 1), "": ("127.0.0.1", 2)})

    assert ("127.0.0.1", 1) == routes.find(b"/ws?token=a")
    assert ("127.0.0.1", 1) == routes.find(b"/ws/more")
    assert ("127.0.0.1", 2) == routes.find(b"/wsx")


def test_the_server_learns_the_clients_address_and_nobody_elses() -> None:
    """A forged X-Forwarded-For is dropped, ours is added, the connection is for one request."""
    head = parse_head(
        b"GET / HTTP/1.1\r\nHost: city\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: keep-alive\r\n\r\n"
    )

    sent = forwarded(head, "127.0.0.5")

    assert b"9.9.9.9" not in sent
    assert b"X-Forwarded-For: 127.0.0.5\r\n" in sent
    assert b"X-Forwarded-Host: city\r\n" in sent
    assert sent.endswith(b"Connection: close\r\n\r\n")


def test_an_upgrade_keeps_its_connection_headers() -> None:
    """A WebSocket handshake arrives as it was sent."""
    head = parse_head(b"GET /ws HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")

    sent = forwarded(head, "127.0.0.1")

    assert head.upgrades
    assert b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" in sent


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: -3",
        b"Content-Length: +3",
        b"Transfer-Encoding: gzip, chunked",
    ],
)
def test_a_body_of_unclear_length_is_refused(fields: bytes) -> None:
    """Two ways to count a body are one too many."""
    head = parse_head(b"POST / HTTP/1.1\r\n" + fields + b"\r\n\r\n")

    with pytest.raises(BadMessage):
        _ = head.body


@pytest.mark.parametrize("line", [b"no colon", b" folded: line", b"Name : blank", b": empty"])
def test_a_malformed_header_is_refused(line: bytes) -> None:
    """A name is a token, directly before its colon."""
    with pytest.raises(BadMessage):
        parse_head(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\n")


def test_a_body_is_counted_or_chunked() -> None:
    """No length means no body for a request."""
    assert 12 == parse_head(b"POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\n").body
    assert parse_head(b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n").body is None
    assert 0 == parse_head(b"GET / HTTP/1.1\r\n\r\n").body


def test_an_answer_tells_whether_the_connection_stays() -> None:
    """The server's own `Connection: close` is about its connection, not the client's."""
    answer = parse_head(b"HTTP/1.1 200 OK\r\nConnection: close\r\nETag: a\r\n\r\n")

    assert b"HTTP/1.1 200 OK\r\nETag: a\r\nConnection: keep-alive\r\n\r\n" == returned(answer, stays=True)


def test_our_own_answers_are_problem_details() -> None:
    """A page that meets a restart knows when to ask again."""
    head, _, body = problem("503 Service Unavailable", "starting").partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n")
    assert b"Retry-After: 1" in head
    assert b'"status": 503' in body
