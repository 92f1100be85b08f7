"""Logs: one line an outcome, JSON in production, with the job's and the request's ids bound."""

import logging
import sys
from typing import Any

import structlog

from shared.hidden import without_secrets
from shared.settings import get_settings
from shared.trace import current_traceparent, trace_id

_QUIET = {
    "kombu": logging.WARNING,
    "amqp": logging.WARNING,
    "urllib3": logging.WARNING,
    "celery.beat": logging.WARNING,
    "celery.worker.strategy": logging.WARNING,
    "celery.app.trace": logging.WARNING,
}


def configure_logging() -> None:
    """Send every logger's lines to standard error in one form; safe to call twice."""
    settings = get_settings()
    shared_steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
        _one_line,
    ]
    render: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)


def _add_trace(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    trace = trace_id(current_traceparent())
    if trace:
        event["trace_id"] = trace
    return event


def _one_line(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Hide secrets, escape what could forge a line or colour a terminal, and cut what is endless."""
    return {
        key: _escape(without_secrets(value)) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _escape(value: str) -> str:
    shown = (
        value.encode("unicode_escape").decode() if any(ord(c) < 32 or ord(c) == 127 for c in value) else value
    )
    return shown if len(shown) <= 8192 else shown[:8192] + "..."
