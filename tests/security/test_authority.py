"""Who may do what: others' things, lost roles, acts without a reason, and a log that cannot be changed."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.accounts.rules import Permission, Role
from shared.audit import Actor, audit
from shared.db import transaction
from shared.jobs.enqueue import enqueue
from shared.messages import Noop
from tests.contracts.test_routes import ALL, SAMPLE_ID
from tests.security.conftest import Tries
from tests.support.accounts import mailed_token
from tests.support.jobs import drain
from tests.support.web import PASSWORD, Browser, add_city

pytestmark = pytest.mark.usefixtures("db")


@pytest.mark.row(9)
def test_a_role_that_is_taken_away_is_gone_at_the_next_request(tries: Tries) -> None:
    """The token says nothing of roles, so none has to be called back."""
    browser = Browser(Role.ADMIN)
    assert 200 == browser.get("/api/v1/jobs").status_code
    with transaction() as tx:
        tx.execute(text("UPDATE users SET role = 'resident'"))

    for route in (r for r in ALL if r.needs in {Permission.MANAGE_JOBS, Permission.MANAGE_FEEDS}):
        answer = browser._open(route.method, route.path, {})
        tries(f"{route.method} {route.rule}", answer.status_code == 403)


@pytest.mark.row(9)
def test_nobody_reaches_anothers_things_by_their_id(tries: Tries) -> None:
    """A session, a key or an export of somebody else is not here, and stays."""
    owner, other = Browser(Role.ADMIN), Browser(Role.ADMIN, email="other@example.org")
    session = owner.get("/api/v1/auth/sessions").json["items"][0]["id"]
    key = owner.post("/api/v1/auth/api-keys", json={"name": "k", "scopes": ["read-jobs"]}).json

    for path in (
        f"sessions/{session}",
        f"api-keys/{key['id']}",
        f"sessions/{SAMPLE_ID}",
        f"api-keys/{SAMPLE_ID}",
    ):
        tries(path, other.delete(f"/api/v1/auth/{path}").status_code == 404)
    assert 200 == owner.get("/api/v1/auth/me").status_code


@pytest.mark.row(10)
def test_no_act_on_jobs_or_queues_goes_without_a_reason(tries: Tries) -> None:
    """An empty one, a missing one, one that is no text: refused, and nothing is done or noted."""
    with transaction() as tx:
        job = enqueue(tx, Noop(1)).id
    admin = Browser(Role.ADMIN)
    for path in (
        f"jobs/{job}/retry",
        f"jobs/{job}/cancel",
        "jobs/retry",
        "jobs/cancel",
        "queues/bulk/pause",
        "queues/bulk/resume",
    ):
        for body in ({}, {"reason": ""}, {"reason": None}, {"reason": 7}, {"reason": "x" * 501}):
            answer = admin.post(f"/api/v1/{path}", json=body)
            tries(f"{path} {str(body)[:30]}", answer.status_code == 422)

    with transaction() as tx:
        acts = tx.scalars(text("SELECT action FROM audit_log")).all()
        assert "queued" == tx.execute(text("SELECT state FROM jobs")).scalar_one()
    assert ["accounts.sign_in"] == acts


@pytest.mark.row(10)
def test_the_audit_log_is_only_added_to(tries: Tries) -> None:
    """Not even the owner of the table changes a line, takes one out, or empties it."""
    with transaction() as tx:
        audit(tx, Actor("somebody"), "jobs.retry", reason="night")
    for statement in (
        "UPDATE audit_log SET reason = 'day'",
        "UPDATE audit_log SET reason = 'day' WHERE false",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE false",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log (id, actor, action) OVERRIDING SYSTEM VALUE SELECT id, 'x', 'y' FROM audit_log"
        " ON CONFLICT (id) DO UPDATE SET actor = 'x'",
    ):
        tries(statement, _is_refused(statement))

    with transaction() as tx:
        row = tx.execute(text("SELECT actor, reason FROM audit_log")).one()
    assert ("somebody", "night") == tuple(row)


@pytest.mark.row(10)
def test_the_audit_log_names_people_by_their_id_alone() -> None:
    """It cannot be changed, so it must hold nothing that a person may ask us to forget."""
    browser = Browser(Role.RESIDENT)
    body = {"email": "lovelace@example.org", "password": PASSWORD}
    assert 202 == browser.post("/api/v1/auth/email", json=body).status_code
    body = {"token": mailed_token("lovelace@example.org")}
    assert 204 == browser.post("/api/v1/auth/email/confirm", json=body).status_code
    browser.post("/api/v1/auth/logout", headers=browser.csrf())

    with transaction() as tx:
        lines = tx.scalars(text("SELECT audit_log::text FROM audit_log")).all()
    assert 4 <= len(lines)
    assert [] == [line for line in lines if "example.org" in line]


@pytest.mark.row(10)
def test_what_staff_do_with_a_report_is_audited() -> None:
    """Who, which, and to what; the words for the reporter stay with the report."""
    add_city()
    form = {"city": "london", "category": "pothole", "lon": "-0.1", "lat": "51.5", "description": "Hole."}
    filed = Browser().post("/api/v1/reports", data=form, content_type="multipart/form-data").json
    drain()
    staff = Browser(Role.STAFF)
    body = {"status": "in_progress", "note": "Ann, we come on Monday."}
    assert 200 == staff.patch(f"/api/v1/reports/{filed['id']}", json=body).status_code

    with transaction() as tx:
        row = tx.execute(text("SELECT * FROM audit_log WHERE action = 'reports.change'")).one()
    assert (staff.get("/api/v1/auth/me").json["id"], filed["id"], {"status": "in_progress"}) == (
        str(row.actor_id),
        row.subject,
        row.data,
    )


def _is_refused(statement: str) -> bool:
    try:
        with transaction() as tx:
            tx.execute(text(statement))
    except DBAPIError as error:
        return "is only added to" in str(error)
    return False
