"""What admins and ops do over HTTP: feeds, jobs, queues, the mailbox, the status; each act audited."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from shared.accounts import audited as audited_reads
from shared.accounts.rules import Role
from shared.audit import Actor, audit
from shared.clock import new_id, rfc3339, utcnow
from shared.db import transaction
from shared.email.models import MailboxMessage
from shared.jobs.enqueue import enqueue, enqueue_many
from shared.messages import Noop
from shared.settings import Settings, get_settings
from tests.support.jobs import drain, run_job
from tests.support.web import Browser, add_city, app, assert_problem

pytestmark = pytest.mark.usefixtures("db")
FEED = {"city": "london", "kind": "gbfs", "url": "https://bikes.example/gbfs.json", "interval_seconds": 60}


def audited() -> list[tuple[str, str]]:
    """Return what was done and by whom, sign-ins left out."""
    with transaction() as tx:
        rows = tx.execute(
            text(
                "SELECT a.action, u.email AS actor FROM audit_log a JOIN users u ON u.id = a.actor_id ORDER BY a.id"
            )
        )
        return [(row.action, row.actor) for row in rows if not row.action.startswith("accounts.")]


def test_an_admin_adds_changes_runs_and_removes_a_feed() -> None:
    """From first to last, each act with the name of who did it."""
    add_city()
    admin = Browser(Role.ADMIN)

    made = admin.post("/api/v1/feeds", json=FEED)
    path = f"/api/v1/feeds/{made.json['id']}"
    changed = admin.patch(path, json={"interval_seconds": 300, "paused": True})
    ran = admin.post(f"{path}/run")
    removed = admin.delete(path)

    assert (201, path) == (made.status_code, made.headers["Location"])
    assert (300, True) == (changed.json["interval_seconds"], changed.json["paused"])
    assert 202 == ran.status_code
    assert 202 == removed.status_code
    assert [("feeds.delete", "succeeded")] == drain({"feeds.delete"})
    assert_problem(admin.get(path), 404)
    assert [
        (f"feeds.{act}", "admin@example.org") for act in ("create", "change", "run", "delete")
    ] == audited()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**FEED, "interval_seconds": 1}, "interval_seconds"),
        ({**FEED, "url": "file:///etc/passwd"}, "url"),
        ({**FEED, "kind": "../x"}, "kind"),
        ({**FEED, "kind": "fax"}, "kind"),
        ({**FEED, "cursor": {}}, "cursor"),
        ({**FEED, "options": {"page_sise": 100}}, "options.page_sise"),
        ({**FEED, "options": {"hours": "at night"}}, "options.hours"),
        ({**FEED, "kind": "socrata", "options": {"where": 1e30}}, "options.where"),
        ({**FEED, "kind": "open311", "options": {"query": {"page": 1e30}}}, "options.query.page"),
        ({**FEED, "options": {"timezone": "Mars/Olympus"}}, "options.timezone"),
        ({**FEED, "kind": "mapping"}, "options.fields"),
        (
            {**FEED, "kind": "mapping", "options": {"fields": {"external_id": "id ["}}},
            "options.fields.external_id",
        ),
        ({key: value for key, value in FEED.items() if key != "url"}, "url"),
    ],
)
def test_a_feed_that_breaks_a_rule_is_refused_by_field(body: dict[str, Any], field: str) -> None:
    """422 says which, also of a feed that is only tried."""
    add_city()
    tried = {name: value for name, value in body.items() if name != "interval_seconds"}

    assert_problem(Browser(Role.ADMIN).post("/api/v1/feeds", json=body), 422, field)
    if field != "interval_seconds":
        assert_problem(Browser(Role.ADMIN).post("/api/v1/feeds/preview", json=tried), 422, field)


def test_a_feed_is_not_changed_to_what_it_could_not_be_saved_as() -> None:
    """Options are judged with the kind, also with that which the feed has."""
    add_city()
    admin = Browser(Role.ADMIN)
    path = f"/api/v1/feeds/{admin.post('/api/v1/feeds', json=FEED).json['id']}"

    assert_problem(admin.patch(path, json={"options": {"wherre": "1=1"}}), 422, "options.wherre")
    assert_problem(admin.patch(path, json={"kind": "fax"}), 422, "kind")


def test_the_kinds_of_feeds_say_what_they_may_be_told() -> None:
    """A form can be made of it."""
    kinds = Browser(None).get("/api/v1/feeds/kinds").json["items"]
    socrata = {each["kind"]: each["options"] for each in kinds}["socrata"]

    assert len(kinds) == 14
    assert {
        "name": "page_size",
        "type": "integer",
        "allowed": "a whole number, 1 to 50,000",
        "default": 5000,
        "meaning": "Rows of a page.",
        "of_this_kind": True,
    } in socrata


def test_a_reprocess_needs_a_window_and_a_reason_and_runs_once_at_a_time() -> None:
    """A second one while the first waits is a conflict."""
    add_city()
    admin = Browser(Role.ADMIN)
    path = f"/api/v1/feeds/{admin.post('/api/v1/feeds', json=FEED).json['id']}/reprocess"
    now = utcnow()
    window = {
        "from": rfc3339(now - timedelta(days=1)),
        "to": rfc3339(now),
        "dry_run": True,
        "reason": "new parser",
    }

    assert_problem(admin.post(path, json={**window, "reason": ""}), 422, "reason")
    assert_problem(admin.post(path, json={**window, "to": window["from"]}), 422, "to")
    assert_problem(admin.post(path, json={**window, "from": "2026-01-01T00:00:00"}), 422, "from")
    assert_problem(admin.post(path, json={**window, "dryrun": False}), 422, "dryrun")
    job = admin.post(path, json=window)
    assert 202 == job.status_code
    assert_problem(admin.post(path, json=window), 409)
    assert "feeds.reprocess" == admin.get(f"/api/v1/jobs/{job.json['job_id']}").json["kind"]


def test_jobs_are_listed_page_by_page_with_counts() -> None:
    """Newest first, each once."""
    with transaction() as tx:
        enqueue_many(tx, [Noop(number) for number in range(12)])
    ops = Browser(Role.OPS)
    seen: list[int] = []
    cursor = ""
    while True:
        answer = ops.get(f"/api/v1/jobs?kind=jobs.noop&limit=5{cursor}").json
        seen += [item["args"]["number"] for item in answer["items"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"

    assert list(reversed(range(12))) == seen
    assert (12, 12) == (answer["counts"]["by_state"]["queued"], answer["counts"]["by_queue"]["bulk"])
    assert_problem(ops.get("/api/v1/jobs?cursor=abc"), 422, "cursor")
    assert 1 == len(ops.get("/api/v1/jobs?state=queued,dead&q=%22number%22: 7").json["items"])


def test_a_job_shows_its_attempts_and_timeline() -> None:
    """And whoever only watches may not touch it."""
    assert "succeeded" == run_job(Noop(1))
    with transaction() as tx:
        waiting = enqueue(tx, Noop(2)).id
    ops = Browser(Role.OPS)
    done = ops.get("/api/v1/jobs?state=succeeded").json["items"][0]["id"]

    detail = ops.get(f"/api/v1/jobs/{done}").json

    assert ("succeeded", 1) == (detail["attempts"][-1]["outcome"], detail["attempts"][-1]["attempt"])
    assert_problem(ops.post(f"/api/v1/jobs/{waiting}/cancel", json={"reason": "x"}), 403)


def test_a_job_is_cancelled_and_retried_with_a_reason() -> None:
    """Without one nothing happens."""
    with transaction() as tx:
        job = enqueue(tx, Noop(1)).id
    admin = Browser(Role.ADMIN)
    path = f"/api/v1/jobs/{job}"

    assert_problem(admin.post(f"{path}/cancel", json={}), 422, "reason")
    assert_problem(admin.post(f"{path}/cancel", json={"reason": " "}), 422, "reason")
    assert 202 == admin.post(f"{path}/cancel", json={"reason": "not needed"}).status_code
    assert "cancelled" == admin.get(path).json["state"]
    assert_problem(admin.post(f"{path}/cancel", json={"reason": "again"}), 409)
    again = admin.post(f"{path}/retry", json={"reason": "needed after all"}).json["job_id"]
    assert str(job) == admin.get(f"/api/v1/jobs/{again}").json["reprocess_of"]
    assert ["jobs.cancel", "jobs.reprocess"] == [action for action, _ in audited()]


def test_many_jobs_are_counted_before_they_are_touched() -> None:
    """A dry run is the default."""
    with transaction() as tx:
        enqueue_many(tx, [Noop(number) for number in range(3)])
    admin = Browser(Role.ADMIN)
    chosen = {"kind": "jobs.noop", "reason": "a wrong batch"}

    assert {"matched": 3, "changed": 0} == admin.post("/api/v1/jobs/cancel", json=chosen).json
    assert {"matched": 3, "changed": 3} == admin.post(
        "/api/v1/jobs/cancel", json={**chosen, "dry_run": False}
    ).json


def test_a_queue_is_paused_and_resumed() -> None:
    """With a reason that is kept."""
    admin = Browser(Role.ADMIN)

    paused = admin.post("/api/v1/queues/email/pause", json={"reason": "the provider is down"})
    listed = {queue["name"]: queue["paused"] for queue in admin.get("/api/v1/queues").json["items"]}
    resumed = admin.post("/api/v1/queues/email/resume", json={"reason": "it is back"})

    assert paused.json["paused"]
    assert {"critical": False, "email": True, "feeds": False, "uploads": False, "bulk": False} == listed
    assert not resumed.json["paused"]
    assert_problem(admin.post("/api/v1/queues/none/pause", json={"reason": "x"}), 404)


def test_the_mailbox_is_an_admins_and_only_where_mail_is_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a provider's key there is none."""
    with transaction() as tx:
        for to in ("ann@example.org", "bob@example.org"):
            tx.add(
                MailboxMessage(id=new_id(), to_address=to, subject="Hello", html="<p>", text="", headers={})
            )
    admin = Browser(Role.ADMIN)

    mails = admin.get("/api/v1/mailbox?to=ann@example.org").json["items"]

    assert ["ann@example.org"] == [mail["to"] for mail in mails]
    assert mails[0] == admin.get(f"/api/v1/mailbox/{mails[0]['id']}").json
    assert_problem(Browser().get("/api/v1/mailbox"), 401)
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.x")
    get_settings.cache_clear()
    assert_problem(admin.get("/api/v1/mailbox"), 404)


