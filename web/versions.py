"""A thing has a version, so that who changes it can say which one they saw (`If-Match`, RFC 9110, 13.1.1)."""

import hashlib
import re
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field

_TAG = re.compile(r'"([^".]*)[^"]*"')


class Expected(BaseModel):
    """Which version the caller saw: when the thing has another one by now, it is left alone (412)."""

    if_match: Annotated[
        str | None,
        Field(alias="If-Match", max_length=1000, description='The ETag, or `"<version>"`; `*` for any.'),
    ] = None

    @property
    def versions(self) -> frozenset[str] | None:
        """
        Return the versions that will do; none when every one does.

        A proxy that packs an answer makes its tag a weak one; the version in it stays what it is, and will do.
        """
        if self.if_match is None or self.if_match.strip() == "*":
            return None
        return frozenset(_TAG.findall(self.if_match))


def etag(body: dict[str, Any]) -> dict[str, str]:
    """
    Return the ETag of a thing that names its `version`: this, and behind a dot what else is told of it.

    So a strong tag is of one answer alone, and a version outlasts what comes by itself, as runs do.
    """
    digest = hashlib.sha256(orjson.dumps(body)).hexdigest()[:16]
    return {"ETag": f'"{body["version"]}.{digest}"'}
