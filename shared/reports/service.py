"""Everything that changes a report; each change is told to the browsers that may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from shared.cities.models import City
from shared.clock import new_id
from shared.db import Transaction
from shared.errors import Conflict, FieldProblem, Invalid, NotFound
from shared.events import ReportChanged
from shared.geo import cells
from shared.jobs.enqueue import enqueue
from shared.messages import NotifyReporter, TriageReport
from shared.reports import rules
from shared.reports.draft import ReportDraft, problems_of, tidy
from shared.reports.models import Report, ReportCounter, ReportSupport, ReportUpdate
from shared.reports.queries import report_json
from shared.reports.rules import Status
from shared.reports.steps import first_steps, photo_step, with_step
from shared.settings import get_settings
from shared.stream.publish import publish
from shared.uploads.models import Upload
from shared.uploads.service import Received, add_photo


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that was just received; `token` opens it for its reporter and is shown this once."""

    report: Report
    job_id: UUID
    token: str


def file_report(
    tx: Transaction,
    draft: ReportDraft,
    photos: Sequence[Received] = (),
    *,
    author_id: UUID | None = None,
    now: datetime,
) -> Filed:
    """
    Take in a report with its photos, and ask for its triage and their cleaning.

    Raises: Invalid, naming every field that breaks a rule.
    """
    draft = tidy(draft)
    city = tx.get(City, draft.city)
    if city is None:
        raise Invalid(
            "This city is not served here.", FieldProblem("city", "one_of", "Choose a city we serve.")
        )
    problems = list(problems_of(draft, {**city.config, "name": city.name}, len(photos)))
    if problems:
        raise Invalid("The report cannot be taken as it is.", *problems)
    report = _new_report(tx, draft, city, len(photos), author_id, now)
    token = rules.token_of(report.id, get_settings().jwt_secret.get_secret_value())
    report.token_hash = rules.hash_of(token)
    job = enqueue(tx, TriageReport(report_id=str(report.id)), unique_key=f"reports.triage:{report.id}")
    report.job_id = job.id
    tx.add(report)
    tx.add(ReportUpdate(report_id=report.id, status=Status.RECEIVED, actor_id=report.author_id, at=now))
    tx.flush()
    for photo in photos:
        add_photo(tx, photo, owner_id=report.author_id, report_id=report.id, alt=report.title)
    announce(tx, report)
    return Filed(report, job.id, token)


def locked_report(tx: Transaction, report_id: UUID) -> Report | None:
    """Return a report, locked until the transaction ends; none when it is gone."""
    return tx.execute(select(Report).where(Report.id == report_id).with_for_update()).scalar_one_or_none()


def note_step(
    tx: Transaction, report: Report, key: str, state: str, now: datetime, detail: str | None = None
) -> None:
    """Move one step of a locked report's stepper, and tell browsers when that changed anything."""
    steps = with_step(report.steps, key, state, now, detail)
    if steps != report.steps:
        report.steps = steps
        announce(tx, report)


def note_photos(tx: Transaction, report: Report, now: datetime) -> None:
    """Judge the photo step of a locked report by its photos, and tell browsers."""
    rows = tx.execute(
        select(Upload.state, Upload.error).where(Upload.report_id == report.id).order_by(Upload.id)
    )
    state, detail = photo_step([(row.state, row.error) for row in rows])
    report.steps = with_step(report.steps, "photo", state, now, detail)
    report.updated_at = now
    announce(tx, report)


def publish_report(tx: Transaction, report: Report, now: datetime) -> None:
    """Show a locked report on the map and in the list; one that is shown already stays as it is."""
    if report.status == Status.RECEIVED:
        _move(tx, report, Status.PUBLISHED, "", None, now)
    report.steps = with_step(report.steps, "published", "done", now)
    announce(tx, report)


