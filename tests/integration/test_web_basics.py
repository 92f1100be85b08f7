"""What every answer of the web tier keeps to: problems, ids, headers, caching, limits."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.db import forget_engine
from shared.settings import Settings, get_settings
from tests.support.web import Browser, add_city, app, assert_problem, logged

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/nothing", None, 404),
        ("POST", "/api/v1/nothing", None, 404),
        ("GET", "/api/v1/features/not-an-id", None, 404),
        ("DELETE", "/api/v1/cities", None, 405),
        ("POST", "/api/v1/auth/login", b"{", 400),
        ("POST", "/api/v1/auth/login", b'{"email": "a\\u0000b", "password": "x"}', 400),
        ("GET", "/api/v1/auth/me", None, 401),
    ],
)
def test_every_refusal_is_a_problem_with_the_requests_id(
    method: str, path: str, body: bytes | None, status: int
) -> None:
    """Whatever is wrong, the answer has one form."""
    headers = {"Content-Type": "application/json"} if body else {}

    answer = app().test_client().open(path, method=method, data=body, headers=headers)

    assert_problem(answer, status)


@pytest.mark.usefixtures("db")
def test_a_wrong_method_says_which_are_right() -> None:
    """RFC 9110 asks for Allow with 405."""
    answer = Browser().post("/api/v1/cities")

    assert "GET" in answer.headers["Allow"]


@pytest.mark.usefixtures("db")
def test_a_body_of_another_kind_is_refused() -> None:
    """A form cannot pose as JSON, so no other site's form can sign anybody in."""
    answer = Browser().post("/api/v1/auth/login", data={"email": "a@example.org", "password": "x"})

    assert_problem(answer, 415)


@pytest.mark.usefixtures("db")
def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    """A quarter of a megabyte is enough for any JSON of ours."""
    answer = Browser().post(
        "/api/v1/auth/login", data=b"x" * 300_000, headers={"Content-Type": "application/json"}
    )

    assert_problem(answer, 413)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("city=london&limit=0", "limit"),
        ("city=london&limit=501", "limit"),
        ("city=london&bbox=1,2,3", "bbox"),
        ("city=london&bbox=nan,1,2,3", "bbox"),
        ("city=london&bbox=1,51,2,50", "bbox"),
        ("city=london&since=yesterday", "since"),
        ("city=london&since=2026-01-01T00:00:00", "since"),
        ("city=london&cursor=bm8", "cursor"),
        ("", "city"),
        ("city=lon%00don", "city"),
    ],
)
def test_a_bad_parameter_is_named(query: str, field: str) -> None:
    """422 says which field, which rule and what to do."""
    assert_problem(Browser().get(f"/api/v1/features?{query}"), 422, field)


@pytest.mark.usefixtures("db")
def test_a_bug_tells_the_caller_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trace goes to the log, under the id that the caller was given."""

    def fail(_tx: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("shared.cities.queries.list_cities", fail)

    with logged() as log:
        answer = Browser().get("/api/v1/cities")

    body = assert_problem(answer, 500)
    assert "secret" not in answer.get_data(as_text=True)
    lines = [line for line in log.getvalue().splitlines() if "the secret of the house" in line]
    assert 1 == len(lines)
    assert body["request_id"] in lines[0]


def test_a_database_that_is_down_is_a_503_and_never_a_500(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller learns when to come back."""
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2://nobody@127.0.0.1:1/none")
    get_settings.cache_clear()
    forget_engine()

    browser = Browser()
    answer = browser.get("/api/v1/cities")

    assert_problem(answer, 503)
    assert 0 < int(answer.headers["Retry-After"])
    assert_problem(browser.get("/health/ready"), 503)
    assert 200 == browser.get("/health").status_code
    status = browser.get("/api/v1/status").json
    assert "down" == status["status"]
    assert {"postgres": "down"}.items() <= {c["name"]: c["state"] for c in status["components"]}.items()


