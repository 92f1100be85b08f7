"""[p] What a feed of GTFS Realtime may be told."""

from pydantic import Field

from shared.feeds.option_types import Language, Text, Texts, TimetabledOptions, Urls


class GtfsRealtimeOptions(TimetabledOptions):
    """Options of feeds of vehicles, trip updates and alerts."""

    urls: Urls = Field([], description="Further messages of the same agency, read in the same run.")
    vehicle_kind: Text = Field("bus", description="What the vehicles are.")
    route_kinds: Texts = Field({}, description="What vehicles are by how the id of their route begins.")
    language: Language = Field("", description="Chooses among translations; English unless told.")
