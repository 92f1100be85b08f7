"""The production nginx configuration, run with other paths and ports, refuses and passes what it should."""

import base64
import re
import socket
import ssl
import struct
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from deploy.rehearsal.edge import ROOT, Edge, Ports, edge, free_ports, render
from deploy.rehearsal.stubs import Stub, running
from tests.rehearsal.conftest import Stack
from web.clients import network_of

EVERYWHERE = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def test_each_address_reaches_its_server(stack: Stack) -> None:
    """The API, the page and Flower are told apart by path, and the API by its own name too."""
    operator = replace(stack.edge, address="127.0.0.1")
    asked = {
        "/api/v1/cities": "backend",
        "/health": "backend",
        "/config.json": "backend",
        "/open311/v2/services.json": "backend",
        "/reports/42": "frontend",
        "/basemaps/london.pmtiles": "frontend",
        "/flower/": "flower",
    }

    assert asked == {
        path: operator.ask(path, headers={"Authorization": "Basic x"}).headers["X-Stub"] for path in asked
    }
    assert "backend" == stack.edge.ask("/api/v1/cities", host="api.city-pulse.app").headers["X-Stub"]
    assert 404 == stack.edge.ask("/", host="api.city-pulse.app").status


def test_sixty_requests_at_once_are_limited_with_a_problem(stack: Stack) -> None:
    """The burst passes, the rest is told 429, when to come back, and by which id to ask about it."""
    answers = stack.edge.ask_at_once("/api/v1/features", [{}] * 60)
    counts = Counter(answer.status for answer in answers)
    refused = next(answer for answer in answers if answer.status == 429)

    assert {200, 429} == set(counts)
    # One, the burst of twenty, and what ten a second adds while a slow machine sends sixty.
    assert 21 <= counts[200] <= 45
    assert "1" == refused.headers["Retry-After"]
    assert "application/problem+json" == refused.headers.get_content_type()
    assert (429, refused.headers["X-Request-ID"]) == (refused.json["status"], refused.json["request_id"])
    assert EVERYWHERE == {name: refused.headers[name] for name in EVERYWHERE}


@pytest.mark.parametrize(
    ("one", "neighbour", "stranger"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::1"),
        ("2001:db8:a00:a0a::a", "2001:db8:a00:a0a:a::", "2001:db8:a00:a0b::a"),
        ("::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8"),
    ],
)
def test_a_subscriber_is_limited_as_one_whatever_their_address(
    own: Stack, one: str, neighbour: str, stranger: str
) -> None:
    """Who is given a /64 has no more tries than who is given one address, in the application's own words."""
    assert network_of(one) == network_of(neighbour) != network_of(stranger)
    limits = own.edge.folder / "conf" / "limits.conf"
    limits.write_text(f"{limits.read_text()}set_real_ip_from 127.0.0.1;\nreal_ip_header X-Client;\n")
    own.edge.switch(own.backend.port, own.live.port)

    def statuses(*addresses: str) -> set[int]:
        told = [{"X-Client": address} for address in addresses]
        return {answer.status for answer in own.edge.ask_at_once("/api/v1/auth/login", told)}

    assert {200, 429} == statuses(*[one, neighbour] * 10)
    assert {200} == statuses(*[stranger] * 10)


def test_the_page_is_not_limited_as_the_api_is(stack: Stack) -> None:
    """Sixty files of the page at once all come."""
    answers = stack.edge.ask_at_once("/reports/42", [{}] * 60)

    assert Counter({200: 60}) == Counter(answer.status for answer in answers)


def test_the_application_s_own_refusal_passes_unchanged(stack: Stack) -> None:
    """Its Retry-After is neither replaced nor doubled."""
    answer = stack.edge.ask("/api/v1/busy")

    assert (429, ["17"]) == (answer.status, answer.headers.get_all("Retry-After"))


@pytest.mark.parametrize("path", ["/api/v1/cities", "/", "/_protected/photo.webp"])
def test_headers_are_on_every_answer_once(stack: Stack, path: str) -> None:
    """Whoever answers: the application, the page, or nginx itself; and exactly one policy comes with it."""
    answer = stack.edge.ask(path)

    assert {name: [value] for name, value in EVERYWHERE.items()} == {
        name: answer.headers.get_all(name) for name in EVERYWHERE
    }
    assert 1 == len(answer.headers.get_all("Content-Security-Policy") or [])


