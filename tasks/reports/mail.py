"""The mails a report causes: what is in them, and how the later ones thread with the first."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from shared.cities.models import City
from shared.db import Transaction
from shared.email.service import Mail
from shared.reports import queries, rules
from shared.reports.models import Report, ReportUpdate
from shared.settings import get_settings

_MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
}
_STATUS_NAMES = {
    "en": {
        "received": "Received",
        "published": "Published",
        "in_progress": "In progress",
        "resolved": "Resolved",
        "closed": "Closed",
    },
    "fr": {
        "received": "Reçu",
        "published": "Publié",
        "in_progress": "En cours",
        "resolved": "Résolu",
        "closed": "Clos",
    },
}


def received_mail(tx: Transaction, report: Report, duplicates: int) -> Mail:
    """Return the confirmation of a report, with the private link of its reporter."""
    settings = get_settings()
    token = rules.token_of(report.id, settings.jwt_secret.get_secret_value())
    context = _common(tx, report) | {
        "address": report.address,
        "area": (queries.report_json(tx, report)["area"] or {}).get("name", ""),
        "received": _written(report.created_at, tx.get_one(City, report.city).timezone, report.language),
        "duplicates": duplicates,
        "report_url": f"{_report_url(report)}?t={token}",
        "message_id": first_message_id(report),
    }
    return Mail(
        template="report_received",
        to_address=report.email or "",
        dedupe_key=f"report-received:{report.id}",
        context=context,
        language=report.language,
        user_id=report.author_id,
        report_id=report.id,
    )


def status_mail(tx: Transaction, report: Report, update: ReportUpdate) -> Mail:
    """Return the mail about one change of status; it answers the confirmation, so that they thread."""
    context = _common(tx, report) | {
        "status_name": _STATUS_NAMES[report.language][update.status],
        "note": update.note,
        "changed": _written(update.at, tx.get_one(City, report.city).timezone, report.language),
        "report_url": _report_url(report),
        "message_id": f"<report-{report.id}-{update.id}@{_host()}>",
        "in_reply_to": first_message_id(report),
    }
    return Mail(
        template="report_status",
        to_address=report.email or "",
        dedupe_key=f"report-status:{update.id}",
        context=context,
        language=report.language,
        user_id=report.author_id,
        report_id=report.id,
    )


def first_message_id(report: Report) -> str:
    """Return the Message-ID of the confirmation, which every later mail refers to."""
    return f"<report-{report.id}@{_host()}>"


def _common(tx: Transaction, report: Report) -> dict[str, Any]:
    return {
        "reference": queries.reference(tx, report),
        "title": report.title,
        "city": tx.get_one(City, report.city).name,
    }


def _report_url(report: Report) -> str:
    return f"{get_settings().public_url.rstrip('/')}/reports/{report.id}"


def _host() -> str:
    return urlsplit(get_settings().public_url).hostname or "citypulse.invalid"


def _written(moment: datetime, zone: str, language: str) -> str:
    """Write a moment as people of the city would; months by our own table, no locale is installed for it."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}, {local:%H:%M}"
