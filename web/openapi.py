"""The API describes itself: OpenAPI 3.1 out of the views' own types, and what each route needs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.info import Info
from flask_openapi.models.security_scheme import SecurityScheme
from flask_openapi.models.tag import Tag
from flask_openapi.openapi import OpenAPI
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.accounts.rules import Permission
from web.errors import MEDIA_TYPE, invalid

PREFIX = "/api/v1"
V = TypeVar("V", bound=Callable[..., Any])

Answer = Any
"""What a view gives: a JSON value, or one with a status and headers; the wire form is checked in tests."""


class FieldError(BaseModel):
    """A field, the rule it broke and what to do."""

    field: str
    rule: str
    message: str


class Problem(BaseModel):
    """What every refusal and failure looks like (RFC 9457); `request_id` finds it in our logs."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str = ""
    request_id: str = ""
    errors: list[FieldError] = []


_PROBLEM = {
    "description": "Problem",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def needs(
    permission: Permission,
    *,
    by_key: Permission | None = None,
    fresh: bool = False,
    max_bytes: int | None = None,
) -> Callable[[V], V]:
    """
    Say what a view asks of its caller; a view that says nothing answers nobody. Also its body's limit.

    A view that only asks for somebody signed in is closed to API keys, or open to those with `by_key`. One that
    is `fresh` asks for a sign-in of just now.
    """

    def mark(view: V) -> V:
        view.needs = permission  # type: ignore[attr-defined]  # a mark on a function, read by web.gate
        if by_key is not None:
            view.by_key = by_key  # type: ignore[attr-defined]  # as above
        if fresh:
            view.fresh = True  # type: ignore[attr-defined]  # as above
        if max_bytes is not None:
            view.max_bytes = max_bytes  # type: ignore[attr-defined]  # as above, read by web.requests
        return view

    return mark


def noun(name: str, description: str) -> APIBlueprint:
    """Return the blueprint of one noun under /api/v1."""
    return APIBlueprint(
        name,
        __name__,
        url_prefix=PREFIX,
        abp_tags=[Tag(name=name, description=description)],
        operation_id_callback=_operation_id,
    )


def _operation_id(*, name: str, path: str, method: str) -> str:
    """Name an operation by its view: names are unique, and clients generated from them read well."""
    return name


def check_wire(answer: Answer, responses: Mapping[int, Any]) -> Answer:
    """
    Hold an answer against its route's shape as it will be on the wire.

    Raises: AssertionError, so that a test sees it as a failure of ours and not of the request.
    """
    body, status, *_ = answer if isinstance(answer, tuple) else (answer, 200)
    if isinstance(answer, Response):
        body, status = answer.get_json(silent=True), answer.status_code
    shape = responses.get(status)
    if not isinstance(shape, type) or not issubclass(shape, BaseModel):
        return answer
    try:
        shape.model_validate_json(current_app.json.dumps(body))
    except ValidationError as error:
        raise AssertionError(f"not what the document promises: {error}") from error
    return answer


class Api(OpenAPI):
    """The Flask application, whose document is OpenAPI 3.1 and whose every error is a problem."""

    def __init__(self, version: str, **options: Any) -> None:
        super().__init__(
            "web",
            info=Info(
                title="CityPulse", version=version, description="What happens in a city, as it happens."
            ),
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearerFormat="JWT")},
            operation_id_callback=_operation_id,
            validation_error_callback=invalid,
            validation_error_model=Problem,
            doc_ui=False,
            **options,
        )
        self.openapi_version = "3.1.0"

    def generate_spec_json(self) -> None:
        """Write the document: problems for errors, the permission of each route, no leftovers."""
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # flask-openapi leaves it unannotated
        spec = self.spec_json
        schemas = spec["components"]["schemas"]
        for name, schema in FieldError.model_json_schema().items():
            schemas.setdefault("FieldError", {})[name] = schema
        views = dict(self._views())
        for path, methods in spec["paths"].items():
            for method, operation in methods.items():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = _PROBLEM
                view = views[path, method.upper()]
                permission = getattr(view, "needs", Permission.PUBLIC)
                operation["x-permission"] = permission.value
                if getattr(view, "fresh", False):
                    operation["x-fresh-sign-in"] = True
                if permission not in {Permission.PUBLIC, Permission.SIGNATURE}:
                    operation["security"] = [{"bearer": []}]
        for schema in schemas.values():
            schema.pop("$defs", None)
            for field in schema.get("properties", {}).values():
                # Type generators take a default for a promise that the field is always there.
                field.pop("default", None)
        self.spec_json = _without_titles(spec)
        self.spec_json["components"]["schemas"] = dict(
            sorted(self.spec_json["components"]["schemas"].items())
        )

    def _views(self) -> Iterator[tuple[tuple[str, str], Any]]:
        for rule in self.url_map.iter_rules():
            path = "".join(f"{{{text}}}" if is_variable else text for is_variable, text in _parts(rule))
            for method in rule.methods or ():
                yield (path, method), self.view_functions[rule.endpoint]


def _parts(rule: Any) -> Iterator[tuple[bool, str]]:
    """Split a werkzeug rule into its literal parts and its variables' names."""
    for is_variable, text in rule._trace:
        yield is_variable, text.lstrip("|") if not is_variable else text


def _without_titles(node: Any, *, names_fields: bool = False) -> Any:
    """Drop the titles that pydantic makes of field names; a field called `title` stays."""
    if isinstance(node, list):
        return [_without_titles(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_titles(
            value, names_fields=key in {"properties", "schemas", "$defs"} and not names_fields
        )
        for key, value in node.items()
        if names_fields or key != "title" or not isinstance(value, str) or "version" in node
    }


bp = Blueprint("docs", __name__)


@bp.get("/api/openapi.json")
@needs(Permission.PUBLIC)
def document() -> Response:
    """Answer with the document itself."""
    return jsonify(_api().api_doc)


@bp.get("/api/docs")
@bp.get("/api/docs/")
@needs(Permission.PUBLIC)
def docs() -> str:
    """Show the document as a page of our own: no script, nothing from elsewhere."""
    return render_template("docs.html", spec=_api().api_doc)


def _api() -> Api:
    app = current_app
    assert isinstance(app, Api)  # noqa: S101 - the blueprint is registered by create_app alone
    return app
