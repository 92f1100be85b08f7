"""[p] Units: from what publishers write to the one unit we store of each quantity, named by its UCUM code."""

from shared.errors import Rejection

#: Publishers' spellings, in lower case, to UCUM codes.
_UCUM = {
    "": "1",
    "count": "1",
    "%": "%",
    "percent": "%",
    "c": "Cel",
    "°c": "Cel",
    "degc": "Cel",
    "celsius": "Cel",
    "f": "[degF]",
    "°f": "[degF]",
    "degf": "[degF]",
    "k": "K",
    "µg/m³": "ug/m3",
    "μg/m³": "ug/m3",
    "ug/m3": "ug/m3",
    "ug/m³": "ug/m3",
    "µg/m3": "ug/m3",
    "mg/m³": "mg/m3",
    "mg/m3": "mg/m3",
    "ppm": "[ppm]",
    "ppb": "[ppb]",
    "km/h": "km/h",
    "kmh": "km/h",
    "km_h-1": "km/h",
    "m/s": "m/s",
    "m_s-1": "m/s",
    "ms": "m/s",
    "mph": "[mi_i]/h",
    "mp/h": "[mi_i]/h",
    "kn": "[kn_i]",
    "kt": "[kn_i]",
    "knots": "[kn_i]",
    "pa": "Pa",
    "hpa": "hPa",
    "mb": "hPa",
    "mbar": "hPa",
    "inhg": "[in_i'Hg]",
    "mm": "mm",
    "cm": "cm",
    "inch": "[in_i]",
    "in": "[in_i]",
    "m": "m",
    "km": "km",
    "mi": "[mi_i]",
    "ft": "[ft_i]",
    "degree_(angle)": "deg",
    "°": "deg",
    "deg": "deg",
}

#: UCUM code -> (stored unit, factor, offset): stored = value * factor + offset.
_STORED: dict[str, tuple[str, float, float]] = {
    "[degF]": ("Cel", 5 / 9, -160 / 9),
    "K": ("Cel", 1.0, -273.15),
    "mg/m3": ("ug/m3", 1000.0, 0.0),
    "km/h": ("m/s", 1 / 3.6, 0.0),
    "[mi_i]/h": ("m/s", 0.44704, 0.0),
    "[kn_i]": ("m/s", 1852 / 3600, 0.0),
    "Pa": ("hPa", 0.01, 0.0),
    "[in_i'Hg]": ("hPa", 33.86389, 0.0),
    "cm": ("mm", 10.0, 0.0),
    "[in_i]": ("mm", 25.4, 0.0),
    "km": ("m", 1000.0, 0.0),
    "[mi_i]": ("m", 1609.344, 0.0),
    "[ft_i]": ("m", 0.3048, 0.0),
}

_GAS_CONSTANT_L_HPA = 83.14462618
_PRESSURE_HPA = 1013.25


def ucum(written: str | None) -> str:
    """Return the UCUM code of a unit as publishers write it (`wmoUnit:degC`, `µg/m³`); unknown stays as it is."""
    bare = (written or "").strip().removeprefix("wmoUnit:").removeprefix("unit:")
    return _UCUM.get(bare.lower(), bare)


def to_stored(value: float, unit: str) -> tuple[float, str]:
    """Return a value in the unit we store its quantity in, and that unit's code; others pass unchanged."""
    stored = _STORED.get(unit)
    if stored is None:
        return value, unit
    code, factor, offset = stored
    return value * factor + offset, code


def to_micrograms_per_m3(ppb: float, molar_mass_g: float, temperature_c: float = 25.0) -> float:
    """
    Convert a gas mixing ratio to a mass concentration at 1013.25 hPa.

    Args: mixing ratio in ppb; molar mass in g/mol; air temperature in degrees Celsius.
    Returns: micrograms per cubic metre, unrounded.
    Raises: Rejection if the ratio is negative.
    Source: ideal gas law, V = RT/p (24.47 L/mol at 25 degrees Celsius).
    """
    if ppb < 0:
        raise Rejection("bad_value", f"a mixing ratio of {ppb} ppb")
    litres_per_mol = _GAS_CONSTANT_L_HPA * (temperature_c + 273.15) / _PRESSURE_HPA
    return ppb * molar_mass_g / litres_per_mol
