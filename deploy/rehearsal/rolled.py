"""What the stage `rolling` does, for an interpreter that has the application's packages."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local import testing
from deploy.rehearsal.edge import DOMAIN, Edge, Ports, edge, free_ports
from deploy.rehearsal.fleet import Fleet
from deploy.rehearsal.load import Result, load
from deploy.rehearsal.machine import run
from deploy.rehearsal.provider import Provider
from deploy.rehearsal.residents import Filed, residents
from deploy.rehearsal.stage import Failed, Report, say
from deploy.rehearsal.stubs import Stub, running

RELEASES = 10
DATABASE = "rolling"
_SECRET = "rehearsed0123456789abcdefghijklmnopq"  # noqa: S105  # of a database that lives for minutes


def roll(report: Report) -> None:
    """Put one release after another into service under load, and judge what became of everything accepted."""
    with ExitStack() as held:
        fleet, site, provider = held.enter_context(_platform())
        began = time.monotonic()
        with residents(site) as filed, load(site.ports.https, DOMAIN, 2, 0.05) as asked:
            for number in range(1, RELEASES + 1):
                fleet.deploy(site, f"v1.0.{number}")
                _tell(report, number, filed, asked)
            filed.enough.set()
            _settle(fleet, filed)
        report.figure(f"{RELEASES} releases in {time.monotonic() - began:.0f} s; {filed}; health: {asked}")
        _judge(report, fleet, filed, asked, provider)


@contextmanager
def _platform() -> Iterator[tuple[Fleet, Edge, Provider]]:
    """Run the first release, with a city in it, behind nginx."""
    with ExitStack() as held:
        folder = held.enter_context(testing.run_folder())
        postgres = held.enter_context(
            testing.postgres(folder, "15" if _has_postgres_15() else None, durable=True)
        )
        valkey = held.enter_context(testing.valkey(folder, durable=True))
        postgres.create_database(DATABASE)
        provider = Provider()
        held.enter_context(_serving(provider))
        stubs = [held.enter_context(running(Stub(name))) for name in ("frontend", "flower")]
        front, colours = free_ports(3), free_ports(4)
        ports = Ports(*front, *colours[:2], *(stub.port for stub in stubs))
        environment = _environment(folder, postgres.url(DATABASE), valkey.url, provider.port)
        fleet = Fleet(
            folder,
            postgres,
            DATABASE,
            environment,
            {"green": (colours[0], colours[1]), "blue": (colours[2], colours[3])},
        )
        held.callback(fleet.end)
        _prepare(fleet)
        fleet.start_colour("green", "v1.0.0")
        site = held.enter_context(edge(ports))
        fleet.start_tiers("v1.0.0")
        yield fleet, site, provider


def _environment(folder: Path, database_url: str, redis_url: str, provider_port: int) -> dict[str, str]:
    """Return what production's containers are told, and nothing of the caller's."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "CITYPULSE_ENV": "production",
        "CITYPULSE_CITY": "london",
        "PUBLIC_URL": f"https://{DOMAIN}",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "STORAGE_DIR": str(folder / "storage"),
        "JWT_SECRET": _SECRET,
        "ARGS_KEY": _SECRET,
        "METRICS_TOKEN": _SECRET,
        "SENDGRID_API_KEY": "SG.rehearsed",
        "SENDGRID_API_URL": f"http://127.0.0.1:{provider_port}",
        "REMAP_SIGTERM": "SIGQUIT",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


def _prepare(fleet: Fleet) -> None:
    """Make the schema and put the city in; its feeds are others' servers and rest."""
    for command in (
        ("alembic", "-c", "shared/migrations/alembic.ini", "upgrade", "head"),
        ("flask", "--app", "web.wsgi", "seed", "--city", "london"),
    ):
        done = run(".venv/bin/python", "-m", *command, env=fleet.environment)
        if done.code:
            raise Failed(f"{' '.join(command)}: {done.output[-1500:]}")
    fleet.sql("UPDATE feeds SET paused = true")


def _tell(report: Report, number: int, filed: Filed, asked: Result) -> None:
    """Print how it stands after a release."""
    failed = sum(filed.failures.values()) + sum(asked.failures.values())
    say(
        f"       release {number}: {len(filed.reports)} reports, {asked.answered} health answers, {failed} failed"
    )


def _settle(fleet: Fleet, filed: Filed, limit_seconds: float = 300) -> None:
    """Wait until no job of the reports is under way and every page is where the stream ends; five minutes at most."""
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        last = fleet.sql(_EVENTS)[-1][0]
        states = {row[0] for row in fleet.sql(_STATES)}
        if states <= _ENDED and {page.after for page in filed.pages} == {last}:
            return
        time.sleep(0.5)


_STATES = "SELECT state, count(*) FROM jobs WHERE kind LIKE 'reports.%' OR kind LIKE 'email.%' GROUP BY state"
_ENDED = {"succeeded", "dead", "cancelled"}
_EVENTS = """
SELECT (SELECT epoch FROM stream_state) || '.' || xid::text || '.' || id FROM events
WHERE 'city:london' = ANY(topics) ORDER BY xid, id
"""
_DEAD = "SELECT kind, error FROM jobs WHERE state = 'dead' LIMIT 5"


def _judge(report: Report, fleet: Fleet, filed: Filed, asked: Result, provider: Provider) -> None:
    failures = filed.failures + asked.failures
    report.check("no request failed, none was answered with 5xx", not failures, str(dict(failures)))
    report.check("every release answered", len(asked.releases) >= RELEASES, ", ".join(sorted(asked.releases)))
    report.check("no process had to be killed", not fleet.killed, " ".join(fleet.killed))
    kept = {row[0] for row in fleet.sql("SELECT id FROM reports")}
    report.check(
        "every accepted report is there, and no other", kept == set(filed.reports) and len(kept) > RELEASES,
        f"{len(filed.reports)} accepted, {len(kept)} kept",
    )  # fmt: skip
    states = {row[0]: int(row[1]) for row in fleet.sql(_STATES)}
    report.check("every job of theirs succeeded", set(states) == {"succeeded"}, str(states))
    dead = fleet.sql(_DEAD)
    report.check("no job at all is dead", not dead, str(dead))
    mails = {row[0]: row[1] for row in fleet.sql("SELECT id, state FROM deliveries")}
    report.check(
        "every mail was sent, and reached the provider once",
        set(mails.values()) == {"sent"} and dict(provider.taken) == dict.fromkeys(mails, 1),
        f"{len(mails)} mails, {provider.taken.total()} calls",
    )
    told = [row[0] for row in fleet.sql(_EVENTS)]
    whole = [page.ids == told[len(told) - len(page.ids) :] and len(page.ids) > 0 for page in filed.pages]
    report.check(
        "every page heard every event once and in order",
        all(whole),
        f"{len(told)} events, {sum(page.returns for page in filed.pages)} returns of {len(whole)} pages, "
        f"{sum(page.resets for page in filed.pages)} resets",
    )


def _has_postgres_15() -> bool:
    return Path("/usr/lib/postgresql/15/bin/postgres").exists()


@contextmanager
def _serving(provider: Provider) -> Iterator[None]:
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        provider.shutdown()
        provider.server_close()
