"""What is kept for how long: each rule takes what is old, and nothing else."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from shared import retention
from shared.accounts.rules import Role
from shared.clock import new_id, utcnow
from shared.db import Base, transaction
from shared.messages import ForgetOld, TidyFeeds
from shared.settings import Settings
from tasks.base import registrations
from tests.support.jobs import run_job
from tests.support.web import Browser, add_user, app

pytestmark = pytest.mark.usefixtures("db")
RULES = {rule.name: rule for rule in retention.RULES}
#: Statements that put one row there whose age is what `:at` says.
ROWS = {
    "idempotency_keys": "INSERT INTO idempotency_keys (scope, key, request_hash, status, body, created_at)"
    " VALUES ('s', :word, 'h', 200, '{}', :at)",
    "sessions": "INSERT INTO sign_ins (id, user_id, refresh_jti, expires_at) SELECT :id, id, 'j', :at FROM users",
    "links": "INSERT INTO account_tokens (id, user_id, purpose, token_hash, email, expires_at)"
    " SELECT :id, id, 'reset', CAST(:word AS bytea), 'a@example.org', :at FROM users",
    "api_keys": "INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, revoked_at)"
    " SELECT :id, id, 'k', 'cpk_', :word, '{public}', :at FROM users",
    "farewells": "INSERT INTO deliveries (id, dedupe_key, template, to_address, context, created_at)"
    " VALUES (:id, :word, 'erase_done', 'a@example.org', '{}', :at)",
    "mails": "INSERT INTO deliveries (id, dedupe_key, template, to_address, context, state, created_at)"
    " VALUES (:id, :word, 'verify_email', 'a@example.org', '{}', 'sent', :at)",
    "mailbox": "INSERT INTO mailbox (id, to_address, subject, html, text, created_at) VALUES (:id, 'a', 's', '', '', :at)",
    "mail_events": "INSERT INTO email_events (sg_event_id, event, at, received_at) VALUES (:word, 'open', :at, :at)",
    "effects": "INSERT INTO effects (id, job_id, step, key, state, settled_at) VALUES (:id, :id, 's', :word, 'done', :at)",
    "exports": "INSERT INTO exports (id, user_id, state, created_at) SELECT :id, id, 'expired', :at FROM users",
    "stray_photos": "INSERT INTO uploads (id, purpose, filename, size_bytes, state, created_at)"
    " VALUES (:id, 'photo', 'a', 1, 'ready', :at)",
    "zones": "INSERT INTO zones (url, asked_at, due_at) VALUES (:word, :at, :at)",
    "batches": "INSERT INTO job_batches (id, total, finished_at) VALUES (:id, 1, :at)",
}

REPORT = (
    "INSERT INTO reports (id, city, number, category, title, token_hash)"
    " VALUES (:id, 'c', 1, 'other', 't', 'h') RETURNING id"
)


def put(name: str, age: timedelta) -> None:
    """Put a row of this age where a rule looks."""
    identity = new_id()
    with transaction() as tx:
        tx.execute(text(ROWS[name]), {"id": identity, "word": str(identity), "at": utcnow() - age})


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_rule_takes_what_is_old_and_nothing_else(name: str) -> None:
    """An hour on either side of the line; batches follow each other until nothing is left."""
    add_user(Role.RESIDENT)
    rule = RULES[name]
    for age in (
        rule.keep + timedelta(hours=1),
        rule.keep + timedelta(days=400),
        rule.keep - timedelta(hours=1),
    ):
        put(name, age)

    with transaction() as tx:
        counted = retention.count_old(tx, rule, utcnow())
    assert "succeeded" == run_job(ForgetOld())
    with transaction() as tx:
        left = tx.execute(text(f"SELECT count(*) FROM {rule.table}")).scalar_one()

    assert (2, 1) == (counted, left)


def test_a_person_who_never_confirmed_goes_and_one_who_signed_in_stays() -> None:
    """Thirty days after registering."""
    Browser(Role.RESIDENT, email="here@example.org")
    for address in ("gone@example.org", "staff@example.org"):
        add_user(Role.STAFF if address.startswith("staff") else Role.RESIDENT, address)
    with transaction() as tx:
        tx.execute(text("UPDATE users SET email_verified_at = NULL, created_at = now() - interval '31 days'"))

    run_job(ForgetOld())

    with transaction() as tx:
        left = tx.scalars(text("SELECT email FROM users ORDER BY email")).all()
    assert ["here@example.org", "staff@example.org"] == left


def test_the_rules_name_tables_that_are_there_and_never_the_audit_log() -> None:
    """And handlers that carry them out."""
    tables = set(Base.metadata.tables)

    assert set() == {rule.table for rule in retention.RULES} - tables
    assert "audit_log" not in {rule.table for rule in retention.RULES}
    assert set() == {rule.by for rule in retention.RULES} - registrations().keys()
    assert len(RULES) == len(retention.RULES)


def test_every_table_is_kept_for_so_long_or_for_a_reason() -> None:
    """A new table is in a rule, goes with the row it belongs to, or stands among those that stay."""
    ruled = {rule.table for rule in retention.RULES}
    owners = {
        table.name: {key.column.table.name for key in table.foreign_keys if key.ondelete == "CASCADE"}
        for table in Base.metadata.sorted_tables
    }
    gone_with = ruled | retention.STAYS.keys()
    undecided = {name for name in owners.keys() - gone_with if not owners[name] & gone_with}

    assert set() == undecided
    assert set() == retention.STAYS.keys() - owners.keys()
    assert set() == retention.STAYS.keys() & ruled


def test_what_is_shown_of_observations_and_vehicles_is_what_the_tidying_removes(settings: Settings) -> None:
    """The hours follow the observations; vehicles and trips go a day after they were last listed."""
    old, young = utcnow() - timedelta(days=401), utcnow() - timedelta(hours=1)
    hours = "INSERT INTO observation_hours (datastream_id, start, least, most, total, count)"
    with transaction() as tx:
        for moment in (old, young):
            tx.execute(text(f"{hours} VALUES (:id, :at, 1, 1, 1, 1)"), {"id": new_id(), "at": moment})
        counted = retention.count_old(tx, RULES["observation_hours"], utcnow())

    assert "succeeded" == run_job(TidyFeeds())

    with transaction() as tx:
        left = list(tx.scalars(text("SELECT start FROM observation_hours")))
        again = retention.count_old(tx, RULES["observation_hours"], utcnow())
    assert (1, 0, [young]) == (counted, again, left)


def test_a_photo_of_a_report_is_not_a_stray_one(settings: Settings) -> None:
    """However old its report is."""
    add_user(Role.RESIDENT)
    with transaction() as tx:
        tx.execute(text("INSERT INTO cities (slug, name, timezone, config) VALUES ('c', 'C', 'UTC', '{}')"))
        report_id = tx.execute(text(REPORT), {"id": new_id()}).scalar_one()
    put("stray_photos", timedelta(days=900))
    with transaction() as tx:
        tx.execute(text("UPDATE uploads SET report_id = :id"), {"id": report_id})

    assert "succeeded" == run_job(ForgetOld())

    with transaction() as tx:
        assert 1 == tx.execute(text("SELECT count(*) FROM uploads")).scalar_one()


def test_every_rule_is_a_statement_that_postgres_understands() -> None:
    """On empty tables each counts nothing."""
    with transaction() as tx:
        assert {0} == {retention.count_old(tx, rule, utcnow()) for rule in retention.RULES}


def aged(settings: Settings, name: str, days: float) -> Path:
    """Put a file into storage that was written so long ago."""
    path = settings.storage_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    moment = (utcnow() - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_files_that_no_row_names_go_once_they_are_a_day_old(settings: Settings) -> None:
    """A crash between file and row leaves them; what a row names, and what is young, stays."""
    kept, gone = new_id(), new_id()
    with transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO uploads (id, purpose, filename, size_bytes, path, state)"
                " VALUES (:id, 'photo', 'a', 1, 'incoming/ab/named', 'received')"
            ),
            {"id": kept},
        )
    stay = [
        aged(settings, "incoming/ab/named", 9),
        aged(settings, "incoming/ab/young", 0.5),
        aged(settings, f"photos/ab/{kept}/thumb.webp", 9),
        aged(settings, "payloads/ab/other", 900),
    ]
    go = [
        aged(settings, "incoming/ab/orphan", 2),
        aged(settings, "incoming/ab/broken.part", 2),
        aged(settings, f"photos/ab/{gone}/thumb.webp", 2),
        aged(settings, "exports/ab/orphan", 2),
    ]

    assert "succeeded" == run_job(ForgetOld())

    assert ([True] * 4, [False] * 4) == ([path.exists() for path in stay], [path.exists() for path in go])


def test_a_dry_run_tells_what_would_go_and_takes_nothing(settings: Settings) -> None:
    """`flask --app web.wsgi retention --dry-run`: every rule, its age, and how many rows."""
    put("idempotency_keys", timedelta(days=3))
    orphan = aged(settings, "incoming/ab/orphan", 2)

    told = app().test_cli_runner().invoke(args=["retention", "--dry-run"])

    assert 0 == told.exit_code, told.output
    lines = {line.split()[1]: line.split()[0] for line in told.output.splitlines()}
    assert {"1"} == {lines["idempotency_keys"], lines["incoming/"]}
    assert {rule.name for rule in retention.RULES} <= lines.keys()
    assert orphan.exists()
    with transaction() as tx:
        assert 1 == tx.execute(text("SELECT count(*) FROM idempotency_keys")).scalar_one()
        assert 0 == tx.execute(text("SELECT count(*) FROM jobs")).scalar_one()
    assert 0 == app().test_cli_runner().invoke(args=["retention"]).exit_code
    with transaction() as tx:
        assert ["jobs.forget"] == list(tx.scalars(text("SELECT kind FROM jobs")))
