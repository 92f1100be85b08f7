"""What gunicorn's gevent worker loads: `/ws`, and `/health` for whoever watches it."""

from typing import Any

import gevent
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from shared.accounts.rules import Permission
from shared.logging import configure_logging
from shared.settings import get_settings
from web import auth, errors
from web.jsonio import Json
from web.live import reader, socket
from web.live.hub import Hub
from web.live.subscriber import Subscriber
from web.openapi import needs

settings = get_settings()
configure_logging()
hub = Hub(settings)
#: Clients that were told to close and have not answered yet.
lingering: set[Subscriber] = set()

app = Flask("web.live", static_folder=None)
app.json = Json(app)
auth.register(app, settings)
errors.register(app)
socket.register(app, hub, settings, lingering)


@app.get("/health")
@needs(Permission.PUBLIC)
def health() -> dict[str, Any]:
    """Answer that this process lives, and how many it holds."""
    return {
        "status": "ok",
        "version": settings.app_version,
        "instance": settings.instance_id,
        "sockets": len(hub.clients),
        "reading": hub.ready.is_set(),
    }


def start() -> None:
    """Begin to read the stream; called once the worker runs."""
    gevent.spawn(reader.follow_for_ever, hub)
    gevent.spawn(reader.tend_for_ever, hub, lingering)


def stop() -> None:
    """Send everybody elsewhere before the worker ends."""
    hub.stop()
    reader.farewell()


app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]  # as Flask documents