def change_status(
    tx: Transaction,
    report_id: UUID,
    status: str,
    note: str,
    *,
    was: str | None = None,
    actor_id: UUID | None,
    now: datetime,
) -> Report:
    """
    Move a report to another status, or reply to it, and owe its reporter a mail about it.

    Args: `was` is the status that whoever moves it believes it to have.
    Raises: NotFound, Invalid for an unknown status, Conflict when the status may not follow or is not `was`.
    """
    report = locked_report(tx, report_id)
    if report is None:
        raise NotFound("This report is not here.")
    if status not in set(Status):
        allowed = ", ".join(Status)
        raise Invalid("This is no status.", FieldProblem("status", "one_of", f"Choose one of: {allowed}."))
    if was is not None and was != report.status:
        raise Conflict(f"Somebody has moved this report meanwhile: it is {report.status} now.")
    note = note.strip()
    if not rules.may_become(Status(report.status), Status(status), note):
        raise Conflict(f"A report that is {report.status} cannot become {status}.")
    update = _move(tx, report, Status(status), note, actor_id, now)
    announce(tx, report)
    if report.email:
        enqueue(tx, NotifyReporter(report_id=str(report.id), update_id=str(update.id)))
    return report


def support_report(tx: Transaction, report_id: UUID, supporter: str, *, now: datetime) -> Report:
    """
    Count one person's "me too", once.

    Args: the account's id, or a hash that stands for the same visitor each time.
    Raises: NotFound.
    """
    report = locked_report(tx, report_id)
    if report is None or not rules.is_public(report.status):
        raise NotFound("This report is not here.")
    row = {"report_id": report.id, "supporter": supporter, "at": now}
    added = tx.execute(
        insert(ReportSupport).values(row).on_conflict_do_nothing().returning(ReportSupport.supporter)
    )
    if added.first() is not None:
        report.supports = _supports(tx, report.id)
        announce(tx, report)
    return report


def announce(tx: Transaction, report: Report) -> None:
    """Publish a report's public form: to its followers, and once it is public to its city and area."""
    tx.flush()
    topics = [f"report:{report.id}"]
    if rules.is_public(report.status):
        topics.append(f"city:{report.city}")
        if report.area_id:
            topics.append(f"area:{report.area_id}")
    publish(tx, ReportChanged(str(report.id), report.city, report_json(tx, report)), to=topics)


def next_number(tx: Transaction, city: str) -> int:
    """Take a city's next report number; others wait for this transaction, so none is lost or doubled."""
    counter = insert(ReportCounter).values(city=city, number=1)
    taken = tx.execute(
        counter.on_conflict_do_update(
            index_elements=[ReportCounter.city], set_={"number": ReportCounter.number + 1}
        ).returning(ReportCounter.number)
    )
    return int(taken.scalar_one())


def _new_report(
    tx: Transaction, draft: ReportDraft, city: City, photo_count: int, author_id: UUID | None, now: datetime
) -> Report:
    names: dict[str, Any] = {category["code"]: category["name"] for category in city.config["categories"]}
    shown_address = rules.public_address(draft.address, draft.category, draft.anonymous)
    return Report(
        id=new_id(),
        city=city.slug,
        number=next_number(tx, city.slug),
        category=draft.category,
        title=rules.title_of(names[draft.category], shown_address),
        description=draft.description,
        status=Status.RECEIVED,
        point=draft.point,
        public_point=rules.public_point(draft.point, draft.category, draft.anonymous),
        address=draft.address,
        h3_8=cells(*draft.point)[1] if draft.point else None,
        author_id=None if draft.anonymous else author_id,
        email=draft.email,
        anonymous=draft.anonymous,
        language=draft.language,
        steps=first_steps(now, photo_count, has_email=draft.email is not None),
        supports=0,
        created_at=now,
        updated_at=now,
    )


def _move(
    tx: Transaction, report: Report, status: Status, note: str, actor_id: UUID | None, now: datetime
) -> ReportUpdate:
    update = ReportUpdate(
        id=new_id(), report_id=report.id, status=status, note=note, actor_id=actor_id, at=now
    )
    tx.add(update)
    report.status = status
    report.updated_at = now
    return update


def _supports(tx: Transaction, report_id: UUID) -> int:
    counted = select(func.count()).where(ReportSupport.report_id == report_id)
    return int(tx.execute(counted).scalar_one())
