"""[p] What a feed of weather may be told."""

from typing import Annotated

from pydantic import Field

from shared.feeds.option_types import Allowed, Options, Text, Zone


class WeatherOptions(Options):
    """Options of feeds of weather."""

    name: Text = Field("Weather model", description="What the place of a model is called.")
    station: Text = Field("", description="What the station of a table is called that does not name it.")
    stations: Annotated[
        dict[str, tuple[float, float]], Allowed("type", "codes of airports, each with [longitude, latitude]")
    ] = Field({}, description="Where airports are, because their reports do not tell it.")
    timezone: Zone = Field(
        "", description="Of times without a zone in a table; the city's unless this says otherwise."
    )
