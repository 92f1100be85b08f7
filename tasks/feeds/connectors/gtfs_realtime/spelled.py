"""
[p] A message of JSON into its protocol buffer, also where it is not the JSON that the format itself would give.

Gateways write a list of one as that one, whole numbers with a fraction or in two halves, ids as numbers, texts in
place of translations.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from google.protobuf import json_format
from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection

#: The texts of an alert, each of which may be told in several languages.
_TEXTS: Final = frozenset(
    name
    for field in gtfs.Alert.DESCRIPTOR.fields
    if field.message_type is gtfs.TranslatedString.DESCRIPTOR
    for name in (field.name, field.json_name)
)
#: What the library raises for JSON that is not of the message; what is no object at all fails in it as it comes.
_UNFIT = (json_format.ParseError, AttributeError, TypeError, ValueError, RecursionError)


def fill(message: Any, said: Any) -> None:  # Any: messages of protobuf are untyped; JSON of a publisher.
    """
    Fill a message with what is said of it; a field that cannot be read is left out.

    Raises: Rejection if it is no object.
    """
    try:
        json_format.ParseDict(said, message, ignore_unknown_fields=True)
    except _UNFIT:
        message.Clear()
        _fill_fields(message, said)


def translated(entity: Any) -> Any:  # Any: as above.
    """Return what is said of an entity with translations for the mere texts of its alert, which the library passes over."""
    alert = entity.get("alert") if isinstance(entity, Mapping) else None
    if not isinstance(alert, Mapping):
        return entity
    told = {name: text for name in _TEXTS if isinstance(text := alert.get(name), str)}
    texts = {name: {"translation": [{"text": text}]} for name, text in told.items()}
    return {**entity, "alert": {**alert, **texts}}


def respelled(
    form: Any, said: Any
) -> Any:  # Any: descriptors of protobuf have two types; JSON of a publisher.
    """
    Return what is said under the names of the fields of a message's form; names that are none stay as they are.

    The Bay Area's 511 writes `Entities`, `StopTimeUpdates` and `TripId`.
    """
    if isinstance(said, list):
        return [respelled(form, one) if isinstance(one, Mapping) else one for one in said]
    if not isinstance(said, Mapping):
        return said
    fields = _spellings(form)
    found = {}
    for name, value in said.items():
        field = fields.get(_folded(name))
        if field is None:
            found[name] = value
        else:
            found[field.name] = respelled(field.message_type, value) if field.message_type else value
    return found


@cache
def _spellings(form: Any) -> Mapping[str, Any]:  # Any: as above.
    """Return the fields of a message by their names without signs; what is a list may be named as several."""
    fields = {_folded(field.name): field for field in form.fields}
    several = {
        f"{name[:-1]}ies" if name.endswith("y") else f"{name}s": field
        for name, field in fields.items()
        if field.is_repeated
    }
    return several | fields


def _folded(name: Any) -> str:  # Any: a key of JSON.
    return str(name).replace("_", "").lower()


def _fill_fields(message: Any, said: Any) -> None:  # Any: as above.
    if not isinstance(said, Mapping):
        raise Rejection("bad_entity", f"{said!r:.100} is no object")
    fields = {name: field for field in message.DESCRIPTOR.fields for name in (field.name, field.json_name)}
    for name, value in said.items():
        field = fields.get(name)
        if field is None or value is None:
            continue
        if field.message_type is None:
            _fill_value(message, field.name, value)
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                within = getattr(message, field.name)
                within = within.add() if field.is_repeated else within
                within.SetInParent()
                _fill_fields(within, one)


def _fill_value(message: Any, name: str, value: Any) -> None:  # Any: as above.
    tries = [_joined(value) if isinstance(value, Mapping) else value]
    if isinstance(value, float) and abs(value) < 2**63:
        tries.append(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        is_whole = isinstance(value, float) and value.is_integer()
        tries.append(str(int(value) if is_whole else value))
    for one in tries:
        try:
            json_format.ParseDict({name: one}, message)
        except _UNFIT:
            continue
        return


def _joined(halves: Mapping[str, Any]) -> int | None:
    """Return a number that is told in halves of 32 bits, each with a sign, as JavaScript holds it; else none."""
    low, high = halves.get("low"), halves.get("high")
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    return (high << 32) + (low & 0xFFFFFFFF)
