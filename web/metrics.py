"""Numbers for Prometheus: requests as this service saw them, and the platform as Postgres records it."""

import hmac
import os
from collections.abc import Iterable

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy import text
from werkzeug.exceptions import Unauthorized

from shared.accounts.rules import Permission
from shared.db import transaction
from shared.settings import get_settings
from web.openapi import needs

_REQUESTS = Counter("citypulse_http_requests", "Answered requests", ["method", "route", "status"])
_SECONDS = Histogram(
    "citypulse_http_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

#: Metric, what it is, its label, and the statement that gives (label, value) rows.
_GAUGES = (
    (
        "citypulse_jobs",
        "Jobs by queue and state",
        ("queue", "state"),
        """SELECT queue, state, count(*) FROM jobs
           WHERE state IN ('scheduled','queued','running','retryable','dead') GROUP BY 1, 2""",
    ),
    (
        "citypulse_queue_oldest_seconds",
        "Wait of the oldest queued job",
        ("queue",),
        """SELECT queue, extract(epoch FROM clock_timestamp() - min(run_at)) FROM jobs
           WHERE state = 'queued' GROUP BY 1""",
    ),
    (
        "citypulse_feeds",
        "Feeds by freshness",
        ("city", "freshness"),
        "SELECT city, freshness, count(*) FROM feeds GROUP BY 1, 2",
    ),
    (
        "citypulse_feeds_in_trouble",
        "Feeds that fail, are left alone after failures in a row, list suddenly much less, or lost a field",
        ("city", "trouble"),
        """SELECT city, trouble, count(*) FILTER (WHERE is_so) FROM feeds, LATERAL (VALUES
             ('failing', failures_in_a_row > 0), ('left_alone', open_until IS NOT NULL),
             ('shrunk', shrunk_since IS NOT NULL), ('drifted', drifted_since IS NOT NULL)) AS troubles(trouble, is_so)
           WHERE NOT paused GROUP BY 1, 2""",
    ),
    (
        "citypulse_processes",
        "Live processes by role",
        ("role",),
        """SELECT role, count(*) FROM processes
           WHERE seen_at > clock_timestamp() - interval '30 seconds' GROUP BY 1""",
    ),
    (
        "citypulse_live_sockets",
        "Open WebSockets",
        (),
        """SELECT coalesce(sum((data->>'sockets')::int), 0) FROM processes
           WHERE role = 'live' AND seen_at > clock_timestamp() - interval '30 seconds'""",
    ),
    (
        "citypulse_deliveries",
        "Emails by state",
        ("state",),
        "SELECT state, count(*) FROM deliveries GROUP BY 1",
    ),
    (
        "citypulse_breaker_open",
        "Whether somebody outside is left alone because of faults (1) or called (0)",
        ("party",),
        "SELECT key, CASE WHEN open_until IS NULL THEN 0 ELSE 1 END FROM breakers",
    ),
    (
        "citypulse_reports",
        "Reports by status",
        ("city", "status"),
        "SELECT city, status, count(*) FROM reports GROUP BY 1, 2",
    ),
)

bp = Blueprint("metrics", __name__)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request."""
    _REQUESTS.labels(method if method in _METHODS else "OTHER", route, str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


class PlatformCollector(Collector):
    """Reads the platform's gauges from Postgres, so that they survive every restart of ours."""

    def collect(self) -> Iterable[Metric]:
        """Give one family a gauge."""
        with transaction() as tx:
            for name, what, labels, statement in _GAUGES:
                family = GaugeMetricFamily(name, what, labels=labels)
                for *values, number in tx.execute(text(statement)).all():
                    family.add_metric([str(value) for value in values], float(number or 0))
                yield family


@bp.get("/metrics")
@needs(Permission.METRICS)
def metrics() -> Response:
    """Answer the scraper that knows the token."""
    token = get_settings().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token is None or not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        raise Unauthorized("the metrics need their token")
    registry = CollectorRegistry()
    registry.register(PlatformCollector())
    requests = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        requests = CollectorRegistry()
        MultiProcessCollector(requests)  # type: ignore[no-untyped-call]  # unannotated there
    body = generate_latest(registry) + generate_latest(requests)
    return Response(body, content_type=CONTENT_TYPE_LATEST)
