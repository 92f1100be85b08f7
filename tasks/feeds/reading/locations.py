"""
[p] Location columns of Socrata, which hold degrees and an address in one cell.

Source: https://dev.socrata.com/docs/datatypes/location.html
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

#: The portal's own JSON has one as a list: address, latitude, longitude, machine's address, whether it is to be found anew.
_LOCATION_LENGTH: Final = 5
#: Portals end the address in a location column so.
AT_THE_END: Final = re.compile(r".*\(\s*(-?\d+\.\d+)\s*,\s*(-?\d+\.\d+)\s*\)", re.ASCII | re.DOTALL)
_ADDRESS: Final = ("address", "city", "state", "zip")


def is_location(cell: Any) -> bool:  # Any: as above.
    """Tell whether a cell is a location as the portal's own JSON lists it."""
    return isinstance(cell, list) and len(cell) == _LOCATION_LENGTH


def before_degrees(address: str) -> str:
    """Return an address without the degrees that a portal ends it with."""
    return address[: address.rindex("(")].rstrip() if AT_THE_END.fullmatch(address) else address


def address_of(cell: Any) -> str | None:  # Any: as above.
    """Return the address that a portal's location tells beside its degrees, as JSON in text; none if it has none."""
    told = cell.get("human_address") if isinstance(cell, Mapping) else cell[0] if is_location(cell) else None
    try:
        parts: Any = orjson.loads(told) if isinstance(told, str) else told
    except orjson.JSONDecodeError:
        return None
    if not isinstance(parts, Mapping):
        return None
    street, city, state, code = (str(parts.get(name) or "").strip() for name in _ADDRESS)
    return ", ".join(filter(None, (street, city, f"{state} {code}".strip()))) or None
