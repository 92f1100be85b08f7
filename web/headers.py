"""Headers of every answer: what a browser may do with it, and how long it may be kept."""

from flask import Flask, Response, request

from shared.settings import Settings

_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: The parameter that carries the token of a mailed link: what it opens is its holder's alone.
_LINKED_BY = "t"
_TWO_YEARS = "max-age=63072000; includeSubDomains"


def register(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer."""
    fixed = dict(_ALWAYS)
    if settings.secure_cookies:
        fixed["Strict-Transport-Security"] = _TWO_YEARS

    @app.after_request
    def _protect(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        return _cacheable(response)


def _cacheable(response: Response) -> Response:
    """Give a read an ETag and answer 304 to who has it already; what is personal is kept nowhere."""
    is_shown = "Authorization" in request.headers or _LINKED_BY in request.args
    is_personal = is_shown or "Set-Cookie" in response.headers
    if request.path.startswith("/api/") or is_personal:
        response.vary.add("Authorization")
    if is_personal or request.method not in {"GET", "HEAD"}:
        response.headers.setdefault("Cache-Control", "private, no-store")
        if request.method not in {"GET", "HEAD"} or "Set-Cookie" in response.headers:
            return response
    if response.status_code != 200 or response.direct_passthrough or response.is_streamed:
        return response
    response.headers.setdefault("Cache-Control", "no-cache")
    if not response.get_etag()[0]:
        response.add_etag(weak=True)
    response.make_conditional(request)
    return response
