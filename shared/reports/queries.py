"""Read reports: in the API's shape, and what triage needs to know of the neighbourhood."""

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_

from shared.cities.models import Area, City
from shared.cities.queries import find_city
from shared.clock import rfc3339
from shared.db import Transaction
from shared.email.queries import deliveries_of_report
from shared.errors import FieldProblem, Invalid, NotFound
from shared.geo import Box
from shared.places import in_box
from shared.reports import rules
from shared.reports.models import Report, ReportUpdate
from shared.reports.rules import Status
from shared.uploads.queries import photo_json, photos_of

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list and where the next one begins."""

    items: list[dict[str, Any]]
    next: str | None


def list_reports(
    tx: Transaction,
    *,
    city: str | None = None,
    bbox: Box | None = None,
    statuses: Sequence[str] = (),
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """
    List public reports, newest first.

    Raises: Invalid for a cursor that is not ours.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    query = select(Report).where(Report.status != Status.RECEIVED)
    if city:
        query = query.where(Report.city == city)
    if statuses:
        query = query.where(Report.status.in_(statuses))
    if bbox:
        query = query.where(in_box(Report.public_point, bbox))
    if cursor:
        query = query.where(tuple_(Report.created_at, Report.id) < position_of(cursor))
    query = query.order_by(Report.created_at.desc(), Report.id.desc()).limit(limit + 1)
    reports = list(tx.scalars(query))
    more = len(reports) > limit
    reports = reports[:limit]
    return Page(reports_json(tx, reports), cursor_of(reports[-1]) if more else None)


def get_report(
    tx: Transaction, report_id: UUID, *, token: str | None = None, is_staff: bool = False
) -> dict[str, Any]:
    """
    Return one report; its reporter (by the link's token) and staff also see its mails and exact place.

    Raises: NotFound.
    """
    report = tx.get(Report, report_id)
    if report is None:
        raise NotFound("This report is not here.")
    shown = staff_json(tx, [report])[0] if is_staff else report_json(tx, report)
    if is_staff or rules.is_token(token, report.token_hash):
        shown |= _exact_place(report)
        shown["emails"] = deliveries_of_report(tx, report.id)
    return shown


def categories(tx: Transaction, city: str) -> list[dict[str, Any]]:
    """
    List what can be reported in a city.

    Raises: NotFound.
    """
    return list(find_city(tx, city).config.get("categories", []))


def report_json(tx: Transaction, report: Report) -> dict[str, Any]:
    """Give one report's public shape."""
    return reports_json(tx, [report])[0]


def reports_json(tx: Transaction, reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Give the public shape of reports, by one query a kind of thing they name."""
    ids = [report.id for report in reports]
    photos = photos_of(tx, ids)
    history = _history(tx, ids)
    areas = _area_names(tx, {report.area_id for report in reports if report.area_id})
    prefixes = _prefixes(tx, {report.city for report in reports})
    return [
        {
            "id": str(report.id),
            "city": report.city,
            "reference": rules.reference_of(prefixes[report.city], report.number),
            "category": report.category,
            "title": report.title,
            "description": report.description,
            "status": report.status,
            "lon": report.public_point[0] if report.public_point else None,
            "lat": report.public_point[1] if report.public_point else None,
            "address": rules.public_address(report.address, report.category, report.anonymous),
            "area": areas.get(report.area_id) if report.area_id else None,
            "created_at": rfc3339(report.created_at),
            "updated_at": rfc3339(report.updated_at),
            "photos": [photo_json(photo) for photo in photos.get(report.id, [])],
            "steps": report.steps,
            "history": history[report.id],
            "supports": report.supports,
        }
        for report in reports
    ]


def staff_json(tx: Transaction, reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Give the shape of reports that staff handle: their exact place, and where each may go from here."""
    return [
        shown | _exact_place(report) | {"moves": rules.moves(Status(report.status))}
        for shown, report in zip(reports_json(tx, reports), reports, strict=True)
    ]


def reference(tx: Transaction, report: Report) -> str:
    """Return the reference people quote."""
    return rules.reference_of(_prefixes(tx, {report.city})[report.city], report.number)


def _exact_place(report: Report) -> dict[str, Any]:
    lon, lat = report.point or (None, None)
    return {"lon": lon, "lat": lat, "address": report.address}


def _history(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    query = select(ReportUpdate).where(ReportUpdate.report_id.in_(list(ids)))
    for update in tx.scalars(query.order_by(ReportUpdate.at, ReportUpdate.id)):
        found[update.report_id].append(
            {"at": rfc3339(update.at), "status": update.status, "note": update.note}
        )
    return found


def _area_names(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    rows = tx.execute(select(Area.id, Area.name).where(Area.id.in_(list(ids))))
    return {row.id: {"id": str(row.id), "name": row.name} for row in rows}


def _prefixes(tx: Transaction, slugs: Iterable[str]) -> dict[str, str]:
    prefix = func.coalesce(City.config["reference_prefix"].astext, func.upper(func.left(City.slug, 3)))
    rows = tx.execute(select(City.slug, prefix.label("prefix")).where(City.slug.in_(list(slugs))))
    return {row.slug: row.prefix for row in rows}


def cursor_of(report: Report) -> str:
    """Return where a page ends: the next one begins after this report."""
    return base64.urlsafe_b64encode(
        json.dumps([report.created_at.isoformat(), str(report.id)]).encode()
    ).decode()


def position_of(cursor: str) -> Any:  # a row value, which SQLAlchemy types by its columns
    """
    Return the place that a cursor names, as a row of creation and id.

    Raises: Invalid for a cursor that is not ours.
    """
    try:
        moment, report_id = json.loads(base64.urlsafe_b64decode(cursor))
        return tuple_(datetime.fromisoformat(moment), UUID(report_id))
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise Invalid(
            "This cursor is not ours.", FieldProblem("cursor", "cursor", "Use `next` as it was given.")
        ) from error
