"""
[p] The forms in which publishers write times, as moments; those without an offset are naive.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from unicodedata import combining, normalize

#: `AM12` -> `00`, `PM01` -> `13` and so on.
_HALVES: Final = {
    f"{half}{hour:02}": f"{hour % 12 + (12 if half == 'PM' else 0):02}"
    for half in ("AM", "PM")
    for hour in range(1, 13)
}
#: The months by the first letters of their names in English, German, French, Spanish, Italian, Dutch, Portuguese, the
#: languages of Scandinavia, Catalan and Romanian; Polish, Finnish, Turkish; Russian, Greek; without accents.
_MONTHS: Final = (
    ("jan", "ene", "gen", "ian", "sty", "tam", "oca", "янв", "ιαν"),
    ("feb", "fev", "lut", "hel", "sub", "фев", "φεβ"),
    ("mar", "mrz", "mrt", "maa", "мар", "μαρ"),
    ("apr", "avr", "abr", "kwi", "huh", "nis", "апр", "απρ"),
    ("may", "mai", "mei", "mag", "maj", "tou", "мая", "маи", "μαι"),
    ("jun", "juin", "giu", "iun", "cze", "kes", "haz", "июн", "ιουν"),
    ("jul", "juil", "lug", "iul", "lip", "hei", "tem", "июл", "ιουλ"),
    ("aug", "aou", "ago", "sie", "elo", "agu", "авг", "αυγ"),
    ("sep", "set", "wrz", "syy", "eyl", "сен", "σεπ"),
    ("oct", "okt", "ott", "out", "paz", "lok", "eki", "окт", "οκτ"),
    ("nov", "noi", "lis", "marr", "kas", "ноя", "νοε"),
    ("dec", "dez", "dic", "des", "gru", "jou", "ara", "дек", "δεκ"),
)
_MONTH_OF: Final = {begins: number for number, names in enumerate(_MONTHS, start=1) for begins in names}
_MONTH_NAME: Final = r"([A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff]{3,13})"
#: Hour, minute, second, fraction, half of the day, offset.
_CLOCK: Final = (
    r"(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*([AaPp])?\.?[Mm]?\.?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_END_OF_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]24:00(?::00(?:\.0+)?)?(?![:.\d])", re.ASCII)
_NUMERIC: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})" + _CLOCK, re.ASCII)
_YEAR_FIRST: Final = re.compile(r"(\d{4})[/.\- ](\d{1,2}|[A-Za-z]{3,9})[/.\- ](\d{1,2})" + _CLOCK, re.ASCII)
#: `20-Nov-2026`, `20. November 2026`, `1er déc. 2026`, `20 de noviembre de 2026`.
_DAY_THEN_MONTH: Final = re.compile(
    rf"(\d{{1,2}})(?:er|\.)?[/.\- ](?:de )?{_MONTH_NAME}\.?(?: de)?[/.\- ](\d{{4}}|\d{{2}})" + _CLOCK,
    re.ASCII,
)
_MONTH_NAMED: Final = re.compile(rf"{_MONTH_NAME}\.? (\d{{1,2}}),? (\d{{4}})" + _CLOCK, re.ASCII)

#: The zones of countries where the month comes first (the United States and what is theirs, English Canada, the
#: Philippines), or the year does and nobody knows what comes first where it does not; and zones of no country.
_MONTH_FIRST: Final = re.compile(
    r"(?:US|Canada|Etc)/.+|[A-Z0-9+-]+|Asia/(?:Manila|Tokyo|Seoul|Shanghai|Taipei)"
    r"|Pacific/(?:Honolulu|Guam|Saipan|Pago_Pago|Palau)"
    r"|America/(?:(?:Kentucky|Indiana|North_Dakota)/.+|New_York|Detroit|Louisville|Indianapolis|Fort_Wayne|Chicago"
    r"|Menominee|Denver|Boise|Shiprock|Phoenix|Los_Angeles|Anchorage|Juneau|Sitka|Metlakatla|Yakutat|Nome|Adak|Atka"
    r"|Puerto_Rico|St_Thomas|Virgin|Toronto|Montreal|Vancouver|Edmonton|Winnipeg|Regina|Halifax|St_Johns|Moncton"
    r"|Glace_Bay|Goose_Bay|Thunder_Bay|Nipigon|Rainy_River|Iqaluit|Rankin_Inlet|Whitehorse|Dawson|Dawson_Creek"
    r"|Fort_Nelson|Yellowknife|Inuvik|Creston|Swift_Current|Cambridge_Bay|Resolute|Atikokan|Blanc-Sablon)"
)


def iso(text: str) -> datetime | None:
    """
    Read ISO 8601; none if it is another form. Databases write a blank and `UTC` for its `Z`.

    A day ends at 24:00, which is the next one's beginning. Source: https://www.w3.org/TR/xmlschema-2/#dateTime
    """
    if text.endswith(" UTC"):
        text = text.removesuffix(" UTC") + "Z"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # RFC 3339 knows small letters, too.
        if text[:4].isdecimal() and text[-1:] == "z":
            return iso(text.upper())
    if not _END_OF_DAY.match(text):
        return None
    try:
        return datetime.fromisoformat(f"{text[:11]}00{text[13:]}") + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=512)
def _month(name: str) -> int:
    if name.isdigit():
        return int(name)
    plain = "".join(letter for letter in normalize("NFKD", name.lower()) if not combining(letter))
    # June and July are told apart by their fourth letter in French.
    return _MONTH_OF.get(plain[:4]) or _MONTH_OF.get(plain[:3], 0)


def usual(text: str, day_first: bool) -> datetime | None:
    """Read `MM/DD/YYYY hh:mm:ss AM`, the form of portals, by rewriting it as ISO 8601: thrice as fast."""
    clock = text[11:19]
    if len(text) == 22:
        hour = _HALVES.get(text[20:] + text[11:13])
        clock = f"{hour}{text[13:19]}" if hour else ""
    date = f"{text[6:10]}-{text[3:5]}-{text[:2]}" if day_first else f"{text[6:10]}-{text[:2]}-{text[3:5]}"
    usual = (
        text[5:6] == "/"
        and text[10:11] == " "
        and text[13:14] == ":"
        and len(clock) == 8
        and len(text) in (19, 22)
    )
    return iso(f"{date} {clock}") if usual else None


def written(text: str, day_first: bool) -> datetime | None:
    """Read a date of numbers or with a written month; none if it is no such form, or no day a calendar has."""
    if found := _NUMERIC.fullmatch(text):
        first, second, year = found.group(1, 2, 3)
        # Who writes dots writes the day first.
        day, month = (first, second) if day_first or "." in text[1:3] else (second, first)
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.group(1, 2, 3)
    elif found := _DAY_THEN_MONTH.fullmatch(text):
        day, month, year = found.group(1, 2, 3)
    elif found := _MONTH_NAMED.fullmatch(text):
        month, day, year = found.group(1, 2, 3)
    else:
        return None
    hour, minute, second_, fraction, half, offset = found.group(4, 5, 6, 7, 8, 9)
    try:
        return datetime(
            int(year) + (2000 if len(year) == 2 else 0),
            _month(month),
            int(day),
            _hour(int(hour or 0), half),
            int(minute or 0),
            int(second_ or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            _zone(offset) if offset else None,
        )
    except ValueError:
        return None


def _zone(offset: str) -> timezone:
    digits = offset[1:].replace(":", "").ljust(4, "0")
    if not digits.isdigit():
        return UTC
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if offset.startswith("-") else minutes))


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        return 99  # No such hour: refused by the caller.
    return hour % 12 + (12 if half in "pP" else 0)


def is_day_first(zone: str, texts: Iterable[str]) -> bool:
    """Tell whether NN/NN/YYYY begins with the day: as samples tell, else as in the country of an IANA zone."""
    told = looks_day_first(texts)
    return not _MONTH_FIRST.fullmatch(zone) if told is None else told


def looks_day_first(texts: Iterable[str]) -> bool | None:
    """
    Tell from samples whether NN/NN/YYYY begins with the day.

    Returns: `None` when no sample can tell (both numbers are at most 12).
    """
    firsts, seconds = 0, 0
    for text in texts:
        if found := _NUMERIC.match(text.strip()):
            firsts += int(found.group(1)) > 12
            seconds += int(found.group(2)) > 12
    return None if firsts == seconds else firsts > seconds
