"""Make GTFS packages from tables that are written as text."""

import io
import zipfile
from collections.abc import Mapping
from typing import Final

#: Two trips of one line over three stops; the second runs past midnight.
TABLES: Final[Mapping[str, str]] = {
    "agency": "agency_id,agency_name,agency_url,agency_timezone\nta,Testville Transit,https://ta.example,{zone}\n",
    "routes": (
        "route_id,agency_id,route_short_name,route_long_name,route_type,route_color,route_text_color\n"
        "r7,ta,7,Harbour Line,3,1a2b3c,FFFFFF\n"
    ),
    "stops": (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "s1,Old Harbour,51.50,-0.10,0,\ns2,Market,51.51,-0.11,0,\ns3,Hill Top,51.52,-0.12,0,\n"
    ),
    "trips": (
        "route_id,service_id,trip_id,trip_headsign,direction_id,shape_id\n"
        "r7,daily,t-day,Hill Top,0,up\nr7,daily,t-night,Hill Top,0,up\n"
    ),
    "stop_times": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t-day,08:00:00,08:00:30,s1,1\nt-day,,,s2,2\nt-day,8:20:00,8:20:00,s3,3\n"
        "t-night,24:50:00,24:50:00,s1,1\nt-night,25:00:00,25:01:00,s2,2\nt-night,25:35:00,25:35:00,s3,3\n"
    ),
    "calendar": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "daily,1,1,1,1,1,1,1,20200101,20991231\n"
    ),
    "shapes": (
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
        "up,51.50,-0.10,1\nup,51.51,-0.115,2\nup,51.52,-0.12,3\n"
    ),
}


def timetable(zone: str = "Europe/London", **tables: str | None) -> bytes:
    """Make the package of `TABLES`, some of them replaced; one that is None is left out."""
    texts = {**TABLES, "agency": TABLES["agency"].replace("{zone}", zone), **tables}
    return zipped({f"{name}.txt": text for name, text in texts.items() if text is not None})


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """Make a zip, the same bytes for the same members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
