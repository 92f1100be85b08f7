"""Every refusal and every failure leaves as problem+json (RFC 9457) with the request's id, and nothing more."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, jsonify, request
from gunicorn.http.errors import NoMoreData, ParseException
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from shared.errors import FieldProblem, Permanent, Refused, Transient

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
#: Postgres' words for "not now": cancelled by a timeout, deadlock, serialisation, lock not available.
_NOT_NOW = frozenset({"57014", "40P01", "40001", "55P03", "57P01", "57P02", "57P03", "53300", "53100"})
#: Postgres' words for values it cannot hold: out of range, malformed, NUL in text.
_BAD_VALUE = frozenset({"22003", "22007", "22008", "22P02", "22021", "22P05"})

log = logging.getLogger(__name__)


def problem(
    status: int,
    detail: str,
    *,
    errors: Iterable[FieldProblem] = (),
    retry_after: int | None = None,
    **extra: Any,
) -> Response:
    """Answer with a problem; `detail` is a sentence for the caller, never the text of an exception of ours."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id", ""),
        **extra,
    }
    if named := [error.as_dict() for error in errors]:
        body["errors"] = named
    response = jsonify(body)
    response.status_code = status
    response.mimetype = MEDIA_TYPE
    response.headers["Cache-Control"] = "no-store"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def invalid(error: ValidationError) -> Response:
    """Answer 422 and name each field; what was sent is not repeated."""
    fields = [
        FieldProblem(".".join(map(str, each["loc"])), each["type"], each["msg"].removeprefix("Value error, "))
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return problem(422, "the request breaks a rule", errors=fields)


def unavailable(detail: str = "the database cannot be reached: try again in a moment") -> Response:
    """Answer 503, with the time after which another try makes sense."""
    return problem(503, detail, retry_after=RETRY_SECONDS)


def register(app: Flask) -> None:
    """Answer every exception that a request can end in."""
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Transient, _transient)
    app.register_error_handler(Permanent, _permanent)
    app.register_error_handler(ValidationError, invalid)
    app.register_error_handler(PoolTimeout, lambda _: unavailable())
    app.register_error_handler(DBAPIError, _database)
    for broken in (ParseException, NoMoreData):  # while a view reads what comes in chunks
        app.register_error_handler(broken, lambda _: problem(400, "the body is not sent as HTTP asks for"))
    app.register_error_handler(Exception, _bug)


def http_problem(error: HTTPException) -> Any:  # Flask's own handlers answer with any response value
    """Answer an HTTP error of werkzeug or flask-openapi; one that carries its own response keeps it."""
    if error.response is not None:
        return error.response
    status = error.code or 500
    if status < 400:
        return error
    response = problem(status, _sentence(error))
    for name, value in error.get_headers(request.environ):
        if name.lower() in {"allow", "retry-after", "content-range", "www-authenticate"}:
            response.headers[name] = value
    return response


def _sentence(error: HTTPException) -> str:
    if error.code == HTTPStatus.NOT_FOUND:
        return "there is nothing at this address"
    return error.description or HTTPStatus(error.code or 500).phrase


def _refused(error: Refused) -> Response:
    extra = {name: value for name, value in error.extra.items() if name != "retry_after"}
    retry_after = error.extra.get("retry_after")
    return problem(error.status, str(error), errors=error.problems, retry_after=retry_after, **extra)


def _transient(error: Transient) -> Response:
    log.warning("a part of the platform is not available", extra={"error": str(error)})
    return unavailable("a part of the platform is not available: try again in a moment")


def _permanent(error: Permanent) -> Response:
    log.error("refused for good", extra={"error": str(error)})
    return problem(500, "this cannot be done: the people who run this site were told")


def _database(error: DBAPIError) -> Response:
    state = getattr(error.orig, "pgcode", None)
    if error.connection_invalidated or state in _NOT_NOW or _is_unreachable(error, state):
        log.warning("database not available", extra={"state": state, "error": str(error.orig).strip()[:200]})
        return unavailable()
    if state in _BAD_VALUE or "NUL (0x00)" in str(error.orig):
        return problem(422, "a value cannot be stored: it is out of range or holds forbidden characters")
    return _bug(error)


def _is_unreachable(error: DBAPIError, state: str | None) -> bool:
    """Tell a lost or refused connection, which bears no state, from a statement that failed."""
    return isinstance(error, OperationalError | InterfaceError) and (state is None or state.startswith("08"))


def _bug(error: Exception) -> Response:
    log.error("request failed", exc_info=error, extra={"route": str(request.url_rule)})
    return problem(500, "something broke on our side; the request id tells us where")
