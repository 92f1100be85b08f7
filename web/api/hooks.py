"""What other services tell us, each call signed by its sender."""

from flask import Response, request

from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import transaction
from shared.email import webhook
from shared.errors import NotFound
from shared.settings import get_settings
from web.openapi import needs, noun

api = noun("hooks", "Calls from other services")

_MAXIMUM_BYTES = 5 * 1024 * 1024


@api.post("/hooks/sendgrid", responses={204: None})
@needs(Permission.SIGNATURE, max_bytes=_MAXIMUM_BYTES)
def take_mail_events() -> Response:
    """Take the mail provider's signed events; the same event twice changes nothing."""
    key = get_settings().sendgrid_webhook_public_key
    if key is None:
        raise NotFound("no mail provider is set up here")
    body = request.get_data()
    signature = request.headers.get(webhook.SIGNATURE_HEADER, "")
    timestamp = request.headers.get(webhook.TIMESTAMP_HEADER, "")
    webhook.check_signature(key, signature, timestamp, body, utcnow())
    with transaction() as tx:
        webhook.receive_events(tx, webhook.parse_events(body))
    return Response(status=204)
