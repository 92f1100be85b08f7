"""Opening an account: what is answered, what is mailed, and who gets in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.accounts.rules import Role
from shared.accounts.tokens import hash_of
from shared.db import transaction
from tests.support.accounts import ADDRESS, STRONG, mailed_token, mails, register, subjects, token_of
from tests.support.web import PASSWORD, Browser, add_user, assert_problem

pytestmark = pytest.mark.usefixtures("db")
VERIFY = "/api/v1/auth/verify-email"
CONFIRM = "Confirm your email address for CityPulse"
KNOWN = "You have a CityPulse account already"


def verify(token: str) -> int:
    """Bring a token and return the status."""
    return Browser().post(VERIFY, json={"token": token}).status_code


def count(table: str, condition: str = "true") -> int:
    """Count rows."""
    with transaction() as tx:
        return int(tx.execute(text(f"SELECT count(*) FROM {table} WHERE {condition}")).scalar_one())


def age(table: str, by: timedelta) -> None:
    """Make every row of a table older."""
    with transaction() as tx:
        tx.execute(
            text(f"UPDATE {table} SET created_at = created_at - :by, expires_at = expires_at - :by"),
            {"by": by},
        )


def test_who_registers_confirms_the_address_and_signs_in() -> None:
    """From the form to the mailbox and back."""
    answer = register(name="Ada  Lovelace", language="fr")
    browser = Browser()

    assert (202, {"detail"}) == (answer.status_code, answer.json.keys())
    refused = assert_problem(browser.sign_in(ADDRESS, STRONG), 403)
    assert refused["type"].endswith("email-not-verified")
    mail = mails()[0]
    assert "Confirmez votre adresse pour CityPulse" == mail["subject"]
    assert f"http://127.0.0.1:8000/verify#token={token_of(mail)}" in mail["html"]
    assert 204 == verify(token_of(mail))
    assert 200 == browser.sign_in("ADA@example.ORG", STRONG).status_code
    me = browser.get("/api/v1/auth/me").json
    assert ("Ada Lovelace", "fr", "resident", True, None) == (
        me["name"],
        me["language"],
        me["role"],
        me["has_password"],
        me["erase_at"],
    )


def test_a_known_address_gets_the_same_answer_and_another_mail() -> None:
    """Nobody learns from outside who has an account, and nothing of theirs changes."""
    add_user(Role.STAFF, ADDRESS)

    known, new = register(), register("new@example.org")

    assert (new.status_code, new.json) == (known.status_code, known.json)
    assert [KNOWN] == subjects()
    assert [CONFIRM] == subjects("new@example.org")
    assert 200 == Browser().sign_in(ADDRESS, PASSWORD).status_code
    assert 401 == Browser().sign_in(ADDRESS, STRONG).status_code


def test_that_an_address_waits_is_told_only_to_who_knows_the_password() -> None:
    """A wrong password gets the answer that everybody gets."""
    register()

    assert_problem(Browser().sign_in(ADDRESS, "another password"), 401)


def test_a_link_is_good_once() -> None:
    """The second use is refused, and says what to do."""
    register()
    token = mailed_token()

    assert 204 == verify(token)
    problem = assert_problem(Browser().post(VERIFY, json={"token": token}), 400)
    assert problem["type"].endswith("link-not-valid")
    assert "ask for a new one" in problem["detail"]


def test_a_link_ends_after_a_day() -> None:
    """One second before it is good, one after it is not."""
    register()
    token = mailed_token()
    age("account_tokens", timedelta(hours=24, seconds=1))

    assert 400 == verify(token)
    age("account_tokens", -timedelta(seconds=60))
    assert 204 == verify(token)


@pytest.mark.parametrize("token", ["x", "0" * 43, "'; --", "é", "\u202e"])
def test_a_link_that_is_none_of_ours_is_refused(token: str) -> None:
    """As a used one is."""
    register()

    assert 400 == verify(token)


def test_of_many_who_use_one_link_at_once_one_wins() -> None:
    """A token is used up in the transaction that acts on it."""
    register()
    token = mailed_token()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(verify, [token] * 12))

    assert (1, 11) == (answers.count(204), answers.count(400))


def test_the_token_is_nowhere_in_the_database() -> None:
    """A hash of it is, and until the mail was sent its link, encrypted: a copy of the database signs nobody in."""
    register()
    before = everything()
    token = mailed_token()

    with transaction() as tx:
        kept = tx.execute(text("SELECT token_hash FROM account_tokens")).scalar_one()
    assert hash_of(token) == bytes(kept)
    assert "good_for" in before
    assert token not in before
    assert token not in everything()


def everything() -> str:
    """Return all that the database holds, but for the mailbox, which stands for the person's own."""
    with transaction() as tx:
        tables = [row.relname for row in tx.execute(text("SELECT relname FROM pg_stat_user_tables"))]
        return "".join(
            row
            for table in tables
            if table != "mailbox"
            for row in tx.execute(text(f"SELECT t::text FROM {table} t")).scalars()
        )


