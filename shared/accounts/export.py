"""A copy of everything we hold about a person: asked for, made by a job, kept for a week."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from shared.accounts.models import User
from shared.accounts.models_exports import Export
from shared.audit import Actor, audit
from shared.clock import new_id, rfc3339
from shared.db import Transaction
from shared.email.service import Mail, prepare_mail
from shared.errors import Conflict, NotFound
from shared.jobs.enqueue import enqueue
from shared.messages import ExportAccount
from shared.settings import get_settings

KEPT_FOR: Final = timedelta(days=7)
FOLDER: Final = "exports"

#: Name of the file in the ZIP -> the rows that go into it. Hashes of passwords, tokens and keys are left
#: out, and so are the words of mails, which may hold links that sign in.
PARTS: Final = {
    "account": "SELECT id, email, name, role, language, email_verified_at, disabled_at, erase_at, created_at"
    " FROM users WHERE id = :id",
    "identities": "SELECT id, provider, issuer, subject, email, created_at, used_at FROM identities"
    " WHERE user_id = :id ORDER BY id",
    "sessions": "SELECT id, user_agent, address, created_at, used_at, proven_at, expires_at, revoked_at, revoked_why"
    " FROM sign_ins WHERE user_id = :id ORDER BY id",
    "api_keys": "SELECT id, name, prefix, scopes, created_at, last_used_at, expires_at, revoked_at"
    " FROM api_keys WHERE user_id = :id ORDER BY id",
    "links": "SELECT id, purpose, email, created_at, expires_at, used_at FROM account_tokens"
    " WHERE user_id = :id ORDER BY id",
    "reports": "SELECT id, city, number, category, title, description, status, point::text AS point, address,"
    " email, anonymous, language, supports, created_at, updated_at FROM reports WHERE author_id = :id"
    " OR lower(email) = lower(:email) ORDER BY id",
    "report_updates": "SELECT u.report_id, u.status, u.note, u.at FROM report_updates u JOIN reports r"
    " ON r.id = u.report_id WHERE r.author_id = :id OR lower(r.email) = lower(:email) ORDER BY u.id",
    "supports": "SELECT report_id, at FROM report_supports WHERE supporter = CAST(:id AS text) ORDER BY at",
    "uploads": "SELECT id, report_id, purpose, filename, media_type, size_bytes, state, error, width, height,"
    " taken_at, taken_point::text AS taken_point, created_at FROM uploads WHERE owner_id = :id ORDER BY id",
    "mails": "SELECT d.id, d.template, d.language, d.to_address, d.state, m.subject, d.created_at, d.sent_at"
    " FROM deliveries d LEFT JOIN mailbox m ON m.delivery_id = d.id"
    " WHERE d.user_id = :id OR lower(d.to_address) = lower(:email) ORDER BY d.id",
    "audit": "SELECT at, action, subject, reason, data FROM audit_log WHERE actor_id = :id ORDER BY id",
    "exports": "SELECT id, state, size_bytes, created_at, expires_at FROM exports WHERE user_id = :id ORDER BY id",
}

_PHOTOS = text("""
SELECT u.id, u.sizes->'large'->>'path' AS path FROM uploads u LEFT JOIN reports r ON r.id = u.report_id
WHERE (u.owner_id = :id OR r.author_id = :id) AND u.state = 'ready' AND u.sizes->'large' ? 'path' ORDER BY u.id
""")
_LIST = text("""
SELECT e.*, j.state AS job_state FROM exports e LEFT JOIN jobs j ON j.id = e.job_id
WHERE e.user_id = :id ORDER BY e.id DESC LIMIT 20
""")


def ask_export(tx: Transaction, user_id: UUID, actor: Actor) -> Export:
    """
    Ask for a copy.

    Raises: Conflict while another one is being made.
    """
    tx.execute(text("SELECT 1 FROM users WHERE id = :id FOR UPDATE"), {"id": user_id})
    if any(each["state"] == "working" for each in exports_of(tx, user_id)):
        raise Conflict("a copy is being made already")
    export = Export(id=new_id(), user_id=user_id, state="working")
    export.job_id = enqueue(tx, ExportAccount(export_id=str(export.id))).id
    tx.add(export)
    tx.flush()
    audit(tx, actor, "accounts.ask_export", subject=str(export.id))
    return export


def exports_of(tx: Transaction, user_id: UUID) -> list[dict[str, Any]]:
    """Return a person's copies in the API's shape, the newest first; one whose job died has failed."""
    return [
        {
            "id": str(row.id),
            "state": "failed" if _has_failed(row) else row.state,
            "size": row.size_bytes,
            "created_at": rfc3339(row.created_at),
            "expires_at": rfc3339(row.expires_at) if row.expires_at else None,
        }
        for row in tx.execute(_LIST, {"id": user_id})
    ]


def export_path(tx: Transaction, user_id: UUID, export_id: UUID, now: datetime) -> str:
    """
    Return where a person's own copy lies.

    Raises: NotFound, also for another's, and for one that is not ready or no longer kept.
    """
    export = tx.get(Export, export_id)
    if export is None or export.user_id != user_id or export.path is None:
        raise NotFound("this copy is not here")
    if export.expires_at is None or export.expires_at <= now:
        raise NotFound("this copy was kept for a week and is no longer here: ask for a new one")
    return export.path


def gather(tx: Transaction, user: User) -> tuple[dict[str, list[dict[str, Any]]], dict[UUID, str]]:
    """Return everything we hold about a person, file by file, and where each photo of theirs lies."""
    values = {"id": user.id, "email": user.email}
    parts = {
        name: [dict(row) for row in tx.execute(text(sql), values).mappings()] for name, sql in PARTS.items()
    }
    return parts, {row.id: row.path for row in tx.execute(_PHOTOS, values)}


def mark_ready(
    tx: Transaction, export: Export, user: User, path: str, size_bytes: int, now: datetime
) -> None:
    """Keep a finished copy for a week, and owe its owner the mail that says so."""
    export.state, export.path, export.size_bytes = "ready", path, size_bytes
    export.expires_at = now + KEPT_FOR
    prepare_mail(
        tx,
        Mail(
            template="export_ready",
            to_address=user.email,
            dedupe_key=f"export-ready:{export.id}",
            context={
                "account_url": f"{get_settings().public_url.rstrip('/')}/account",
                "expires": f"{export.expires_at:%Y-%m-%d}",
            },
            language=user.language,
            user_id=user.id,
        ),
    )


def locked_export(tx: Transaction, export_id: UUID) -> Export | None:
    """Return a copy, locked until the transaction ends; none when it is gone."""
    return tx.execute(select(Export).where(Export.id == export_id).with_for_update()).scalar_one_or_none()


def _has_failed(row: Any) -> bool:  # a row of a text statement has no type
    return row.state == "failed" or (
        row.state == "working" and row.job_state in {None, "dead", "cancelled", "succeeded"}
    )
