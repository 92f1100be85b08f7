"""Guessing, flooding and racing: what may be tried, how often, and how many may win."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from shared.accounts.rules import Role
from shared.db import transaction
from shared.jobs.enqueue import enqueue
from shared.messages import Noop
from shared.settings import Settings
from tests.conftest import SECRET
from tests.support.web import Browser, add_user, app, assert_problem, logged
from web.app import create_app

NOWHERE = "redis://127.0.0.1:1/0"


def counted(redis_url: str) -> FlaskClient:
    """Return a client of an application that counts."""
    settings = Settings(citypulse_env="test", jwt_secret=SecretStr(SECRET), redis_url=SecretStr(redis_url))
    return create_app(settings).test_client()


def guess(client: FlaskClient, email: str, address: str = "198.51.100.1") -> int:
    """Try a wrong password and return the status."""
    body = {"email": email, "password": "a wrong password"}
    return client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": address}).status_code


@pytest.mark.usefixtures("db")
def test_an_account_is_guessed_at_only_so_often_from_wherever(redis_url: str) -> None:
    """Another address does not help, another account does."""
    client = counted(redis_url)

    answers = [guess(client, "ann@example.org", f"198.51.100.{number}") for number in range(10)]

    assert [401] * 8 + [429] * 2 == answers
    assert 401 == guess(client, "bob@example.org", "198.51.100.99")


@pytest.mark.usefixtures("db")
def test_who_asks_too_often_is_told_when_to_come_back(redis_url: str) -> None:
    """As a problem, with Retry-After."""
    client = counted(redis_url)
    for number in range(20):
        guess(client, f"user{number}@example.org")

    answer = client.post(
        "/api/v1/auth/login",
        json={"email": "x@example.org", "password": "y"},
        headers={"X-Forwarded-For": "198.51.100.1"},
    )

    assert_problem(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 61


@pytest.mark.usefixtures("db")
def test_without_redis_each_process_counts_for_itself_and_says_so() -> None:
    """Nobody is refused because the counter is down, and nobody may guess for ever either."""
    client = counted(NOWHERE)
    with logged() as log:
        answers = [guess(client, "ann@example.org") for _ in range(10)]

    assert [401] * 8 + [429] * 2 == answers
    assert "falling back" in log.getvalue()


@pytest.mark.usefixtures("db")
def test_only_the_nearest_hop_is_believed_about_the_client(redis_url: str) -> None:
    """What a client writes into X-Forwarded-For itself changes nothing."""
    client = counted(redis_url)

    answers = [
        client.post(
            "/api/v1/auth/login",
            json={"email": f"user{number}@example.org", "password": "x"},
            headers={"X-Forwarded-For": f"10.0.0.{number}, 198.51.100.7"},
        ).status_code
        for number in range(21)
    ]

    assert 429 == answers[-1]


@pytest.mark.usefixtures("db")
def test_of_many_who_use_one_refresh_token_at_once_one_wins() -> None:
    """And the session ends, since somebody else held it."""
    browser = Browser(Role.RESIDENT)
    cookie = browser.client.get_cookie("citypulse_refresh")
    twin = browser.client.get_cookie("csrf_refresh_token")
    assert cookie
    assert twin

    def trade(_: int) -> int:
        client = app().test_client()
        client.set_cookie("citypulse_refresh", cookie.value)
        return client.post("/api/v1/auth/refresh", headers={"X-CSRF-TOKEN": twin.value}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(trade, range(24)))

    assert (1, 23) == (answers.count(200), answers.count(401))
    assert_problem(browser.get("/api/v1/auth/me"), 401)


@pytest.mark.usefixtures("db")
def test_of_many_who_retry_one_ended_job_at_once_each_is_audited() -> None:
    """No click is lost from the log, and the job stays one that can be found."""
    with transaction() as tx:
        job = enqueue(tx, Noop(1)).id
        tx.execute(text("UPDATE jobs SET state = 'dead', finished_at = now() WHERE id = :id"), {"id": job})
    admin = Browser(Role.ADMIN)

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: (
                    app()
                    .test_client()
                    .post(
                        f"/api/v1/jobs/{job}/retry",
                        json={"reason": "again"},
                        headers={"Authorization": f"Bearer {admin.token}"},
                    )
                    .status_code
                ),
                range(16),
            )
        )

    assert {202} == set(answers)
    with transaction() as tx:
        assert 1 == tx.execute(text("SELECT count(*) FROM jobs")).scalar_one()
        assert "queued" == tx.execute(text("SELECT state FROM jobs")).scalar_one()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "word",
    ["'; DROP TABLE users; --", "{{7*7}}", "${jndi:ldap://x}", "%00", "../../etc/passwd", "\u202eevil"],
)
def test_a_hostile_word_is_only_a_word(word: str) -> None:
    """In every field that is searched."""
    add_user(Role.RESIDENT)
    ops = Browser(Role.OPS)

    for path, name in (
        ("features", "q"),
        ("features", "city"),
        ("jobs", "q"),
        ("jobs", "kind"),
        ("reports", "city"),
    ):
        answer = ops.get(f"/api/v1/{path}", query_string={"city": "london", name: word})
        assert answer.status_code in {200, 422}
        assert [] == answer.json.get("items", [])
    with transaction() as tx:
        assert 2 == tx.execute(text("SELECT count(*) FROM users")).scalar_one()
