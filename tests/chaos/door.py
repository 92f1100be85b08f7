"""The front door: residents report over HTTP to a real web server while things break, and remember each answer."""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

from sqlalchemy import text

from deploy.local.processes import free_port
from shared.db import transaction
from tests.chaos.arena import PATIENCE_SECONDS, Arena
from tests.support.rig import Rig

CITY: Final = "doortown"
#: A resident gives up after this long; whatever breaks, nobody is to wait as long.
GIVE_UP_SECONDS: Final = 20.0
#: What the web tier may say when something behind it is broken: ask again in a moment, or there is no room.
NOT_NOW: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE})
_BOUNDARY: Final = "front-door"
_FORM: Final = f"multipart/form-data; boundary={_BOUNDARY}"
_CITY: Final = text("""
INSERT INTO cities (slug, name, timezone, config) VALUES (:slug, 'Doortown', 'Europe/London', CAST(:config AS jsonb))
ON CONFLICT DO NOTHING
""")
_CONFIG: Final = """{"bounds": [-0.51, 51.28, 0.33, 51.69], "reference_prefix": "DOR",
 "categories": [{"code": "pothole", "name": "Pothole", "description": ""}]}"""


@dataclass(frozen=True, slots=True)
class Told:
    """What one resident was told: a status and, when the report was taken, its id; no status: no answer at all."""

    status: int | None
    seconds: float
    report_id: str | None = None
    why: str = ""


@dataclass
class Door:
    """Where residents report: the web server that stands there now, and everything they were told."""

    server: str = ""
    port: int = 0
    told: list[Told] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def open(self, arena: Arena) -> None:
        """
        Put a new web server here, as a release does: once it answers everybody comes to it, and the one before ends.

        The server before finishes what it has in hand.
        """
        before, port = self.server, free_port()
        name = "web-next" if before == "web" else "web"
        command = ("-m", "gunicorn", "-c", "deploy/gunicorn/web.conf.py", "web.wsgi:app")
        arena.rig.start(name, *command, env={"WEB_BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1"})
        arena.rig.until(lambda: _is_healthy(port), PATIENCE_SECONDS, "a web server")
        self.server, self.port = name, port
        if before:
            arena.rig.retire(before)

    def knock(self, photo: bytes = b"") -> Told:
        """Report as somebody nobody has seen before, and remember the answer."""
        number = next(self._numbers)
        # Each comes from a network of its own: who reports too often is told to wait, which is not what is tried here.
        origin = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=GIVE_UP_SECONDS)
        headers = {"Content-Type": _FORM, "X-Forwarded-For": origin}
        try:
            connection.request("POST", "/api/v1/reports", _report(photo), headers)
            answer = connection.getresponse()
            content = answer.read()
            report_id = json.loads(content)["id"] if answer.status == HTTPStatus.ACCEPTED else None
            made = Told(answer.status, time.monotonic() - began, report_id)
        except (OSError, http.client.HTTPException, ValueError) as error:
            made = Told(None, time.monotonic() - began, why=type(error).__name__)
        finally:
            connection.close()
        self.told.append(made)
        return made

    def answers(self) -> Counter[str]:
        """Count the answers by what they said."""
        return Counter(str(one.status or one.why) for one in self.told)

    def p99_seconds(self) -> float:
        """Return the 99th percentile of how long an answer took."""
        taken = sorted(one.seconds for one in self.told)
        return taken[int((len(taken) - 1) * 0.99)] if taken else 0.0


@contextmanager
def front_door(arena: Arena, per_second: float = 4) -> Iterator[Door]:
    """
    Open a web server as it is deployed, and let residents report there at a steady rate for the length of the block.

    A row calls `judge` after its work has ended.
    """
    with transaction() as tx:
        tx.execute(_CITY, {"slug": CITY, "config": _CONFIG})
    door = Door()
    door.open(arena)
    stop = threading.Event()

    def report() -> None:
        door.knock()
        while not stop.wait(1 / per_second):
            door.knock()

    thread = threading.Thread(target=report, name="residents", daemon=True)
    thread.start()
    try:
        yield door
    finally:
        stop.set()
        thread.join(GIVE_UP_SECONDS + 5)
        arena.rig.retire(door.server)


def judge(arena: Arena, door: Door, *, may_refuse: bool = False) -> None:
    """
    Hold the answers against what is stored: each report that was taken is there, and its job has ended well.

    Nobody goes without an answer or meets a bug; only a row whose fault is behind the web tier `may_refuse`.
    """
    taken = [one.report_id for one in door.told if one.report_id]
    kept = arena.number("SELECT count(*) FROM reports WHERE id = ANY(CAST(:ids AS uuid[]))", ids=taken)
    done = arena.number(_TRIAGED, ids=taken)
    wrong = [one for one in door.told if not _is_fine(one, may_refuse=may_refuse)]
    arena.figures |= {
        "http": ", ".join(f"{number} x {said}" for said, number in sorted(door.answers().items())),
        "http_p99_ms": round(door.p99_seconds() * 1000),
    }
    arena.expect(bool(taken), "no report was taken at the door, so nothing was proved")
    arena.expect(kept == len(taken), f"{len(taken) - kept:.0f} reports were taken and are not there")
    arena.expect(done == len(taken), f"{len(taken) - done:.0f} reports were taken and not seen to")
    arena.expect(not wrong, f"{len(wrong)} residents were told {Counter(o.status or o.why for o in wrong)}")


_TRIAGED = """
SELECT count(*) FROM jobs WHERE kind = 'reports.triage' AND state = 'succeeded' AND args->>'report_id' = ANY(:ids)
"""


def _is_fine(one: Told, *, may_refuse: bool) -> bool:
    return one.status == HTTPStatus.ACCEPTED or (may_refuse and one.status in NOT_NOW)


def _report(photo: bytes) -> bytes:
    """Return a report as a browser sends its form, with a photo if there is one."""
    fields = {"city": CITY, "category": "pothole", "lat": "51.504", "lon": "-0.126"}
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if photo:
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="hole.jpg"\r\n'
        parts += [f"{head}Content-Type: image/jpeg\r\n\r\n".encode(), photo, b"\r\n"]
    return b"".join([*parts, f"--{_BOUNDARY}--\r\n".encode()])


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def storage_of(rig: Rig) -> Path:
    """Return where the rig keeps what is uploaded."""
    return Path(rig.environment["STORAGE_DIR"])