def test_the_mail_is_owed_in_the_transaction_that_makes_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks afterwards leaves neither."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("after the mail")

    monkeypatch.setattr("shared.accounts.registration.audit", broken)

    assert_problem(register(), 500)
    assert (0, 0, 0, 0) == tuple(count(each) for each in ("users", "account_tokens", "deliveries", "jobs"))


def test_who_registered_before_the_owner_of_the_address_gains_nothing() -> None:
    """The account takes the password of the registration whose link was used."""
    register(password="the password of a stranger")
    register()
    register(password="the password of a stranger")
    stranger, owner, _ = reversed(mails())

    assert 204 == verify(token_of(owner))
    assert 400 == verify(token_of(stranger))
    assert 200 == Browser().sign_in(ADDRESS, STRONG).status_code
    assert 401 == Browser().sign_in(ADDRESS, "the password of a stranger").status_code


def test_many_who_register_one_address_at_once_make_one_account() -> None:
    """Case does not make another."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(register, [ADDRESS, ADDRESS.upper()] * 3))

    assert {202} == {answer.status_code for answer in answers}
    assert 1 == count("users")


@pytest.mark.parametrize("typed", ["Ärzte@Example.ORG", " Ärzte@example.org "])
def test_an_address_in_any_script_signs_in_as_it_registered(typed: str) -> None:
    """The database alone says what case is, when the row is made and when it is looked for."""
    register("Ärzte@example.org")
    verify(mailed_token("Ärzte@example.org"))

    assert 200 == Browser().sign_in(typed, STRONG).status_code


def test_the_link_is_mailed_again_to_who_waits_for_it() -> None:
    """And to nobody else, with one answer for all."""
    register()
    add_user(Role.STAFF, "staff@example.org")
    first = mailed_token()

    answers = [
        Browser().post(f"{VERIFY}/resend", json={"email": email})
        for email in (ADDRESS, "staff@example.org", "nobody@example.org")
    ]

    assert 1 == len({(answer.status_code, answer.get_data()) for answer in answers})
    assert [CONFIRM, CONFIRM] == subjects()
    assert ([], []) == (mails("staff@example.org"), mails("nobody@example.org"))
    assert 204 == verify(mailed_token())
    assert 400 == verify(first)


def test_nobody_is_bombed_with_mail_through_us() -> None:
    """Five an hour and address, and the answer does not tell."""
    answers = [register() for _ in range(7)]

    assert {202} == {answer.status_code for answer in answers}
    assert 5 == len(mails())


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"email": "nobody", "password": STRONG}, ["email"]),
        ({"email": "a@example.org, b@example.org", "password": STRONG}, ["email"]),
        ({"email": "a@example.org\nBcc: b@example.org", "password": STRONG}, ["email"]),
        ({"email": ADDRESS, "password": "short"}, ["password"]),
        ({"email": ADDRESS, "password": "x" * 257}, ["password"]),
        ({"email": ADDRESS, "password": "password1234"}, ["password"]),
        ({"email": ADDRESS, "password": STRONG, "language": "de"}, ["language"]),
        ({"email": ADDRESS, "password": STRONG, "name": "A\nB"}, ["name"]),
        ({"email": ADDRESS}, ["password"]),
    ],
)
def test_what_cannot_be_taken_is_named(body: dict[str, str], fields: list[str]) -> None:
    """Each field with its rule, whether or not the address is known."""
    add_user(Role.RESIDENT, ADDRESS)

    assert_problem(Browser().post("/api/v1/auth/register", json=body), 422, *fields)
    assert [] == mails()


def test_a_rule_of_passwords_is_told_by_its_name() -> None:
    """The page shows the sentence of that rule in the reader's language."""
    answers = {
        password: register(password=password).json["errors"][0]["rule"]
        for password in ("short", "qwertyuiop", "ada@example.org")
    }

    assert {"short": "length", "qwertyuiop": "common", "ada@example.org": "personal"} == answers
