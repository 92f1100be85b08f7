"""A copy of everything we hold about a person, and the end of it."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from shared.accounts.export import PARTS
from shared.accounts.rules import Role
from shared.clock import utcnow
from shared.db import Base, transaction
from shared.messages import EraseAccounts, ForgetOld
from shared.settings import Settings
from tests.support.jobs import drain, run_job
from tests.support.web import PASSWORD, Browser, add_city, assert_problem

pytestmark = pytest.mark.usefixtures("db")
AUTH = "/api/v1/auth"
ANN = "ann@example.org"


def lived_in() -> Browser:
    """Return somebody with a bit of everything: reports with a photo, a key, a second session, mails."""
    add_city()
    ann = Browser(Role.STAFF, email=ANN)
    Browser().sign_in(ANN)
    ann.post(f"{AUTH}/api-keys", json={"name": "k", "scopes": ["public"]})
    picture = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(picture, "JPEG")
    picture.seek(0)
    form = {
        "city": "london",
        "category": "pothole",
        "lon": "-0.1",
        "lat": "51.5",
        "description": "A hole.",
        "email": ANN,
    }
    filed = ann.post(
        "/api/v1/reports",
        data={**form, "photo": (picture, "me.jpg")},
        content_type="multipart/form-data",
        headers={"Idempotency-Key": "once"},
    )
    assert 202 == filed.status_code, filed.get_data(as_text=True)
    drain({"reports.triage", "uploads.clean", "email.deliver"})
    ann.post(f"/api/v1/reports/{filed.json['id']}/supports")
    return ann


def exported(browser: Browser) -> dict[str, Any]:
    """Ask for a copy, make it, and return the list's first line."""
    assert 202 == browser.post(f"{AUTH}/export").status_code
    drain({"accounts.export", "email.deliver"})
    listed: dict[str, Any] = browser.get(f"{AUTH}/exports").json["items"][0]
    return listed


def everything() -> str:
    """Return every row of every table as one text."""
    with transaction() as tx:
        return "\n".join(
            str(row[0])
            for name in Base.metadata.tables
            for row in tx.execute(text(f"SELECT t::text FROM {name} t"))
        )


def test_a_copy_holds_everything_and_no_secret() -> None:
    """Account, sessions, keys, reports with their photos, mails, lines of the audit log."""
    ann = lived_in()

    listed = exported(ann)

    answer = ann.get(f"{AUTH}/exports/{listed['id']}/download")
    assert ("ready", 200, "application/zip") == (listed["state"], answer.status_code, answer.mimetype)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert listed["size"] == len(answer.data)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        held = {name: json.loads(archive.read(f"{name}.json")) for name in PARTS}
        photos = [name for name in archive.namelist() if name.startswith("photos/")]
    assert dict.fromkeys(("account", "api_keys", "reports", "supports", "uploads", "exports"), 1) == {
        name: len(held[name]) for name in ("account", "api_keys", "reports", "supports", "uploads", "exports")
    }
    assert (ANN, 2, ["report_received"]) == (
        held["account"][0]["email"],
        len(held["sessions"]),
        [mail["template"] for mail in held["mails"]],
    )
    assert {"accounts.sign_in", "accounts.make_key", "accounts.ask_export"} <= {
        line["action"] for line in held["audit"]
    }
    assert [f"photos/{held['uploads'][0]['id']}.webp"] == photos
    assert "hash" not in str(held)
    assert "argon2" not in str(held)


def test_no_table_that_points_at_a_person_is_left_out() -> None:
    """A new table about people is exported, or this says that it is not."""
    about_people = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "users"
    }
    sources = " ".join(PARTS.values())

    assert {"sign_ins", "api_keys", "identities", "deliveries", "reports", "uploads"} <= about_people
    assert [] == sorted(name for name in about_people if f"FROM {name}" not in sources)


def test_a_mail_tells_when_a_copy_is_ready_and_only_its_owner_gets_it() -> None:
    """The link leads to the account page; the file needs the person."""
    ann = lived_in()
    listed = exported(ann)
    path = f"{AUTH}/exports/{listed['id']}/download"

    with transaction() as tx:
        mail = tx.execute(text("SELECT subject, text FROM mailbox ORDER BY id DESC LIMIT 1")).one()
    assert "/account" in mail.text
    assert "Your CityPulse data is ready" == mail.subject
    assert_problem(Browser().get(path), 401)
    assert_problem(Browser(Role.ADMIN).get(path), 404)


def test_a_copy_is_gone_after_a_week(settings: Settings) -> None:
    """Refused by the day, deleted by the job."""
    ann = lived_in()
    listed = exported(ann)
    with transaction() as tx:
        tx.execute(text("UPDATE exports SET expires_at = now()"))

    assert_problem(ann.get(f"{AUTH}/exports/{listed['id']}/download"), 404)
    assert [True] == [
        path.is_file() for path in (settings.storage_dir / "exports").rglob("*") if path.is_file()
    ]
    assert "succeeded" == run_job(ForgetOld())
    assert [] == [path for path in (settings.storage_dir / "exports").rglob("*") if path.is_file()]
    assert "expired" == ann.get(f"{AUTH}/exports").json["items"][0]["state"]


