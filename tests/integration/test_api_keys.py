"""API keys: shown once, kept as a hash, never worth more than their owner is now."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.accounts import api_keys
from shared.accounts.rules import Role
from shared.clock import utcnow
from shared.db import transaction
from tests.support.web import Browser, add_city, assert_problem, logged

pytestmark = pytest.mark.usefixtures("db")
KEYS = "/api/v1/auth/api-keys"


def made(browser: Browser, *scopes: str, **more: Any) -> dict[str, Any]:
    """Make a key and return what is shown this once."""
    answer = browser.post(KEYS, json={"name": "a script", "scopes": list(scopes), **more})
    assert 201 == answer.status_code, answer.get_data(as_text=True)
    shown: dict[str, Any] = answer.get_json()
    return shown


def program(key: str) -> Browser:
    """Return a client that has nothing but a key."""
    client = Browser()
    client.token = key
    return client


def test_a_key_is_shown_once_and_only_its_hash_is_kept() -> None:
    """Who reads the table or the list can sign in nowhere."""
    admin = Browser(Role.ADMIN)

    shown = made(admin, "read-jobs", expires_in_days=30)

    listed = admin.get(KEYS).json["items"]
    assert [{name: value for name, value in shown.items() if name != "key"}] == listed
    assert shown["key"].startswith(shown["prefix"])
    assert shown["key"].startswith("cpk_")
    with transaction() as tx:
        row = tx.execute(text("SELECT * FROM api_keys")).one()
    assert shown["key"] not in str(row)
    assert "no-store" in admin.get(KEYS).headers["Cache-Control"]


def test_a_key_does_what_it_was_given_and_nothing_else_its_owner_may() -> None:
    """The owner could cancel jobs; this key can read them."""
    key = program(made(Browser(Role.ADMIN), "read-jobs")["key"])

    assert 200 == key.get("/api/v1/jobs").status_code
    assert_problem(key.post("/api/v1/jobs/cancel", json={"reason": "x"}), 403)
    assert_problem(key.post("/api/v1/feeds", json={}), 403)


@pytest.mark.parametrize(("method", "path"), [("GET", KEYS), ("POST", KEYS), ("GET", "/api/v1/auth/me")])
def test_a_key_cannot_act_on_its_owners_account(method: str, path: str) -> None:
    """A leaked key makes no other keys and ends no sessions."""
    key = program(made(Browser(Role.ADMIN), "manage-jobs", "public")["key"])

    assert_problem(key._open(method, path, {"json": {"name": "x", "scopes": ["public"]}}), 403)


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.RESIDENT, ["read-jobs"]),
        (Role.STAFF, ["handle-reports", "manage-feeds"]),
        (Role.ADMIN, ["signed-in"]),
        (Role.ADMIN, ["metrics-token"]),
        (Role.ADMIN, ["nothing"]),
        (Role.ADMIN, []),
    ],
)
def test_nobody_gives_a_key_what_they_do_not_hold(role: Role, scopes: list[str]) -> None:
    """Nor what no key can be given; the answer names the field."""
    answer = Browser(role).post(KEYS, json={"name": "x", "scopes": scopes})

    assert_problem(answer, 422, "scopes")


def test_the_scopes_offered_are_those_that_can_be_given() -> None:
    """The page shows exactly these."""
    for role in Role:
        browser = Browser(role)
        offered = [scope["code"] for scope in browser.get(f"{KEYS}/scopes").json["items"]]

        assert offered == made(browser, *offered)["scopes"]


def test_a_key_shrinks_with_its_owners_role() -> None:
    """Who is staff no more leaves no staff's key behind."""
    key = program(made(Browser(Role.ADMIN), "read-jobs", "public")["key"])
    with transaction() as tx:
        tx.execute(text("UPDATE users SET role = 'resident'"))

    assert_problem(key.get("/api/v1/jobs"), 403)
    assert 200 == key.get("/api/v1/cities").status_code


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE users SET disabled_at = now()",
        "UPDATE api_keys SET expires_at = now() - interval '1 second'",
        "UPDATE api_keys SET revoked_at = now()",
        "DELETE FROM api_keys",
    ],
)
def test_a_key_that_is_over_opens_nothing(end: str) -> None:
    """Not even what is public: a program with a dead key should notice."""
    key = program(made(Browser(Role.ADMIN), "read-jobs")["key"])
    with transaction() as tx:
        tx.execute(text(end))

    assert_problem(key.get("/api/v1/jobs"), 401)
    assert_problem(key.get("/api/v1/cities"), 401)


