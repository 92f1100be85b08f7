"""What surrounds a request: its id and trace, one log line when it ends, and what is refused before any view."""

import logging
import re
import secrets
from time import perf_counter

import structlog
from flask import Flask, Response, current_app, g, request

from shared.errors import FieldProblem, Invalid
from shared.trace import continue_from, current_traceparent, tracing
from web.metrics import observe_request

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_UNLOGGED = frozenset({"health.health", "page.asset"})

log = logging.getLogger("web.request")


def register(app: Flask) -> None:
    """Surround every request."""
    app.before_request(_begin)
    app.before_request(_refuse_forbidden_characters)
    app.before_request(_refuse_repeated_parameters)
    app.before_request(_allow_body)
    app.after_request(_tell)
    app.teardown_request(_end)


def _begin() -> None:
    g.began = perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(12)
    g.tracing = tracing(continue_from(request.headers.get("traceparent")))
    g.tracing.__enter__()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _refuse_forbidden_characters() -> None:
    """Refuse NUL, which Postgres cannot hold, before it becomes a failure somewhere deep."""
    for name, value in [*request.args.items(multi=True), *(request.view_args or {}).items()]:
        if "\x00" in str(value) or "\x00" in name:
            field = name.replace("\x00", "")
            raise Invalid("a NUL character is not text", FieldProblem(field, "text", "without NUL"))


def _refuse_repeated_parameters() -> None:
    """Refuse a parameter of the API that comes twice, of which only the first would be read."""
    if not request.path.startswith("/api/v1/"):
        return
    for name, values in request.args.lists():
        if len(values) > 1:
            rule = FieldProblem(
                name, "once", "give it once; where it takes several words, with commas between"
            )
            raise Invalid("a parameter is given more than once", rule)


def _allow_body() -> None:
    """Set the route's own limit of the body's size before anything reads it."""
    limit = getattr(current_app.view_functions.get(request.endpoint or ""), "max_bytes", None)
    if limit is not None:
        request.max_content_length = limit


def _tell(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    trace = current_traceparent()
    if trace:
        response.headers["traceparent"] = trace
    seconds = perf_counter() - g.get("began", perf_counter())
    route = request.url_rule.rule if request.url_rule else "none"
    observe_request(request.method, route, response.status_code, seconds)
    if request.endpoint not in _UNLOGGED:
        # The route and never the path or the query: those may carry tokens.
        log.info(
            "request",
            extra={
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
            },
        )
    return response


def _end(_error: BaseException | None) -> None:
    # The files of a form lie in temporary files: they go with the request, not when somebody collects garbage.
    request.close()
    structlog.contextvars.clear_contextvars()
    held = g.pop("tracing", None)
    if held is not None:
        held.__exit__(None, None, None)
