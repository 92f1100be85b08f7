"""The door of the live server: who may open a socket, and its way from gunicorn into the hub."""

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request
from flask_sock import Sock
from simple_websocket import Server
from werkzeug.exceptions import BadRequest, Forbidden

from shared.accounts.rules import Permission
from shared.settings import Settings
from web.clients import network_of
from web.live.greeting import Receptionist
from web.live.hub import Hub
from web.live.subscriber import Subscriber
from web.openapi import needs


class NoThread:
    """Stands where simple_websocket would start a thread a socket: ours are read by the loop itself."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        """Take the target and leave it."""

    def start(self) -> None:
        """Start nothing."""


class NoEvent:
    """Stands where simple_websocket would keep an event a socket."""

    def set(self) -> None:
        """Do nothing: nobody waits for it."""


def register(app: Flask, hub: Hub, settings: Settings, lingering: set[Subscriber]) -> None:
    """Answer `/ws`."""
    receptionist = Receptionist(hub, app)
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": NoThread, "event_class": NoEvent}
    sock = Sock(app)

    @app.before_request
    def _check_handshake() -> None:
        if request.path == "/ws":
            _refuse_strangers(settings)

    def gone(client: Subscriber) -> None:
        hub.forget(client)
        if client.is_gone:
            lingering.discard(client)
        else:
            lingering.add(client)

    @sock.route("/ws")  # type: ignore[untyped-decorator]  # flask-sock has no annotations
    @needs(Permission.PUBLIC)
    def live(ws: Server) -> None:
        """Move an upgraded connection out of its request: greenlet, environment and buffers are freed."""
        address = network_of(request.remote_addr or "")
        client = Subscriber(os.dup(ws.sock.fileno()), address, receptionist.hear, gone)
        ws.connected = False
        hub.admit(client)


def _refuse_strangers(settings: Settings) -> None:
    """
    Refuse another site's page, and a token where logs would keep it.

    No cookie is ever looked at here, so a client without an Origin, which is no browser, gains nothing by it.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin, settings):
        raise Forbidden("this site may not open a socket here")
    if request.args:
        raise BadRequest("the token goes into the first message, and nothing into the address")
    # Offered compression is not taken: it would cost memory for each socket, and lets a small frame grow large.
    environ: dict[str, Any] = request.environ
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)


def _is_ours(origin: str, settings: Settings) -> bool:
    asked = urlsplit(origin)
    ours = urlsplit(settings.public_url)
    return asked.netloc == request.host or (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc)
