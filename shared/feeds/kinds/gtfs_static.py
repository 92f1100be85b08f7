"""[p] What a feed of a GTFS timetable may be told."""

from pydantic import Field

from shared.feeds.option_types import Options, Text


class GtfsStaticOptions(Options):
    """Options of feeds of timetables."""

    package: Text = Field("", description="The zip that is meant of several within the one that is fetched.")
