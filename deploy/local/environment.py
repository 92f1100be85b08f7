"""What the processes of a run are told, and the machine's limits they run within."""

import errno
import os
import resource
import socket
from collections.abc import Mapping

from deploy.local.backing import Backing
from deploy.local.page import DIST
from deploy.local.plan import Ports
from deploy.local.problem import Problem
from deploy.local.state import State

PREFERRED_PORT = 8000
#: How many ports after the wanted one are tried before the system picks.
NEXT_PORTS = 10
OPEN_FILES = 65536
DEMO_ROLES = ("admin", "ops", "staff", "partner", "resident")
FLOWER_USER = "citypulse"


def environment(
    state: State, backing: Backing, ports: Ports, url: str, city: str, instance: str
) -> dict[str, str]:
    """Return the environment of every process of ours; what the caller set for production services stays."""
    secrets = state.secrets()
    simulator = f"127.0.0.1:{ports.simulator}"
    allowed = [part for part in os.environ.get("FEEDS_ALLOWED_PRIVATE_HOSTS", "").split(",") if part]
    ours = {
        "CITYPULSE_ENV": "local",
        "CITYPULSE_CITY": city,
        "CITYPULSE_STATE_DIR": str(state.folder),
        "CITYPULSE_PORT": str(ports.frontdoor),
        "CITYPULSE_SIMULATOR_URL": f"http://{simulator}",
        "FEEDS_ALLOWED_PRIVATE_HOSTS": ",".join([*allowed, simulator]),
        "INSTANCE_ID": instance,
        "DATABASE_URL": backing.database_url,
        "REDIS_URL": backing.redis_url,
        "JWT_SECRET": secrets["jwt_secret"],
        "METRICS_TOKEN": secrets["metrics_token"],
        "STORAGE_DIR": str(state.storage),
        "FRONTEND_DIST": str(DIST),
        "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{secrets['flower']}",
        "FLOWER_ADDRESS": "127.0.0.1",
        "FLOWER_PORT": str(ports.flower),
        "FLOWER_URL_PREFIX": "flower",
        "FLOWER_DB": str(state.folder / "flower.db"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }
    ours |= {f"CITYPULSE_DEMO_{role.upper()}_PASSWORD": secrets[f"demo_{role}"] for role in DEMO_ROLES}
    given = {"PUBLIC_URL": url, "APP_VERSION": "local"}
    return {**given, **os.environ, **ours}


def preferred_port(environ: Mapping[str, str] = os.environ) -> int:
    """
    Return the port that the page should have.

    Raises: Problem when CITYPULSE_PORT is no port.
    """
    told = environ.get("CITYPULSE_PORT") or str(PREFERRED_PORT)
    if not told.isdigit() or not 0 <= int(told) <= 65535:
        raise Problem(f"CITYPULSE_PORT={told} is no port: take a number from 1 to 65535")
    return int(told)


def open_door(wanted: int, host: str) -> tuple[socket.socket, str]:
    """
    Listen on the wanted port, or on the next that is free.

    Returns: the socket, and why it is not the wanted port ("" when it is).
    """
    reason = ""
    for port in (*range(wanted, min(wanted + NEXT_PORTS, 65535) + 1), 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise Problem(f"CITYPULSE_HOST={host} is no address of this machine") from None
            reason = reason or ("is taken" if error.errno == errno.EADDRINUSE else str(error.strerror))
        else:
            return listener, reason
    raise Problem(f"no port of {host} can be used: {reason}")


def raise_file_limit() -> None:
    """Let every process hold many sockets: the default of 1024 is less than one busy live server has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS allows less than it tells.
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(10240, wanted), hard))