def test_on_a_developers_machine_the_mailbox_is_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nobody else there."""
    monkeypatch.setenv("CITYPULSE_ENV", "local")
    get_settings.cache_clear()

    assert [] == Browser().get("/api/v1/mailbox").json["items"]


def test_mail_events_are_taken_when_they_are_signed_and_not_otherwise(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the raw bytes, a short while ago; without a key nobody can sign."""
    body = json.dumps([{"event": "bounce", "email": "Gone@example.org", "sg_event_id": "e-1"}]).encode()
    path = "/api/v1/hooks/sendgrid"
    assert_problem(Browser().post(path, data=body), 404)
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    monkeypatch.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", base64.b64encode(public).decode())
    get_settings.cache_clear()
    at = str(int(utcnow().timestamp()))
    signature = base64.b64encode(key.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    signed = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": at,
    }

    assert_problem(Browser().post(path, data=body), 403)
    assert_problem(Browser().post(path, data=body + b" ", headers=signed), 403)
    assert 204 == Browser().post(path, data=body, headers=signed).status_code
    assert 204 == Browser().post(path, data=body, headers=signed).status_code
    with transaction() as tx:
        assert 1 == tx.execute(text("SELECT count(*) FROM email_events")).scalar_one()


def test_the_status_says_how_every_part_is() -> None:
    """What was not heard of is down, what is paused is degraded, and the page serves elsewhere."""
    with transaction() as tx:
        tx.execute(
            text("""INSERT INTO processes (name, role, data) VALUES ('relay@a', 'relay', '{}'), ('beat@a', 'beat', '{}'),
              ('live@a', 'live', '{"sockets": 3}'),
              ('w@a', 'worker', '{"queues": ["critical", "email", "feeds"], "slots": 2}')""")
        )
        tx.execute(text("INSERT INTO queues (name, paused) VALUES ('email', true)"))

    told = Browser().get("/api/v1/status").json

    states = {part["name"]: part["state"] for part in told["components"]}
    assert "degraded" == told["status"]
    assert {
        "postgres": "ok",
        "backend": "ok",
        "frontend": "unknown",
        "redis": "ok",
        "storage": "ok",
        "email": "ok",
        "live": "ok",
        "relay": "ok",
        "beat": "ok",
        "queue:critical": "ok",
        "queue:email": "degraded",
        "queue:feeds": "ok",
        "queue:uploads": "down",
        "queue:bulk": "down",
    } == states
    assert {"fresh": 0, "late": 0, "stale": 0, "dead": 0} == told["feeds"]


