"""The host that the full stage deploys to: its folder, its releases, and how it is asked."""

import contextlib
import http.client
import json
import shutil
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from deploy.rehearsal import example
from deploy.rehearsal.edge import DOMAIN
from deploy.rehearsal.machine import ROOT, Done
from deploy.rehearsal.podman import FOLDER, NAMES, Engine

HOME = FOLDER / "home"
PREFIX = "ghcr.io/citypulse/rehearsal/citypulse"
HTTP, HTTPS, PAGE = 18080, 18443, 13001
#: Where the mail goes: a provider of the rehearsal's own on the stack's network.
PROVIDER, PROVIDER_PORT, PROVIDER_HOST_PORT = "citypulse-provider", 8025, 18025
NGINX_TAG = "edge-0"


def settings(version: str) -> dict[str, str]:
    """Return what .env.prod of a release says; all releases know the same secrets."""
    return _secrets() | {
        "VERSION": version,
        "NGINX_TAG": NGINX_TAG,
        "CITYPULSE_HOME": str(HOME),
        "HTTP_BIND": f"127.0.0.1:{HTTP}",
        "HTTPS_BIND": f"127.0.0.1:{HTTPS}",
        "FRONTEND_PORT": str(PAGE),
        "POSTGRES_MEMORY": "1g",
        "TLS_CHECK_SECONDS": "2",
        "SENDGRID_API_URL": f"http://{PROVIDER}:{PROVIDER_PORT}",
    }


def unpack(version: str, changes: Mapping[str, str] | None = None, without: str = "") -> Path:
    """Put a release where its archive would be unpacked; `without` names a variable that is left out."""
    folder = HOME / "releases" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    values = {name: value for name, value in settings(version).items() if name != without}
    example.write(folder / ".env.prod", values | dict(changes or {}))
    shutil.copy(example.COMPOSE, folder)
    shutil.copytree(ROOT / "nginx", folder / "nginx")
    shutil.copytree(ROOT / "deploy" / "scripts", folder / "scripts")
    return folder


def script(made: Engine, version: str, name: str, *arguments: str, **env: str) -> Done:
    """Run a script of a release on the host."""
    path = HOME / "releases" / version / "scripts" / name
    given = {"PULL": "no", "HEALTH_SECONDS": "300", **made.env, **env}
    return Engine(given).run("bash", path, *arguments, limit_seconds=1200)


def compose(made: Engine, version: str, *arguments: str) -> Done:
    """Let Compose do something with the stack of a release."""
    folder = HOME / "releases" / version
    return made.run(
        "docker", "compose", "--env-file", folder / ".env.prod", "-f", folder / "docker-compose.prod.yml",
        "--profile", "blue", "--profile", "green", *arguments,
    )  # fmt: skip


def sql(made: Engine, statement: str) -> str:
    """
    Return what the stack's Postgres answers.

    Raises: Failed when it refuses.
    """
    return made.must(
        "docker", "exec", "-e", f"PGPASSWORD={_secrets()['POSTGRES_PASSWORD']}", "citypulse-postgres-prod",
        "psql", "-h", "127.0.0.1", "-U", "citypulse", "-d", "citypulse", "-X", "-At", "-c", statement,
    ).strip()  # fmt: skip


def eventually(holds: Callable[[], bool], limit_seconds: float = 90) -> bool:
    """Tell whether something comes to hold."""
    deadline = time.monotonic() + limit_seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def curl(made: Engine, path: str, *options: str) -> Done:
    """Ask the site through its edge."""
    where = ("--connect-to", f"{DOMAIN}:443:127.0.0.1:{HTTPS}")
    return made.run("curl", "-sSk", "--max-time", "15", *where, *options, f"https://{DOMAIN}{path}")


def answering(made: Engine) -> str:
    """Return the release that the site says it is."""
    try:
        return str(json.loads(curl(made, "/health").output)["version"])
    except (ValueError, KeyError):
        return "none"


def start_provider(made: Engine) -> None:
    """Run the mail provider on the stack's network, and on a port of this machine's loopback."""
    shutil.copy(ROOT / "deploy" / "rehearsal" / "provider.py", FOLDER)
    made.run("podman", "rm", "-f", "-t", "1", PROVIDER)
    made.must(
        "podman", "run", "-d", "--name", PROVIDER, "--network", "citypulse-network",
        "-p", f"127.0.0.1:{PROVIDER_HOST_PORT}:{PROVIDER_PORT}", "-v", f"{FOLDER}/provider.py:/provider.py:ro",
        NAMES["python"], "python", "/provider.py", "", str(PROVIDER_PORT),
    )  # fmt: skip


def provider(path: str = "/taken", method: str = "GET") -> dict[str, Any]:
    """Ask the provider what it took, or tell it how to behave."""
    connection = http.client.HTTPConnection("127.0.0.1", PROVIDER_HOST_PORT, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path)
        body = connection.getresponse().read()
    told: dict[str, Any] = json.loads(body or b"{}")
    return told


def down(made: Engine) -> None:
    """Remove containers, networks and volumes; the images stay for the next rehearsal."""
    made.run("podman", "rm", "-f", "-t", "1", PROVIDER)
    folders = sorted(Path(HOME / "releases").glob("v*")) if (HOME / "releases").exists() else []
    for folder in folders[:1]:
        compose(made, folder.name, "down", "--volumes", "--remove-orphans", "--timeout", "10")
    project = ("--filter", "label=com.docker.compose.project=citypulse")
    if ids := made.run("podman", "ps", "-aq", *project).output.split():
        made.run("podman", "rm", "-f", "-t", "5", *ids)
    if volumes := made.run("podman", "volume", "ls", "-q", *project).output.split():
        made.run("podman", "volume", "rm", "-f", *volumes)


@cache
def _secrets() -> dict[str, str]:
    return example.filled({"GOOGLE_CLIENT_ID": ""})
