"""[p] METAR and SPECI: reports of airports in bulletins, with control characters and without month or year."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.errors import Rejection
from shared.feeds.kinds.weather import WeatherOptions
from tasks.feeds.connector import Observation, Payload, Record, Rejected, Result, Source, Thing
from tasks.feeds.connectors.weather.values import result

#: Small airports of the United States have digits in their names. The service's own files tell the day in a line above.
#: Source: https://tgftp.nws.noaa.gov/data/observations/metar/
_BEGIN: Final = re.compile(
    r"(?:(?<![\d/])(?P<date>\d{4}/\d\d/\d\d) \d\d:\d\d (?:(?:METAR|SPECI|COR) )*)?"
    r"(?<![A-Z0-9])(?P<station>[A-Z][A-Z0-9]{3}) (?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)Z(?![A-Z0-9])",
    re.ASCII,
)
#: How the World Meteorological Organization heads its bulletins: what, from where, and when.
_HEADING: Final = re.compile(r"(?<![A-Z0-9])[A-Z]{4}\d\d [A-Z]{4} \d{6}(?![A-Z0-9])", re.ASCII)
_HEADING_WITHIN: Final = 100
#: What a forecast names where a report has its wind: the days and hours from and to which it holds.
_VALID: Final = re.compile(r"\d{4}/\d{4}|\d{6}")
_WIND: Final = re.compile(r"(\d{3}|VRB)P?(\d{2,3})(?:GP?(\d{2,3}))?(KT|MPS|KMH)")
_TEMPERATURE: Final = re.compile(r"(M?\d{2})/(M?\d{2})?")
#: `M1/4SM` is less than that, `P6SM` more.
_MILES: Final = re.compile(r"[MP]?(?:(\d{1,2})/(\d{1,2})|(\d{1,3}))SM", re.ASCII)
#: The temperature and the dew point in tenths of a degree, as North America remarks them; 1 is below zero.
_TENTHS: Final = re.compile(r"(?<![A-Z0-9])T([01])(\d{3})(?:([01])(\d{3}))?(?![A-Z0-9])", re.ASCII)
#: Remarks hold other times, winds and temperatures; trends what is to come.
_FOLLOWS: Final = re.compile(r" (?:RMK|TEMPO|BECMG|NOSIG|INTER|PROB\d\d)(?![A-Z0-9])", re.ASCII)
#: Where no `=` ends a report, the next one's name stands behind it.
_NEXT: Final = re.compile(r"(?: (?:METAR|SPECI|COR|TAF))+$")
#: Degrees by which the whole ones of the report may differ from those; what differs more is of something else.
_ROUNDED: Final = 0.5
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f]+")
_EXCERPT: Final = 500
_UNITS: Final = {"KT": "kt", "MPS": "m/s", "KMH": "km/h"}


def is_metar(text: str) -> bool:
    """Tell whether a text holds a report, or is headed as a bulletin, whose reports may be of another code."""
    plain = _CONTROL.sub(" ", text)
    return _HEADING.search(plain[:_HEADING_WITHIN]) is not None or _BEGIN.search(plain) is not None


def records(text: str, payload: Payload, source: Source) -> Iterator[Record]:
    """Yield each station once, and one observation per report."""
    plain = _CONTROL.sub(" ", text)
    begins = list(_BEGIN.finditer(plain))
    seen: set[str] = set()
    for number, begin in enumerate(begins):
        end = begins[number + 1].start() if number + 1 < len(begins) else len(plain)
        report = plain[begin.start("station") : end].split("=")[0].strip()
        report = _NEXT.sub("", report)
        record = f"{payload.name}#{number}"
        station = begin["station"]
        try:
            observation = _observation(report, begin, record, payload.fetched_at)
        except Rejection as why:
            yield Rejected(
                record=record,
                reason=why.reason,
                detail=why.detail,
                external_id=station,
                excerpt=report[:_EXCERPT],
            )
            continue
        if station not in seen:
            seen.add(station)
            yield _station(station, record, WeatherOptions.read(source.options).stations)
        yield observation


def _station(station: str, record: str, places: Mapping[str, Any]) -> Thing:
    """Return the station; a report does not tell where it is, the option `stations` may."""
    lon, lat = places.get(station) or (None, None)
    return Thing(external_id=station, record=record, kind="weather_station", name=station, lon=lon, lat=lat)


def _observation(report: str, begin: re.Match[str], record: str, received: datetime) -> Observation:
    day, hour, minute = (int(begin[part]) for part in ("day", "hour", "minute"))
    moment = _moment(day, hour, minute, _told(begin["date"], received))
    words = _FOLLOWS.split(report)[0].split()[2:]
    if words and _VALID.fullmatch(words[0]):
        raise Rejection("forecast", "the report is a forecast (TAF), which measured nothing")
    results = measured(report)
    if not results:
        raise Rejection("no_result", "the report holds no value")
    return Observation(
        external_id=begin["station"],
        record=record,
        observed_at=moment,
        phenomenon_time=moment,
        results=results,
        properties={"report": report[:_EXCERPT]},
    )


def measured(report: str) -> tuple[Result, ...]:
    """Return what a report says was measured; a text that is none says nothing."""
    # Of a value that is told twice, in two units or of two directions, the first is the report's own.
    told: dict[str, Result] = {}
    for found in filter(None, _results(_FOLLOWS.split(report)[0].split()[2:])):
        told.setdefault(found.observed_property, found)
    for exact in _remarked(report.partition(" RMK ")[2]):
        rounded = told.get(exact.observed_property)
        if rounded is not None and abs(exact.value - rounded.value) <= _ROUNDED:
            told[exact.observed_property] = exact
    return tuple(told.values())


def _remarked(remarks: str) -> Iterator[Result]:
    """Yield temperature and dew point as they are remarked: in tenths of a degree."""
    if found := _TENTHS.search(remarks):
        for name, sign, tenths in (("temperature", found[1], found[2]), ("dewpoint", found[3], found[4])):
            if tenths and (exact := result(name, int(tenths) / (-10 if sign == "1" else 10), "degC")):
                yield exact


def _told(date: str | None, received: datetime) -> datetime:
    """Return the day that is told of a report: of a station that fell silent years ago it is not the receipt's."""
    try:
        told = datetime.strptime(date, "%Y/%m/%d").replace(tzinfo=UTC) if date else received
    except ValueError:
        return received
    return min(told, received)