def test_a_city_is_seeded_twice_and_is_there_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the simulator its feeds run and the real ones wait; an admin's choice outlives a second seeding."""
    monkeypatch.setenv("CITYPULSE_SIMULATOR_URL", "http://127.0.0.1:9")
    get_settings.cache_clear()
    secrets = {
        f"CITYPULSE_DEMO_{role}_PASSWORD": "a demo password" for role in ("ADMIN", "STAFF", "RESIDENT")
    }
    runner = app().test_cli_runner()

    first = runner.invoke(args=["seed", "--city", "london"], env=secrets)
    with transaction() as tx:
        tx.execute(text("UPDATE feeds SET paused = true WHERE simulated"))
    second = runner.invoke(args=["seed", "--city", "london"], env=secrets)

    assert (0, first.output) == (second.exit_code, second.output), second.output
    assert "3 demo accounts" in first.output
    with transaction() as tx:
        feeds = tx.execute(text("SELECT slug, url, simulated, paused FROM feeds")).all()
    assert any(feed.simulated for feed in feeds)
    assert all(feed.paused for feed in feeds)
    assert all(feed.url.startswith("http://127.0.0.1:9/") == feed.simulated for feed in feeds)
    assert 200 == Browser().sign_in("staff@example.org", "a demo password").status_code


