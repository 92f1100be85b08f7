"""A new password, by mail and by hand, and another address."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, text

from shared.accounts.identities import Claims, link
from shared.accounts.rules import Role
from shared.clock import utcnow
from shared.db import engine, transaction
from tests.support.accounts import (
    ADDRESS,
    STRONG,
    mailed_token,
    mails,
    register,
    resident,
    subjects,
    token_of,
)
from tests.support.web import PASSWORD, Browser, add_user, assert_problem

pytestmark = pytest.mark.usefixtures("db")
RESET = "/api/v1/auth/password-reset"
KEYS = "/api/v1/auth/api-keys"
NEW = "nineteen paper lanterns"
OTHER = "lovelace@example.org"
CHANGED = "Your CityPulse password was changed"


def ask(email: str = ADDRESS) -> int:
    """Ask for a link to choose a new password."""
    return Browser().post(RESET, json={"email": email}).status_code


def reset(token: str, password: str = NEW) -> int:
    """Choose a new password by a link."""
    return Browser().post(f"{RESET}/confirm", json={"token": token, "password": password}).status_code


def age_tokens(by: timedelta) -> None:
    """Make every token older."""
    with transaction() as tx:
        tx.execute(text("UPDATE account_tokens SET expires_at = expires_at - :by"), {"by": by})


def test_who_forgot_the_password_chooses_another_and_every_session_ends() -> None:
    """The old password is gone, the old sessions are, and a mail says so."""
    browser = resident()
    ask()
    mail = mails()[0]

    assert f"http://127.0.0.1:8000/reset#token={token_of(mail)}" in mail["text"]
    assert 204 == reset(token_of(mail))
    assert_problem(browser.get("/api/v1/auth/me"), 401)
    assert_problem(browser.refresh(), 401)
    assert 401 == Browser().sign_in(ADDRESS, STRONG).status_code
    assert 200 == Browser().sign_in(ADDRESS, NEW).status_code
    assert CHANGED == subjects()[-1]


def test_a_reset_takes_back_every_key_and_tells_so() -> None:
    """Whoever had the account may have made one; a key that was over before is not told of again."""
    browser = resident()
    keys = [
        browser.post(KEYS, json={"name": name, "scopes": ["public"]}).json
        for name in ("mine", "a thief's", "old")
    ]
    assert 204 == browser.delete(f"{KEYS}/{keys[2]['id']}").status_code
    ask()
    assert 204 == reset(mailed_token())

    for key in keys:
        answer = Browser().get("/api/v1/cities", headers={"Authorization": f"Bearer {key['key']}"})
        assert_problem(answer, 401)
    told = mails()[0]["text"]
    assert [True, True, False] == [key["prefix"] in told for key in keys]
    with transaction() as tx:
        revoked = tx.execute(
            text(
                "SELECT subject FROM audit_log WHERE action = 'accounts.revoke_key' AND reason = 'password reset'"
            )
        ).scalars()
        assert {key["id"] for key in keys[:2]} == set(revoked)


@pytest.mark.parametrize(("linked", "is_kept"), [("mallory@example.net", False), (ADDRESS.upper(), True)])
def test_a_reset_keeps_only_ways_in_that_bear_the_accounts_own_address(linked: str, is_kept: bool) -> None:
    """Whoever had the account may have linked their own."""
    browser = resident()
    with transaction() as tx:
        link(
            tx,
            UUID(browser.get("/api/v1/auth/me").json["id"]),
            Claims("https://i", "7", linked, True),
            utcnow(),
        )
    ask()
    assert 204 == reset(mailed_token())

    fresh = Browser()
    fresh.sign_in(ADDRESS, NEW)
    assert is_kept == bool(fresh.get("/api/v1/auth/identities").json["items"])
    assert is_kept != ("m…@example.net" in mails()[0]["text"])


def test_a_change_by_who_knows_the_password_leaves_keys_alone() -> None:
    """Programs do not stop because their owner took a better password."""
    browser = resident()
    key = browser.post(KEYS, json={"name": "mine", "scopes": ["public"]}).json["key"]
    body = {"current_password": STRONG, "new_password": NEW}
    assert 204 == browser.post("/api/v1/auth/password", json=body).status_code

    answer = Browser().get("/api/v1/cities", headers={"Authorization": f"Bearer {key}"})
    assert 200 == answer.status_code


def test_a_reset_link_is_good_once_and_for_half_an_hour() -> None:
    """And a new password makes every other link void."""
    resident()
    ask()
    first = mailed_token()
    ask()
    second = mailed_token()

    assert 204 == reset(second)
    assert 400 == reset(second)
    assert 400 == reset(first)
    ask()
    late = mailed_token()
    age_tokens(timedelta(minutes=30, seconds=1))
    assert 400 == reset(late)


def test_a_poor_password_does_not_use_the_link_up() -> None:
    """The person tries another on the same page."""
    resident()
    ask()
    token = mailed_token()

    answer = Browser().post(f"{RESET}/confirm", json={"token": token, "password": "ada@example.org"})

    assert "personal" == assert_problem(answer, 422, "password")["errors"][0]["rule"]
    assert 204 == reset(token)


def test_a_link_for_one_thing_is_good_for_no_other() -> None:
    """A confirming link sets no password."""
    register()
    verifying = mailed_token()

    assert 400 == reset(verifying)
    ask()
    resetting = mailed_token()
    assert 400 == Browser().post("/api/v1/auth/verify-email", json={"token": resetting}).status_code
    assert 400 == Browser().post("/api/v1/auth/email/confirm", json={"token": resetting}).status_code


def test_choosing_a_password_by_mail_confirms_the_address() -> None:
    """The link came there."""
    register()
    ask()

    assert 204 == reset(mailed_token())
    assert 200 == Browser().sign_in(ADDRESS, NEW).status_code


def test_an_unknown_address_gets_the_same_answer_and_no_mail() -> None:
    """Nor does a disabled account."""
    resident()
    with transaction() as tx:
        tx.execute(text("UPDATE users SET disabled_at = now() WHERE email = :it"), {"it": ADDRESS})
    before = len(mails())
    answers = [Browser().post(RESET, json={"email": each}) for each in (ADDRESS, "nobody@example.org")]

    assert 1 == len({(answer.status_code, answer.get_data()) for answer in answers})
    assert before == len(mails())
    assert [] == mails("nobody@example.org")
    with transaction() as tx:
        left = tx.execute(text("SELECT count(*) FROM users WHERE email LIKE '%nobody%'")).scalar_one()
    assert 0 == left


def test_an_unknown_address_costs_the_same_work() -> None:
    """The same writes, taken back; a stopwatch learns nothing (ASVS 6.3.8)."""
    resident()
    writes: list[str] = []
    written = {"account_tokens", "deliveries", "jobs", "audit_log"}

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        writes.extend(table for table in written if f"INSERT INTO {table} " in statement)

    event.listen(engine(), "before_cursor_execute", note)
    try:
        ask("nobody@example.org")
        unknown, writes = writes, []
        ask(ADDRESS)
    finally:
        event.remove(engine(), "before_cursor_execute", note)

    assert sorted(written) == sorted(writes)
    assert unknown == writes


def test_the_mail_goes_to_the_address_that_is_kept() -> None:
    """Not to one that only looks the same to a database."""
    resident()
    ask("ADA@EXAMPLE.ORG")

    assert "Choose a new CityPulse password" == subjects()[-1]
    assert [] == mails("ADA@EXAMPLE.ORG")


def test_who_knows_the_password_changes_it_and_stays_signed_in() -> None:
    """Everywhere else is signed out, and a mail says so."""
    here, there = resident(), Browser()
    there.sign_in(ADDRESS, STRONG)

    answer = here.post("/api/v1/auth/password", json={"current_password": STRONG, "new_password": NEW})

    assert 204 == answer.status_code
    assert 200 == here.get("/api/v1/auth/me").status_code
    assert 200 == here.refresh().status_code
    assert_problem(there.get("/api/v1/auth/me"), 401)
    assert_problem(there.refresh(), 401)
    assert CHANGED == subjects()[-1]
    assert 200 == Browser().sign_in(ADDRESS, NEW).status_code


@pytest.mark.parametrize(
    ("current", "new", "field", "rule"),
    [
        ("a wrong password", NEW, "current_password", "wrong"),
        (STRONG, "short", "new_password", "length"),
        (STRONG, "qwertyuiop", "new_password", "common"),
        (STRONG, ADDRESS, "new_password", "personal"),
    ],
)
def test_a_change_of_password_that_breaks_a_rule_changes_nothing(
    current: str, new: str, field: str, rule: str
) -> None:
    """And says which."""
    browser = resident()

    answer = browser.post("/api/v1/auth/password", json={"current_password": current, "new_password": new})

    assert rule == assert_problem(answer, 422, field)["errors"][0]["rule"]
    assert 200 == Browser().sign_in(ADDRESS, STRONG).status_code


def change(browser: Browser, email: str = OTHER, password: str | None = STRONG) -> int:
    """Ask for another address."""
    return browser.post("/api/v1/auth/email", json={"email": email, "password": password}).status_code


def test_a_new_address_is_taken_once_it_answers() -> None:
    """The old one is told, and signs in no more."""
    browser = resident()

    assert 202 == change(browser)
    assert ADDRESS == browser.get("/api/v1/auth/me").json["email"]
    assert "A new address was asked for your CityPulse account" == subjects()[-1]
    assert OTHER not in mails()[0]["text"]
    token = mailed_token(OTHER)
    assert f"/email#token={token}" in mails(OTHER)[0]["html"]
    assert 204 == browser.post("/api/v1/auth/email/confirm", json={"token": token}).status_code
    assert OTHER == browser.get("/api/v1/auth/me").json["email"]
    assert 200 == Browser().sign_in(OTHER, STRONG).status_code
    assert 401 == Browser().sign_in(ADDRESS, STRONG).status_code
    assert_problem(browser.post("/api/v1/auth/email/confirm", json={"token": token}), 400)


def test_a_reset_link_sent_to_the_old_address_dies_with_it() -> None:
    """Whoever reads that mailbox later gets nothing."""
    browser = resident()
    ask()
    old = mailed_token()
    change(browser)
    browser.post("/api/v1/auth/email/confirm", json={"token": mailed_token(OTHER)})

    assert 400 == reset(old)


def test_a_change_of_address_needs_the_password() -> None:
    """A stolen session alone does not take the account away."""
    browser = resident()

    answer = browser.post("/api/v1/auth/email", json={"email": OTHER, "password": "a wrong password"})

    assert "wrong" == assert_problem(answer, 422, "password")["errors"][0]["rule"]
    assert 422 == change(browser, password=None)
    assert [] == mails(OTHER)


def test_without_a_password_a_change_needs_a_sign_in_just_now() -> None:
    """For who comes in through Google only."""
    browser = resident()
    with transaction() as tx:
        tx.execute(text("UPDATE users SET password_hash = NULL"))

    assert 202 == change(browser, password=None)
    with transaction() as tx:
        tx.execute(text("UPDATE sign_ins SET proven_at = proven_at - interval '15 minutes'"))
    answer = browser.post("/api/v1/auth/email", json={"email": OTHER})
    assert assert_problem(answer, 403)["type"].endswith("sign-in-again")
    answer = browser.post("/api/v1/auth/password", json={"current_password": STRONG, "new_password": NEW})
    assert_problem(answer, 409)


def test_an_address_of_another_account_is_told_there_and_not_here() -> None:
    """The same answer, and no way to learn who is here."""
    add_user(Role.STAFF, OTHER)
    browser = resident()

    assert 202 == change(browser)
    assert ["You have a CityPulse account already"] == subjects(OTHER)
    assert_problem(browser.post("/api/v1/auth/email", json={"email": ADDRESS, "password": STRONG}), 409)


def test_an_address_taken_in_the_meantime_is_not_taken_twice() -> None:
    """The link comes too late; one that nobody confirmed is no obstacle."""
    browser = resident()
    change(browser)
    token = mailed_token(OTHER)
    register(OTHER)
    assert 204 == browser.post("/api/v1/auth/email/confirm", json={"token": token}).status_code
    change(browser, ADDRESS)
    back = mailed_token()
    add_user(Role.STAFF, ADDRESS)

    assert_problem(browser.post("/api/v1/auth/email/confirm", json={"token": back}), 409)
    assert 200 == Browser().sign_in(ADDRESS, PASSWORD).status_code


def test_a_person_changes_their_name_and_language() -> None:
    """What is not given stays."""
    browser = resident()

    named = browser.patch("/api/v1/auth/me", json={"name": " Ada   Lovelace "})
    spoken = browser.patch("/api/v1/auth/me", json={"language": "fr"})

    assert ("Ada Lovelace", "en") == (named.json["name"], named.json["language"])
    assert ("Ada Lovelace", "fr") == (spoken.json["name"], spoken.json["language"])
    assert spoken.json == browser.get("/api/v1/auth/me").json
    ask()
    assert "Choisissez un nouveau mot de passe CityPulse" == subjects()[-1]
    assert_problem(browser.patch("/api/v1/auth/me", json={"language": "de"}), 422, "language")
    assert_problem(browser.patch("/api/v1/auth/me", json={"name": "x" * 101}), 422, "name")
