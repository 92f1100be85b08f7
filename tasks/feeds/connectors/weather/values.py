"""[p] Publishers' variables as observed properties with the unit we store."""

import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from shared.units import to_stored, ucum
from tasks.feeds.connector import Result

_NAMES: Final = {
    "temperature_2m": "air_temperature",
    "temperature": "air_temperature",
    "temp": "air_temperature",
    "apparent_temperature": "apparent_temperature",
    "dew_point_2m": "dew_point",
    "dewpoint": "dew_point",
    "dew_point_temp": "dew_point",
    "relative_humidity_2m": "relative_humidity",
    "relativehumidity": "relative_humidity",
    "rel_hum": "relative_humidity",
    "wind_speed_10m": "wind_speed",
    "windspeed": "wind_speed",
    "wind_spd": "wind_speed",
    "wind": "wind_speed",
    "wind_gusts_10m": "wind_gust",
    "windgust": "wind_gust",
    "wind_direction_10m": "wind_direction",
    "winddirection": "wind_direction",
    "wind_dir": "wind_direction",
    "surface_pressure": "air_pressure",
    "barometricpressure": "air_pressure",
    "stn_press": "air_pressure",
    "pressure_msl": "sea_level_pressure",
    "sealevelpressure": "sea_level_pressure",
    "precipitationlasthour": "precipitation",
    "probabilityofprecipitation": "precipitation_probability",
    "weathercode": "weather_code",
    "temp_max": "air_temperature_max",
    "temp_min": "air_temperature_min",
    "temperature_2m_max": "air_temperature_max",
    "temperature_2m_min": "air_temperature_min",
}
#: No variable has a longer name.
_LONGEST: Final = 200
#: Canada's tables write the direction of the wind so.
_TENS_OF_DEGREES: Final = "10s deg"
_NUMBER: Final = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,9})?", re.ASCII)
#: What we store as whole numbers of nothing: codes and indices.
_UNITLESS: Final = frozenset(("weather_code", "weathercode", "is_day", "uv_index", "european_aqi", "us_aqi"))


def observed_property(name: str) -> str:
    """Return our name of a publisher's variable; an unknown one keeps its own in snake case."""
    bare = re.sub(r"\(.*?\)", "", name[:_LONGEST])
    plain = re.sub(r"[^a-z0-9]+", "_", bare.strip().lower()).strip("_")
    return _NAMES.get(plain, _NAMES.get(plain.replace("_", ""), plain))


def result(name: str, value: Any, unit: str | None) -> Result | None:  # Any: JSON of a publisher.
    """Return one result in its stored unit; null, words and what is no number give none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    code = "1" if name in _UNITLESS else ucum(unit)
    if unit == _TENS_OF_DEGREES:
        value, code = value * 10, "deg"
    if code == "kPa":
        value, code = value * 10, "hPa"
    stored, stored_unit = to_stored(float(value), code)
    return Result(observed_property(name), round(stored, 4), stored_unit)


def as_forecast(results: Iterable[Result], moment: datetime, now: datetime) -> tuple[Result, ...]:
    """Name results of the future what they are, so that no forecast is ever shown as a measurement."""
    found = tuple(results)
    if moment <= now:
        return found
    return tuple(Result(f"forecast_{one.observed_property}", one.value, one.unit) for one in found)