def test_an_admin_is_made_by_hand() -> None:
    """The first one has to come from somewhere."""
    runner = app().test_cli_runner()

    refused = runner.invoke(args=["create-admin", "--email", "boss@example.org", "--password", "short"])
    made = runner.invoke(
        args=["create-admin", "--email", "boss@example.org", "--password", "long enough now"]
    )

    assert 1 == refused.exit_code
    assert "10 to 256 characters" in refused.output
    assert "boss@example.org is a new admin\n" == made.output
    browser = Browser()
    browser.sign_in("boss@example.org", "long enough now")
    assert "admin" == browser.get("/api/v1/auth/me").json["role"]


def test_the_document_is_printed_for_the_page() -> None:
    """As JSON, and nothing beside it."""
    printed = app().test_cli_runner().invoke(args=["openapi"])

    assert "3.1.0" == json.loads(printed.stdout)["openapi"]


def test_a_change_of_somebody_else_is_not_lost() -> None:
    """Who says which version they saw is told when it is no longer so; runs make no other version."""
    add_city()
    admin = Browser(Role.ADMIN)
    made = admin.post("/api/v1/feeds", json=FEED)
    path, seen = f"/api/v1/feeds/{made.json['id']}", {"If-Match": made.headers["ETag"]}

    mine = admin.patch(path, json={"interval_seconds": 300}, headers=seen)
    theirs = admin.patch(path, json={"interval_seconds": 600}, headers=seen)
    drain({"feeds.run"})
    read = admin.get(path)

    assert (200, 300) == (mine.status_code, mine.json["interval_seconds"])
    assert_problem(theirs, 412)
    assert theirs.json["version"] == mine.json["version"] == read.json["version"]
    assert read.headers["ETag"].startswith(f'"{mine.json["version"]}.')
    assert_problem(admin.delete(path, headers=seen), 412)
    assert (
        200
        == admin.patch(
            path, json={"name": "Mine"}, headers={"If-Match": f"W/{read.headers['ETag']}"}
        ).status_code
    )
    assert 200 == admin.patch(path, json={"name": "Any"}, headers={"If-Match": "*"}).status_code
    assert_problem(admin.patch(path, json={"name": "None"}, headers={"If-Match": "nothing"}), 412)
    version = admin.patch(path, json={"name": "Without"}).json["version"]
    assert 202 == admin.delete(path, headers={"If-Match": f'"old", "{version}"'}).status_code


