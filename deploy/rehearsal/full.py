"""The whole production stack in containers: deployed, replaced under load, broken, rolled back, backed up, restored."""

import json
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from deploy.rehearsal import example
from deploy.rehearsal.edge import DOMAIN
from deploy.rehearsal.load import Result, load
from deploy.rehearsal.machine import ROOT, Done
from deploy.rehearsal.podman import FOLDER, Engine, build, engine, make_bases
from deploy.rehearsal.stage import Report

HOME = FOLDER / "home"
PREFIX = "ghcr.io/citypulse/rehearsal/citypulse"
HTTP, HTTPS, PAGE = 18080, 18443, 13001
FIRST, SECOND, SICK, STUCK = "v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"
TIERS = ("backend", "worker", "frontend")


def stage(report: Report) -> None:
    """Rehearse the life of a host."""
    with engine() as made:
        began = time.monotonic()
        make_bases(made)
        report.figure(f"stand-ins of the base images: {time.monotonic() - began:.0f} s")
        _down(made)
        shutil.rmtree(HOME, ignore_errors=True)
        try:
            _build(report, made)
            _first(report, made)
            _hardened(report, made)
            _replace(report, made)
            _refuse(report, made)
            _roll_back(report, made)
            _back_up(report, made)
            _drain(report, made)
        finally:
            _down(made)


def _build(report: Report, made: Engine) -> None:
    """Build two releases, one that never becomes healthy and one whose migration fails."""
    for version in (FIRST, SECOND):
        began = time.monotonic()
        for tier in (*TIERS, "nginx"):
            tag = f"{PREFIX}-{tier}:{'edge-0' if tier == 'nginx' else version}"
            arguments = {"APP_VERSION": version}
            if tier == "worker":
                arguments["BACKEND_IMAGE"] = f"{PREFIX}-backend:{version}"
            build(made, ROOT / "deploy" / "docker" / tier / "Dockerfile.prod", tag, **arguments)
        report.figure(f"four images of {version}: {time.monotonic() - began:.0f} s")
    _spoil(made, SICK, 'CMD ["python", "-m", "http.server", "5000"]')
    _spoil(made, STUCK, "USER root\nRUN rm shared/migrations/alembic.ini\nUSER 10001:10001")
    sizes = made.must("podman", "images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}")
    report.figure(
        "; ".join(line.split("/")[-1] for line in sizes.splitlines() if FIRST in line or "edge-0" in line)
    )


def _spoil(made: Engine, version: str, instructions: str) -> None:
    """Make a release out of the first one that is broken in one way."""
    spoilt = FOLDER / "spoilt.containerfile"
    spoilt.write_text(f"FROM {PREFIX}-backend:{FIRST}\n{instructions}\nENV APP_VERSION={version}\n")
    spoilt.write_text(spoilt.read_text() + f"LABEL org.opencontainers.image.version={version}\n")
    build(made, spoilt, f"{PREFIX}-backend:{version}")
    for tier in ("worker", "frontend"):
        made.must("podman", "tag", f"{PREFIX}-{tier}:{FIRST}", f"{PREFIX}-{tier}:{version}")


def _release(version: str) -> None:
    """Unpack a release where the workflow would have put it; all of them know the same secrets."""
    folder = HOME / "releases" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    values = _secrets() | {
        "VERSION": version,
        "NGINX_TAG": "edge-0",
        "CITYPULSE_HOME": str(HOME),
        "HTTP_BIND": f"127.0.0.1:{HTTP}",
        "HTTPS_BIND": f"127.0.0.1:{HTTPS}",
        "FRONTEND_PORT": str(PAGE),
        "POSTGRES_MEMORY": "1g",
        "GOOGLE_CLIENT_ID": "",
    }
    example.write(folder / ".env.prod", values)
    shutil.copy(example.COMPOSE, folder)
    shutil.copytree(ROOT / "nginx", folder / "nginx")
    shutil.copytree(ROOT / "deploy" / "scripts", folder / "scripts")


@cache
def _secrets() -> dict[str, str]:
    return example.filled()


