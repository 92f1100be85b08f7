"""Opening an account, proving an address, choosing a password again."""

from flask import Response

from shared.accounts import recovery, registration
from shared.accounts.addresses import clean_address
from shared.accounts.passwords import hash_new_password
from shared.accounts.registration import Registration
from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import transaction
from web.api.account_shapes import Address, MailedLink, NewAccount, NewPasswordByLink, Told
from web.openapi import Answer, needs, noun

api = noun("accounts", "Open an account, prove an address, choose a password again")

_LOOK = "look into your mailbox: what comes next is there"


@api.post("/auth/register", responses={202: Told})
@needs(Permission.PUBLIC)
def register(body: NewAccount) -> Answer:
    """Open an account; the answer is the same for an address that has one."""
    email, name = clean_address(body.email), " ".join(body.name.split())
    password_hash = hash_new_password(body.password, (email, name))
    with transaction() as tx:
        registration.register(tx, Registration(email, password_hash, name, body.language), utcnow())
    return {"detail": _LOOK}, 202


@api.post("/auth/verify-email", responses={204: None})
@needs(Permission.PUBLIC)
def verify_email(body: MailedLink) -> Answer:
    """Prove that an address is yours, by the link that was mailed there."""
    with transaction() as tx:
        registration.verify_email(tx, body.token, utcnow())
    return Response(status=204)


@api.post("/auth/verify-email/resend", responses={202: Told})
@needs(Permission.PUBLIC)
def resend_verification(body: Address) -> Answer:
    """Mail the link once more; the answer is the same for an address that waits for none."""
    with transaction() as tx:
        registration.resend(tx, body.email, utcnow())
    return {"detail": _LOOK}, 202


@api.post("/auth/password-reset", responses={202: Told})
@needs(Permission.PUBLIC)
def ask_password_reset(body: Address) -> Answer:
    """Mail a link to choose a new password; the answer is the same for an unknown address."""
    with transaction() as tx:
        recovery.ask_reset(tx, body.email, utcnow())
    return {"detail": _LOOK}, 202


@api.post("/auth/password-reset/confirm", responses={204: None})
@needs(Permission.PUBLIC)
def reset_password(body: NewPasswordByLink) -> Answer:
    """Choose a new password by the link that was mailed; every session ends."""
    recovery.reset_password(body.token, body.password, utcnow())
    return Response(status=204)