def test_the_version_that_a_change_tells_is_the_one_that_is_read() -> None:
    """Whatever the database makes of a number (-0.0 is 0 there): nobody is told of a change that nobody made."""
    add_city()
    admin = Browser(Role.ADMIN)
    box = {"options": {"bbox": [-0.0, 51, 1, 52]}}

    made = admin.post("/api/v1/feeds", json={**FEED, **box})
    path = f"/api/v1/feeds/{made.json['id']}"
    read = admin.get(path)
    changed = admin.patch(path, json={"options": {"bbox": [-0.0, 51, 1, 53]}})

    assert made.json["version"] == read.json["version"]
    assert changed.json["version"] == admin.get(path).json["version"]


def test_a_feed_is_removed_once_however_often_it_is_asked_for() -> None:
    """Who missed the answer asks again with the version that they saw (RFC 9110, 13.1.1)."""
    add_city()
    admin = Browser(Role.ADMIN)
    made = admin.post("/api/v1/feeds", json=FEED)
    path, seen = f"/api/v1/feeds/{made.json['id']}", {"If-Match": made.headers["ETag"]}

    first, again = admin.delete(path, headers=seen), admin.delete(path, headers=seen)

    assert (202, first.json) == (again.status_code, again.json)


def test_an_admin_reads_who_did_what() -> None:
    """Newest first, of a feed or of all, page by page; nobody else does."""
    add_city()
    admin = Browser(Role.ADMIN)
    feed = admin.post("/api/v1/feeds", json=FEED).json["id"]
    admin.post("/api/v1/feeds", json={**FEED, "name": "Another"})
    admin.patch(f"/api/v1/feeds/{feed}", json={"paused": True})

    of_feed = admin.get(f"/api/v1/audit?subject={feed}").json["items"]
    first = admin.get("/api/v1/audit?action=feeds&limit=2").json
    rest = admin.get(f"/api/v1/audit?action=feeds&limit=2&cursor={first['next']}").json

    assert [("feeds.change", "admin@example.org"), ("feeds.create", "admin@example.org")] == [
        (entry["action"], entry["actor"]) for entry in of_feed
    ]
    assert ["paused"] == of_feed[0]["data"]["changed"]
    assert (["feeds.change", "feeds.create"], ["feeds.create"], None) == (
        [entry["action"] for entry in first["items"]],
        [entry["action"] for entry in rest["items"]],
        rest["next"],
    )
    assert first["items"] == admin.get("/api/v1/audit?action=feeds&limit=2").json["items"]
    assert [] == admin.get("/api/v1/audit?action=feed").json["items"]
    for role in (Role.OPS, Role.STAFF, Role.RESIDENT):
        assert_problem(Browser(role).get("/api/v1/audit"), 403)


def test_a_rare_act_is_found_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the log is, a read looks through so much of it, and says where to go on."""
    add_city()
    admin = Browser(Role.ADMIN)
    feed = admin.post("/api/v1/feeds", json=FEED).json["id"]
    with transaction() as tx:
        for _ in range(25):
            audit(tx, Actor("anonymous"), "accounts.ask_reset")
    monkeypatch.setattr(audited_reads, "SEARCHED", 10)

    path, found = f"/api/v1/audit?subject={feed}", []
    pages = [admin.get(path).json]
    while pages[-1]["next"]:
        pages.append(admin.get(f"{path}&cursor={pages[-1]['next']}").json)
    for each in pages:
        found += [entry["action"] for entry in each["items"]]

    assert ["feeds.create"] == found
    assert [[], []] == [each["items"] for each in pages[:2]]
