"""
How often somebody may ask: counted in Redis for all processes together.

When Redis cannot be asked each process counts for itself, and says so in the log: a platform that refuses
everybody because its counter is down would be worse than one that counts a little less well.
"""

import hashlib
import logging
import unicodedata
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from flask_limiter import ApplicationLimit, Limiter
from flask_limiter.util import get_remote_address

from shared.settings import Settings
from web.clients import network_of
from web.gate import caller, key_holder

#: Seconds that a request waits for Redis. Flask-Limiter types them as whole ones; redis-py takes parts.
_PATIENCE: Any = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}
_EXTENSION = "citypulse.limits"

#: Endpoint -> what is counted by, and how much of it is allowed.
_BY_ADDRESS = {
    "auth.login": "20/minute;200/hour",
    "auth.refresh": "60/minute",
    "accounts.register": "10/minute;60/hour",
    "accounts.verify_email": "20/minute;200/hour",
    "accounts.resend_verification": "10/minute;60/hour",
    "accounts.ask_password_reset": "10/minute;60/hour",
    "accounts.reset_password": "20/minute;200/hour",
    "profile.confirm_email": "20/minute;200/hour",
    "google.sign_in_with_google": "30/minute",
    "google.return_from_google": "30/minute",
}
_BY_ACCOUNT = {
    "auth.login": "8/minute;40/hour",
    "accounts.register": "5/minute;20/hour",
    "accounts.resend_verification": "5/minute;20/hour",
    "accounts.ask_password_reset": "5/minute;20/hour",
}
_BY_CALLER = {
    "profile.change_password": "8/minute;40/hour",
    "profile.change_email": "8/minute;40/hour",
    "google.link_google": "8/minute;40/hour",
    "google.prove_by_google": "8/minute;40/hour",
    "api-keys.make_api_key": "10/minute;60/hour",
    "privacy.ask_export": "5/hour",
    "privacy.ask_erase": "8/minute;40/hour",
    "reports.file_report": "20/hour",
    "reports.support_report": "60/hour",
    "uploads.send_upload": "120/hour",
    "feeds.run_feed": "60/minute",
    "feeds.reprocess_feed": "60/minute",
    "jobs.retry_job": "120/minute",
    "jobs.retry_jobs": "30/minute",
    "jobs.cancel_job": "120/minute",
    "jobs.cancel_jobs": "30/minute",
}
#: Over all routes together: whatever an API key does, and whatever changes something.
_BY_KEY = "600/minute"
_WRITES = "240/minute"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSAL = "too many requests: wait a moment and try again"


def register(app: Flask, settings: Settings) -> None:
    """Limit the routes that cost something or guess something."""
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=settings.redis_url.get_secret_value(),
        storage_options=_PATIENCE,
        key_prefix="cp:limits",
        strategy="fixed-window",
        headers_enabled=True,
        application_limits=[
            ApplicationLimit(
                limit_provider=allowed,
                key_function=_caller,
                scope=scope,
                exempt_when=is_exempt,
                error_message=_REFUSAL,
            )
            for allowed, scope, is_exempt in (
                (_BY_KEY, "keys", lambda: key_holder() is None),
                (_WRITES, "writes", lambda: request.method in _READS),
            )
        ],
        in_memory_fallback_enabled=True,
        swallow_errors=True,
    )
    app.extensions[_EXTENSION] = limiter
    for limits, key in ((_BY_ADDRESS, _address), (_BY_ACCOUNT, _account), (_BY_CALLER, _caller)):
        for endpoint, allowed in limits.items():
            _limit(app, limiter, endpoint, allowed, key)


def limiter_of(app: Flask) -> Limiter:
    """Return the limiter of an application; tests switch it off."""
    limiter: Limiter = app.extensions[_EXTENSION]
    return limiter


def _limit(app: Flask, limiter: Limiter, endpoint: str, allowed: str, key: Callable[[], str]) -> None:
    view = app.view_functions[endpoint]
    app.view_functions[endpoint] = limiter.limit(  # type: ignore[assignment]  # typed for async views too
        allowed, key_func=key, error_message=_REFUSAL
    )(view)


def _address() -> str:
    return f"address {network_of(request.remote_addr or '')}"


def _caller() -> str:
    """Name the key that asks, or the person, or else the address; a person's keys are counted one by one."""
    who, held = caller(), key_holder()
    if held is not None:
        return f"key {held.key_id}"
    return f"user {who.user_id}" if who else _address()


def _account() -> str:
    """Name the account that is tried, whoever tries it; the address itself is not kept."""
    body = request.get_json(silent=True)
    email = body.get("email") if isinstance(body, dict) else None
    return "account " + hashlib.sha256(_folded(str(email)).encode()).hexdigest()[:32]


def _folded(email: str) -> str:
    """Write an address so that whatever a database may take for the same is the same; others may be, too."""
    letters = unicodedata.normalize("NFKD", email.strip()).casefold()
    return "".join(each for each in letters if not unicodedata.combining(each))
