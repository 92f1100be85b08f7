"""Reports: what residents see and tell us."""

import hashlib
import hmac
from dataclasses import asdict
from typing import Any

from flask import request
from flask_openapi.models.file import FileStorage

from shared.accounts.rules import Permission
from shared.audit import audit
from shared.cities.queries import find_city
from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.reports import queries, queue, service
from shared.reports.draft import MAX_PHOTOS, ReportDraft
from shared.settings import get_settings
from shared.storage import storage
from shared.uploads.service import MAX_PHOTO_BYTES, Received, discarded_on_failure, receive
from web.api.report_shapes import (
    CategoryList,
    CategoryQuery,
    LinkQuery,
    QueueQuery,
    Report,
    ReportAccepted,
    ReportForm,
    ReportList,
    ReportQuery,
    ReportQueue,
    ReportUpdate,
)
from web.clients import network_of
from web.gate import actor, caller, holds, signed_in
from web.idempotency import once
from web.openapi import Answer, needs, noun
from web.params import ById, page

api = noun("reports", "Problems that residents report, and what became of them")

_FORM_BYTES = 256 * 1024
_MAXIMUM_BYTES = MAX_PHOTOS * MAX_PHOTO_BYTES + _FORM_BYTES


@api.get("/reports", responses={200: ReportList})
@needs(Permission.PUBLIC)
def list_reports(query: ReportQuery) -> Answer:
    """List public reports, newest first."""
    with transaction() as tx:
        if query.city is not None:
            find_city(tx, query.city)
        found = queries.list_reports(
            tx,
            city=query.city,
            bbox=query.bbox,
            statuses=query.status or (),
            limit=query.limit,
            cursor=query.cursor,
        )
    return page(found.items, found.next)


@api.get("/reports/queue", responses={200: ReportQueue})
@needs(Permission.HANDLE_REPORTS)
def list_queue(query: QueueQuery) -> Answer:
    """List what staff handle, the longest wait first, with counts of each status."""
    wanted = queue.Wanted(query.city, query.category, query.since, query.before)
    with transaction() as tx:
        find_city(tx, query.city)
        found = queue.list_queue(
            tx,
            wanted,
            statuses=query.status or (),
            newest_first=query.order == "newest",
            limit=query.limit,
            cursor=query.cursor,
        )
        counts = queue.count_queue(tx, wanted)
    return page(found.items, found.next, counts=counts)


@api.get("/reports/categories", responses={200: CategoryList})
@needs(Permission.PUBLIC)
def list_categories(query: CategoryQuery) -> Answer:
    """List what can be reported in a city."""
    with transaction() as tx:
        return page(queries.categories(tx, query.city), None)


@api.post("/reports", responses={202: ReportAccepted})
@needs(Permission.PUBLIC, max_bytes=_MAXIMUM_BYTES)
def file_report(form: ReportForm) -> Answer:
    """Take in a report with up to four photos; it is checked, placed and published by a job."""
    draft = ReportDraft(**form.model_dump(exclude={"photo"}))
    photos: list[Received] = []
    with discarded_on_failure(photos), transaction() as tx:
        # One by one: what was received is known to the block that deletes it should the next one fail.
        photos.extend(_received(file) for file in form.photo[: MAX_PHOTOS + 1])
        said = [str(asdict(draft)), *(photo.stored.sha256 for photo in photos)]
        answered = once(tx, said, lambda: _file(tx, draft, photos))
    if answered.is_repeat:
        for photo in photos:
            storage().delete(photo.stored.path)
    return answered.body, answered.status


def _received(file: FileStorage) -> Received:
    return receive(file.stream, file.filename or "", file.mimetype or "")


def _file(tx: Transaction, draft: ReportDraft, photos: list[Received]) -> tuple[dict[str, Any], int]:
    who = caller()
    filed = service.file_report(tx, draft, photos, author_id=who.user_id if who else None, now=utcnow())
    report_id = str(filed.report.id)
    answer = {
        "id": report_id,
        "job_id": str(filed.job_id),
        "token": filed.token,
        "progress_url": f"/reports/{report_id}/progress?t={filed.token}",
        "status": str(filed.report.status),
    }
    return answer, 202


@api.get("/reports/<uuid:id>", responses={200: Report})
@needs(Permission.PUBLIC)
def get_report(path: ById, query: LinkQuery) -> Answer:
    """Show one report; its reporter and staff also see its mails and its exact place."""
    is_staff = holds(Permission.HANDLE_REPORTS)
    with transaction() as tx:
        return queries.get_report(tx, path.id, token=query.t, is_staff=is_staff)


@api.patch("/reports/<uuid:id>", responses={200: Report})
@needs(Permission.HANDLE_REPORTS)
def change_report(path: ById, body: ReportUpdate) -> Answer:
    """Move a report to its next status, and tell its reporter."""
    now = utcnow()
    with transaction() as tx:
        report = service.change_status(
            tx, path.id, body.status, body.note, was=body.was, actor_id=signed_in().user_id, now=now
        )
        # The note is for the reporter and may name people: it stays with the report, which can be erased.
        audit(tx, actor(), "reports.change", subject=str(path.id), status=body.status)
        return queries.staff_json(tx, [report])[0]


@api.post("/reports/<uuid:id>/supports", responses={200: Report})
@needs(Permission.PUBLIC)
def support_report(path: ById) -> Answer:
    """Say "me too": counted once for a person, or once for an address where nobody is signed in."""
    with transaction() as tx:
        report = service.support_report(tx, path.id, _supporter(), now=utcnow())
        return queries.report_json(tx, report)


def _supporter() -> str:
    """Name whoever supports, so that the name tells nobody their address."""
    who = caller()
    if who is not None:
        return str(who.user_id)
    secret = get_settings().jwt_secret.get_secret_value().encode()
    return hmac.new(
        secret, f"supporter {network_of(request.remote_addr or '')}".encode(), hashlib.sha256
    ).hexdigest()
