"""[p] What a resident sends: made clean, then checked against the city, every broken rule named."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from email_validator import EmailNotValidError, validate_email

from shared.errors import FieldProblem
from shared.geo import is_position

MAX_PHOTOS = 4
MAX_DESCRIPTION = 4000
MAX_ADDRESS = 300
LANGUAGES = frozenset({"en", "fr"})
_UNSEEN = frozenset({"Cc", "Cs", "Co", "Cn"})
#: Signs that turn the direction of text, and so can make it read as something else.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """What a resident sends; place by `lon` and `lat` (WGS 84), by `address`, or both."""

    city: str
    category: str
    description: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    email: str | None = None
    anonymous: bool = False
    language: str = "en"

    @property
    def point(self) -> tuple[float, float] | None:
        """Return the place as (lon, lat)."""
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)


def tidy(draft: ReportDraft) -> ReportDraft:
    """Return the draft with clean texts, a known language and a normal form of the email address."""
    email = (draft.email or "").strip() or None
    if email is not None:
        with suppress(EmailNotValidError):  # `problems_of` names it
            email = validate_email(email, check_deliverability=False).normalized
    language = draft.language.strip().lower()[:2]
    return ReportDraft(
        city=draft.city.strip(),
        category=draft.category.strip(),
        description=clean_text(draft.description),
        lon=draft.lon,
        lat=draft.lat,
        address=" ".join(clean_text(draft.address).split()),
        email=email,
        anonymous=draft.anonymous,
        language=language if language in LANGUAGES else "en",
    )


def problems_of(draft: ReportDraft, city: Mapping[str, Any], photo_count: int) -> Iterator[FieldProblem]:
    """Yield every rule a draft breaks, with what to do; `city` is the city's config."""
    codes = [category["code"] for category in city.get("categories", ())]
    if draft.category not in codes:
        yield FieldProblem("category", "one_of", f"Choose one of: {', '.join(codes)}.")
    if len(draft.description) > MAX_DESCRIPTION:
        yield FieldProblem("description", "length", f"Write at most {MAX_DESCRIPTION} characters.")
    if len(draft.address) > MAX_ADDRESS:
        yield FieldProblem("address", "length", f"Write at most {MAX_ADDRESS} characters.")
    yield from _problems_of_place(draft, city)
    if draft.email is not None and not is_address(draft.email):
        yield FieldProblem("email", "email", "Write an address such as name@example.org, or leave it empty.")
    if photo_count > MAX_PHOTOS:
        yield FieldProblem("photo", "count", f"Send at most {MAX_PHOTOS} photos.")


def _problems_of_place(draft: ReportDraft, city: Mapping[str, Any]) -> Iterator[FieldProblem]:
    if (draft.lon is None) != (draft.lat is None):
        yield FieldProblem(
            "lon" if draft.lon is None else "lat", "pair", "Send both lon and lat, or neither."
        )
    elif draft.lon is None or draft.lat is None:
        if not draft.address:
            yield FieldProblem("lon", "place", "Put a pin on the map or write an address.")
    elif not is_position(draft.lon, draft.lat):
        yield FieldProblem("lon", "position", "Send degrees: lon from -180 to 180, lat from -90 to 90.")
    elif not _is_inside(draft.lon, draft.lat, city.get("bounds")):
        yield FieldProblem("lon", "inside", f"This place is not in {city.get('name', 'this city')}.")


def _is_inside(lon: float, lat: float, bounds: Sequence[float] | None) -> bool:
    if not bounds:
        return True
    west, south, east, north = bounds
    return west <= lon <= east and south <= lat <= north


def is_address(text: str) -> bool:
    """Tell whether a text can be an email address; whether it exists only a mail can tell."""
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def clean_text(text: str) -> str:
    """Return text without control characters and turns of direction; lines stay lines."""
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign == "\n" or not _is_unseen(sign))
    return kept.strip()


def _is_unseen(sign: str) -> bool:
    return sign in _TURNS or unicodedata.category(sign) in _UNSEEN
