"""Guessing, flooding and racing: what may be tried, how often, and how many may win."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Literal
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from shared.accounts import passwords
from shared.accounts.mail import owe_asked
from shared.accounts.rules import Role
from shared.clock import utcnow
from shared.db import engine, transaction
from shared.email.service import Mail
from shared.jobs.enqueue import enqueue
from shared.messages import Noop
from shared.settings import Settings
from tests.conftest import SECRET
from tests.security.conftest import Tries
from tests.support.jobs import drain
from tests.support.web import Browser, add_city, add_user, app, assert_problem, logged
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


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_a_whole_network_of_ipv6_counts_as_one_address(redis_url: str, tries: Tries) -> None:
    """A subscriber is given 2^64 addresses: a new one for each guess gains nothing, the next network is free."""
    client = counted(redis_url)

    def knock(number: int, address: str) -> int:
        return guess(client, f"user{number}@example.org", address)

    assert {401} == {knock(number, f"2001:db8:1:2::{number:x}") for number in range(20)}
    for number in range(20, 40):
        tries(f"guess {number}", knock(number, f"2001:db8:1:2:ffff::{number:x}") == 429)
    assert 401 == knock(40, "2001:db8:1:3::1")


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_an_address_written_otherwise_is_the_same_account(redis_url: str, tries: Tries) -> None:
    """Letters that a database may fold into one another share one allowance."""
    client = counted(redis_url)
    for number in range(8):
        assert 401 == guess(client, "iris.kay@example.org", f"198.51.100.{number}")
    for number, spelt in enumerate(
        ("IRIS.KAY@EXAMPLE.ORG", " iris.kay@example.org ", "\u0130ris.kay@example.org", "iris.\u212aay@example.org",
         "\uff49ris.kay@example.org", "i\u0307ris.kay@example.org"),
        start=50,
    ):  # fmt: skip
        tries(ascii(spelt), guess(client, spelt, f"198.51.100.{number}") == 429)


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_one_network_of_ipv6_supports_a_report_once() -> None:
    """The count of "me too" is not for sale."""
    add_city()
    form = {"city": "london", "category": "pothole", "lon": "-0.1", "lat": "51.5", "description": "Hole."}
    filed = Browser().post("/api/v1/reports", data=form, content_type="multipart/form-data").json
    drain()

    def support(address: str) -> int:
        path = f"/api/v1/reports/{filed['id']}/supports"
        return int(Browser().post(path, headers={"X-Forwarded-For": address}).json["supports"])

    counts = [support(each) for each in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:1", "2001:db8:0:1::1")]
    assert [1, 1, 1, 2] == counts


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_of_many_who_ask_at_once_five_mails_go_out() -> None:
    """Each counts what the one before it owed."""

    def ask(_: int) -> None:
        with transaction() as tx:
            owe_asked(tx, Mail("account_exists", "ann@example.org", f"x:{uuid4()}"), utcnow())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(24)))

    with transaction() as tx:
        assert 5 == tx.execute(text("SELECT count(*) FROM deliveries")).scalar_one()


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["register", "verify-email/resend"])
def test_no_route_works_more_for_an_address_that_is_known(path: str, tries: Tries) -> None:
    """The same rows are written, and taken back where they are not owed: a stopwatch learns nothing."""
    add_user(Role.RESIDENT, "ann@example.org")
    written: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        written.extend(re.findall("INSERT INTO (account_tokens|deliveries|jobs|audit_log) ", statement))

    event.listen(engine(), "before_cursor_execute", note)
    work = []
    try:
        for email in ("ann@example.org", "new@example.org"):
            written.clear()
            body = {"email": email, "password": "seventeen green umbrellas"}
            answer = Browser().post(
                f"/api/v1/auth/{path}", json=body if path == "register" else {"email": email}
            )
            work.append((answer.status_code, answer.json, sorted(written)))
    finally:
        event.remove(engine(), "before_cursor_execute", note)

    tries(f"{path}: {work}", work[0] == work[1] and bool(work[0][2]))


@pytest.mark.row(17)
def test_a_guess_at_nobody_hashes_once_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not twice for the first one a process meets: what it is compared with costs nothing to make."""
    passwords._nobody.cache_clear()
    verified: list[str] = []

    class Hasher(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(str(hash))
            return super().verify(hash, password)

        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            raise AssertionError("a guess made a hash")

    monkeypatch.setattr(passwords, "_hasher", Hasher())

    assert not passwords.verify_password(None, "a guess")
    assert 1 == len(verified)
    assert not passwords.is_outdated(verified[0])


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_a_refused_sign_in_leaves_a_line() -> None:
    """Who reads the log sees guessing: the account by its id, and no address (ASVS 16.3.1)."""
    add_user(Role.RESIDENT, "ann@example.org")
    with transaction() as tx:
        known = tx.execute(text("SELECT id FROM users")).scalar_one()
    with logged() as log:
        for email in ("ann@example.org", "nobody@example.org"):
            guess(app().test_client(), email)

    lines = [line for line in log.getvalue().splitlines() if "sign-in refused" in line]
    assert [True, False] == [str(known) in line for line in lines]
    assert "example.org" not in log.getvalue()


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
        answers = list(pool.map(trade, range(100)))

    assert (1, 99) == (answers.count(200), answers.count(401))
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
    add_city()
    ops = Browser(Role.OPS)

    for path, name in (
        ("features", "q"),
        ("features", "city"),
        ("jobs", "q"),
        ("jobs", "kind"),
        ("reports", "city"),
    ):
        answer = ops.get(f"/api/v1/{path}", query_string={"city": "london", name: word})
        assert answer.status_code in ({404, 422} if name == "city" else {200, 422})
        assert [] == answer.json.get("items", [])
    with transaction() as tx:
        assert 2 == tx.execute(text("SELECT count(*) FROM users")).scalar_one()


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_nobody_asks_for_more_work_than_a_person_could(redis_url: str, tries: Tries) -> None:
    """Whatever changes something is counted over all routes together; another person is not held up."""
    client = counted(redis_url)
    busy, calm = Browser(Role.ADMIN), Browser(Role.ADMIN, email="calm@example.org")

    def ask(who: Browser) -> TestResponse:
        return client.delete(f"/api/v1/feeds/{uuid4()}", headers={"Authorization": f"Bearer {who.token}"})

    assert {404} == {ask(busy).status_code for _ in range(240)}
    for number in range(20):
        answer = ask(busy)
        tries(
            f"write {241 + number}",
            answer.status_code == 429 and 0 < int(answer.headers["Retry-After"]) <= 61,
        )
    assert 404 == ask(calm).status_code


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_a_key_is_counted_for_itself_reads_included(redis_url: str, tries: Tries) -> None:
    """A program that runs wild is stopped; its owner, and their other keys, are not."""
    client, owner = counted(redis_url), Browser(Role.ADMIN)
    wild, calm = (
        owner.post("/api/v1/auth/api-keys", json={"name": name, "scopes": ["read-jobs"]}).json["key"]
        for name in ("wild", "calm")
    )

    def ask(token: str | None) -> int:
        return client.get("/api/v1/queues", headers={"Authorization": f"Bearer {token}"}).status_code

    assert {200} == {ask(wild) for _ in range(600)}
    for number in range(20):
        tries(f"call {601 + number}", ask(wild) == 429)
    assert [200, 200] == [ask(calm), ask(owner.token)]


@pytest.mark.row(17)
@pytest.mark.usefixtures("db")
def test_nobody_is_bombed_with_mail_through_us(tries: Tries) -> None:
    """Five mails an hour to one address, whoever files the reports."""
    add_city()
    for number in range(12):
        form = {
            "city": "london",
            "category": "pothole",
            "lon": "-0.1",
            "lat": "51.5",
            "email": "ann@example.org",
        }
        answer = Browser().post(
            "/api/v1/reports",
            data={**form, "description": f"Hole {number}."},
            content_type="multipart/form-data",
        )
        assert 202 == answer.status_code
        drain()
        with transaction() as tx:
            sent = tx.execute(
                text("SELECT count(*) FROM mailbox WHERE to_address = 'ann@example.org'")
            ).scalar_one()
        if number >= 5:
            tries(f"report {number + 1}", sent == 5)
