"""[p] What a feed of air quality may be told."""

from pydantic import Field

from shared.feeds.option_types import Count, Options


class AirQualityOptions(Options):
    """Options of feeds of air quality."""

    max_locations: Count = Field(
        60, le=1_000, description="Of so many of OpenAQ's locations the values are asked."
    )
