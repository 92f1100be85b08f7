"""[p] What a feed of weather alerts as GeoJSON may be told."""

from pydantic import Field

from shared.feeds.option_types import DAY_FIRST, Flag, Language, Options


class NwsAlertsOptions(Options):
    """Options of feeds of weather alerts."""

    language: Language = Field("en", description="The language of bilingual alerts.")
    day_first: Flag = Field(None, description=DAY_FIRST)
