"""The local mailbox: mails as they would have been sent, where no provider's key is set."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.accounts.rules import Permission
from shared.db import transaction
from shared.email import queries
from shared.errors import NotFound
from shared.settings import get_settings
from web.openapi import Answer, needs, noun
from web.params import ById, page

api = noun("mailbox", "Mails kept here instead of being sent")


class MailboxQuery(BaseModel):
    """To whom, and how many."""

    to: Annotated[str | None, Field(max_length=320)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Mail(BaseModel):
    """A mail as its reader would get it."""

    id: UUID
    to: str
    subject: str
    html: str | None
    text: str | None
    created_at: datetime
    headers: dict[str, str]


class MailList(BaseModel):
    """Mails, newest first."""

    items: list[Mail]
    next: str | None


@api.get("/mailbox", responses={200: MailList})
@needs(Permission.READ_MAILBOX)
def list_mails(query: MailboxQuery) -> Answer:
    """List the mails kept here, newest first."""
    _require_mailbox()
    with transaction() as tx:
        return page(queries.mailbox(tx, to=query.to, limit=query.limit), None)


@api.get("/mailbox/<uuid:id>", responses={200: Mail})
@needs(Permission.READ_MAILBOX)
def get_mail(path: ById) -> Answer:
    """Show one mail."""
    _require_mailbox()
    with transaction() as tx:
        return queries.mailbox_message(tx, path.id)


def _require_mailbox() -> None:
    if get_settings().sendgrid_api_key is not None:
        raise NotFound("mails are sent from here, not kept")
