"""
[p] Tables whose header tells no units because their documentation does.

Sources: https://www.ncei.noaa.gov/data/global-historical-climatology-network-daily/doc/GHCND_documentation.pdf,
https://dev.meteostat.net/bulk/, https://mesonet.agron.iastate.edu/request/download.phtml,
https://github.com/vega/vega-datasets (seattle-weather, weather)
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tasks.feeds.connector import Result
from tasks.feeds.connectors.weather import metar
from tasks.feeds.connectors.weather.values import result
from tasks.feeds.quality import UNKNOWN_UNIT


class Column(NamedTuple):
    """What a column holds: our name's source, its unit, and how many of its numbers are one of that unit."""

    name: str
    unit: str
    divisor: float = 1.0


_GHCN_DAILY: Final = {
    "prcp": Column("precipitation", "mm", 10),
    "snow": Column("snowfall", "mm"),
    "snwd": Column("snow_depth", "mm"),
    "tmax": Column("temp_max", "degC", 10),
    "tmin": Column("temp_min", "degC", 10),
    "tavg": Column("temperature_mean", "degC", 10),
    "awnd": Column("windSpeed", "m/s", 10),
    "wsfg": Column("windGust", "m/s", 10),
}
_METEOSTAT: Final = {
    "temp": Column("temperature", "degC"),
    "tavg": Column("temperature_mean", "degC"),
    "tmin": Column("temp_min", "degC"),
    "tmax": Column("temp_max", "degC"),
    "dwpt": Column("dewpoint", "degC"),
    "rhum": Column("relativeHumidity", "%"),
    "prcp": Column("precipitation", "mm"),
    "wdir": Column("windDirection", "deg"),
    "wspd": Column("windSpeed", "km/h"),
    "wpgt": Column("windGust", "km/h"),
    "pres": Column("seaLevelPressure", "hPa"),
}
_IOWA: Final = {
    "tmpf": Column("temperature", "degF"),
    "dwpf": Column("dewpoint", "degF"),
    "tmpc": Column("temperature", "degC"),
    "dwpc": Column("dewpoint", "degC"),
    "relh": Column("relativeHumidity", "%"),
    "drct": Column("windDirection", "deg"),
    "sknt": Column("windSpeed", "kt"),
    "gust": Column("windGust", "kt"),
    "p01i": Column("precipitation", "inch"),
    "p01m": Column("precipitation", "mm"),
    "alti": Column("barometricPressure", "inHg"),
    "mslp": Column("seaLevelPressure", "hPa"),
    "vsby": Column("visibility", "mi"),
}
_SEATTLE: Final = {
    "precipitation": Column("precipitation", "mm"),
    "temp_max": Column("temp_max", "degC"),
    "temp_min": Column("temp_min", "degC"),
    "wind": Column("wind", "m/s"),
}
_GHCN_BEGINS: Final = ("station", "date", "latitude", "longitude", "elevation", "name")
_METEOSTAT_HAS: Final = frozenset(("prcp", "wdir", "wspd", "pres"))
_SEATTLE_IS: Final = ("date", "precipitation", "temp_max", "temp_min", "wind", "weather")
_MISSING: Final = -9999
_REPORT: Final = "metar"


class Known(NamedTuple):
    """What the documentation of a table says: its columns by their names in small letters, and its zone if it has one."""

    columns: Mapping[str, Column]
    timezone: str | None = None

    def value(self, name: str, number: float | None) -> Result | None:
        """Return what a number in a column says; a column that nobody knows has a unit that nobody knows."""
        column = self.columns.get(name.lower())
        if column is None:
            return result(name, number, UNKNOWN_UNIT)
        if number is None or number == _MISSING:
            return None
        return result(column.name, number / column.divisor, column.unit)

    def reported(self, header: Sequence[str], row: Sequence[str]) -> tuple[Result, ...]:
        """Return what an airport's report says was measured, where a row has nothing but that."""
        said = (cell for name, cell in zip(header, row, strict=True) if name.lower() == _REPORT)
        return metar.measured(next(said, ""))


def known(header: Sequence[str]) -> Known | None:
    """Return what is known of a table with this header; nothing of most."""
    names = tuple(name.lower() for name in header)
    if names[:6] == _GHCN_BEGINS:
        return Known(_GHCN_DAILY)
    if names[:2] == ("station", "valid"):
        return Known(_IOWA, "UTC")
    # Of several cities, it is told of each row which.
    if names in (_SEATTLE_IS, ("location", *_SEATTLE_IS)):
        return Known(_SEATTLE)
    if set(names) >= _METEOSTAT_HAS:
        # Its hours are UTC's, its days those of the place.
        return Known(_METEOSTAT, "UTC" if "temp" in names and "dwpt" in names else None)
    return None