def _first(report: Report, made: Engine) -> None:
    """A bare host: one command, every tier healthy, the smoke test through TLS green."""
    _release(FIRST)
    began = time.monotonic()
    done = _script(made, FIRST, "deploy.sh", FIRST)
    report.require(
        "a first deployment comes up, every tier healthy",
        done.code == 0,
        "" if not done.code else "\n" + done.output[-4000:],
    )
    report.figure(f"first deployment: {time.monotonic() - began:.0f} s")
    seeded = _compose(
        made,
        FIRST,
        "run",
        "--rm",
        "--no-deps",
        "-T",
        "migrate",
        "flask",
        "--app",
        "web.wsgi",
        "seed",
        "--city",
        "london",
    )
    report.check("the city is put in", seeded.code == 0, seeded.last_line)
    tables = _sql(made, FIRST, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
    report.check("the schema has 21 tables or more", tables.isdigit() and int(tables) >= 21, tables)
    plain = _curl(made, "/api/v1/cities")
    report.check(
        "the API answers through nginx with the city", '"london"' in plain.output, plain.output[:120]
    )
    page = made.run("curl", "-sS", f"http://127.0.0.1:{PAGE}/healthz")
    report.check(f"the page answers on 127.0.0.1:{PAGE}", page.output.strip() == "ok", page.last_line)
    # A heartbeat job travels beat -> Postgres -> relay -> Redis -> worker -> Postgres.
    beaten = _eventually(
        made, "SELECT count(*) FROM queues WHERE heartbeat_at IS NOT NULL", lambda found: found == "5"
    )
    report.check("a job went round through beat, relay, Redis and a worker on all five queues", beaten)
    memory = made.must("podman", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}")
    report.figure("memory: " + "; ".join(line.split(" / ")[0] for line in sorted(memory.splitlines())))


def _hardened(report: Report, made: Engine) -> None:
    """What the engine says about the containers, not what the file says."""
    ids = made.must("podman", "ps", "-q", "--filter", "label=com.docker.compose.project=citypulse").split()
    containers = json.loads(made.must("docker", "inspect", *ids))
    names = {each["Name"].lstrip("/"): each for each in containers}
    users = {name: each["Config"]["User"] for name, each in names.items()}
    report.check(
        "nobody is root",
        not [name for name, user in users.items() if user in {"", "0", "root"}],
        str(sorted(set(users.values()))),
    )
    writable = [name for name, each in names.items() if not each["HostConfig"]["ReadonlyRootfs"]]
    report.check("every root file system is read-only", not writable, " ".join(writable))
    unlimited = [name for name, each in names.items() if not each["HostConfig"]["Memory"]]
    report.check("every container has a memory limit", not unlimited, " ".join(unlimited))
    bindings = {
        name: [each for each in ports.values() if each]
        for name, container in names.items()
        if (ports := container["HostConfig"]["PortBindings"])
    }
    published = sorted(name for name, found in bindings.items() if found)
    report.check(
        "only nginx and, on loopback, the page are published",
        published == ["citypulse-frontend-prod", "citypulse-nginx-prod"],
        " ".join(published),
    )
    strangers = {
        path: _curl(made, path, "-o", "/dev/null", "-w", "%{http_code}").output
        for path in ("/flower/", "/metrics", "/health/ready")
    }
    report.check(
        "Flower, metrics and readiness are closed to strangers",
        set(strangers.values()) == {"403"},
        str(strangers),
    )


def _replace(report: Report, made: Engine) -> None:
    """A new release under load."""
    _release(SECOND)
    began = time.monotonic()
    with load(HTTPS, DOMAIN) as result:
        done = _script(made, SECOND, "deploy.sh", SECOND)
    report.require(
        "a second release replaces the first",
        done.code == 0,
        "" if not done.code else "\n" + done.output[-4000:],
    )
    report.check("no request failed meanwhile", _none_failed(result), str(result))
    report.check(
        "both releases answered, and the new one last",
        set(result.releases) == {FIRST, SECOND},
        _answering(made),
    )
    report.figure(f"second deployment under load: {time.monotonic() - began:.0f} s; {result}")


def _refuse(report: Report, made: Engine) -> None:
    """A release that never becomes healthy, one whose migration fails, a full disk: none touches the site."""
    cases: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("a release that never becomes healthy", SICK, {"HEALTH_SECONDS": "45"}),
        ("a release whose migration fails", STUCK, {}),
        ("a release for which the disk is too full", SICK, {"MIN_FREE_MB": "99999999"}),
    )
    for name, version, env in cases:
        _release(version)
        began = time.monotonic()
        with load(HTTPS, DOMAIN) as result:
            done = _script(made, version, "deploy.sh", version, **env)
        refused = done.code != 0 and _none_failed(result) and set(result.releases) == {SECOND}
        report.check(
            f"{name} is refused and gets no request",
            refused,
            f"{done.last_line}; {result}" if refused else "\n" + done.output[-2500:] + str(result),
        )
        report.figure(f"{name}: {time.monotonic() - began:.0f} s")


