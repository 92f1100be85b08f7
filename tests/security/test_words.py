"""Words that would like to be something else: a line of the log, a statement, a header."""

import logging

import pytest
from sqlalchemy import text

from shared.accounts.rules import Role
from shared.db import transaction
from tests.contracts.test_routes import ALL
from tests.security.conftest import Tries
from tests.support.web import Browser, add_city, logged

pytestmark = pytest.mark.usefixtures("db")
SQL = [
    "' OR 1=1 --",
    "1; DROP TABLE jobs",
    "\\'; SELECT pg_sleep(9) --",
    "%' OR ''='",
    "x' UNION SELECT password_hash FROM users --",
]


@pytest.mark.row(14)
def test_a_log_line_stays_one_line_whatever_it_is_given(tries: Tries) -> None:
    """Line breaks and colours are escaped, a megabyte is cut."""
    nasty = {
        "CRLF": 'a\r\n{"event": "forged", "level": "info"}',
        "ANSI": "\x1b[2J\x1b[31mred",
        "a megabyte": "x" * 1_000_000,
        "NUL": "a\x00b",
        "bell": "\x07",
        "next line": "a\x0bb\x0cc",
    }
    for name, word in nasty.items():
        with logged() as log:
            logging.getLogger("security").warning("tried", extra={"word": word})
        line = log.getvalue()
        is_plain = all(ord(sign) >= 32 and ord(sign) != 127 for sign in line.rstrip("\n"))
        tries(name, line.count("\n") == 1 and is_plain and len(line) < 20_000)


@pytest.mark.row(14)
def test_no_answer_holds_a_trace_or_a_name_of_ours(tries: Tries) -> None:
    """Whatever is asked wrongly, the refusal names no file, no line, no class and no version of a server."""
    browser = Browser(Role.ADMIN)
    for method, path, body in (
        ("GET", "/api/v1/features?bbox=a,b,c,d", None),
        ("GET", "/api/v1/jobs?cursor=%ff", None),
        ("GET", "/api/v1/jobs/0", None),
        ("POST", "/api/v1/feeds", {"city": {}, "kind": []}),
        ("POST", "/api/v1/jobs/retry", {"reason": 7}),
        ("POST", "/api/v1/auth/api-keys", {"name": {}, "scopes": 1}),
        ("PUT", "/api/v1/feeds", None),
        ("GET", "/%c0%ae%c0%ae/etc/passwd", None),
    ):
        answer = browser._open(method, path, {"json": body} if body is not None else {})
        said = answer.get_data(as_text=True) + str(answer.headers)
        leaks = [
            word
            for word in ("Traceback", ".py", "sqlalchemy", "psycopg", "pydantic", "Werkzeug")
            if word in said
        ]
        tries(f"{method} {path}: {leaks}", 400 <= answer.status_code < 500 and not leaks)


@pytest.mark.row(18)
def test_no_parameter_of_any_list_reaches_sql_as_sql(tries: Tries) -> None:
    """Filters, orders, cursors and ids: what is no value is refused, and what is one finds nothing."""
    add_city()
    admin = Browser(Role.ADMIN)
    for path, names in {
        "features": ("city", "kind", "q", "status", "cursor", "bbox", "since", "limit"),
        "things": ("city", "property", "cursor"),
        "vehicles": ("city", "kind"),
        "jobs": ("state", "kind", "queue", "q", "cursor"),
        "feeds": ("city",),
        "reports": ("city", "status", "cursor"),
        "reports/queue": ("city", "status", "category", "since", "before", "order", "limit", "cursor"),
        "uploads": ("limit", "cursor"),
        "mailbox": ("to",),
    }.items():
        for name in names:
            for word in SQL:
                answer = admin.get(f"/api/v1/{path}", query_string={"city": "london", name: word})
                found = answer.json.get("items") if answer.status_code == 200 else []
                tries(f"{path} {name}={word}", answer.status_code in {200, 404, 422} and found == [])

    with transaction() as tx:
        assert 1 == tx.execute(text("SELECT count(*) FROM users")).scalar_one()
        assert 0 == tx.execute(text("SELECT count(*) FROM jobs")).scalar_one()


@pytest.mark.row(18)
def test_nothing_is_given_out_that_a_spreadsheet_runs(tries: Tries) -> None:
    """`=HYPERLINK(...)` is a word in JSON and a formula in CSV: no route answers with a table, also when it is asked to."""
    add_city()
    admin = Browser(Role.ADMIN)
    for route in (route for route in ALL if route.method == "GET"):
        answer = admin.get(
            f"{route.path}?format=csv&f=csv", headers={"Accept": "text/csv, application/vnd.ms-excel"}
        )
        is_table = any(word in answer.mimetype for word in ("csv", "excel", "spreadsheet", "tab-separated"))
        tries(f"{route.rule}: {answer.mimetype}", not is_table)


@pytest.mark.row(18)
def test_no_header_can_be_split(tries: Tries) -> None:
    """What comes back in a header holds no line break and no cookie of the client's making."""
    browser = Browser(Role.ADMIN)
    for path in (
        "/api/v1/features?city=london&q=%0d%0aSet-Cookie:%20a=b",
        "/api/v1/jobs?q=%0d%0aSet-Cookie:%20a=b",
        "/%0d%0aSet-Cookie:%20a=b",
        "//evil.example/%2f..",
        "/\\evil.example",
    ):
        answer = browser.get(path)
        headers = str(answer.headers)
        tries(path, "Set-Cookie" not in headers and "evil" not in answer.headers.get("Location", ""))
