"""What the launcher tells: whether the page is ours, and one clear block when all runs."""

import contextlib
import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RULE = "-" * 78


def health(port: int) -> dict[str, Any]:
    """Ask the address of the page how it is; nothing when no answer of that kind comes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError), contextlib.closing(connection):
        connection.request("GET", "/health")
        told = json.loads(connection.getresponse().read())
        return told if isinstance(told, dict) else {}
    return {}


def accepts(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def closing_block(told: Mapping[str, Any], missing: list[str]) -> str:
    """Write where to look, how to sign in and how to stop."""
    url = told["url"]
    lines = [RULE, f"CityPulse runs{', but not all of it' if missing else ''}: {url}", ""]
    for number, (role, account) in enumerate(told["demo"].items()):
        title = "Sign in as" if number == 0 else ""
        lines.append(_row(title, f"{role:<10}{account['email']:<30}{account['password']}"))
    flower = told["flower"]
    lines += [
        "",
        _row("Queues", f"{flower['url']}   {flower['user']} / {flower['password']}"),
        _row("Mailbox", told["mailbox"]),
        _row("API", f"{url}/api/docs"),
        _row("Logs", _near(told["logs"])),
        _row("Stop", "Ctrl-C (twice to hurry)"),
    ]
    lines += [
        _row("NOT UP", f"{name}: see {_near(told['logs'])}/{name}.log; it is started again")
        for name in missing
    ]
    return "\n".join([*lines, RULE])


def _row(title: str, text: str) -> str:
    return f"  {title:<12}{text}"


def _near(path: str) -> str:
    """Write a path as seen from here when that is shorter."""
    with contextlib.suppress(ValueError):
        return str(Path(path).relative_to(Path.cwd()))
    return path
