"""What most reads take: a city, a box on the map, a page of a list."""

from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID
from zlib import crc32

from flask import request
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from werkzeug.datastructures import FileStorage

from shared.geo import Box

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 500


def read_bbox(value: Any) -> Box | None:
    """
    Read `west,south,east,north` in degrees; west beyond east crosses the antimeridian.

    Raises: ValueError as a sentence.
    """
    if value is None or isinstance(value, Box):
        return value
    try:
        west, south, east, north = (float(part) for part in str(value).split(","))
    except ValueError:
        raise ValueError("must be four numbers: west,south,east,north") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("must be degrees, west,south,east,north, with south below north")
    return Box(west, south, east, north)


def _words(value: Any) -> Any:
    return [word for word in value.split(",") if word] if isinstance(value, str) else value


def among(known: Collection[str]) -> AfterValidator:
    """Let words pass that are known, several with commas between them; who asks for another is told all."""

    def check(value: Any) -> Any:
        if set(_words(value) or ()) - set(known):
            raise PydanticCustomError("one_of", "choose of {known}", {"known": ", ".join(known)})
        return value

    return AfterValidator(check)


def _own_cursor(value: str) -> str:
    """
    Return the place that a cursor names, of the list that is asked for and of no other.

    Raises: a problem that names the rule.
    """
    mark, _, place = value.partition(".")
    if mark != _mark() or not place:
        raise PydanticCustomError("cursor", "take it from `next` of this list")
    return place


def _mark() -> str:
    return f"{crc32(request.path.encode()):08x}"


def read_file(value: Any) -> Any:
    """
    Return a part of a form that came as a file; flask-openapi takes a line of text for one as well.

    Raises: ValueError as a sentence.
    """
    if not isinstance(value, FileStorage):
        raise ValueError("must be a file")
    return value


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold NUL characters")
    return value


BoundingBox = Annotated[
    Box | None,
    BeforeValidator(read_bbox),
    WithJsonSchema({"type": "string", "examples": ["-0.51,51.28,0.33,51.69"]}),
    Field(description="west,south,east,north in degrees"),
]
Words = Annotated[list[str] | None, BeforeValidator(_words), WithJsonSchema({"type": "string"})]
"""Words with commas between them."""
Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_without_nul)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Cursor = Annotated[
    Annotated[str, Field(max_length=512), AfterValidator(_own_cursor)] | None,
    Field(description="`next` of the page before"),
]
Limit = Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)]


class ById(BaseModel):
    """A path with an id in it."""

    id: UUID


class BySlug(BaseModel):
    """A path with a slug in it."""

    slug: str


class Reason(BaseModel):
    """Why an act is done; the audit log keeps it."""

    reason: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_without_nul)]


def page(items: list[Any], following: str | None, **more: Any) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Answer with a page of a list and, when there is more, the link to it."""
    headers = {}
    if following is not None:
        following = f"{_mark()}.{following}"
        query = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
        headers["Link"] = f'<{request.path}?{urlencode([*query, ("cursor", following)])}>; rel="next"'
    return {"items": items, "next": following, **more}, 200, headers
