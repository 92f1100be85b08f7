"""
[p] What the codes in a layer's columns stand for: the values of its domains, and its subtypes.

Source: https://developers.arcgis.com/rest/services-reference/enterprise/layer-feature-service/ (fields, types)
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from tasks.feeds.connectors.arcgis.answers import fields

Codes: TypeAlias = Mapping[str, Mapping[str, str]]
"""By column: each code as text, and its name."""

#: The column of subtypes, their list and what the code is called there; the first form is the older one.
_SUBTYPES: Final = (("typeIdField", "types", "id"), ("subtypeField", "subtypes", "code"))


def codes(*documents: Mapping[str, Any]) -> Codes:
    """Return what descriptions of a layer, or answers of it, say of their codes; the last one holds."""
    return {name: named for document in documents for name, named in _told(document) if named}


def decoded(codes: Codes, column: str, value: Any) -> Any:  # Any: JSON of a publisher.
    """Return the name of a code; what is none stays as it is."""
    named = codes.get(column)
    return named.get(_written(value), value) if named and isinstance(value, str | int | float) else value


def _told(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for field in fields(document):
        domain = field.get("domain")
        if isinstance(domain, Mapping):
            yield str(field.get("name")), _named(domain.get("codedValues"), "code")
    for column, listed, code in _SUBTYPES:
        yield str(document.get(column)), _named(document.get(listed), code)


def _named(listed: Any, code: str) -> Mapping[str, str]:  # Any: as above.
    rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
    return {
        _written(row[code]): row["name"].strip()
        for row in rows
        if isinstance(row.get(code), str | int | float) and isinstance(row.get("name"), str)
    }


def _written(code: str | float) -> str:
    """Write a code as text: servers quote numbers in one place, and give them a fraction in another."""
    return str(int(code) if isinstance(code, float) and code.is_integer() else code).strip()
