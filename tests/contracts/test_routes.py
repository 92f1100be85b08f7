"""Every route states what it needs, and holds to it: generated from the URL map, so none can be forgotten."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from werkzeug.routing import Rule

from shared.accounts.rules import Permission, Role, allows
from tests.support.web import Browser, app, assert_problem

SAMPLE_ID = "0190a1b2-0000-7000-8000-000000000000"
_SAMPLES = {"id": SAMPLE_ID, "slug": "nowhere", "name": "nothing", "size": "thumb"}
_PROVED_BY_THE_REQUEST = {Permission.METRICS, Permission.SIGNATURE}
#: Routes that change something although nobody is signed in, each for a reason of its own.
_OPEN_TO_WRITE = {
    "/api/v1/reports": "anybody may report",
    "/api/v1/reports/<uuid:id>/supports": "anybody may say me too",
    "/api/v1/auth/login": "nobody is signed in yet",
    "/api/v1/auth/refresh": "the cookie and its CSRF twin prove the caller",
    "/api/v1/auth/logout": "the cookie and its CSRF twin, or the token, prove the caller",
}


class Route(NamedTuple):
    """One method of one rule."""

    method: str
    rule: Rule
    needs: Permission | None

    @property
    def path(self) -> str:
        """Return an address of this route."""
        return str(self.rule.build({name: _SAMPLES[name] for name in self.rule.arguments})[1])  # type: ignore[index]  # built, as all values are given


def routes() -> Iterator[Route]:
    """Yield every method of every rule."""
    for rule in app().url_map.iter_rules():
        view = app().view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(method, rule, getattr(view, "needs", None))


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
def test_a_guarded_route_refuses_every_role_that_lacks_its_permission(role: Role) -> None:
    """403, and what the role holds is not refused."""
    browser = Browser(role)
    refused, admitted = [], []
    for route in GUARDED:
        assert route.needs is not None
        answer = browser.client.open(
            route.path,
            method=route.method,
            headers={"Authorization": f"Bearer {browser.token}"},
            buffered=True,
        )
        wanted = admitted if allows(role, route.needs) else refused
        wanted.append((f"{route.method} {route.rule}", answer.status_code))

    assert [] == [each for each in refused if each[1] != 403]
    assert [] == [each for each in admitted if each[1] in {401, 403} or each[1] >= 500]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("route", _named(r for r in ALL if r.needs in _PROVED_BY_THE_REQUEST))
def test_a_route_proved_by_the_request_refuses_an_admin_without_the_proof(route: Route) -> None:
    """No role stands in for a token or a signature."""
    browser = Browser(Role.ADMIN)

    answer = browser.client.open(
        route.path, method=route.method, headers={"Authorization": f"Bearer {browser.token}"}
    )

    assert answer.status_code in {401, 403, 404}
