"""Fetching over real sockets: what a publisher says is understood, what goes wrong is named."""

import gzip
import hashlib
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from shared.clock import utcnow
from shared.errors import Permanent, Transient
from shared.settings import Settings
from tasks.feeds.fetching.errors import FetchFailed, FetchRefused
from tasks.feeds.fetching.http import Ask, Fetcher, Limits

BODY = b'{"last_updated": 1700000000}'


@pytest.fixture
def fetcher(httpserver: HTTPServer) -> Fetcher:
    """A fetcher that may reach the test's own server and nothing else."""
    return Fetcher(
        allowed_private_hosts={f"localhost:{httpserver.port}"},
        user_agent="CityPulse/1 (+https://city.example)",
    )


def test_an_answer_becomes_a_file_with_all_that_was_said(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path
) -> None:
    """Body, hash, size, validators, freshness and media type are there; nothing else is left in the folder."""
    httpserver.expect_request("/gbfs.json", query_string="a=b").respond_with_data(
        BODY,
        content_type="Application/JSON; charset=utf-8",
        headers={
            "ETag": '"v1"',
            "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT",
            "Cache-Control": "public, max-age=60",
            "Age": "15",
            "Retry-After": "30",
        },
    )
    fetched = fetcher.get("bikes", Ask(httpserver.url_for("/gbfs.json"), params={"a": "b"}), tmp_path)

    assert fetched.path is not None
    assert BODY == fetched.path.read_bytes()
    assert [fetched.path] == list(tmp_path.iterdir())
    assert (200, len(BODY), len(BODY)) == (fetched.status, fetched.size_bytes, fetched.wire_bytes)
    assert hashlib.sha256(BODY).hexdigest() == fetched.sha256
    assert ('"v1"', "Tue, 14 Nov 2023 22:13:20 GMT") == (fetched.etag, fetched.last_modified)
    assert (45, 30.0) == (fetched.max_age_seconds, fetched.retry_after_seconds)
    assert "application/json" == fetched.media_type
    assert fetched.ttfb_ms >= 0
    assert not fetched.not_modified


def test_we_say_who_we_are_and_what_we_have(httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path) -> None:
    """A polite client names itself, its validators and the encodings it reads."""
    seen: dict[str, str] = {}

    def answer(request: Request) -> Response:
        seen.update(request.headers)
        return Response(status=304)

    httpserver.expect_request("/x").respond_with_handler(answer)
    ask = Ask(
        httpserver.url_for("/x"),
        headers={"X-Extra": "1"},
        etag='"v1"',
        last_modified="Tue, 14 Nov 2023 22:13:20 GMT",
    )
    fetched = fetcher.get("bikes", ask, tmp_path)

    assert fetched.not_modified
    assert fetched.path is None
    assert [] == list(tmp_path.iterdir())
    assert "CityPulse/1 (+https://city.example)" == seen["User-Agent"]
    assert ('"v1"', "Tue, 14 Nov 2023 22:13:20 GMT") == (seen["If-None-Match"], seen["If-Modified-Since"])
    assert ("1", "gzip, deflate, br, zstd") == (seen["X-Extra"], seen["Accept-Encoding"])


