"""The job engine and what it is made of: foreign bytes, forged ids, secret arguments, untested packages."""

import json
import pickle
import re
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads
from sqlalchemy import text

from deploy.local.testing import ROOT
from shared.accounts.rules import Role
from shared.db import transaction
from shared.errors import Invalid, Permanent
from shared.jobs.claim import claim
from shared.jobs.enqueue import enqueue
from shared.messages import MAX_ARGS_BYTES, Message, Noop, Queue, message, secret
from tasks.base import Job, handles
from tests.security.conftest import Tries
from tests.support.jobs import run_job_id
from tests.support.web import Browser, logged
from workers import settings as celery_settings
from workers.bell import Bell

pytestmark = pytest.mark.usefixtures("db")
TOUCHED = Path(tempfile.gettempdir()) / f"citypulse-{uuid4().hex}"
CANARIES = [f"canary-{number:02}-{uuid4().hex}" for number in range(20)]


@message("test.tell", Queue.BULK, max_attempts=1)
class Tell(Message):
    """Carry a secret to a handler that fails with it."""

    word: str = secret()
    open_word: str = ""


@handles(Tell, limit_seconds=10)
def tell(message: Tell, job: Job) -> None:
    """Fail with a bug, as careless code would."""
    raise Permanent(f"the provider refused {len(message.word)} letters")


class Bomb:
    """What runs when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        """Touch a file."""
        return Path.touch, (TOUCHED,)


@pytest.mark.row(11)
@pytest.mark.parametrize(
    "kind", ["application/x-python-serialize", "application/x-yaml", "application/x-msgpack", ""]
)
def test_nothing_but_json_is_read_from_a_queue(kind: str, tries: Tries) -> None:
    """By Celery's own settings, whatever the message says it is."""
    accepted = {"application/json"} if celery_settings.CELERY["accept_content"] == ["json"] else None
    try:
        loads(pickle.dumps(Bomb()), kind or "application/x-unknown", "binary", accept=accepted)
        tries(kind, False)
    except (ContentDisallowed, ValueError):
        tries(kind, True)
    assert not TOUCHED.exists()


@pytest.mark.row(11)
def test_what_is_too_large_or_too_deep_becomes_no_job_and_no_request(tries: Tries) -> None:
    """64 KiB and one byte; ten thousand brackets; a number that no type holds."""
    with transaction() as tx:
        for size in (MAX_ARGS_BYTES, MAX_ARGS_BYTES * 4):
            try:
                enqueue(tx, Tell(open_word="x" * size))
                tries(f"{size} bytes", False)
            except Invalid:
                tries(f"{size} bytes", True)
        assert 0 == tx.execute(text("SELECT count(*) FROM jobs")).scalar_one()
    browser = Browser()
    for body in (
        b"[" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"email": NaN}',
        b"\xff\xfe{}",
        b"null",
    ):
        answer = browser.post("/api/v1/auth/login", data=body, headers={"Content-Type": "application/json"})
        tries(str(body[:20]), answer.status_code in {400, 422})


@pytest.mark.row(12)
def test_a_forged_message_starts_nothing_that_was_not_asked_for(tries: Tries) -> None:
    """Whoever writes to Redis can ring; only a committed row that waits is run, and only as what it is."""
    with transaction() as tx:
        ended, other, waiting, later = (enqueue(tx, Noop(number)).id for number in range(4))
        tx.execute(
            text("UPDATE jobs SET state = 'succeeded', finished_at = now() WHERE id = :id"), {"id": ended}
        )
        tx.execute(text("UPDATE jobs SET state = 'scheduled' WHERE id = :id"), {"id": later})
    with transaction() as tx:
        held = claim(tx, "jobs.noop", [other], "honest")
    for what, kind, job_id in (
        ("no such job", "jobs.noop", uuid4()),
        ("one that ended", "jobs.noop", ended),
        ("one that another holds", "jobs.noop", other),
        ("one for later", "jobs.noop", later),
        ("one under another kind", "feeds.run", waiting),
    ):
        with transaction() as tx:
            tries(what, [] == claim(tx, kind, [job_id], "thief"))

    assert 1 == len(held)
    assert "succeeded" == run_job_id("jobs.noop", waiting)


@pytest.mark.row(13)
def test_no_seeded_secret_is_found_anywhere(redis_url: str, tries: Tries) -> None:
    """Twenty canaries in arguments, headers and bodies: not in the table, Redis, the API or the log."""
    with logged() as log, redis.Redis.from_url(redis_url) as client:
        with transaction() as tx:
            jobs = [enqueue(tx, Tell(word=word)).id for word in CANARIES[:8]]
        Bell(redis_url).ring({"bulk": [json.dumps({"job_ids": [str(job) for job in jobs]})]})
        for job in jobs:
            run_job_id("test.tell", job)
        ops, told = Browser(Role.OPS), ""
        for word in CANARIES[8:14]:
            for name in ("Authorization", "Cookie", "X-CSRF-TOKEN", "Referer"):
                told += (
                    Browser().get("/api/v1/cities", headers={name: f"Bearer {word}"}).get_data(as_text=True)
                )
        for word in CANARIES[14:]:
            told += Browser().sign_in(f"{word}@example.org", word).get_data(as_text=True)
            told += Browser().get(f"/api/v1/reports/{uuid4()}?t={word}").get_data(as_text=True)
        told += "".join(ops.get(f"/api/v1/jobs/{job}").get_data(as_text=True) for job in jobs)
        dumped = b"".join(client.dump(key) or b"" for key in client.scan_iter("*")).decode(errors="replace")
    with transaction() as tx:
        tables = ("jobs", "job_attempts", "job_events", "events", "audit_log")
        kept = "".join(str(tx.execute(text(f"SELECT t::text FROM {name} t")).all()) for name in tables)

    assert log.getvalue()
    for word in CANARIES:
        for place, content in (("log", log.getvalue()), ("API", told), ("Redis", dumped), ("tables", kept)):
            tries(f"{word} in {place}", word not in content)


@pytest.mark.row(20)
def test_every_package_is_pinned_with_its_hash(tries: Tries) -> None:
    """A registry that was broken into cannot send another file."""
    for name in ("base", "local", "dev"):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ").splitlines()
        for line in lines:
            if re.match(r"^[A-Za-z0-9]", line):
                tries(line.split(" ")[0], bool(re.search(r"==\S+.*--hash=sha256:[0-9a-f]{64}", line)))


@pytest.mark.row(20)
@pytest.mark.parametrize("name", ["celery", "kombu", "redis"])
def test_a_worker_refuses_to_start_on_what_was_not_tested(
    name: str, monkeypatch: pytest.MonkeyPatch, tries: Tries
) -> None:
    """Some neighbours of these versions go deaf without a word."""
    celery_settings.refuse_untested_versions()
    monkeypatch.setitem(celery_settings.TESTED, name, "0.0.1")
    try:
        celery_settings.refuse_untested_versions()
        tries(name, False)
    except RuntimeError:
        tries(name, True)
