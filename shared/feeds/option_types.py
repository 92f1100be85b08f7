"""
[p] The options of feeds: declared once, by which they are judged when a feed is saved and read when it runs.

A kind's options are the fields of one class (`shared/feeds/kinds/<kind>.py`): the annotation is the type and what is
allowed, `Field` holds the default, the range and a line of meaning. One that is null or empty is as good as not given.
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError
from pydantic_core import PydanticUseDefault

from shared.errors import FieldProblem, Permanent
from shared.feeds.hours import are_hours
from shared.feeds.rules import FEATURE_KINDS

#: What is reprocessed is found by its run, and runs are kept no longer.
LONGEST_KEEP_DAYS: Final = 90
#: What a column of a table may be.
PARTS: Final = frozenset(
    (
    "external_id", "title", "description", "status", "category", "severity", "address", "url", "created_at",
    "closed_at", "updated_at", "starts_at", "ends_at", "latitude", "longitude", "geometry",
)
)  # fmt: skip
#: A name of a header (RFC 9110, 5.6.2) or of a parameter.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_URL: Final = re.compile(r"https?://[^/]+")
#: Of a greater number its readers and the database make several.
_MOST_EXACT: Final = 2**53
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
#: Read where feeds are stored, where one that cannot be read is none.
_READ_IN_PLACE: Final = frozenset(("hours", "keep_days"))


#: The meaning of an option of several kinds.
DAY_FIRST: Final = (
    "Whether 03/04/2026 is in April; otherwise the other dates tell it, else the country of the time zone."
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an option may be: the rule that another value breaks, and the words for what is allowed."""

    rule: str
    said: str


def _count(value: Any) -> Any:  # Any: an option is JSON.
    if value is False or value is True:
        raise ValueError("is no number")
    if value in (0, "0"):
        raise PydanticUseDefault
    return value


def _written(value: Any) -> Any:  # Any: as above.
    if isinstance(value, int | float) and abs(value) > _MOST_EXACT:
        raise ValueError("is no number that JSON keeps")
    return value


def _of(pattern: re.Pattern[str]) -> AfterValidator:
    def judge(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError("is not of the pattern")
        return text

    return AfterValidator(judge)


def unreadable(url: str) -> str | None:
    """Return why an address can never be fetched from, whoever is asked; none if it can be."""
    if any(character <= " " or character in "\\\x7f" for character in url):
        return "holds no blanks, line breaks or backslashes: write %20 for a blank"
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        return None if parts.hostname and parts.port != 0 else "names a host, and no port 0"
    except ValueError as error:
        return f"can be taken apart: {error!s:.100}"


def _url(url: str) -> str:
    if not _URL.match(url) or unreadable(url):
        raise ValueError("is no address")
    return url


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("is no time zone") from error
    return name


def _hours(written: str) -> str:
    if not are_hours(written):
        raise ValueError("is not two times of the day")
    return written


def _kind(name: str) -> str:
    if name not in FEATURE_KINDS:
        raise ValueError("is no kind of feature")
    return name


def _named(columns: Any) -> Any:  # Any: as above.
    if not isinstance(columns, dict):
        return columns
    return {part: name for part, name in columns.items() if name is not None}


def _part(name: str) -> str:
    if name not in PARTS:
        raise ValueError("is no part")
    return name


def _box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = box
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south < north <= 90):
        raise ValueError("is no box")
    return box


_Degrees = Annotated[float, Strict()]
_Written = Annotated[str, BeforeValidator(_written)]
#: A text, also one that is written as a number.
Text = Annotated[_Written, Allowed("type", "a text")]
#: A whole number, also one that is written as a text; 0 is as good as not given.
Count = Annotated[int, BeforeValidator(_count), Field(ge=1), Allowed("number", "a whole number")]
#: None where it is not said.
Flag = Annotated[bool | None, Allowed("type", "true or false")]
Zone = Annotated[str, AfterValidator(_zone), Allowed("unknown", "an IANA time zone, such as Europe/London")]
FeatureKindOption = Annotated[
    str, AfterValidator(_kind), Allowed("unknown", f"one of {', '.join(FEATURE_KINDS)}")
]
Language = Annotated[str, _of(_LANGUAGE), Allowed("language", "a language, such as en or pt-BR")]
Name = Annotated[str, Strict(), _of(_TOKEN), Allowed("name", "a name of letters, digits and hyphens")]
Urls = Annotated[
    list[Annotated[str, AfterValidator(_url)]],
    Allowed("scheme", "a list of addresses that begin with https:// or http:// and a host"),
]
#: Part -> the name of the column that it is.
Columns = Annotated[
    dict[Annotated[str, AfterValidator(_part)], _Written],
    BeforeValidator(_named),
    Allowed("unknown", f"columns by the part that each is, of {', '.join(sorted(PARTS))}"),
]
Texts = Annotated[dict[str, _Written], Allowed("type", "texts, each with a name")]


