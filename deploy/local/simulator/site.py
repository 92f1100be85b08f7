"""What stands at each address of the simulator: a path, a query and a moment in, bytes out; pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape

from deploy.local.simulator import gbfs, gbfs3, gtfs_realtime
from deploy.local.simulator.city import SimulatedCity
from deploy.local.simulator.gbfs import Json
from deploy.local.simulator.papers import events_at, news_at
from deploy.local.simulator.requests311 import Row, requests_at
from deploy.local.simulator.sky import warnings_at, weather_at
from deploy.local.simulator.soda import run_query, to_csv, without_nulls
from deploy.local.simulator.soda_where import QueryRefused
from deploy.local.simulator.timetable import timetable
from deploy.local.simulator.works import works_at

PROTOBUF = "application/x-protobuf"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Question:
    """A request: where, with which query, at which moment (POSIX seconds), by which address of ours."""

    path: str
    moment: float
    query: Mapping[str, str] = field(default_factory=dict)
    base: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before the server adds its own headers; `made_at` is POSIX seconds."""

    body: bytes
    media_type: str
    made_at: int
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Page = Callable[[SimulatedCity, Question], Answer]


def answer(city: SimulatedCity, question: Question) -> Answer:
    """Return what stands at the address, or 404."""
    page = PAGES.get(question.path)
    if page is None:
        return Answer(b'{"error": "nothing stands here"}\n', JSON, city.made_at(question.moment), 404)
    return page(city, question)


def _json(value: object, made_at: int, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return Answer(
        body, JSON, made_at, status, {name.replace("_", "-"): text for name, text in headers.items()}
    )


def _gbfs_file(
    build: Callable[[SimulatedCity, float], Json], city: SimulatedCity, question: Question
) -> Answer:
    return _json(build(city, question.moment), city.made_at(question.moment))


def _gbfs_discovery(
    build: Callable[[SimulatedCity, float, str], Json], city: SimulatedCity, question: Question
) -> Answer:
    folder = question.path.rpartition("/")[0]
    return _json(build(city, question.moment, question.base + folder), city.made_at(question.moment))


def _bytes(
    build: Callable[[SimulatedCity, float], bytes], media_type: str, city: SimulatedCity, question: Question
) -> Answer:
    return Answer(build(city, question.moment), media_type, city.made_at(question.moment))


def _document(
    build: Callable[[SimulatedCity, float], Json], media_type: str, city: SimulatedCity, question: Question
) -> Answer:
    return replace(_json(build(city, question.moment), city.made_at(question.moment)), media_type=media_type)


def _dataset(
    rows_at: Callable[[SimulatedCity, float], list[Row]], city: SimulatedCity, question: Question
) -> Answer:
    try:
        rows = run_query(rows_at(city, question.moment), question.query)
    except QueryRefused as refusal:
        return _json(
            {"code": refusal.code, "error": True, "message": str(refusal)}, city.made_at(question.moment), 400
        )
    if question.path.endswith(".csv"):
        return Answer(to_csv(rows).encode(), "text/csv; charset=utf-8", city.made_at(question.moment))
    fields = json.dumps(list(rows[0]) if rows else [], separators=(",", ":"))
    return _json(without_nulls(rows), city.made_at(question.moment), X_SODA2_Fields=fields)


def _health(city: SimulatedCity, question: Question) -> Answer:
    return _json({"status": "ok", "simulated": True}, city.made_at(question.moment))


def _index(city: SimulatedCity, question: Question) -> Answer:
    rows = "".join(f'<li><a href="{path}">{path}</a></li>' for path in PAGES if path != "/")
    name = escape(city.name)
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}, simulated</title>'
        f"<h1>{name}, simulated</h1>"
        f"<p><strong>Nothing here is real.</strong> Bikes, trains, notices and requests are made up from seed "
        f"{city.seed} and the clock, and run at {city.speed:g} times its speed. Only the outlines and the track "
        "they move on are open data: see ATTRIBUTION.md.</p>"
        f"<ul>{rows}</ul><p>Faults for tests: <code>/fault/MODE/…</code> or <code>?fault=MODE</code>; "
        "<code>/fault/</code> lists the modes.</p></html>\n"
    )
    return Answer(text.encode(), "text/html; charset=utf-8", city.made_at(question.moment))


PAGES: dict[str, Page] = {
    "/": _index,
    "/health": _health,
    "/gbfs/gbfs.json": partial(_gbfs_discovery, gbfs.gbfs),
    **{f"/gbfs/{name}.json": partial(_gbfs_file, build) for name, build in gbfs.FILES.items()},
    "/gbfs3/gbfs.json": partial(_gbfs_discovery, gbfs3.discovery),
    **{f"/gbfs3/{name}.json": partial(_gbfs_file, build) for name, build in gbfs3.FILES.items()},
    "/gtfs/timetable.zip": partial(_bytes, timetable, "application/zip"),
    "/gtfs-rt/vehicles.pb": partial(_bytes, gtfs_realtime.vehicle_positions, PROTOBUF),
    "/gtfs-rt/trip_updates.pb": partial(_bytes, gtfs_realtime.trip_updates, PROTOBUF),
    "/gtfs-rt/alerts.pb": partial(_bytes, gtfs_realtime.service_alerts, PROTOBUF),
    "/resource/sim-311.json": partial(_dataset, requests_at),
    "/resource/sim-311.csv": partial(_dataset, requests_at),
    "/resource/sim-works.json": partial(_dataset, works_at),
    "/resource/sim-works.csv": partial(_dataset, works_at),
    "/nws/alerts": partial(_document, warnings_at, "application/geo+json"),
    "/open-meteo/forecast": partial(_document, weather_at, JSON),
    "/calendar/events.ics": partial(_bytes, events_at, "text/calendar; charset=utf-8"),
    "/news/rss.xml": partial(_bytes, news_at, "application/rss+xml; charset=utf-8"),
}