def _roll_back(report: Report, made: Engine) -> None:
    """Back to the first release under load."""
    began = time.monotonic()
    with load(HTTPS, DOMAIN) as result:
        done = _script(made, SECOND, "rollback.sh")
    report.check(
        "a rollback brings the release before",
        done.code == 0 and _answering(made) == FIRST,
        "" if not done.code else "\n" + done.output[-3000:],
    )
    report.check("no request failed meanwhile", _none_failed(result), str(result))
    report.figure(f"rollback under load: {time.monotonic() - began:.0f} s")


def _back_up(report: Report, made: Engine) -> None:
    """A backup, a loss, a restore."""
    count = "SELECT count(*) FROM cities"
    before, epoch = _sql(made, FIRST, count), _sql(made, FIRST, "SELECT epoch FROM stream_state")
    began = time.monotonic()
    done = _script(made, FIRST, "backup.sh")
    report.check(
        "a backup is made and verified", done.code == 0 and "tables verified" in done.output, done.last_line
    )
    report.figure(f"backup: {time.monotonic() - began:.0f} s")
    newest = max(path.name for path in (HOME / "backups").glob("db-*.dump"))
    _sql(made, FIRST, "UPDATE cities SET name = 'lost'")
    began = time.monotonic()
    done = _script(made, FIRST, "restore.sh", newest, "--yes")
    report.require(
        "the backup is restored and everything comes back",
        done.code == 0,
        "" if not done.code else "\n" + done.output[-3000:],
    )
    after = _sql(made, FIRST, count + " WHERE name <> 'lost'")
    raised = int(_sql(made, FIRST, "SELECT epoch FROM stream_state")) - int(epoch)
    report.check("every row is back", before == after, f"{before} and {after}")
    report.check("the stream's epoch was raised", raised == 1, str(raised))
    report.figure(f"restore: {time.monotonic() - began:.0f} s")


def _drain(report: Report, made: Engine) -> None:
    """TERM ends a worker softly, within its time."""
    began = time.monotonic()
    made.must("docker", "stop", "-t", "45", "citypulse-worker-feeds-prod")
    seconds = time.monotonic() - began
    state = json.loads(made.must("docker", "inspect", "citypulse-worker-feeds-prod"))[0]["State"]
    report.check(
        "a worker ends by itself when told",
        seconds < 44 and state["ExitCode"] in {0, 143},
        f"{seconds:.1f} s, exit {state['ExitCode']}",
    )


def _script(made: Engine, version: str, script: str, *arguments: str, **env: str) -> Done:
    path = HOME / "releases" / version / "scripts" / script
    given = {"PULL": "no", "HEALTH_SECONDS": "300", **made.env, **env}
    return Engine(given).run("bash", path, *arguments, limit_seconds=1200)


def _compose(made: Engine, version: str, *arguments: str) -> Done:
    folder = HOME / "releases" / version
    return made.run(
        "docker", "compose", "--env-file", folder / ".env.prod", "-f", folder / "docker-compose.prod.yml",
        "--profile", "blue", "--profile", "green", *arguments,
    )  # fmt: skip


def _sql(made: Engine, version: str, statement: str) -> str:
    values = dict(
        line.split("=", 1) for line in (HOME / "releases" / version / ".env.prod").read_text().splitlines()
    )
    password = values["POSTGRES_PASSWORD"].strip('"')
    return made.must(
        "docker", "exec", "-e", f"PGPASSWORD={password}", "citypulse-postgres-prod",
        "psql", "-h", "127.0.0.1", "-U", "citypulse", "-d", "citypulse", "-X", "-At", "-c", statement,
    ).strip()  # fmt: skip


def _eventually(
    made: Engine, statement: str, holds: Callable[[str], bool], limit_seconds: float = 90
) -> bool:
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        if holds(_sql(made, FIRST, statement)):
            return True
        time.sleep(2)
    return False


def _curl(made: Engine, path: str, *options: str) -> Done:
    where = ("--connect-to", f"{DOMAIN}:443:127.0.0.1:{HTTPS}")
    return made.run("curl", "-sSk", "--max-time", "15", *where, *options, f"https://{DOMAIN}{path}")


def _answering(made: Engine) -> str:
    return str(json.loads(_curl(made, "/health").output)["version"])


def _none_failed(result: Result) -> bool:
    return result.answered > 0 and not result.failures


def _down(made: Engine) -> None:
    """Remove containers, networks and volumes; the images stay for the next rehearsal."""
    folders = sorted(Path(HOME / "releases").glob("v*")) if (HOME / "releases").exists() else []
    for folder in folders[:1]:
        _compose(made, folder.name, "down", "--volumes", "--remove-orphans", "--timeout", "10")
    ids = made.run(
        "podman", "ps", "-aq", "--filter", "label=com.docker.compose.project=citypulse"
    ).output.split()
    if ids:
        made.run("podman", "rm", "-f", "-t", "5", *ids)
