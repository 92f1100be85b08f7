"""[p] What a feed of public meetings may be told."""

from pydantic import Field

from shared.feeds.option_types import DAY_FIRST, FeatureKindOption, Flag, Options, Zone


class LegistarOptions(Options):
    """Options of feeds of meetings."""

    feature_kind: FeatureKindOption = Field("event", description="What the rows are.")
    timezone: Zone = Field("", description="Of times without a zone; the city's unless this says otherwise.")
    day_first: Flag = Field(None, description=DAY_FIRST)
