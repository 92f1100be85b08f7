"""A person's own account: name and language, password, address."""

from flask import Response

from shared.accounts import profile, recovery
from shared.accounts.models import User as Person
from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import transaction
from web.api.account_shapes import AddressChange, MailedLink, PasswordChange, ProfileChange, Told, User
from web.gate import signed_in
from web.openapi import Answer, needs, noun

api = noun("profile", "See and change your own account")


@api.get("/auth/me", responses={200: User})
@needs(Permission.SIGNED_IN)
def me() -> Answer:
    """Show who is signed in."""
    with transaction() as tx:
        return profile.profile_json(tx.get_one(Person, signed_in().user_id))


@api.patch("/auth/me", responses={200: User})
@needs(Permission.SIGNED_IN)
def change_me(body: ProfileChange) -> Answer:
    """Change your name or your language."""
    with transaction() as tx:
        user = profile.change_profile(tx, signed_in().user_id, name=body.name, language=body.language)
        return profile.profile_json(user)


@api.post("/auth/password", responses={204: None})
@needs(Permission.SIGNED_IN)
def change_password(body: PasswordChange) -> Answer:
    """Change your password; your other sessions end, and a mail tells you."""
    who = signed_in()
    recovery.change_password(who.user_id, who.session_id, body.current_password, body.new_password, utcnow())
    return Response(status=204)


@api.post("/auth/email", responses={202: Told})
@needs(Permission.SIGNED_IN)
def change_email(body: AddressChange) -> Answer:
    """Ask for another address; it changes once the link that is mailed there was used."""
    who, now = signed_in(), utcnow()
    with transaction() as tx:
        user = tx.get_one(Person, who.user_id)
        profile.require_proof(user, who, body.password, now)
        profile.ask_email_change(tx, user, body.email, now)
    return {"detail": "look into the mailbox of the new address: the link is there"}, 202


@api.post("/auth/email/confirm", responses={204: None})
@needs(Permission.PUBLIC)
def confirm_email(body: MailedLink) -> Answer:
    """Take the new address, by the link that was mailed there."""
    with transaction() as tx:
        profile.confirm_email_change(tx, body.token, utcnow())
    return Response(status=204)
