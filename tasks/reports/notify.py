"""Owe a reporter the mail about one change of status."""

from uuid import UUID

from shared.email.service import prepare_mail
from shared.messages import NotifyReporter
from shared.reports.models import ReportUpdate
from shared.reports.service import locked_report
from tasks.base import Job, handles
from tasks.reports.mail import status_mail


@handles(NotifyReporter, limit_seconds=30)
def notify(message: NotifyReporter, job: Job) -> None:
    """Prepare the mail, once for each change; a report without an address needs none."""
    with job.finish() as tx:
        report = locked_report(tx, UUID(message.report_id))
        update = tx.get(ReportUpdate, UUID(message.update_id))
        if report is not None and update is not None and report.email:
            prepare_mail(tx, status_mail(tx, report, update))
