"""The mails an account causes, each owed in the transaction that causes it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.accounts.models import User
from shared.accounts.tokens import LIFETIME, Purpose
from shared.clock import new_id
from shared.db import Transaction
from shared.email.service import Mail, mails_since, prepare_mail
from shared.settings import get_settings

#: How many mails a stranger can make us send to one address (ASVS 6.3.1).
MAILS_PER_HOUR = 5
_GOOD_FOR: Final = {
    purpose: f"{hours} h" if (hours := int(age.total_seconds()) // 3600) else f"{age.seconds // 60} min"
    for purpose, age in LIFETIME.items()
}
#: Purpose -> template, and the page that its link opens. The token stands behind `#`, where no log sees it.
_LINKS: Final = {
    Purpose.VERIFY: ("verify_email", "verify"),
    Purpose.RESET: ("password_reset", "reset"),
    Purpose.EMAIL: ("email_change", "email"),
}

log = logging.getLogger(__name__)


def link_mail(user: User, purpose: Purpose, token: str, *, to: str | None = None) -> Mail:
    """Return the mail with a link of one purpose; it goes to `to`, or to the person's own address."""
    template, page = _LINKS[purpose]
    secrets = {"link_url": f"{_site()}/{page}#token={token}"}
    return replace(_mail(template, user, {"good_for": _GOOD_FOR[purpose]}, to), secrets=secrets)


def exists_mail(user: User, *, to: str | None = None) -> Mail:
    """Return the mail that tells who registered with a known address that it is known."""
    context = {"login_url": f"{_site()}/login", "reset_url": f"{_site()}/reset"}
    return _mail("account_exists", user, context, to)


def password_changed_mail(user: User, ended: Sequence[str] = ()) -> Mail:
    """Return the mail that tells of a new password, and which other ways in ended with the old one."""
    context = {"reset_url": f"{_site()}/reset", "ended": ", ".join(ended)}
    return _mail("password_changed", user, context)


def email_change_notice(user: User, new_address: str) -> Mail:
    """Return the mail that tells the old address that a new one was asked for."""
    context = {"new_address": masked(new_address), "account_url": f"{_site()}/account"}
    return _mail("email_change_notice", user, context)


def identity_linked_mail(user: User, identity_address: str) -> Mail:
    """Return the mail that tells of a new way in."""
    context = {"identity": masked(identity_address), "account_url": f"{_site()}/account"}
    return _mail("identity_linked", user, context)


def owe_asked(tx: Transaction, mail: Mail, now: datetime) -> None:
    """Owe a mail that anybody can ask for: so many an hour and address, the rest is not sent."""
    if mails_since(tx, mail.to_address, now - timedelta(hours=1)) >= MAILS_PER_HOUR:
        log.warning(
            "accounts: too many mails to one address, one left out", extra={"template": mail.template}
        )
        return
    prepare_mail(tx, mail)


def owe_notice(tx: Transaction, mail: Mail) -> None:
    """Owe a mail that tells of a change: always sent."""
    prepare_mail(tx, mail)


def masked(address: str) -> str:
    """Return an address that its owner knows again and nobody else learns: `a…@example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _mail(template: str, user: User, context: dict[str, str], to: str | None = None) -> Mail:
    return Mail(
        template=template,
        to_address=to or user.email,
        dedupe_key=f"{template}:{new_id()}",
        context=context,
        language=user.language,
        user_id=user.id,
        when_unsure="resend",
    )


def _site() -> str:
    return get_settings().public_url.rstrip("/")
