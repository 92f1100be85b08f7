"""The whole production stack in containers: deployed, replaced under load, broken, rolled back, backed up, restored."""

import json
import shutil
import tempfile
import time

from deploy.rehearsal.edge import DOMAIN
from deploy.rehearsal.images import FIRST, build_all
from deploy.rehearsal.keeping import back_up, drain
from deploy.rehearsal.podman import Engine, engine, make_bases
from deploy.rehearsal.releases import refuse, replace, roll_back
from deploy.rehearsal.stack import (
    HOME,
    HTTPS,
    PAGE,
    compose,
    curl,
    down,
    eventually,
    script,
    sql,
    start_provider,
    unpack,
)
from deploy.rehearsal.stage import Report

#: What the health page must show in production, whatever else it shows.
PARTS = {"postgres", "redis", "backend", "frontend", "nginx", "live", "relay", "beat", "storage", "email"} | {
    f"queue:{queue}" for queue in ("critical", "email", "feeds", "uploads", "bulk")
}


def stage(report: Report) -> None:
    """Rehearse the life of a host."""
    with engine() as made:
        began = time.monotonic()
        make_bases(made)
        report.figure(f"stand-ins of the base images: {time.monotonic() - began:.0f} s")
        down(made)
        shutil.rmtree(HOME, ignore_errors=True)
        try:
            build_all(report, made)
            _first(report, made)
            _works(report, made)
            _hardened(report, made)
            replace(report, made)
            refuse(report, made)
            roll_back(report, made)
            drain(report, made)
            back_up(report, made)
        finally:
            down(made)


def _first(report: Report, made: Engine) -> None:
    """A bare host: one command, every tier healthy, the smoke test through TLS green."""
    unpack(FIRST)
    began = time.monotonic()
    done = script(made, FIRST, "deploy.sh", FIRST)
    report.require(
        "a first deployment comes up, every tier healthy",
        done.code == 0,
        "" if not done.code else "\n" + done.output[-4000:],
    )
    report.figure(f"first deployment: {time.monotonic() - began:.0f} s")
    start_provider(made)
    seed = ("flask", "--app", "web.wsgi", "seed", "--city", "london")
    seeded = compose(made, FIRST, "run", "--rm", "--no-deps", "-T", "migrate", *seed)
    report.check("the city is put in", seeded.code == 0, seeded.last_line)
    # Its feeds are other people's servers, and a rehearsal asks nobody.
    sql(made, "UPDATE feeds SET paused = true")


def _works(report: Report, made: Engine) -> None:
    """What the site answers once it is up."""
    tables = sql(made, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
    report.check("the schema has 21 tables or more", tables.isdigit() and int(tables) >= 21, tables)
    plain = curl(made, "/api/v1/cities")
    report.check(
        "the API answers through nginx with the city", '"london"' in plain.output, plain.output[:120]
    )
    page = made.run("curl", "-sS", f"http://127.0.0.1:{PAGE}/healthz")
    report.check(f"the page answers on 127.0.0.1:{PAGE}", page.output.strip() == "ok", page.last_line)
    # A heartbeat job travels beat -> Postgres -> relay -> Redis -> worker -> Postgres.
    heard = "SELECT count(*) FROM queues WHERE heartbeat_at IS NOT NULL"
    beaten = eventually(lambda: sql(made, heard) == "5")
    report.check("a job went round through beat, relay, Redis and a worker on all five queues", beaten)
    told = json.loads(curl(made, "/api/v1/status").output)
    states = {each["name"]: each["state"] for each in told["components"]}
    report.check(
        "the health page names the release and shows every part well",
        told["version"] == FIRST
        and states.keys() >= PARTS
        and not {"down", "degraded"} & set(states.values()),
        str(states),
    )
    _browse(report, made)
    memory = made.must("podman", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}")
    report.figure("memory: " + "; ".join(line.split(" / ")[0] for line in sorted(memory.splitlines())))


def _browse(report: Report, made: Engine) -> None:
    """Let a real browser open the site through the edge with TLS, and read what it shows."""
    browser = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)
    if browser is None:
        report.skip("a browser shows the page", "no Chromium here")
        return
    with tempfile.TemporaryDirectory(prefix="citypulse-browser-") as profile:
        shown = made.run(
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={profile}", "--ignore-certificate-errors", "--virtual-time-budget=20000",
            f"--host-resolver-rules=MAP {DOMAIN}:443 127.0.0.1:{HTTPS}", "--dump-dom", f"https://{DOMAIN}/status",
            limit_seconds=180,
        )  # fmt: skip
    wanted = (FIRST, "postgres", "nginx", "queue:feeds")
    report.check(
        "a browser shows the health page through the edge",
        all(word in shown.output for word in wanted),
        "" if all(word in shown.output for word in wanted) else shown.output[-1500:],
    )


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
        path: curl(made, path, "-o", "/dev/null", "-w", "%{http_code}").output
        for path in ("/flower/", "/metrics", "/health/ready")
    }
    report.check(
        "Flower, metrics and readiness are closed to strangers",
        set(strangers.values()) == {"403"},
        str(strangers),
    )