def test_a_dead_backend_is_a_problem_with_headers_not_a_page_of_nginx(own: Stack) -> None:
    """503, when to come back, and the security headers."""
    own.edge.switch(*free_ports(2))
    answer = own.edge.ask("/api/v1/cities")

    assert (503, "5") == (answer.json["status"], answer.headers["Retry-After"])
    assert EVERYWHERE == {name: answer.headers[name] for name in EVERYWHERE}
    assert "nginx" == answer.headers["Server"]


def test_http2_and_only_modern_tls_are_spoken(stack: Stack) -> None:
    """ALPN gives h2; TLS 1.1 is refused."""
    with stack.edge.connect(protocols=("h2", "http/1.1")) as connection:
        assert ("h2", "TLSv1.3") == (connection.selected_alpn_protocol(), connection.version())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(
        socket.create_connection(("127.0.0.1", stack.edge.ports.https)), server_hostname="city-pulse.app"
    ) as connection:
        assert "TLSv1.2" == connection.version()
    command = (
        f"openssl s_client -connect 127.0.0.1:{stack.edge.ports.https} -servername city-pulse.app -tls1_1"
    )
    old = subprocess.run(
        [*command.split(), "-cipher", "ALL:@SECLEVEL=0"], input=b"", capture_output=True, check=False
    )
    assert b"alert protocol version" in old.stderr


def test_foreign_names_get_no_answer_and_no_certificate(stack: Stack) -> None:
    """Over TLS the handshake is refused, over HTTP the connection closed, and another Host after our handshake is misdirected."""
    with pytest.raises(ssl.SSLError):
        stack.edge.ask("/", host="evil.example")
    with pytest.raises(ConnectionError):
        stack.edge.ask_plain("/", host="evil.example")
    assert 421 == stack.edge.ask("/", headers={"Host": "evil.example"}).status


def test_plain_http_and_www_lead_to_the_site(stack: Stack) -> None:
    """Everything but the certificate's challenge is sent to HTTPS; www to the bare name."""
    (stack.edge.folder / "webroot" / ".well-known" / "acme-challenge").mkdir(parents=True)
    (stack.edge.folder / "webroot" / ".well-known" / "acme-challenge" / "token").write_text("proof")
    plain = stack.edge.ask_plain("/reports?x=1")
    www = stack.edge.ask("/reports", host="www.city-pulse.app")

    assert (301, "https://city-pulse.app/reports?x=1") == (plain.status, plain.headers["Location"])
    assert (301, "https://city-pulse.app/reports") == (www.status, www.headers["Location"])
    assert b"proof" == stack.edge.ask_plain("/.well-known/acme-challenge/token").body


def test_a_websocket_reaches_live_and_carries_bytes_both_ways(stack: Stack) -> None:
    """The upgrade passes and what is sent comes back."""
    with websocket(stack.edge) as (status, connection):
        connection.sendall(b"\x81\x05hello")

        assert (b"101", b"\x81\x05hello") == (status, connection.recv(7))


def test_the_twenty_first_websocket_of_an_address_is_refused(stack: Stack) -> None:
    """Twenty are open, one more is told 429."""
    opened = [websocket(stack.edge) for _ in range(21)]
    statuses = [each.__enter__()[0] for each in opened]
    for each in opened:
        each.__exit__(None, None, None)

    assert [b"101"] * 20 + [b"429"] == statuses


def test_an_idle_connection_is_let_go_by_nginx_and_not_by_the_application() -> None:
    """The other way round a report could be sent into a connection that closes, and answered with 502."""
    written = [ROOT / "nginx" / "upstream.conf", ROOT / "deploy" / "scripts" / "lib.sh"]
    nginx_seconds = {re.findall(r"keepalive_timeout (\d+)s", file.read_text())[0] for file in written}
    gunicorn = (ROOT / "deploy" / "gunicorn" / "web.conf.py").read_text()
    application_seconds = re.findall(r"^keepalive = (\d+)$", gunicorn, re.MULTILINE)

    assert 1 == len(nginx_seconds) == len(application_seconds)
    assert int(nginx_seconds.pop()) < int(application_seconds[0])