class Options(BaseModel):
    """The options of every kind of feed; a subclass adds those of its own."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    bbox: Annotated[
        Annotated[tuple[_Degrees, _Degrees, _Degrees, _Degrees], AfterValidator(_box)] | None,
        Allowed("box", "four numbers: west, south, east, north in degrees, south below north"),
    ] = Field(None, description="Records outside of this box are set aside.")
    hours: Annotated[
        str, AfterValidator(_hours), Allowed("pattern", "two times of the city's day, such as 03:00-06:30")
    ] = Field("", description="The feed is asked between these times alone.")
    keep_days: Annotated[Annotated[int, Strict()] | None, Allowed("range", "a whole number of days")] = Field(
        None,
        ge=1,
        le=LONGEST_KEEP_DAYS,
        description="What was sent is kept for so many days, 30 unless this says otherwise.",
    )
    credential: Name = Field(
        "", description="What the feed's key is called in FEEDS_SECRETS, if not as its kind."
    )
    credential_header: Name = Field("", description="The header that carries the key.")
    credential_query: Name = Field("", description="The parameter of the address that carries the key.")

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> Self:
        """
        Return the options of a feed that runs; what its kind does not know is left out.

        What could be saved once and worked is read as it was then.
        Raises: Permanent that names the option and what it may be.
        """
        given = _given(options, without=_READ_IN_PLACE)
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            given = _as_before(given, error)
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = next(cls._wrong(error, options))
        raise Permanent(f"{wrong.field} {wrong.message}")

    @classmethod
    def problems(cls, options: Mapping[str, Any]) -> Iterator[FieldProblem]:
        """Yield what is wrong with the options of a feed that is saved, each with its name."""
        for name in sorted(options.keys() - cls.model_fields.keys()):
            said = f"is no option of this kind; there are {', '.join(sorted(cls.model_fields))}"
            yield FieldProblem(f"options.{name}"[:200], "unknown", said)
        try:
            cls.model_validate(_given(options))
        except ValidationError as error:
            yield from cls._wrong(error, options)
        else:
            yield from cls.also(options)

    @classmethod
    def also(cls, _options: Mapping[str, Any]) -> Iterator[FieldProblem]:
        """Yield what else is wrong with options that are of their types; a kind may know more."""
        yield from ()

    @classmethod
    def allowed(cls, name: str) -> Allowed:
        """Return what an option may be, its range told."""
        told = cls.model_fields[name].metadata
        allowed = next(each for each in told if isinstance(each, Allowed))
        least, most = (
            next((getattr(each, key) for each in told if hasattr(each, key)), None) for key in ("ge", "le")
        )
        if least is None:
            return allowed
        return Allowed(allowed.rule, f"{allowed.said}, {least} {f'to {most:,}' if most else 'or more'}")

    @classmethod
    def _wrong(cls, error: ValidationError, options: Mapping[str, Any]) -> Iterator[FieldProblem]:
        seen = set()
        for name, *inner in (each["loc"] for each in error.errors(include_url=False, include_context=False)):
            part = f".{inner[0]}" if inner and isinstance(inner[0], str) else ""
            if (name, part) not in seen:
                seen.add((name, part))
                allowed = cls.allowed(str(name))
                said = f"must be {allowed.said}, and not {options[str(name)]!r:.60}"
                yield FieldProblem(f"options.{name}{part}"[:200], allowed.rule, said)


class TableOptions(Options):
    """The options of tables whose columns are known by their names."""

    feature_kind: FeatureKindOption = Field("service_request", description="What the rows are.")
    fields: Columns = Field(
        {}, description="Which column is what; without it they are found by name and content."
    )
    timezone: Zone = Field("", description="Of times without a zone; the city's unless this says otherwise.")
    day_first: Flag = Field(None, description=DAY_FIRST)


class TimetabledOptions(Options):
    """The options of messages that name what a timetable knows."""

    static: Text = Field("", description="The slug of the city's gtfs_static feed whose timetable is meant.")


def _given(options: Mapping[str, Any], without: Set[str] = frozenset()) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in _NOTHING and name not in without}


def _as_before(given: Mapping[str, Any], error: ValidationError) -> dict[str, Any]:
    """Return options with the most for what is more, without words nobody knows, and with truth as a text."""
    read = dict(given)
    # From behind: what is left out of a list moves what follows.
    for wrong in reversed(error.errors(include_url=False)):
        name, *inner = wrong["loc"]
        held = read[str(name)]
        if wrong["type"] == "less_than_equal" and not inner:
            read[str(name)] = wrong["ctx"]["le"]
        elif wrong["type"] == "literal_error" and inner:
            read[str(name)] = [word for at, word in enumerate(held) if at != inner[0]]
        elif isinstance(held, dict) and wrong["type"] == "string_type" and isinstance(wrong["input"], bool):
            read[str(name)] = {**held, inner[0]: str(wrong["input"])}
    return read
