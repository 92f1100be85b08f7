"""What a person may ask of what we hold about them: a copy, and the end of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from flask import Response, send_file
from pydantic import BaseModel, Field

from shared.accounts import erase, export, profile
from shared.accounts.models import User
from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.errors import NotFound
from shared.storage import storage
from web.gate import actor, signed_in
from web.openapi import Answer, needs, noun
from web.params import ById, page

api = noun("privacy", "A copy of everything we hold about you, and the end of your account")


class ExportAccepted(BaseModel):
    """The copy and the job that makes it."""

    id: UUID
    job_id: UUID


class Export(BaseModel):
    """A copy of everything we hold about a person: a ZIP of `size` bytes, deleted after `expires_at`."""

    id: UUID
    state: Literal["working", "ready", "expired", "failed"]
    size: int | None
    created_at: datetime
    expires_at: datetime | None


class ExportList(BaseModel):
    """A person's copies, the newest first."""

    items: list[Export]
    next: str | None


class EraseRequest(BaseModel):
    """The password, of whoever has one; without one, a sign-in of the last minutes stands for it."""

    password: Annotated[str | None, Field(max_length=256)] = None


class EraseAccepted(BaseModel):
    """When the account ends, unless that is taken back."""

    erase_at: datetime


@api.post("/auth/export", responses={202: ExportAccepted})
@needs(Permission.SIGNED_IN)
def ask_export() -> Answer:
    """Ask for a copy of everything we hold about you; a mail tells when it is ready."""
    with transaction() as tx:
        asked = export.ask_export(tx, signed_in().user_id, actor())
        return {"id": asked.id, "job_id": asked.job_id}, 202


@api.get("/auth/exports", responses={200: ExportList})
@needs(Permission.SIGNED_IN)
def list_exports() -> Answer:
    """List your copies."""
    with transaction() as tx:
        return page(export.exports_of(tx, signed_in().user_id), None)


@api.get("/auth/exports/<uuid:id>/download")
@needs(Permission.SIGNED_IN)
def download_export(path: ById) -> Response:
    """Download a copy; it is kept for a week."""
    with transaction() as tx:
        where = export.export_path(tx, signed_in().user_id, path.id, utcnow())
    try:
        stream = storage().open(where)
    except FileNotFoundError:
        raise NotFound("this copy is not here") from None
    name = f"citypulse-{path.id}.zip"
    response = send_file(
        stream, mimetype="application/zip", as_attachment=True, download_name=name, etag=False
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


@api.post("/auth/erase", responses={202: EraseAccepted})
@needs(Permission.SIGNED_IN)
def ask_erase(body: EraseRequest) -> Answer:
    """Ask for the end of your account; it can be taken back for two weeks."""
    who, now = signed_in(), utcnow()
    with transaction() as tx:
        user = _locked(tx, who.user_id)
        profile.require_proof(user, who, body.password, now)
        return {"erase_at": erase.ask_erase(tx, user, actor(), now)}, 202


@api.delete("/auth/erase", responses={204: None})
@needs(Permission.SIGNED_IN)
def take_back_erase() -> Answer:
    """Keep your account after all."""
    with transaction() as tx:
        erase.take_back(tx, _locked(tx, signed_in().user_id), actor())
    return Response(status=204)


def _locked(tx: Transaction, user_id: UUID) -> User:
    return tx.get_one(User, user_id, with_for_update=True)