@pytest.mark.parametrize("change", ["x", "", " ", "cpk_", "cpk_\x00", "cpk_" + "a" * 4000])
def test_a_wrong_key_is_nobodys(change: str) -> None:
    """Whatever its length or letters."""
    key = made(Browser(Role.ADMIN), "read-jobs")["key"]
    wrong = change if change.startswith("cpk_") else key[:-1] + change

    answer = Browser().get(
        "/api/v1/jobs", headers={"Authorization": f"Bearer {wrong}".replace("\x00", "%00")}
    )

    assert_problem(answer, 401)


def test_its_owner_takes_a_key_back_and_nobody_else_can() -> None:
    """At once; twice is once."""
    owner, other = Browser(Role.ADMIN), Browser(Role.ADMIN, email="other@example.org")
    shown = made(owner, "read-jobs")

    assert_problem(other.delete(f"{KEYS}/{shown['id']}"), 404)
    assert 200 == program(shown["key"]).get("/api/v1/jobs").status_code
    assert 204 == owner.delete(f"{KEYS}/{shown['id']}").status_code
    assert_problem(program(shown["key"]).get("/api/v1/jobs"), 401)
    assert_problem(owner.delete(f"{KEYS}/{shown['id']}"), 404)
    assert [] == owner.get(KEYS).json["items"]


def test_its_use_is_noted_to_the_minute() -> None:
    """Its owner sees whether a key is still in use, and a busy key is not a row written at each request."""
    admin = Browser(Role.ADMIN)
    key, now = made(admin, "read-jobs")["key"], utcnow()

    moments = []
    for later in (0, 59, 60):
        with transaction() as tx:
            api_keys.holder_of(tx, key, now + timedelta(seconds=later))
            moments.append(tx.execute(text("SELECT last_used_at FROM api_keys")).scalar_one() - now)

    assert [timedelta(0), timedelta(0), timedelta(seconds=60)] == moments


def test_a_person_has_so_many_keys_and_no_more() -> None:
    """The twenty-first is refused; one that is taken back makes room."""
    admin = Browser(Role.ADMIN)
    keys = [made(admin, "public") for _ in range(api_keys.MOST_KEYS)]

    assert_problem(admin.post(KEYS, json={"name": "x", "scopes": ["public"]}), 409)
    admin.delete(f"{KEYS}/{keys[0]['id']}")
    made(admin, "public")


def test_what_a_key_does_is_audited_with_the_key() -> None:
    """Who, and by which key; making and taking back too."""
    admin = Browser(Role.ADMIN)
    shown = made(admin, "manage-jobs")
    program(shown["key"]).post("/api/v1/queues/bulk/pause", json={"reason": "night"})
    admin.delete(f"{KEYS}/{shown['id']}")

    with transaction() as tx:
        rows = tx.execute(text("SELECT action, data FROM audit_log WHERE action <> 'accounts.sign_in'")).all()
    assert ["accounts.make_key", "queues.pause", "accounts.revoke_key"] == [row.action for row in rows]
    assert shown["id"] == rows[1].data["key_id"]


def test_staff_rights_hidden_in_a_public_route_need_their_scope() -> None:
    """A staff member's key to read runs sees of a report what the public sees, and no mails."""
    add_city()
    staff = Browser(Role.STAFF)
    filed = Browser().post(
        "/api/v1/reports",
        data={
            "city": "london",
            "category": "pothole",
            "lon": "-0.1",
            "lat": "51.5",
            "description": "A hole.",
        },
        content_type="multipart/form-data",
    )
    assert 202 == filed.status_code, filed.get_data(as_text=True)
    path = f"/api/v1/reports/{filed.json['id']}"

    assert "emails" in program(made(staff, "handle-reports")["key"]).get(path).json
    assert "emails" not in program(made(staff, "read-runs")["key"]).get(path).json


def test_no_key_reaches_the_log() -> None:
    """Neither when it is made nor when it is used."""
    with logged() as log:
        key = made(Browser(Role.ADMIN), "read-jobs")["key"]
        program(key).get("/api/v1/jobs")
        program(key + "x").get("/api/v1/jobs")

    assert log.getvalue()
    assert key not in log.getvalue()