def test_one_copy_is_made_at_a_time_and_one_that_failed_makes_room() -> None:
    """A second wish while the first is worked on is refused; a dead job is told as failed."""
    ann = Browser(Role.RESIDENT)
    ann.post(f"{AUTH}/export")

    assert_problem(ann.post(f"{AUTH}/export"), 409)
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET state = 'dead', finished_at = now()"))
    assert "failed" == ann.get(f"{AUTH}/exports").json["items"][0]["state"]
    assert 202 == ann.post(f"{AUTH}/export").status_code


def test_the_end_of_an_account_needs_the_password_and_waits_two_weeks() -> None:
    """A mail says when; signing in still works, and the wish can be taken back."""
    ann = Browser(Role.RESIDENT, email=ANN)

    assert_problem(ann.post(f"{AUTH}/erase", json={"password": "a wrong password"}), 422, "password")
    answer = ann.post(f"{AUTH}/erase", json={"password": PASSWORD})
    again = ann.post(f"{AUTH}/erase", json={"password": PASSWORD})
    drain({"email.deliver"})

    assert (202, answer.json) == (answer.status_code, again.json)
    with transaction() as tx:
        days = tx.execute(text("SELECT erase_at - now() FROM users")).scalar_one()
        subjects = tx.scalars(text("SELECT subject FROM mailbox")).all()
    assert timedelta(days=13, hours=23) < days <= timedelta(days=14)
    assert 1 == len(subjects)
    assert "will be erased on" in subjects[0]
    assert 204 == ann.delete(f"{AUTH}/erase").status_code
    assert "succeeded" == run_job(EraseAccounts())
    assert 200 == ann.get(f"{AUTH}/me").status_code


def test_an_erased_person_is_found_nowhere_and_their_reports_stay(settings: Settings) -> None:
    """Neither id nor address is in any row but the audit log's ids, and no file of theirs is left but photos."""
    ann = lived_in()
    exported(ann)
    person = ann.get(f"{AUTH}/me").json["id"]
    with transaction() as tx:
        link = tx.execute(text("SELECT id, token_hash FROM reports")).one()
        tx.execute(text("UPDATE users SET erase_at = now() - interval '1 second'"))

    assert "succeeded" == run_job(EraseAccounts())
    with transaction() as tx:
        receipt = tx.execute(text("SELECT template, to_address FROM deliveries")).one()
        tx.execute(text("DELETE FROM deliveries"))
        lines = tx.scalars(text("SELECT t::text FROM audit_log t")).all()
        report = tx.execute(text("SELECT * FROM reports")).one()
    rows = [row for row in everything().splitlines() if ANN in row.lower() or person in row]

    assert ("erase_done", ANN) == tuple(receipt)
    assert [] == [row for row in rows if row not in lines]
    assert [] == [line for line in lines if ANN in line]
    assert (link.id, None, None, True, "") == (
        report.id,
        report.author_id,
        report.email,
        report.anonymous,
        report.token_hash,
    )
    assert 200 == Browser().get(f"/api/v1/reports/{link.id}").status_code
    assert ["photos"] == sorted(
        {
            path.relative_to(settings.storage_dir).parts[0]
            for path in settings.storage_dir.rglob("*")
            if path.is_file()
        }
    )
    assert_problem(ann.get(f"{AUTH}/me"), 401)
    assert_problem(ann.refresh(), 401)
    assert 401 == Browser().sign_in(ANN).status_code


def test_nobody_is_erased_before_the_day() -> None:
    """A second early is early; the job is harmless when it runs twice."""
    ann = Browser(Role.RESIDENT, email=ANN)
    with transaction() as tx:
        tx.execute(text("UPDATE users SET erase_at = :at"), {"at": utcnow() + timedelta(hours=1)})
    assert "succeeded" == run_job(EraseAccounts())
    assert 200 == ann.get(f"{AUTH}/me").status_code
    with transaction() as tx:
        tx.execute(text("UPDATE users SET erase_at = now() - interval '1 second'"))

    assert ["succeeded", "succeeded"] == [run_job(EraseAccounts()), run_job(EraseAccounts())]
    with transaction() as tx:
        assert 0 == tx.execute(text("SELECT count(*) FROM users")).scalar_one()
        assert 1 == tx.execute(text("SELECT count(*) FROM deliveries")).scalar_one()


def test_the_only_admin_stays() -> None:
    """A city without anybody who runs it helps nobody."""
    admin = Browser(Role.ADMIN)

    assert_problem(admin.post(f"{AUTH}/erase", json={"password": PASSWORD}), 409)
    Browser(Role.ADMIN, email="other@example.org")
    assert 202 == admin.post(f"{AUTH}/erase", json={"password": PASSWORD}).status_code