@pytest.mark.usefixtures("db")
def test_an_incoming_trace_is_continued_and_the_id_kept() -> None:
    """One trace goes from whoever asks through us; a malformed one is replaced."""
    browser = Browser()

    kept = browser.get("/health", headers={"traceparent": TRACE, "X-Request-ID": "from-the-edge-1"})
    made = browser.get("/health", headers={"traceparent": "00-00-00-00", "X-Request-ID": "a b\tc"})

    assert TRACE.split("-")[1] == kept.headers["traceparent"].split("-")[1]
    assert TRACE.split("-")[2] != kept.headers["traceparent"].split("-")[2]
    assert "from-the-edge-1" == kept.headers["X-Request-ID"]
    assert re.match(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", made.headers["traceparent"])
    assert re.match(r"^[0-9a-f]{24}$", made.headers["X-Request-ID"])


@pytest.mark.usefixtures("db")
def test_a_request_is_one_line_without_what_it_carried() -> None:
    """Neither query nor header reaches the log; what could forge a line is escaped."""
    with logged() as log:
        Browser().get("/api/v1/reports/0190a1b2-0000-7000-8000-000000000000?t=secret-link%0aforged")

    lines = [line for line in log.getvalue().splitlines() if '"request"' in line]
    assert 1 == len(lines)
    assert "/api/v1/reports/<uuid:id>" in lines[0]
    assert "secret-link" not in lines[0]


@pytest.mark.usefixtures("db")
def test_the_browser_is_told_what_it_may_do() -> None:
    """Everything comes from our own origin, and nobody frames us."""
    headers = Browser().get("/api/v1/cities").headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "DENY" == headers["X-Frame-Options"]


@pytest.mark.usefixtures("db")
def test_a_read_that_did_not_change_is_not_sent_again() -> None:
    """ETag and If-None-Match save the bytes."""
    add_city()
    browser = Browser()

    first = browser.get("/api/v1/cities/london")
    again = browser.get("/api/v1/cities/london", headers={"If-None-Match": first.headers["ETag"]})

    assert "London" == first.json["name"]
    assert (304, b"") == (again.status_code, again.data)


@pytest.mark.usefixtures("db")
def test_the_document_is_openapi_31_and_the_docs_page_needs_nobody_else() -> None:
    """The page works on a machine without a network."""
    browser = Browser()

    document = browser.get("/api/openapi.json").json
    page = browser.get("/api/docs").get_data(as_text=True)

    assert "3.1.0" == document["openapi"]
    assert "/api/v1/features" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


@pytest.mark.usefixtures("db")
def test_the_metrics_need_their_token(settings: Settings) -> None:
    """What runs here is nobody's business."""
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    browser = Browser()

    assert_problem(browser.get("/metrics"), 401)
    assert_problem(browser.get("/metrics", headers={"Authorization": "Bearer wrong"}), 401)
    answer = browser.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert "citypulse_http_requests_total" in answer.get_data(as_text=True)
    assert "citypulse_live_sockets" in answer.get_data(as_text=True)


@pytest.fixture
def built(db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page, and a city with a map."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>the page</title>")
    (dist / "sw.js").write_text("// worker")
    (dist / "assets" / "app-1.js").write_text("let one = 1")
    (dist / "assets" / "app-1.js.gz").write_bytes(b"packed")
    (tmp_path / "cities" / "london").mkdir(parents=True)
    (tmp_path / "cities" / "london" / "basemap.pmtiles").write_bytes(bytes(range(100)))
    monkeypatch.setenv("FRONTEND_DIST", str(dist))
    monkeypatch.setenv("CITIES_DIR", str(tmp_path / "cities"))
    get_settings.cache_clear()
    return dist


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/", "/timeline", "/reports/1/progress?t=x", "/admin/jobs"])
def test_the_pages_own_routes_answer_with_the_page(path: str) -> None:
    """A deep link works; the page itself is always asked for anew."""
    answer = Browser().get(path)

    assert (200, "text/html", "no-cache") == (
        answer.status_code,
        answer.mimetype,
        answer.headers["Cache-Control"],
    )
    assert b"the page" in answer.data


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path", ["/api/v2/x", "/assets/gone.js", "/missing.png", "/assets/../../secret", "/basemaps/..%2f..%2fx"]
)
def test_what_is_no_page_is_not_found(path: str) -> None:
    """An old asset is a 404 and not the page under its name; nothing lies above the folder."""
    assert_problem(Browser().get(path), 404)


@pytest.mark.usefixtures("built")
def test_built_files_are_kept_for_ever_and_the_worker_never() -> None:
    """Names with a hash never change their content."""
    browser = Browser()

    plain = browser.get("/assets/app-1.js")
    packed = browser.get("/assets/app-1.js", headers={"Accept-Encoding": "gzip"})

    assert "immutable" in plain.headers["Cache-Control"]
    assert ("gzip", b"packed", "text/javascript") == (
        packed.headers["Content-Encoding"],
        packed.data,
        packed.mimetype,
    )
    assert "no-cache" == browser.get("/sw.js").headers["Cache-Control"]


@pytest.mark.usefixtures("built")
def test_a_range_of_the_basemap_is_a_206() -> None:
    """PMTiles is read by ranges."""
    answer = Browser().get("/basemaps/london.pmtiles", headers={"Range": "bytes=10-19"})

    assert (206, bytes(range(10, 20))) == (answer.status_code, answer.data)
    assert "bytes 10-19/100" == answer.headers["Content-Range"]


@pytest.mark.usefixtures("built")
def test_the_page_is_told_its_city_at_run_time() -> None:
    """One build serves every city."""
    add_city()

    answer = Browser().get("/config.json")

    assert {
        "city": "london",
        "cities": ["london"],
        "mailbox": True,
        "google": False,
        "version": "dev",
        "simulated": False,
    } == answer.json
    assert "no-cache" == answer.headers["Cache-Control"]
