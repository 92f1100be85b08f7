"""JSON as the API speaks it: RFC 3339 times in UTC with `Z`, ids as text, fast."""

from typing import Any

import orjson
from flask import Response, request
from flask.json.provider import JSONProvider
from pydantic import BaseModel
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class Json(JSONProvider):
    """Flask's JSON, by orjson."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write text."""
        return orjson.dumps(obj, default=_plain, option=_OPTIONS).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """
        Read text or bytes.

        Raises: ValueError.
        """
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Answer with a value, written once."""
        body = orjson.dumps(self._prepare_response_obj(args, kwargs), default=_plain, option=_OPTIONS)
        return Response(body, mimetype="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__name__} is not JSON")


def require_json() -> None:
    """
    Refuse a body that is not JSON, before its fields are looked at.

    Raises: UnsupportedMediaType, BadRequest.
    """
    if not request.is_json:
        raise UnsupportedMediaType("the body must be application/json")
    raw = request.get_data(cache=True)
    if rb"\u0000" in raw:
        raise BadRequest("the body holds a NUL character, which is not text")
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadRequest("the body is not well-formed JSON") from None
