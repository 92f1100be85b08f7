"""Secrets in a platform that runs: real worker, real relay, real Flower, and a handler that tells all it knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import redis
import requests
from sqlalchemy import text

from deploy.local.processes import free_port
from shared.accounts.rules import Role
from shared.db import transaction
from shared.jobs.enqueue import enqueue
from tests.security.conftest import Tries
from tests.support.rig import Rig, rig
from tests.support.teller import Blab
from tests.support.web import Browser

CANARIES = [f"canary-{number:02}-{uuid4().hex}" for number in range(20)]
LIMIT_SECONDS = 60
PASSWORD = f"canary-of-flower-{uuid4().hex}"


@contextmanager
def flower(made: Rig) -> Iterator[str]:
    """Run Flower by its own configuration; gives where its pages begin."""
    port = free_port()
    own = {
        "FLOWER_BASIC_AUTH": f"ops:{PASSWORD}",
        "FLOWER_PORT": str(port),
        "FLOWER_DB": str(made.folder / "flower.db"),
    }
    made.start("flower", "-m", "celery", "-A", made.app, "flower", "--conf=workers/flowerconfig.py", env=own)
    where = f"http://127.0.0.1:{port}/flower"
    made.until(lambda: _get(f"{where}/workers")[0] == 200, LIMIT_SECONDS, "flower")
    yield where


def _get(url: str, word: str = PASSWORD) -> tuple[int, str]:
    """Ask a page of Flower; returns its status and its words, or 0 when nobody answers."""
    try:
        answer = requests.get(url, auth=("ops", word), timeout=10)
    except requests.RequestException:
        return 0, ""
    return answer.status_code, answer.text


@pytest.mark.row(13)
def test_no_secret_of_a_job_is_found_anywhere_in_a_platform_that_runs(tries: Tries) -> None:
    """Twenty canaries through relay, Redis, worker and a failure that names them: not in logs, Flower, Redis, pages."""
    with rig("tests.support.teller:app") as made:
        made.relay()
        made.worker()
        with flower(made) as where, redis.Redis.from_url(made.valkey.url) as client:
            with transaction() as tx:
                jobs = [enqueue(tx, Blab(word=word)).id for word in CANARIES]
            dumped = b"".join(client.dump(key) or b"" for key in client.scan_iter("*"))
            made.until(lambda: _count("dead") == len(jobs), LIMIT_SECONDS, "the jobs")
            made.until(lambda: "test.blab" in _get(f"{where}/api/tasks?limit=50")[1], LIMIT_SECONDS, "events")
            pages = ["tasks", "workers", "broker", "api/tasks?limit=50", "api/workers", "metrics"]
            shown = "".join(_get(f"{where}/{page}")[1] for page in pages)
            dumped += b"".join(client.dump(key) or b"" for key in client.scan_iter("*"))
            admin = Browser(Role.ADMIN)
            told = "".join(admin.get(f"/api/v1/jobs/{job}").get_data(as_text=True) for job in jobs)
            places = {
                "Flower": shown,
                "Redis": dumped.decode(errors="replace"),
                "the job's page": told,
                "the logs": "".join(file.read_text() for file in made.folder.glob("*.log")),
                "the tables": _tables(),
            }
            for word in CANARIES:
                for place, content in places.items():
                    tries(f"{word} in {place}", bool(content) and word not in content)
            tries("Flower without its password", _get(f"{where}/tasks", "wrong")[0] == 401)
            tries("Flower's password in a log", PASSWORD not in places["the logs"])
    assert "test.blab" in shown
    assert "[hidden]" in told
    assert "[hidden]" in places["the logs"]


def _count(state: str) -> int:
    with transaction() as tx:
        return int(
            tx.execute(text("SELECT count(*) FROM jobs WHERE state = :state"), {"state": state}).scalar_one()
        )


def _tables() -> str:
    names = ("jobs", "job_attempts", "job_events", "events", "audit_log")
    with transaction() as tx:
        return "".join(str(tx.execute(text(f"SELECT t::text FROM {name} t")).all()) for name in names)