@pytest.mark.parametrize(
    ("encoding", "encode"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstandard.compress)]
)
def test_a_compressed_answer_is_stored_decompressed(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    """The hash and size are those of the content, so that they do not change with the encoding."""
    body = BODY * 1000
    httpserver.expect_request("/x").respond_with_data(encode(body), headers={"Content-Encoding": encoding})
    fetched = fetcher.get("bikes", Ask(httpserver.url_for("/x")), tmp_path)

    assert (len(body), hashlib.sha256(body).hexdigest()) == (fetched.size_bytes, fetched.sha256)
    assert len(encode(body)) == fetched.wire_bytes


def test_a_broken_encoding_is_a_passing_fault(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path
) -> None:
    """A body that is not what its header says leaves no file."""
    httpserver.expect_request("/x").respond_with_data(BODY, headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchFailed, match="feed bikes: "):
        fetcher.get("bikes", Ask(httpserver.url_for("/x")), tmp_path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [202, 304, 408, 429, 500, 502, 503, 504, 507, 522, 524])
def test_what_time_may_mend_is_transient(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path, status: int
) -> None:
    """These are tried again, with the publisher's own wish for when."""
    httpserver.expect_request("/x").respond_with_data("no", status=status, headers={"Retry-After": "120"})
    with pytest.raises(FetchFailed, match=rf"^feed bikes: HTTP {status} after \d+\.\d s$") as caught:
        fetcher.get("bikes", Ask(httpserver.url_for("/x")), tmp_path)

    assert isinstance(caught.value, Transient)
    assert (status, 120.0) == (caught.value.status, caught.value.retry_after_seconds)


@pytest.mark.parametrize("status", [206, 300, 400, 401, 403, 404, 405, 410, 451])
def test_what_only_a_person_can_mend_is_permanent(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path, status: int
) -> None:
    """These end the job with a sentence."""
    httpserver.expect_request("/x").respond_with_data("no", status=status)
    with pytest.raises(FetchRefused, match=rf"^feed bikes: HTTP {status}$") as caught:
        fetcher.get("bikes", Ask(httpserver.url_for("/x")), tmp_path)

    assert isinstance(caught.value, Permanent)
    assert status == caught.value.status


def test_an_optional_file_may_be_missing(httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path) -> None:
    """404 is an answer where the connector said that it may be."""
    httpserver.expect_request("/x").respond_with_data("no", status=404)
    fetched = fetcher.get("bikes", Ask(httpserver.url_for("/x"), allow_missing=True), tmp_path)

    assert (404, None) == (fetched.status, fetched.path)


def test_retry_after_may_be_a_date(httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path) -> None:
    """HTTP allows seconds and dates."""
    moment = format_datetime(utcnow() + timedelta(hours=1), usegmt=False)
    httpserver.expect_request("/x").respond_with_data("no", status=503, headers={"Retry-After": moment})
    with pytest.raises(FetchFailed) as caught:
        fetcher.get("bikes", Ask(httpserver.url_for("/x")), tmp_path)

    assert 3500 < (caught.value.retry_after_seconds or 0) <= 3600


@pytest.mark.parametrize("told", ["Thu, 01 Jan 2099 00:00:00 GMT", "yesterday"])
def test_a_change_in_the_future_tells_nothing(
    told: str, httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path
) -> None:
    """No answer after it would be newer, and the feed would stand still."""
    httpserver.expect_request("/feed").respond_with_data("{}", headers={"Last-Modified": told})

    assert None is fetcher.get("bikes", Ask(httpserver.url_for("/feed")), tmp_path).last_modified


def test_three_redirects_are_followed_and_a_fourth_is_not(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path
) -> None:
    """Publishers move; loops end."""
    for number in range(4):
        location = f"/{number + 1}"
        httpserver.expect_request(f"/{number}").respond_with_data(
            "", status=302, headers={"Location": location}
        )
    httpserver.expect_request("/4").respond_with_data(BODY)

    assert httpserver.url_for("/4") == fetcher.get("bikes", Ask(httpserver.url_for("/1")), tmp_path).url
    with pytest.raises(FetchRefused, match="more than 3 redirects"):
        fetcher.get("bikes", Ask(httpserver.url_for("/0")), tmp_path)


def test_a_secret_does_not_follow_a_redirect_to_another_host(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A key is for the host it was given for."""
    fetcher = Fetcher(allowed_private_hosts={"localhost", "127.0.0.1"})
    seen: list[str | None] = []

    def answer(request: Request) -> Response:
        seen.append(request.headers.get("X-Api-Key"))
        return Response(BODY)

    elsewhere = f"http://127.0.0.1:{httpserver.port}/there"
    httpserver.expect_request("/away").respond_with_data("", status=307, headers={"Location": elsewhere})
    httpserver.expect_request("/near").respond_with_data("", status=307, headers={"Location": "/there"})
    httpserver.expect_request("/there").respond_with_handler(answer)
    for path in ("/near", "/away"):
        fetcher.get("bikes", Ask(httpserver.url_for(path), secret_headers={"X-Api-Key": "s3cret"}), tmp_path)

    assert ["s3cret", None] == seen


def test_a_secret_parameter_is_sent_and_not_shown(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path
) -> None:
    """Some publishers want the key in the query; what we keep of the fetch does not hold it."""
    httpserver.expect_request("/x", query_string={"a": "b", "api_key": "s3cret"}).respond_with_data(BODY)
    ask = Ask(httpserver.url_for("/x"), params={"a": "b"}, secret_params={"api_key": "s3cret"})
    fetched = fetcher.get("bikes", ask, tmp_path)

    assert 200 == fetched.status
    assert "s3cret" not in repr(fetched)


def test_no_message_holds_the_key_of_a_url(httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path) -> None:
    """Keys travel in parameters of some feeds; errors reach logs and admins."""
    httpserver.expect_request("/x").respond_with_data("no", status=500)
    dead = Fetcher(allowed_private_hosts={"localhost"})
    for one, url in ((fetcher, httpserver.url_for("/x")), (dead, "http://localhost:1/x")):
        with pytest.raises(FetchFailed) as caught:
            one.get("bikes", Ask(url, params={"api_key": "s3cret"}), tmp_path)
        assert "s3cret" not in str(caught.value)


def test_an_encoded_slash_stays_encoded(httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path) -> None:
    """New York's subway publishes at `/nyct%2Fgtfs`."""
    seen: list[str] = []

    def answer(request: Request) -> Response:
        seen.append(request.environ["REQUEST_URI"])
        return Response(BODY)

    httpserver.expect_request("/feeds/nyct/gtfs").respond_with_handler(answer)
    fetcher.get("subway", Ask(f"http://localhost:{httpserver.port}/feeds/nyct%2Fgtfs"), tmp_path)

    assert ["/feeds/nyct%2Fgtfs"] == seen


def test_the_environment_is_not_trusted(
    httpserver: HTTPServer, fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment would connect where nobody vetted."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    httpserver.expect_request("/x").respond_with_data(BODY)

    assert 200 == fetcher.get("bikes", Ask(httpserver.url_for("/x")), tmp_path).status


def test_the_limits_of_an_installation_come_from_its_settings(httpserver: HTTPServer, tmp_path: Path) -> None:
    """One place decides how much a feed may cost and which private hosts it may use."""
    settings = Settings(
        feeds_allowed_private_hosts=frozenset({f"localhost:{httpserver.port}"}), feeds_max_bytes=10
    )
    httpserver.expect_request("/x").respond_with_data(BODY)
    with pytest.raises(FetchRefused, match="larger than 10 bytes"):
        Fetcher.from_settings(settings).get("bikes", Ask(httpserver.url_for("/x")), tmp_path)


def test_limits_have_sane_defaults() -> None:
    """Without settings, a fetch still ends."""
    assert (64 * 1024 * 1024, 60.0, 3) == (Limits().max_bytes, Limits().total_seconds, Limits().max_redirects)
