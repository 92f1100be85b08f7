"""[p] What an answer of a service holds: its layers, their columns and features, and its times."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tasks.feeds.reading.cells import BadRow, Row
from tasks.feeds.reading.times import MILLISECONDS_FROM, from_posix

ID: Final = "id"
LOOKED_AT: Final = 1000
#: What a layer of a collection tells apart from its features.
_DESCRIBED: Final = ("fields", "typeIdField", "types", "displayField")
#: 30 December 1899, from which spreadsheets and old databases count: an empty date, or a clock without a day.
_DAY_ZERO: Final = -2_209_161_600_000
_DAY: Final = 86_400_000
#: A server shows the first column of text by itself (`PRE_DIR`): only one that is called so was chosen.
_NAME: Final = re.compile(r"name|title|label", re.IGNORECASE)
_IDS: Final = ("objectid", "esri_oid", "oid", "fid", ID)
#: GeoJSON of a service has no list of columns: a time is told by its name and by a number of today's size.
_DATE_NAMED: Final = re.compile(r"date|time|(?:_at|_on|created|edited|opened|closed)$", re.IGNORECASE)


def layers(document: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return what holds features: the answer itself, or the layers of a whole service's; none if there are none."""
    if isinstance(document.get("features"), list):
        return [document]
    if isinstance(document.get("feature"), dict):
        return [{**document, "features": [document["feature"]]}]
    told = document.get("layers")
    layers = [_layer(layer) for layer in told if isinstance(layer, dict)] if isinstance(told, list) else []
    return [layer for layer in layers if isinstance(layer.get("features"), list)] or None


def _layer(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a layer of a collection, whose features and columns stand apart, as an answer has them."""
    held, defined = layer.get("featureSet"), layer.get("layerDefinition")
    if not isinstance(held, dict):
        return layer
    told = defined if isinstance(defined, dict) else {}
    described = {name: told[name] for name in _DESCRIBED if name in told}
    return {**described, "objectIdFieldName": told.get("objectIdField"), **held}


def fields(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the descriptions of the columns, whatever a server put in their place."""
    told = document.get("fields")
    return [field for field in told if isinstance(field, dict)] if isinstance(told, list) else []


def identities(document: Mapping[str, Any], names: Sequence[str]) -> list[int]:
    """Return the columns of global ids and of object ids, which a reload of the layer may renumber, best first."""
    by_type = {
        field.get("type"): field.get("name")
        for field in fields(document)
        if isinstance(field.get("type"), str)
    }
    told = (
        document.get("globalIdFieldName"), by_type.get("esriFieldTypeGlobalID"),
        document.get("objectIdFieldName"), by_type.get("esriFieldTypeOID"),
        *(name for known in _IDS for name in names if name.lower() == known),
    )  # fmt: skip
    written = dict.fromkeys(name for name in told if isinstance(name, str))
    return [names.index(name) for name in written if name in names]


def shown(*told: Mapping[str, Any]) -> str | None:
    """Return the column by which a layer calls its rows on maps, the first that an answer or a description tells."""
    columns = (each.get(key) for each in told for key in ("displayFieldName", "displayField"))
    return next((name for name in columns if isinstance(name, str) and _NAME.search(name)), None)


def identified(row: Row, identities: Sequence[int]) -> Row:
    """Return a row with the first id that it tells in the place of its best."""
    if isinstance(row, BadRow):
        return row
    best, told = identities[0], (row[place] for place in identities)
    found = next((id_ for id_ in told if id_ is not None and str(id_).strip()), None)
    return [*row[:best], found, *row[best + 1 :]]


def dates(document: Mapping[str, Any]) -> set[str]:
    """Return the columns whose numbers are milliseconds."""
    told = fields(document)
    if told:
        return {str(field.get("name")) for field in told if field.get("type") == "esriFieldTypeDate"}
    held: dict[str, list[Any]] = {}
    for row in document["features"][:LOOKED_AT]:
        for key, value in (said_of(row) or {}).items():
            if value is not None and _DATE_NAMED.search(key):
                held.setdefault(key, []).append(value)
    return {key for key, values in held.items() if all(map(_is_of_today, values))}


def said_of(row: Any) -> dict[str, Any] | None:  # Any: JSON of a publisher.
    """Return what is said of a feature; null is nothing, and legal."""
    if not isinstance(row, dict) or not {"attributes", "properties"} & row.keys():
        return None
    said = row.get("attributes", row.get("properties"))
    return {} if said is None else said if isinstance(said, dict) else None


def _is_of_today(value: Any) -> bool:  # Any: as above.
    return is_posix(value) and MILLISECONDS_FROM <= value < 100 * MILLISECONDS_FROM


def is_posix(value: Any) -> bool:  # Any: as above.
    """Tell whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def moment(milliseconds: float) -> datetime | None:
    """Read a time in milliseconds; one of the day 0 is none. Raises Rejection if no calendar has it."""
    if _DAY_ZERO <= milliseconds < _DAY_ZERO + _DAY:
        return None
    # Those of the early seventies look like seconds of today.
    return from_posix(milliseconds if abs(milliseconds) >= MILLISECONDS_FROM else milliseconds / 1000)
