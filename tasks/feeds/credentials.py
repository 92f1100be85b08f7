"""[p] Ask with the key that a publisher wants, wherever it wants it."""

from dataclasses import replace
from urllib.parse import unquote, urlsplit, urlunsplit

from shared.feeds.option_types import Options
from tasks.feeds.connector import Request, Source


def with_credential(request: Request, source: Source) -> Request:
    """
    Add the feed's key to a request, if its options say where it goes.

    Options: `credential_header` or `credential_query` is the header or parameter that carries the key;
    `credential` is the name of the secret (the feed's kind unless said otherwise). The key itself is never here.
    """
    told = Options.read(source.options)
    name = told.credential or source.kind
    if header := told.credential_header:
        return replace(request, secret_headers={**request.secret_headers, header: name})
    if parameter := told.credential_query:
        return replace(request, secret_params={**request.secret_params, parameter: name})
    return request


def without_credential(url: str, source: Source) -> str:
    """Return an address that an answer told without the feed's key, which some repeat: addresses are stored."""
    name = Options.read(source.options).credential_query
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if not name or unquote(part.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join(kept)))
