"""[p] What a feed of a calendar may be told."""

from pydantic import Field

from shared.feeds.option_types import FeatureKindOption, Options, Zone


class IcalendarOptions(Options):
    """Options of feeds of calendars."""

    feature_kind: FeatureKindOption = Field("event", description="What the entries are.")
    timezone: Zone = Field(
        "", description="Of times without a zone, where the calendar names none; else the city's."
    )
