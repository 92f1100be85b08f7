"""Put the web tier together."""

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from shared.logging import configure_logging
from shared.settings import Settings, get_settings
from web import auth, cli, errors, gate, headers, health, limits, metrics, openapi, page, requests
from web.api import NOUNS
from web.jsonio import Json
from web.openapi import Api, check_wire

#: Largest body of a request that says nothing else.
MAXIMUM_BODY_BYTES = 256 * 1024
_MAXIMUM_FORM_BYTES = 128 * 1024
_MAXIMUM_PARTS = 40


def create_app(settings: Settings | None = None) -> Api:
    """Return the application; it opens no connection before the first request needs one."""
    settings = settings or get_settings()
    configure_logging()
    app = Api(
        settings.app_version,
        static_folder=None,
        # Tests hold every answer against the shape that the document promises.
        validate_response=settings.citypulse_env == "test",
        validate_response_callback=check_wire,
    )
    app.json = Json(app)
    app.url_map.strict_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=MAXIMUM_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=_MAXIMUM_FORM_BYTES,
        MAX_FORM_PARTS=_MAXIMUM_PARTS,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    _surround(app, settings)
    _answer(app)
    limits.register(app, settings)
    # nginx, or the launcher's front door, is the one hop whose word about the client counts.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]  # as Flask documents
    return app


def _surround(app: Flask, settings: Settings) -> None:
    requests.register(app)
    auth.register(app, settings)
    gate.register(app)
    errors.register(app)
    app.register_error_handler(NotFound, page.page_or_problem)
    headers.register(app, settings)
    cli.register(app)


def _answer(app: Api) -> None:
    for api in (health.api, *NOUNS):
        app.register_api(api)
    for bp in (health.bp, metrics.bp, openapi.bp, page.bp):
        app.register_blueprint(bp)
