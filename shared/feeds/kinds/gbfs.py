"""[p] What a feed of shared vehicles may be told."""

from typing import Annotated, Literal

from pydantic import Field

from shared.feeds.option_types import Allowed, Language, Options

_FILES = (
    "station_information, station_status, free_bike_status, vehicle_status, system_alerts, system_information,"
    " vehicle_types and the standard's others"
)


class GbfsOptions(Options):
    """Options of feeds of GBFS."""

    language: Language = Field(
        "", description="Chooses among translations and discovered files; English unless told."
    )
    files: Annotated[
        list[
            Literal[
                "station_information", "station_status", "free_bike_status", "vehicle_status", "vehicle_availability",
                "system_alerts", "system_information", "vehicle_types", "system_hours", "system_calendar",
                "system_regions", "system_pricing_plans", "geofencing_zones", "gbfs_versions", "manifest",
            ]
        ],
        Allowed("unknown", f"a list of names of files: {_FILES}"),
    ] = Field([], description="The files to fetch, instead of all that can be used.")  # fmt: skip
