"""The page, where no nginx serves it: the built files, its run-time settings and the city's basemap."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_from_directory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from shared.accounts.rules import Permission
from shared.db import transaction
from shared.settings import Settings, get_settings
from web.errors import http_problem
from web.openapi import needs

_FOR_EVER = "public, max-age=31536000, immutable"
_ONE_DAY = "public, max-age=86400"
_ASK_FIRST = "no-cache"
#: Never a route of the page: what is asked for here and not found is not found.
_NOT_PAGES = ("api/", "assets/", "basemaps/", "health", "metrics", "ws", "flower")
_PACKED = ((".br", "br"), (".gz", "gzip"))

bp = Blueprint("page", __name__)


@bp.get("/config.json")
@needs(Permission.PUBLIC)
def config() -> Response:
    """Tell the page what it must know before it starts."""
    settings = get_settings()
    response = jsonify(
        {
            "city": settings.citypulse_city,
            "cities": _cities(settings),
            "mailbox": settings.sendgrid_api_key is None,
            "google": bool(settings.google_client_id and settings.google_client_secret),
            "version": settings.app_version,
            "simulated": settings.citypulse_simulator_url is not None,
        }
    )
    response.headers["Cache-Control"] = _ASK_FIRST
    return response


@bp.get("/basemaps/<string:slug>.pmtiles")
@needs(Permission.PUBLIC)
def basemap(slug: str) -> Response:
    """Answer with the city's map, or the range of it that is asked for (206)."""
    folder = safe_join(str(get_settings().cities_dir), slug)
    if folder is None:
        raise NotFound
    response = send_from_directory(
        folder, "basemap.pmtiles", mimetype="application/vnd.pmtiles", conditional=True, etag=True
    )
    response.headers["Cache-Control"] = _ONE_DAY
    return response


@bp.get("/assets/<path:name>")
@needs(Permission.PUBLIC)
def asset(name: str) -> Response:
    """Answer with a built file whose name carries its hash."""
    return _file(f"assets/{name}", _FOR_EVER)


@bp.get("/")
@needs(Permission.PUBLIC)
def start() -> Response:
    """Answer with the page."""
    return _file("index.html", _ASK_FIRST)


def page_or_problem(error: NotFound) -> Any:  # as http_problem
    """
    Answer an address that no route knows: a file of the page, the page itself for its own routes, or 404.

    It stands behind the routes and is none itself, so that a wrong method elsewhere stays 405.
    """
    name = request.path.lstrip("/")
    if request.url_rule is None and request.method in {"GET", "HEAD"} and not name.startswith(_NOT_PAGES):
        dist = get_settings().frontend_dist
        found = safe_join(str(dist.absolute()), name) if dist else None
        if found is not None and Path(found).is_file():
            return _file(name, _ASK_FIRST)
        if dist is not None and (dist / "index.html").is_file() and "." not in name.rsplit("/", 1)[-1]:
            return _file("index.html", _ASK_FIRST)
    return http_problem(error)


def _dist() -> Path:
    dist = get_settings().frontend_dist
    if dist is None:
        raise NotFound
    return dist.absolute()


def _file(name: str, cache: str) -> Response:
    """Send a file, packed as the build left it when the browser takes that."""
    dist = _dist()
    for suffix, encoding in _PACKED:
        packed = safe_join(str(dist), name + suffix)
        if request.accept_encodings[encoding] and packed is not None and Path(packed).is_file():
            response = send_from_directory(dist, name + suffix, mimetype=_media_type(name), conditional=True)
            response.headers["Content-Encoding"] = encoding
            break
    else:
        response = send_from_directory(dist, name, mimetype=_media_type(name), conditional=True)
    response.headers["Cache-Control"] = cache
    response.headers.add("Vary", "Accept-Encoding")
    return response


def _media_type(name: str) -> str | None:
    known = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}
    return known.get(Path(name).suffix)


def _cities(settings: Settings) -> list[str]:
    try:
        with transaction() as tx:
            found = [row.slug for row in tx.execute(text("SELECT slug FROM cities ORDER BY name"))]
    except SQLAlchemyError:
        found = []
    return found or [settings.citypulse_city]
