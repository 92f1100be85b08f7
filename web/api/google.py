"""Signing in with Google, and linking it to an account."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, jsonify, redirect
from pydantic import BaseModel, Field
from werkzeug.exceptions import NotFound

from shared.accounts import identities, service
from shared.accounts.identities import Claims, IdentityRefused
from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.errors import Transient
from shared.settings import Settings, get_settings
from web import auth as tokens
from web import google
from web.gate import signed_in
from web.google import GoogleFailed, Pending
from web.openapi import Answer, needs, noun
from web.params import ById, page

api = noun("google", "Sign in with Google, and link it to an account")
log = logging.getLogger(__name__)

_Text = Annotated[str | None, Field(max_length=4096)]


class Going(BaseModel):
    """Where to go after the sign-in: a path of this site."""

    next: _Text = None


class Returned(BaseModel):
    """What the provider sends a person back with."""

    code: _Text = None
    state: _Text = None
    iss: _Text = None
    error: _Text = None


class Link(BaseModel):
    """The provider's address to go to."""

    url: str


class IdentityItem(BaseModel):
    """A way in through somebody else."""

    id: UUID
    provider: str
    email: str
    created_at: datetime


class IdentityList(BaseModel):
    """A person's ways in through somebody else."""

    items: list[IdentityItem]
    next: str | None


@api.get("/auth/google", responses={302: None})
@needs(Permission.PUBLIC)
def sign_in_with_google(query: Going) -> Answer:
    """Go to Google to sign in; 404 where this site has no client there."""
    settings = _settings()
    try:
        url, pending = google.begin(settings, "sign in", next=google.safe_path(query.next))
    except GoogleFailed as error:
        return _failed(error, settings, "/login")
    return google.remember(_to(url), pending, settings)


@api.post("/auth/google/link", responses={200: Link})
@needs(Permission.SIGNED_IN, fresh=True)
def link_google() -> Answer:
    """Begin to link Google to the account that is signed in; the page goes to the address."""
    return _gone("link", "/account?linked=google")


@api.post("/auth/google/prove", responses={200: Link})
@needs(Permission.SIGNED_IN)
def prove_by_google() -> Answer:
    """Begin to prove who you are by Google, where it asks for your password; the page goes to the address."""
    return _gone("prove", "/account?proven=google")


@api.get("/auth/google/callback", responses={302: None})
@needs(Permission.PUBLIC)
def return_from_google(query: Returned) -> Answer:
    """Come back from Google: signed in, linked, proven, or told why not."""
    settings = _settings()
    pending = Pending.from_cookie(settings)
    page_of_problems = "/account" if pending and pending.user else "/login"
    try:
        if pending is None or query.error is not None or not query.code or query.state is None:
            raise GoogleFailed("answer")
        claims = google.finish(settings, pending, query.code, query.state, query.iss)
        response = _BACK[pending.act](pending, claims)
    except GoogleFailed as error:
        return _failed(error, settings, page_of_problems)
    except IdentityRefused as error:
        return google.forget(_to(f"{page_of_problems}?{urlencode({'problem': error.slug})}"), settings)
    return google.forget(response, settings)


@api.get("/auth/identities", responses={200: IdentityList})
@needs(Permission.SIGNED_IN)
def list_identities() -> Answer:
    """List your ways in through somebody else."""
    with transaction() as tx:
        return page(identities.identities_of(tx, signed_in().user_id), None)


@api.delete("/auth/identities/<uuid:id>", responses={204: None})
@needs(Permission.SIGNED_IN, fresh=True)
def remove_identity(path: ById) -> Answer:
    """Take a way in away, unless it is the only one."""
    with transaction() as tx:
        identities.remove_identity(tx, signed_in().user_id, path.id)
    return Response(status=204)


def _gone(act: google.Act, back_to: str) -> Answer:
    """Send who is signed in to the provider."""
    settings, who = _settings(), signed_in()
    user, session = str(who.user_id), str(who.session_id)
    try:
        url, pending = google.begin(settings, act, next=back_to, user=user, session=session)
    except GoogleFailed as error:
        raise Transient("google sign-in: the provider cannot be asked") from error
    return google.remember(jsonify({"url": url}), pending, settings)


def _sign_in(pending: Pending, claims: Claims) -> Response:
    now = utcnow()
    with transaction() as tx:
        user = identities.person_of(tx, claims, now)
        _, token = tokens.sign_in(
            tx, user, now, proven_at=claims.proven_at, instead_of=tokens.session_of_cookie()
        )
    return tokens.with_refresh(_to(google.safe_path(pending.next)), token)


def _link(pending: Pending, claims: Claims) -> Response:
    """Link to the account that asked for it, if that session still goes on."""
    now = utcnow()
    with transaction() as tx:
        identities.link(tx, _still_here(tx, pending, now).user_id, claims, now)
    return _to(google.safe_path(pending.next))


def _prove(pending: Pending, claims: Claims) -> Response:
    """Begin the session anew, of which it is known when the person was asked for proof."""
    now = utcnow()
    with transaction() as tx:
        who = _still_here(tx, pending, now)
        user = identities.prove(tx, who.user_id, claims, now)
        _, token = tokens.sign_in(tx, user, now, proven_at=claims.proven_at, instead_of=who.session_id)
    return tokens.with_refresh(_to(google.safe_path(pending.next)), token)


def _still_here(tx: Transaction, pending: Pending, now: datetime) -> service.Caller:
    """
    Return who went to the provider while they were signed in.

    Raises: GoogleFailed when that session ended meanwhile.
    """
    who = service.caller_of(tx, UUID(pending.session), UUID(pending.user), now)
    if who is None:
        raise GoogleFailed("session")
    return who


_BACK: Mapping[google.Act, Callable[[Pending, Claims], Response]] = {
    "sign in": _sign_in,
    "link": _link,
    "prove": _prove,
}


def _settings() -> Settings:
    settings = get_settings()
    if not google.is_on(settings):
        raise NotFound
    return settings


def _failed(error: GoogleFailed, settings: Settings, where: str) -> Response:
    # What went wrong is for us; a stranger's words (`error_description`) are for nobody.
    log.warning("google sign-in failed", extra={"why": str(error)})
    return google.forget(_to(f"{where}?problem=google-failed"), settings)


def _to(url: str) -> Response:
    response = redirect(url)
    assert isinstance(response, Response)  # noqa: S101 - Flask's redirect gives the app's own class
    response.headers["Cache-Control"] = "no-store"
    return response
