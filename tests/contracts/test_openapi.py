"""The document is what the API does, and what the page's types are made of."""

import json
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from sqlalchemy import Engine

from deploy.local.testing import ROOT
from shared.accounts.api_keys import grantable, make_key, scope_code
from shared.accounts.models import User
from shared.accounts.rules import Role
from shared.accounts.service import Caller, begin_session, find_user
from shared.audit import Actor
from shared.clock import new_id, utcnow
from shared.db import transaction
from shared.settings import get_settings
from tests.support.web import add_city, app
from web.auth import access_token, refresh_token

PAGE_DOCUMENT = ROOT / "web" / "frontend" / "openapi.json"
#: What the page imports by name.
NAMED = [
    "Area",
    "AreaCollection",
    "City",
    "Feature",
    "FeatureDetail",
    "FeatureKind",
    "Feed",
    "FeedReject",
    "FeedRun",
    "Freshness",
    "Job",
    "JobDetail",
    "JobList",
    "JobState",
    "Mail",
    "Photo",
    "Problem",
    "Pulse",
    "PulseTile",
    "Queue",
    "Report",
    "ReportAccepted",
    "ReportCategory",
    "ReportStatus",
    "ReportStep",
    "Session",
    "Source",
    "Status",
    "Thing",
    "Times",
    "User",
    "Vehicle",
]


def document() -> dict[str, Any]:
    """Return the document as it is on the wire."""
    told: dict[str, Any] = json.loads(app().json.dumps(app().api_doc))
    return told


def references(node: Any) -> set[str]:
    """Return every reference in a document."""
    if isinstance(node, list):
        return {found for each in node for found in references(each)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own | {found for each in node.values() for found in references(each)}


def operation_names(told: dict[str, Any]) -> set[str]:
    """Return the names of a document's operations."""
    return {operation["operationId"] for methods in told["paths"].values() for operation in methods.values()}


def test_every_reference_leads_somewhere() -> None:
    """A generator of clients finds all it needs."""
    told = document()
    schemas = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}

    assert set() == references(told) - schemas


def test_the_shapes_that_the_page_imports_are_there() -> None:
    """By the names it knows them under."""
    assert set() == set(NAMED) - document()["components"]["schemas"].keys()


def test_every_operation_has_a_name_of_its_own_a_summary_and_an_error() -> None:
    """Names become the functions of generated clients."""
    operations = [operation for methods in document()["paths"].values() for operation in methods.values()]

    assert len(operations) == len({operation["operationId"] for operation in operations})
    assert all(operation["summary"] for operation in operations)
    assert all(
        "#/components/schemas/Problem" in references(operation["responses"]["default"])
        for operation in operations
    )


def test_the_page_was_built_from_this_document() -> None:
    """`flask --app web.wsgi openapi > web/frontend/openapi.json` brings the page up to date."""
    kept = json.loads(PAGE_DOCUMENT.read_text())
    told = document()
    if operation_names(kept) != operation_names(told):
        pytest.skip(
            "the page keeps an older document: flask --app web.wsgi openapi > web/frontend/openapi.json"
        )
    for each in (kept, told):
        each["info"].pop("version", None)

    assert told == kept


schema = schemathesis.openapi.from_dict(document())
_ABOUT = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)


class Callers:
    """Whose turn it is: everybody tries the first case of an operation, the others are shared out."""

    def __init__(self, headers: list[dict[str, str]]) -> None:
        self._everybody = headers
        self._next = cycle(headers)
        self._is_first = True

    def turn(self) -> list[dict[str, str]]:
        """Return the headers of those who try the next case."""
        if self._is_first:
            self._is_first = False
            return self._everybody
        return [next(self._next)]


@pytest.fixture
def callers(db: Engine) -> Callers:
    """Nobody, each role, and an admin's key, in a city that has nothing yet."""
    add_city()
    tokens = [token_of(role) for role in Role]
    with transaction() as tx:
        admin = find_user(tx, f"{Role.ADMIN}@example.org")
        assert admin
        owner = Caller(admin.id, admin.email, admin.name, Role.ADMIN, admin.id)
        scopes = [scope_code(permission) for permission in grantable(Role.ADMIN)]
        _, key = make_key(tx, owner, Actor("test"), "fuzz", scopes, None, utcnow())
    return Callers([{}, *({"Authorization": f"Bearer {token}"} for token in [*tokens, key])])


def token_of(role: Role) -> str:
    """Return a token of somebody who signed in without a password, which would cost its time at each use."""
    settings, session_id = get_settings(), new_id()
    with app().test_request_context(), transaction() as tx:
        user = User(id=new_id(), email=f"{role}@example.org", role=role, email_verified_at=utcnow())
        tx.add(user)
        tx.flush()
        _token, jti = refresh_token(user.id, session_id, settings)
        return access_token(
            begin_session(
                tx, user, session_id, jti, utcnow(), address="127.0.0.1", agent="test", proven_at=utcnow()
            ),
            settings,
        )


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def _tried_by_all(case: schemathesis.Case, callers: Callers) -> None:
    for headers in callers.turn():
        case.call_and_validate(app=app(), checks=_ABOUT, headers=headers)


@schema.exclude(path_regex="/auth/|/hooks/").parametrize()
@_settings(8)
def test_no_input_breaks_the_api(case: schemathesis.Case, callers: Callers) -> None:
    """Whatever is sent and whoever sends it, the answer is one that the document promises."""
    _tried_by_all(case, callers)


@schema.include(path_regex="/auth/|/hooks/").parametrize()
@_settings(3)
def test_no_input_breaks_the_accounts(case: schemathesis.Case, callers: Callers) -> None:
    """The same, with fewer tries: each that holds a password costs what a password must."""
    _tried_by_all(case, callers)