def test_a_stream_of_events_is_passed_on_as_it_comes(stack: Stack) -> None:
    """The first event is here before the server has ended its answer."""
    with stack.edge.connect() as connection:
        connection.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: city-pulse.app\r\n\r\n")
        received = b""
        while b"data: first" not in received:
            received += connection.recv(4096)
        stack.backend.go_on.set()
        while b"data: second" not in received:
            received += connection.recv(4096)

    assert received.index(b"first") < received.index(b"second")


@pytest.mark.parametrize(
    ("path", "limit_mb"),
    [("/api/v1/uploads", 100), ("/api/v1/reports", 50), ("/api/v1/feeds", 10), ("/api/v1/hooks/sendgrid", 2)],
)
def test_each_address_has_its_own_largest_body(stack: Stack, path: str, limit_mb: int) -> None:
    """One byte more than the limit is refused by its length, before it is sent."""
    too_large = {"Content-Length": str(limit_mb * 1024 * 1024 + 1)}
    refused = stack.edge.ask(path, "POST", headers=too_large)

    assert (413, 413, []) == (refused.status, refused.json["status"], stack.backend.bodies)


def test_a_sixty_megabyte_upload_arrives_whole(stack: Stack) -> None:
    """It is buffered on disk and handed on."""
    answer = stack.edge.ask("/api/v1/uploads", "POST", body=bytes(60 * 1024 * 1024))

    assert (200, [60 * 1024 * 1024]) == (answer.status, stack.backend.bodies)


def test_a_stored_file_is_sent_by_the_application_s_word_only(stack: Stack) -> None:
    """X-Accel-Redirect gives the bytes and does not leak; the address itself gives nothing."""
    by_word = stack.edge.ask("/api/v1/photos/1/thumb.webp")
    by_address = stack.edge.ask("/_protected/photo.webp")

    assert (200, b"RIFF....WEBP", None) == (by_word.status, by_word.body, by_word.headers["X-Accel-Redirect"])
    assert (404, 404) == (by_address.status, by_address.json["status"])


def test_what_the_client_claims_about_itself_is_replaced(stack: Stack) -> None:
    """Forged hop headers do not reach the application."""
    forged = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
        "X-Real-IP": "1.2.3.4",
        "Forwarded": "for=1.2.3.4",
        "X-Request-ID": "forged",
    }
    answer = stack.edge.ask("/api/v1/cities", headers=forged)
    told = answer.json["headers"]

    assert (stack.edge.address, "https", "city-pulse.app", stack.edge.address) == (
        told["X-Forwarded-For"],
        told["X-Forwarded-Proto"],
        told["X-Forwarded-Host"],
        told["X-Real-IP"],
    )
    assert set() == {"X-Forwarded-Prefix", "Forwarded"} & told.keys()
    assert told["X-Request-ID"] == answer.headers["X-Request-ID"] != "forged"


def test_operators_addresses_are_closed_to_others(own: Stack) -> None:
    """An allow list that does not name the caller refuses with a problem; the counters are not on the site."""
    (own.edge.folder / "conf" / "ops-allow.conf").write_text("allow 203.0.113.7;\n")
    own.edge.switch(own.backend.port, own.live.port)
    closed = ("/flower/", "/metrics", "/health/ready")

    assert dict.fromkeys(closed, 403) == {path: own.edge.ask(path).status for path in closed}
    inside = own.edge.ask_plain("/nginx_status", port=own.edge.ports.inside)
    assert (200, True) == (inside.status, b"Active connections" in inside.body)
    assert "frontend" == own.edge.ask("/nginx_status").headers["X-Stub"]


def test_hashed_files_outlive_the_release_that_made_them(own: Stack) -> None:
    """What was asked for once is answered from here after the page's server has gone; what never was there is not."""
    first = own.edge.ask("/assets/old.js")
    missing = own.edge.ask("/assets/gone.js")
    own.frontend.shutdown()
    own.frontend.server_close()
    again = own.edge.ask("/assets/old.js")

    assert (200, 404, 200, first.body) == (first.status, missing.status, again.status, again.body)


