"""The document is what the API does, and what the page's types are made of."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from sqlalchemy import Engine

from deploy.local.testing import ROOT
from shared.accounts.rules import Role
from tests.support.web import Browser, add_city, app

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


@pytest.fixture
def admin(db: Engine) -> dict[str, str]:
    """The headers of somebody who may do everything, in a city that has nothing yet."""
    add_city()
    return {"Authorization": f"Bearer {Browser(Role.ADMIN).token}"}


@schema.exclude(path_regex="/auth/|/hooks/").parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_input_breaks_the_api(case: schemathesis.Case, admin: dict[str, str]) -> None:
    """Whatever is sent, even by an admin, the answer is one that the document promises."""
    case.call_and_validate(app=app(), checks=_ABOUT, headers=admin)
