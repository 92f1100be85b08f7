"""[p] Ask with the key that a publisher wants, wherever it wants it."""

from dataclasses import replace
from urllib.parse import unquote, urlsplit, urlunsplit

from tasks.feeds.connector import Request, Source


def with_credential(request: Request, source: Source) -> Request:
    """
    Add the feed's key to a request, if its options say where it goes.

    Options: `credential_header` or `credential_query` is the header or parameter that carries the key;
    `credential` is the name of the secret (the feed's kind unless said otherwise). The key itself is never here.
    """
    name = str(source.options.get("credential") or source.kind)
    if header := source.options.get("credential_header"):
        return replace(request, secret_headers={**request.secret_headers, str(header): name})
    if parameter := source.options.get("credential_query"):
        return replace(request, secret_params={**request.secret_params, str(parameter): name})
    return request


def without_credential(url: str, source: Source) -> str:
    """Return an address that an answer told without the feed's key, which some repeat: addresses are stored."""
    parts = urlsplit(url)
    kept = [
        part
        for part in parts.query.split("&")
        if unquote(part.partition("=")[0]) != source.options.get("credential_query")
    ]
    return urlunsplit(parts._replace(query="&".join(kept)))