def test_one_copy_of_the_page_serves_every_address_while_its_server_is_away(own: Stack) -> None:
    """Whoever comes by another address, with another browser, is shown the page that somebody asked for before."""
    own.edge.ask("/")
    own.frontend.shutdown()
    own.frontend.server_close()
    shown = own.edge.ask("/reports/7", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    missing = own.edge.ask("/never-asked.svg")

    assert (200, 503, 503) == (shown.status, missing.status, missing.json["status"])
    assert b'id="root"' in shown.body


def test_names_are_asked_of_the_first_server_only(own: Stack) -> None:
    """nginx asks all it is told in turn, and a host's own name server knows no service."""
    resolv_conf = own.edge.folder / "resolv.conf"
    resolv_conf.write_text("search lan\nnameserver 10.89.0.1\nnameserver 192.0.2.53\n")
    own_ports = Ports(*free_ports(3), own.backend.port, own.live.port, own.frontend.port, own.flower.port)
    with edge(own_ports, {"RESOLV_CONF": str(resolv_conf)}) as other:
        told = (other.folder / "run" / "resolver.conf").read_text()

    assert "resolver 10.89.0.1 valid=5s ipv6=off;" == told.splitlines()[0]


def test_a_switch_moves_all_new_requests_and_loses_none(own: Stack) -> None:
    """Blue answers, then green, and every request in between is answered."""
    with running(Stub("green")) as green, ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(own.edge.ask, "/health") for _ in range(60)]
        own.edge.switch(green.port, own.live.port)
        after = [own.edge.ask("/health").headers["X-Stub"] for _ in range(10)]
        answers = [each.result() for each in asked]

    assert ({200}, {"green"}) == ({answer.status for answer in answers}, set(after))


def test_the_log_is_json_without_secrets(own: Stack) -> None:
    """One line a request, with its id; no query and no token of a path."""
    answer = own.edge.ask("/api/v1/reports/7?t=secret-token")
    own.edge.ask("/api/v1/unsubscribe/secret-token", "POST", body=b"")
    lines = own.edge.access_log(2)

    assert answer.headers["X-Request-ID"] == lines[0]["request_id"]
    assert ["/api/v1/reports/7", "/api/v1/unsubscribe/..."] == [line["path"] for line in lines]
    assert "secret-token" not in str(lines)


def test_ambiguous_requests_are_refused(stack: Stack) -> None:
    """A length beside chunks, and a header of a hundred kilobytes."""
    smuggled = b"POST /api/v1/feeds HTTP/1.1\r\nHost: city-pulse.app\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    huge = b"GET / HTTP/1.1\r\nHost: city-pulse.app\r\nX-Big: " + b"a" * 100_000 + b"\r\n\r\n"

    assert [b"400", b"400"] == [raw_status(stack.edge, smuggled), raw_status(stack.edge, huge)]


def test_a_renamed_path_is_noticed(tmp_path, monkeypatch) -> None:
    """A replacement that finds nothing stops the rehearsal instead of testing something else."""
    monkeypatch.setattr("deploy.rehearsal.edge._replacements", lambda *_: {"/no/such/path": "x"})

    with pytest.raises(LookupError, match="/no/such/path"):
        render(tmp_path, Ports(*range(1, 8)))


def raw_status(edge: Edge, request: bytes) -> bytes:
    """Send bytes as they are and return the status."""
    with edge.connect() as connection:
        connection.sendall(request)
        return connection.recv(4096).split(b" ", 2)[1]


class websocket:  # noqa: N801  # used as a function
    """An upgraded connection: `(status, socket)`."""

    def __init__(self, edge: Edge) -> None:
        self._connection = edge.connect()

    def __enter__(self) -> tuple[bytes, ssl.SSLSocket]:
        key = base64.b64encode(struct.pack("!QQ", 1, 2)).decode()
        self._connection.sendall(
            f"GET /ws HTTP/1.1\r\nHost: city-pulse.app\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._connection.recv(1)
        return head.split(b" ", 2)[1], self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
