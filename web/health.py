"""Is it alive, is it ready, and how is the whole platform: three questions, three answers."""

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel
from sqlalchemy import text

from shared.accounts.rules import Permission
from shared.db import transaction
from shared.settings import get_settings
from web.openapi import Answer, needs, noun
from web.status import platform_status

bp = Blueprint("health", __name__)
api = noun("status", "How the platform is")


class PartTold(BaseModel):
    """One thing told of a part; `since` and `until` among the values are times."""

    code: str
    values: dict[str, str | int | float]


class Component(BaseModel):
    """One part of the platform and how it is; `detail` says in English what `told` says by codes."""

    name: str
    state: Literal["ok", "degraded", "down", "unknown"]
    detail: str | None
    told: list[PartTold]
    since: datetime | None


class FreshnessCounts(BaseModel):
    """How many feeds are how fresh."""

    fresh: int
    late: int
    stale: int
    dead: int


class Status(BaseModel):
    """The whole platform at a glance."""

    status: Literal["ok", "degraded", "down"]
    version: str
    at: datetime
    components: list[Component]
    feeds: FreshnessCounts


@bp.get("/health", endpoint="health")
@needs(Permission.PUBLIC)
def health() -> dict[str, Any]:
    """Answer that this process lives; nothing else is asked."""
    settings = get_settings()
    return {"status": "ok", "version": settings.app_version, "instance": settings.instance_id}


@bp.get("/health/ready", endpoint="ready")
@needs(Permission.PUBLIC)
def ready() -> Response:
    """Answer 200 when requests can be served: the database answers and has its tables; otherwise 503."""
    with transaction() as tx:
        has_tables = tx.execute(text("SELECT to_regclass('jobs') IS NOT NULL")).scalar_one()
    response = jsonify({"status": "ok" if has_tables else "no tables yet", "database": "ok"})
    response.status_code = 200 if has_tables else 503
    return response


@api.get("/status", responses={200: Status})
@needs(Permission.PUBLIC)
def get_status() -> Answer:
    """Say how every part of the platform is; answered even when the database is down."""
    return platform_status(get_settings())
