"""Place a new report, look for others like it, show it to everyone, and owe its sender a confirmation."""

from datetime import timedelta
from uuid import UUID

from shared.clock import utcnow
from shared.db import Transaction
from shared.email.service import mails_since, prepare_mail
from shared.messages import TriageReport
from shared.reports import rules
from shared.reports.models import Report
from shared.reports.places import area_at, possible_duplicates
from shared.reports.service import locked_report, note_step, publish_report
from shared.reports.steps import state_of
from tasks.base import Job, handles
from tasks.reports.mail import received_mail

_TOO_MANY = "This address has had enough mails for this hour."


@handles(TriageReport, limit_seconds=60)
def triage(message: TriageReport, job: Job) -> None:
    """Take a report from received to published, each step shown live; safe to repeat from any step."""
    report_id, duplicates = UUID(message.report_id), 0
    with job.step(1, 3, "placed") as tx:
        if (report := locked_report(tx, report_id)) is not None:
            _place(tx, report)
    with job.step(2, 3, "compared") as tx:
        if (report := locked_report(tx, report_id)) is not None:
            duplicates = _compare(tx, report)
    with job.finish() as tx:
        if (report := locked_report(tx, report_id)) is not None:
            publish_report(tx, report, utcnow())
            _confirm(tx, report, duplicates)


def _place(tx: Transaction, report: Report) -> None:
    if report.point is None:
        note_step(
            tx, report, "located", "skipped", utcnow(), "Reported by address, without a place on the map."
        )
        return
    area = area_at(tx, report.city, report.point)
    report.area_id = area.id if area else None
    note_step(
        tx, report, "located", "done", utcnow(), area.name if area else "Outside every district we know."
    )


def _compare(tx: Transaction, report: Report) -> int:
    """Count possible duplicates, name the nearest for staff, and say so in the stepper."""
    if report.point is None:
        note_step(tx, report, "duplicates", "skipped", utcnow(), None)
        return 0
    found = possible_duplicates(tx, report, report.created_at - rules.DUPLICATE_AGE)
    note_step(tx, report, "duplicates", "done", utcnow(), rules.duplicates_detail(len(found)))
    return len(found)


def _confirm(tx: Transaction, report: Report, duplicates: int) -> None:
    if report.email is None or state_of(report.steps, "mail") != "waiting":
        return
    now = utcnow()
    if mails_since(tx, report.email, now - timedelta(hours=1)) >= rules.MAILS_PER_HOUR:
        note_step(tx, report, "mail", "skipped", now, _TOO_MANY)
    elif prepare_mail(tx, received_mail(tx, report, duplicates)) is not None:
        note_step(tx, report, "mail", "running", now, None)
