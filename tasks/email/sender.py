"""
The mail provider, and the only file that knows it.

Source: Twilio SendGrid, "v3 Mail Send". It offers no idempotency key, so every failure here says
whether the provider can have taken the mail: only `Unsure` leaves that open.
"""

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any, Protocol
from urllib.error import URLError

from python_http_client.exceptions import HTTPError

from shared.clock import utcnow
from shared.email.service import Rendered
from shared.errors import Permanent, Transient
from shared.settings import Settings

CALL_SECONDS = 10.0
_LATER = frozenset({408, 425, 429})


class Fault(Transient):
    """Say that the provider is broken, or cannot be reached: the fifth in a row opens its breaker."""


class Unsure(Fault):
    """Say that the call broke where nobody can tell whether the provider took the mail."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A rendered mail on its way; `custom_args` come back with each of the provider's events."""

    to_address: str
    mail: Rendered
    custom_args: dict[str, str] = field(default_factory=dict)


class Sender(Protocol):
    """Anything that can send a mail."""

    def __call__(self, outgoing: Outgoing) -> str | None:
        """
        Send one mail and return the provider's id of it.

        Raises: Permanent when it was refused, Transient when it was not taken, Unsure when nobody knows.
        """
        ...


class SendGrid:
    """Send by the SendGrid v3 API."""

    def __init__(self, settings: Settings, call_seconds: float = CALL_SECONDS) -> None:
        # Imported here: only the workers that send need it and the cryptography it brings, 9 MiB each.
        from sendgrid import SendGridAPIClient

        key = settings.sendgrid_api_key.get_secret_value() if settings.sendgrid_api_key else ""
        self._client = SendGridAPIClient(key, host=settings.sendgrid_api_url.rstrip("/")).client
        self._client.timeout = call_seconds
        self._from = settings.email_from

    def __call__(self, outgoing: Outgoing) -> str | None:
        """Send one mail; see `Sender`."""
        try:
            response = self._client.mail.send.post(request_body=self._body(outgoing))
        except HTTPError as error:
            raise refusal(error.status_code, error.headers, error.body) from error
        except (URLError, OSError, http.client.HTTPException) as error:
            raise broken_call(error) from error
        return _header(response.headers, "X-Message-Id")

    def _body(self, outgoing: Outgoing) -> dict[str, Any]:  # the provider's JSON
        name, address = parseaddr(self._from)
        return {
            "personalizations": [
                {"to": [{"email": outgoing.to_address}], "custom_args": outgoing.custom_args},
            ],
            "from": {"email": address, "name": name} if name else {"email": address},
            "subject": outgoing.mail.subject,
            "content": [
                {"type": "text/plain", "value": outgoing.mail.text},
                {"type": "text/html", "value": outgoing.mail.html},
            ],
            "headers": outgoing.mail.headers,
            # Rewritten links would hide where they lead, and tell the provider who opened what.
            "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        }


def configured_sender(settings: Settings) -> Sender | None:
    """Return the provider, or none where mail is kept in the local mailbox."""
    return SendGrid(settings) if settings.sendgrid_api_key else None


def refusal(status: int, headers: Mapping[str, str] | None, body: object) -> Permanent | Transient:
    """Return what an answer other than 2xx means."""
    said = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    sentence = f"email provider: HTTP {status} {' '.join(said.split())[:300]}".strip()
    if status >= 500:
        return Fault(sentence, retry_after_seconds=retry_after(headers))
    if status in _LATER:
        return Transient(sentence, retry_after_seconds=retry_after(headers))
    return Permanent(sentence)


def broken_call(error: Exception) -> Transient:
    """Return what a call without an answer means: a connection never made took no mail."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ConnectionRefusedError | socket.gaierror):
        return Fault(f"email provider: cannot connect: {reason}")
    return Unsure(f"email provider: the call broke off: {type(reason).__name__}: {reason}")


def retry_after(headers: Mapping[str, str] | None) -> float | None:
    """Return how many seconds the provider asks us to wait; an unreadable wish is none."""
    value = _header(headers, "Retry-After")
    reset = _header(headers, "X-RateLimit-Reset")
    if value is None and reset is not None and reset.isdigit():
        return max(0.0, int(reset) - utcnow().timestamp())
    if value is None:
        return None
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - utcnow()).total_seconds())
    except (ValueError, TypeError):
        return None


def _header(headers: Mapping[str, str] | None, name: str) -> str | None:
    found = {key.lower(): value for key, value in headers.items()} if headers else {}
    return found.get(name.lower())