def _moment(day: int, hour: int, minute: int, received: datetime) -> datetime:
    """Place a day of a month in the last month before the receipt that has it."""
    latest = received.astimezone(UTC) + timedelta(days=1)
    first = latest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(3):
        try:
            moment = first.replace(day=day, hour=hour, minute=minute)
        except ValueError:
            moment = None
        if moment is not None and moment <= latest:
            return moment
        first = (first - timedelta(days=1)).replace(day=1)
    raise Rejection("bad_time", f"{day:02}{hour:02}{minute:02}Z is no time of these months")


def _results(words: list[str]) -> Iterator[Result | None]:
    for at, word in enumerate(words):
        if found := _WIND.fullmatch(word):
            unit = _UNITS[found.group(4)]
            yield result("windDirection", int(found.group(1)), "deg") if found.group(1) != "VRB" else None
            yield result("windSpeed", int(found.group(2)), unit)
            yield result("windGust", int(found.group(3)), unit) if found.group(3) else None
        elif found := _TEMPERATURE.fullmatch(word):
            yield result("temperature", _celsius(found.group(1)), "degC")
            yield result("dewpoint", _celsius(found.group(2)), "degC") if found.group(2) else None
        elif found := _MILES.fullmatch(word):
            yield result("visibility", _miles(found, words[at - 1] if at else ""), "mi")
        elif (distance := word.removesuffix("NDV")).isdecimal() and len(distance) == 4 and at:
            yield result("visibility", 10_000 if distance == "9999" else int(distance), "m")
        elif word == "CAVOK":
            yield result("visibility", 10_000, "m")
        elif word[:1] in "AQ" and word[1:].isdecimal() and len(word) == 5:
            inches = word[0] == "A"
            yield result(
                "barometricPressure", int(word[1:]) / (100 if inches else 1), "inHg" if inches else "hPa"
            )


def _celsius(word: str) -> int:
    return -int(word[1:]) if word.startswith("M") else int(word)


def _miles(found: re.Match[str], before: str) -> float:
    """Read `10SM`, `1/2SM`, and `1 1/2SM` with the whole miles in the word before."""
    if found.group(3):
        return float(found.group(3))
    whole = int(before) if before.isdecimal() and len(before) == 1 else 0
    return whole + int(found.group(1)) / max(int(found.group(2)), 1)
