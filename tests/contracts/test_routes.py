"""Every route states what it needs, and holds to it: generated from the URL map, so none can be forgotten."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from sqlalchemy import text
from werkzeug.routing import Rule

from shared.accounts.api_keys import grantable, scope_code
from shared.accounts.rules import Permission, Role, allows
from shared.db import transaction
from tests.support.web import Browser, app, assert_problem

SAMPLE_ID = "0190a1b2-0000-7000-8000-000000000000"
_SAMPLES = {"id": SAMPLE_ID, "slug": "nowhere", "name": "nothing", "size": "thumb"}
_PROVED_BY_THE_REQUEST = {Permission.METRICS, Permission.SIGNATURE}
#: Routes that change something although nobody is signed in, each for a reason of its own.
_OPEN_TO_WRITE = {
    "/api/v1/reports": "anybody may report",
    "/api/v1/reports/<uuid:id>/supports": "anybody may say me too",
    "/api/v1/auth/login": "nobody is signed in yet",
    "/api/v1/auth/register": "nobody has an account yet",
    "/api/v1/auth/verify-email": "the link's token proves the caller",
    "/api/v1/auth/verify-email/resend": "nobody can sign in yet",
    "/api/v1/auth/password-reset": "who forgot the password cannot sign in",
    "/api/v1/auth/password-reset/confirm": "the link's token proves the caller",
    "/api/v1/auth/email/confirm": "the link's token proves the caller",
    "/api/v1/auth/refresh": "the cookie and its CSRF twin prove the caller",
    "/api/v1/auth/logout": "the cookie and its CSRF twin, or the token, prove the caller",
}


#: Routes that open an account to others, or close it to its owner; beside them stand those that ask for the
#: password itself, and the end of one session, which is refused unless it is one's own.
_FRESH = {
    "POST /api/v1/auth/api-keys",
    "POST /api/v1/auth/google/link",
    "DELETE /api/v1/auth/identities/<uuid:id>",
    "DELETE /api/v1/auth/sessions",
}


class Route(NamedTuple):
    """One method of one rule."""

    method: str
    rule: Rule
    needs: Permission | None
    by_key: Permission | None
    is_fresh: bool

    @property
    def path(self) -> str:
        """Return an address of this route."""
        return str(self.rule.build({name: _SAMPLES[name] for name in self.rule.arguments})[1])  # type: ignore[index]  # built, as all values are given


def routes() -> Iterator[Route]:
    """Yield every method of every rule."""
    for rule in app().url_map.iter_rules():
        view = app().view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(
                method,
                rule,
                getattr(view, "needs", None),
                getattr(view, "by_key", None),
                getattr(view, "fresh", False),
            )


def _named(chosen: Iterator[Route]) -> list[object]:
    return [pytest.param(route, id=f"{route.method} {route.rule.rule}") for route in chosen]


ALL = list(routes())
GUARDED = [r for r in ALL if r.needs not in {Permission.PUBLIC, None, *_PROVED_BY_THE_REQUEST}]


def test_every_route_states_what_it_needs() -> None:
    """A view that says nothing would answer nobody."""
    assert [] == [f"{route.method} {route.rule}" for route in ALL if route.needs is None]


def test_what_nobody_signed_in_can_change_is_a_short_list() -> None:
    """A new route that writes is guarded, or argued for here."""
    written = {route.rule.rule for route in ALL if route.method != "GET" and route.needs is Permission.PUBLIC}

    assert set(_OPEN_TO_WRITE) == written


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("route", _named(iter(GUARDED)))
def test_a_guarded_route_refuses_who_is_not_signed_in(route: Route) -> None:
    """401, before the body or anything else is looked at."""
    assert_problem(app().test_client().open(route.path, method=route.method), 401)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("role", list(Role))
def test_a_guarded_route_refuses_every_role_that_lacks_its_permission(
    role: Role, record_property: Callable[[str, object], None]
) -> None:
    """403, and what the role holds is not refused."""
    token, wrong = Browser(role).token, []
    for route in GUARDED:
        assert route.needs is not None
        status = _ask(route, token)
        if not _is_as_expected(status, allows(role, route.needs)):
            wrong.append((f"{route.method} {route.rule}", status))

    record_property("tries", (len(GUARDED), len(wrong)))
    assert [] == wrong


def test_what_needs_a_fresh_sign_in_is_a_known_list() -> None:
    """None loses its lock unnoticed."""
    assert {f"{route.method} {route.rule.rule}" for route in ALL if route.is_fresh} == _FRESH


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("role", list(Role))
def test_a_route_that_needs_a_fresh_sign_in_refuses_an_old_one(
    role: Role, record_property: Callable[[str, object], None]
) -> None:
    """Whoever asks; the refusal says what is missing."""
    token, fresh = Browser(role).token, [route for route in ALL if route.is_fresh]
    with transaction() as tx:
        tx.execute(text("UPDATE sign_ins SET proven_at = now() - interval '15 minutes'"))

    answers = {
        str(route.rule): app()
        .test_client()
        .open(route.path, method=route.method, headers={"Authorization": f"Bearer {token}"})
        for route in fresh
    }
    let_in = [
        path
        for path, answer in answers.items()
        if (answer.status_code, answer.json["type"]) != (403, "urn:citypulse:problem:sign-in-again")
    ]

    record_property("tries", (len(fresh), len(let_in)))
    assert [] == let_in


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("role", "scope"), [(role, scope) for role in Role for scope in grantable(role)])
def test_a_key_opens_the_routes_of_its_scope_and_no_other(
    role: Role, scope: Permission, record_property: Callable[[str, object], None]
) -> None:
    """Whatever else its owner may do."""
    person = Browser(role)
    made = person.post("/api/v1/auth/api-keys", json={"name": "walk", "scopes": [scope_code(scope)]})
    wrong = []
    for route in GUARDED:
        status = _ask(route, made.json["key"])
        if not _is_as_expected(status, scope in {route.needs, route.by_key}):
            wrong.append((f"{route.method} {route.rule}", status))

    record_property("tries", (len(GUARDED), len(wrong)))
    assert [] == wrong


@pytest.mark.usefixtures("db")
def test_what_everybody_may_ask_is_refused_to_no_role_and_no_key() -> None:
    """A sign-in that is refused says so of the password, never of the role."""
    person = Browser(Role.RESIDENT)
    made = person.post("/api/v1/auth/api-keys", json={"name": "walk", "scopes": ["public"]})
    wrong = []
    for route in (route for route in ALL if route.needs is Permission.PUBLIC):
        for token in (None, made.json["key"]):
            status = _ask(route, token)
            if status == 403 or status >= 500:
                wrong.append((f"{route.method} {route.rule}", status))

    assert [] == wrong


def _ask(route: Route, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (
        app().test_client().open(route.path, method=route.method, headers=headers, buffered=True).status_code
    )


def _is_as_expected(status: int, is_allowed: bool) -> bool:
    """Refused is 403 and nothing else; let in is whatever the view itself says of an empty request."""
    return status not in {401, 403} and status < 500 if is_allowed else status == 403


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("route", _named(r for r in ALL if r.needs in _PROVED_BY_THE_REQUEST))
def test_a_route_proved_by_the_request_refuses_an_admin_without_the_proof(route: Route) -> None:
    """No role stands in for a token or a signature."""
    browser = Browser(Role.ADMIN)

    answer = browser.client.open(
        route.path, method=route.method, headers={"Authorization": f"Bearer {browser.token}"}
    )

    assert answer.status_code in {401, 403, 404}
