"""API keys: a person makes them for programs, sees when they were used, and takes them back."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from flask import Response
from pydantic import AfterValidator, BaseModel, Field

from shared.accounts import api_keys as service
from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import transaction
from web.gate import actor, signed_in
from web.openapi import Answer, needs, noun
from web.params import ById, page

api = noun("api-keys", "Keys for programs that speak in your name")

_LONGEST_DAYS = 366


def _plain(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("must be one line of printable characters")
    return value.strip()


class NewApiKey(BaseModel):
    """What to call a key, what it may do, and for how long; without an end it is good until taken back."""

    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_plain)]
    scopes: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=20)]
    expires_in_days: Annotated[int | None, Field(ge=1, le=_LONGEST_DAYS)] = None


class ApiKey(BaseModel):
    """A key as its owner sees it later: how it begins, and when it was last used, to the minute."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class MadeApiKey(ApiKey):
    """A key at the one moment it is shown."""

    key: str


class ApiKeyList(BaseModel):
    """A person's keys, the newest first."""

    items: list[ApiKey]
    next: str | None


class Scope(BaseModel):
    """Something a key can be allowed."""

    code: str
    description: str


class ScopeList(BaseModel):
    """What this person may allow a key."""

    items: list[Scope]
    next: str | None


@api.get("/auth/api-keys", responses={200: ApiKeyList})
@needs(Permission.SIGNED_IN)
def list_api_keys() -> Answer:
    """List your keys."""
    with transaction() as tx:
        return page(service.keys_of(tx, signed_in().user_id, utcnow()), None)


@api.get("/auth/api-keys/scopes", responses={200: ScopeList})
@needs(Permission.SIGNED_IN)
def list_scopes() -> Answer:
    """List what you may allow a key."""
    may = service.grantable(signed_in().role)
    return page([{"code": service.scope_code(p), "description": service.SCOPES[p]} for p in may], None)


@api.post("/auth/api-keys", responses={201: MadeApiKey})
@needs(Permission.SIGNED_IN, fresh=True)
def make_api_key(body: NewApiKey) -> Answer:
    """Make a key; it is shown in this answer and never again."""
    good_for = timedelta(days=body.expires_in_days) if body.expires_in_days else None
    with transaction() as tx:
        made, key = service.make_key(tx, signed_in(), actor(), body.name, body.scopes, good_for, utcnow())
    return {**made, "key": key}, 201


@api.delete("/auth/api-keys/<uuid:id>", responses={204: None})
@needs(Permission.SIGNED_IN)
def revoke_api_key(path: ById) -> Answer:
    """Take a key back; the next request by it is refused."""
    with transaction() as tx:
        service.revoke_key(tx, signed_in().user_id, path.id, actor(), utcnow())
    return Response(status=204)
