"""Weather in the forms of other services and other versions of the same."""

from typing import Any

import orjson
import pytest

from tasks.feeds.connector import Described, Malformed, Observation, Record, Rejected, Thing
from tasks.feeds.registry import connector
from tests.support.feeds import addresses, drive, parse, payload, source


def read(document: Any) -> list[Record]:
    """Parse a document as the connector does."""
    content = document if isinstance(document, bytes) else orjson.dumps(document)
    return parse(source("weather", timezone="Europe/Berlin"), payload(content))


def values(records: list[Record]) -> list[tuple[str, str, float]]:
    """Return time, property and value of every result."""
    return [
        (f"{record.phenomenon_time:%dT%H:%M}", result.observed_property, round(result.value, 2))
        for record in records
        if isinstance(record, Observation)
        for result in record.results
    ]


PARIS = {"latitude": 48.85, "longitude": 2.35, "utc_offset_seconds": 3600}


def test_the_present_moment_is_read_under_its_old_name() -> None:
    """`current_weather` has no units beside it."""
    told = {"time": "2026-11-20T00:00", "temperature": 5, "windspeed": 36, "is_day": 0}

    assert [
        ("19T23:00", "air_temperature", 5.0),
        ("19T23:00", "wind_speed", 10.0),
        ("19T23:00", "is_day", 0.0),
    ] == (values(read({**PARIS, "current_weather": told})))


def test_a_place_without_hours_is_no_record() -> None:
    """What stands behind it keeps its own."""
    told = {**PARIS, "hourly": {"time": ["2026-11-20T00:00"], "temperature_2m": [1]}}

    assert [] == read({**PARIS, "hourly": {"time": [], "temperature_2m": []}})
    assert ["payload#0", "payload#0"] == [
        one.record for one in read([{**told, "hourly": {"time": []}}, {**told, "latitude": 50}])
    ]


def test_quarters_of_an_hour_are_read_where_nothing_else_is_asked_for() -> None:
    """Each is one record."""
    columns = {"time": ["2026-11-20T00:00", "2026-11-20T00:15"], "temperature_2m": [1, 2]}
    records = read([{**PARIS, "minutely_15": columns, "minutely_15_units": {"temperature_2m": "°C"}}])

    assert 2 == len(addresses(records))
    assert ("19T23:15", "air_temperature", 2.0) == values(records)[1]


MEASURED = {
    "station": "https://api.weather.gov/stations/KALB",
    "timestamp": "2026-11-20T01:00:00+00:00",
    "temperature": {"unitCode": "wmoUnit:degC", "value": 2},
}


@pytest.mark.parametrize(
    "document",
    [
        {"@context": [], "@graph": [{**MEASURED, "geometry": "POINT(-73.8 42.7)"}]},
        {"@context": [], **MEASURED, "geometry": "POINT(-73.8 42.7)"},
    ],
)
def test_the_linked_data_form_of_an_observation_is_the_same(document: dict[str, Any]) -> None:
    """Its shape is text."""
    plain = {"geometry": {"type": "Point", "coordinates": [-73.8, 42.7]}, "properties": MEASURED}

    assert read({"type": "FeatureCollection", "features": [plain]}) == read(document)


def test_a_list_of_stations_gives_stations() -> None:
    """They are what observations are of, and no failed observations."""
    spot = {"type": "Point", "coordinates": [-73.8, 42.7]}
    row = {"type": "Feature", "geometry": spot, "properties": {"stationIdentifier": "KALB", "name": "Albany"}}
    (thing,) = read({"type": "FeatureCollection", "features": [row]})

    assert isinstance(thing, Thing)
    assert ("KALB", "Albany", -73.8) == (thing.external_id, thing.name, thing.lon)


REPORT = {
    "icaoId": "KJFK",
    "obsTime": 1795218660,
    "temp": -1.1,
    "wdir": "VRB",
    "wspd": 10,
    "visib": "10+",
    "lat": 40.6,
    "lon": -73.8,
}


def test_decoded_reports_of_airports_are_read() -> None:
    """The Aviation Weather Center tells the place and the whole time."""
    records = read([REPORT, {**REPORT, "obsTime": None}, {"icaoId": "KBOS", "obsTime": 1795218660}, 3])

    assert 4 == len(addresses(records))
    assert {"bad_time", "no_result", "not_an_object"} == {
        one.reason for one in records if isinstance(one, Rejected)
    }
    assert [
        ("20T23:51", "air_temperature", -1.1),
        ("20T23:51", "wind_speed", 5.14),
        ("20T23:51", "visibility", 16093.44),
    ] == (values(records))


@pytest.mark.parametrize(
    ("words", "found"),
    [("240P99KT 9999", "wind_speed"), ("24010GP99KT 9999", "wind_gust"), ("24010KT 6000NDV", "visibility")],
)
def test_marks_within_the_words_of_a_report_are_known(words: str, found: str) -> None:
    """More than can be measured, and a visibility whose direction is not told."""
    assert found in [name for _, name, _ in values(read(f"METAR EGLL 202350Z {words} 10/05 Q1009=".encode()))]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_a_table_of_any_encoding_keeps_its_unit(encoding: str) -> None:
    """The degree sign is what tells."""
    records = read("date,latitude,temp (°F)\n2026-11-20 12:00,52.5,50\n".encode(encoding))

    assert [("20T11:00", "air_temperature", 10.0)] == values(records)


def test_a_table_may_write_the_day_first() -> None:
    """Which its other rows tell."""
    records = read(b"Datum;Temp\n02.11.2026 12:00;3\n20.11.2026 12:00;4\n")

    assert ["02T11:00", "20T11:00"] == [when for when, _, _ in values(records)]


def test_a_forecast_in_a_bulletin_measured_nothing() -> None:
    """A TAF begins as a report does, and goes on with the hours for which it holds."""
    bulletin = b"METAR KBOS 201154Z 36010KT 10/05=\nTAF KBOS 201130Z 2012/2118 18050KT P6SM="
    report, told = [one for one in read(bulletin) if not isinstance(one, Thing)]

    assert isinstance(report, Observation)
    assert isinstance(told, Rejected)
    assert "forecast" == told.reason


LISTED = (
    "raw_text,station_id,observation_time,latitude,longitude,temp_c,wind_dir_degrees,wind_speed_kt,altim_in_hg\n"
    '"KJFK 202351Z 36010KT 10/05 A2992",KJFK,2026-11-20T23:51:00Z,40.6,-73.8,-1.1,VRB,10,29.92\n'
    "KBOS NIL,KBOS,soon,42.3,-71.0,1,0,0,\n"
)
TAGGED = (
    "<response><data><METAR><raw_text>KJFK 202351Z 36010KT 10/05 A2992</raw_text><station_id>KJFK</station_id>"
    "<observation_time>2026-11-20T23:51:00Z</observation_time><latitude>40.6</latitude><longitude>-73.8</longitude>"
    "<temp_c>-1.1</temp_c><wind_dir_degrees>VRB</wind_dir_degrees><wind_speed_kt>10</wind_speed_kt>"
    "<altim_in_hg>29.92</altim_in_hg></METAR><METAR><station_id>KBOS</station_id></METAR></data></response>"
)


@pytest.mark.parametrize(
    "content", [LISTED, f"No errors\nNo warnings\n5 ms\ndata source=metars\n{LISTED}", TAGGED]
)
def test_the_lists_of_airports_tell_where_and_when(content: str) -> None:
    """Other than the bare report beside them: no zone of the month is guessed, and the station has its place."""
    records = read(content.encode())
    (thing,) = [one for one in records if isinstance(one, Thing)]

    assert 2 == len(addresses(records))
    assert ["bad_time"] == [one.reason for one in records if isinstance(one, Rejected)]
    assert ("KJFK", -73.8) == (thing.external_id, thing.lon)
    assert [
        ("20T23:51", "air_temperature", -1.1),
        ("20T23:51", "wind_speed", 5.14),
        ("20T23:51", "air_pressure", 1013.2),
    ] == values(records)


def test_a_cell_of_the_forecast_is_read_by_its_periods() -> None:
    """Each variable has periods of its own; what lies ahead is a forecast, and nobody observed it."""
    told = {
        "gridId": "BOX",
        "updateTime": "2026-11-22T10:00:00+00:00",
        "temperature": {
            "uom": "wmoUnit:degC",
            "values": [
                {"validTime": "2026-11-22T06:00:00+00:00/PT1H", "value": 5.5},
                {"validTime": "2026-11-23T06:00:00+00:00/PT3H", "value": 6},
                {"validTime": "soon", "value": 7},
            ],
        },
        "windSpeed": {
            "uom": "wmoUnit:km_h-1",
            "values": [{"validTime": "2026-11-23T06:00:00+00:00/P1D", "value": 36}],
        },
        "hazards": {"values": [{"validTime": "2026-11-23T06:00:00+00:00/P1D", "value": []}]},
    }
    ring = [[[-72, 42], [-72, 43], [-71, 43], [-71, 42], [-72, 42]]]
    records = read(
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": ring}, "properties": told}
    )

    assert {"payload#0"} == addresses(records)
    assert ["bad_time"] == [one.reason for one in records if isinstance(one, Rejected)]
    assert [-71.5] == [one.lon for one in records if isinstance(one, Thing)]
    assert [
        ("22T06:00", "air_temperature", 5.5),
        ("23T06:00", "forecast_air_temperature", 6.0),
        ("23T06:00", "forecast_wind_speed", 10.0),
    ] == values(records)


def test_the_old_name_of_the_weather_code_is_the_code() -> None:
    """Open-Meteo wrote it without its underscore."""
    told = {
        **PARIS,
        "hourly": {"time": ["2026-11-20T00:00"], "weathercode": [3]},
        "hourly_units": {"weathercode": "wmo code"},
    }
    (result,) = [one for record in read(told) if isinstance(record, Observation) for one in record.results]

    assert ("weather_code", "1") == (result.observed_property, result.unit)


@pytest.mark.parametrize(
    "ends", ["TEMPO 4000 SHRA", "BECMG 27020KT", "NOSIG", "PROB30 TEMPO 0800 FG", "RMK 08/05"]
)
def test_what_a_report_expects_was_not_measured(ends: str) -> None:
    """A trend stands behind the report, with a wind and a sight of its own."""
    *_, record = read(
        f"METAR EDDF 221150Z 24010KT 9999 08/03 Q0998 {ends}\nMETAR EDDM 221150Z NIL=".encode()
    )[:2]

    assert isinstance(record, Observation)
    assert ["wind_direction", "wind_speed", "visibility", "air_temperature", "dew_point", "air_pressure"] == [
        result.observed_property for result in record.results
    ]
    assert f"EDDF 221150Z 24010KT 9999 08/03 Q0998 {ends}" == record.properties["report"]


def test_a_pressure_in_two_units_is_one() -> None:
    """Tehran tells it in both."""
    *_, record = read(b"METAR OIII 221100Z 27048G60KT 4000 1500SW +TSRA SCT025CB 23/11 Q1014 A2995=")

    assert isinstance(record, Observation)
    assert [1014.0] == [one.value for one in record.results if one.observed_property == "air_pressure"]


CANADA = (
    '"Longitude (x)","Latitude (y)","Station Name","Climate ID","Date/Time (LST)","Year","Temp (\u00b0C)",'
    '"Wind Dir (10s deg)","Station Pressure (kPa)"\n'
    '"-73.74","45.47","MONTREAL","7025251","2026-07-01 00:00","2026","20.1","24","100.5"\n'
    '"-79.40","43.67","TORONTO","6158355","2026-07-01 00:00","2026","25.5","",""\n'
    '"-73.74","45.47","MONTREAL","7025251","2026-07-01 01:00","2026","19.8","25","100.4"\n'
    '"broken"\n'
)


def test_the_stations_of_a_table_are_kept_apart() -> None:
    """Two of one hour are no one; each has its name and its place, and tens of degrees are degrees."""
    records = read(CANADA.encode())
    stations = [(one.external_id, one.name, one.lon, one.lat) for one in records if isinstance(one, Thing)]
    told = [
        (one.external_id, [(result.observed_property, result.value, result.unit) for result in one.results])
        for one in records
        if isinstance(one, Observation)
    ]

    assert [("7025251", "MONTREAL", -73.74, 45.47), ("6158355", "TORONTO", -79.4, 43.67)] == stations
    wind = ("wind_direction", 240.0, "deg")
    assert ("7025251", [("air_temperature", 20.1, "Cel"), wind, ("station_pressure", 1005.0, "hPa")]) == told[
        0
    ]
    assert ("6158355", [("air_temperature", 25.5, "Cel")]) == told[1]
    assert 4 == len(addresses(records))


def test_an_option_names_the_one_station_of_a_table() -> None:
    """Whatever its columns say."""
    records = parse(source("weather", station="roof"), payload(CANADA.encode()))

    assert ["roof"] == [one.external_id for one in records if isinstance(one, Thing)]
    assert {"roof"} == {one.external_id for one in records if isinstance(one, Observation)}


@pytest.mark.parametrize(
    "told",
    [
        {"windSpeed": {"unitCode": "wmoUnit:m_s-1", "value": 10}},
        {"windSpeed": {"unitCode": "unit:m_s-1", "value": "10.0"}},
        {"windSpeed": {"unitCode": "unit:km_h-1", "value": 36}},
    ],
)
def test_a_speed_is_read_in_each_of_the_services_units(told: dict[str, Any]) -> None:
    """Years ago it was metres in a second, and some caches write numbers as text."""
    row = {"type": "Feature", "properties": {**MEASURED, **told}}

    found = read({"type": "FeatureCollection", "features": [row]})

    assert ("20T01:00", "wind_speed", 10.0) in values(found)
    assert {"Cel", "m/s"} == {
        result.unit for one in found if isinstance(one, Observation) for result in one.results
    }


def test_the_report_tells_what_the_service_has_not_decoded_yet() -> None:
    """For minutes an observation has its METAR only."""
    nothing = {"value": None, "unitCode": "unit:degC"}
    said = {
        **MEASURED,
        "temperature": nothing,
        "rawMessage": "KALB 200051Z 35005KT 10SM 26/23 A3005 RMK T02560228",
    }
    row = {"type": "Feature", "properties": said}

    assert ("20T01:00", "air_temperature", 25.6) in values(
        read({"type": "FeatureCollection", "features": [row]})
    )


def test_where_a_point_is_forecast_is_no_place_of_weather() -> None:
    """The service answers for a point with links to what it has there."""
    said = {
        "gridId": "BOX",
        "gridX": 1,
        "forecastHourly": "https://api.weather.gov/gridpoints/BOX/1,2/forecast/hourly",
    }

    assert [Described] == [
        type(one) for one in read({"type": "Feature", "geometry": None, "properties": said})
    ]


PLACE_ABOVE = (
    "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
    "48.85,2.35,NaN,3600,Europe/Paris,GMT+1\n\n"
)


@pytest.mark.parametrize(
    "content",
    [
        f"{PLACE_ABOVE}time,temperature_2m (°C),wind_speed_10m (km/h)\n2026-11-20T00:00,5.0,36\n",
        f"location_id,{PLACE_ABOVE}".replace("48.85", "0,48.85")
        + "location_id,time,temperature_2m (°C),wind_speed_10m (km/h)\n0,2026-11-20T00:00,5.0,36\n",
        f"{PLACE_ABOVE}time,temperature_2m (°C)\n2026-11-20T00:45,9\n\n"
        "time,temperature_2m (°C),wind_speed_10m (km/h)\n2026-11-20T00:00,5.0,36\n2026-11-20T01:00,NaN,\n",
    ],
    ids=["one place", "numbered places", "now above the hours"],
)
def test_open_meteos_csv_is_its_json(content: str) -> None:
    """A table of places, a blank line, and a table of their times."""
    document = {
        **PARIS,
        "hourly": {"time": ["2026-11-20T00:00"], "temperature_2m": [5.0], "wind_speed_10m": [36]},
        "hourly_units": {"temperature_2m": "°C", "wind_speed_10m": "km/h"},
    }
    records = read(content.encode())

    assert read(document) == [one for one in records if not isinstance(one, Rejected)]
    assert {"no_result"} >= {one.reason for one in records if isinstance(one, Rejected)}


@pytest.mark.parametrize(
    ("content", "when", "expected"),
    [
        (
            '"STATION","DATE","LATITUDE","LONGITUDE","ELEVATION","NAME","PRCP","PRCP_ATTRIBUTES","TMAX","TMAX_ATTRIBUTES"\n'
            '"USW1","2026-11-20","40.7","-73.9","42.7","NY","   25",",,W","  123",",,W"\n',
            "2026-11-19T23:00",
            [("precipitation", 2.5, "mm"), ("air_temperature_max", 12.3, "Cel")],
        ),
        (
            "#DEBUG: Format Typ -> onlycomma\nstation,valid,lon,lat,tmpf,drct,sknt,p01i,gust,metar\n"
            "JFK,2026-11-20 00:51,-73.7,40.6,50.0,M,10.0,0.10,M,KJFK 200051Z 36010KT 10/05 A2992\n",
            "2026-11-20T00:51",
            [("air_temperature", 10.0, "Cel"), ("wind_speed", 5.1444, "m/s"), ("precipitation", 2.54, "mm")],
        ),
        (
            "station,valid,metar\nJFK,2020-02-20 00:51,KJFK 200051Z 36010KT 10/05 A2992\n",
            "2020-02-20T00:51",
            [
                ("wind_direction", 360.0, "deg"), ("wind_speed", 5.1444, "m/s"), ("air_temperature", 10.0, "Cel"),
                ("dew_point", 5.0, "Cel"), ("air_pressure", 1013.2076, "hPa"),
            ],
        ),
        (
            "year,month,day,hour,temp,temp_source,dwpt,rhum,prcp,wdir,wspd,pres\n2026,11,20,6,3.5,isd,1,80,,350,36,1013.2\n",
            "2026-11-20T06:00",
            [
                ("air_temperature", 3.5, "Cel"), ("dew_point", 1.0, "Cel"), ("relative_humidity", 80.0, "%"),
                ("wind_direction", 350.0, "deg"), ("wind_speed", 10.0, "m/s"), ("sea_level_pressure", 1013.2, "hPa"),
            ],
        ),
        (
            "date,tavg,tmin,tmax,prcp,snow,wdir,wspd,wpgt,pres,tsun\n2026-11-20,4,-9999,7,1.2,,10,18,,1013,\n",
            "2026-11-19T23:00",
            [
                ("temperature_mean", 4.0, "Cel"), ("air_temperature_max", 7.0, "Cel"), ("precipitation", 1.2, "mm"),
                ("wind_direction", 10.0, "deg"), ("wind_speed", 5.0, "m/s"), ("sea_level_pressure", 1013.0, "hPa"),
            ],
        ),
    ],
    ids=["ghcn daily", "iowa", "iowa's reports", "meteostat hours", "meteostat days"],
)  # fmt: skip
def test_tables_whose_documentation_tells_their_units_have_them(
    content: str, when: str, expected: list[tuple[str, float, str]]
) -> None:
    """Tenths of degrees are degrees, an hour of UTC is no hour of the city, and a column of reports is no bulletin."""
    (told,) = [one for one in read(content.encode()) if isinstance(one, Observation)]

    assert when == f"{told.phenomenon_time:%Y-%m-%dT%H:%M}"
    assert expected == [(one.observed_property, one.value, one.unit) for one in told.results]


def test_a_bulletin_of_another_code_holds_no_report() -> None:
    """It is headed as all are, and no broken table."""
    assert [] == read(
        b"421 \r\nSACN96 CWAO 241400 RRB\r\nWXL SA 1400 AUTO8 M M M M/19/06/1806/M/ M 75MM=\r\n"
    )


def test_reports_of_airports_are_read_from_geojson() -> None:
    """The same service names the airport and writes the time otherwise there."""
    said = {"id": "KDEN", "site": "Denver Intl", "obsTime": "2026-11-20T12:53:00Z", "temp": -1.1, "wspd": 10}
    place = {"type": "Point", "coordinates": [-104.66, 39.86]}
    rows = [
        {"type": "Feature", "id": "7", "properties": {**said, "rawOb": "KDEN 201253Z"}, "geometry": place},
        3,
    ]
    thing, observation, bad = read({"type": "FeatureCollection", "features": rows})

    assert isinstance(thing, Thing)
    assert isinstance(bad, Rejected)
    assert ("KDEN", "Denver Intl", -104.66, 39.86) == (thing.external_id, thing.name, thing.lon, thing.lat)
    assert [("20T12:53", "air_temperature", -1.1), ("20T12:53", "wind_speed", 5.14)] == values([observation])


def test_meteostat_answers_in_json() -> None:
    """Its hours are UTC's, in the units of its documentation; a row that is none is set aside."""
    row = {
        "temp": 3.1,
        "dwpt": 1,
        "rhum": 86,
        "prcp": 0.2,
        "wdir": 200,
        "wspd": 36,
        "wpgt": None,
        "pres": 1016,
    }
    rows = [{"time": "2026-11-20 00:00:00", **row}, "none", {"time": "2026-11-20 01:00:00", **row, "temp": 2}]
    records = read({"meta": {"stations": ["10637"]}, "data": rows})

    assert ["Thing", "Observation", "Rejected", "Observation"] == [type(one).__name__ for one in records]
    assert {"10637"} == {one.external_id for one in records if isinstance(one, Observation)}
    assert ("20T00:00", "wind_speed", 10.0) in values(records)
    assert ("20T01:00", "air_temperature", 2.0) in values(records)


@pytest.mark.parametrize(
    ("words", "temperature", "dew_point"),
    [
        ("M01/M05 A3012 RMK AO2 SLP210 T10111050", -1.1, -5.0),
        ("00/M00 A3012 RMK T00041004 10072", 0.4, -0.4),
        ("05/ A3012 RMK T0049", 4.9, None),
        ("M04/M07 A3003 RMK 23/19 T02500161", -4.0, -7.0),
        ("05/01 A3012 RMK TSNO T0050", 5.0, 1.0),
        ("05/01 A3012", 5.0, 1.0),
    ],
)
def test_tenths_of_a_degree_are_read_from_remarks(
    words: str, temperature: float, dew_point: float | None
) -> None:
    """Where they are those of the report, which rounds them."""
    found = {name: value for _, name, value in values(read(f"METAR KORD 221151Z 27015KT {words}=".encode()))}

    assert (temperature, dew_point) == (found.get("air_temperature"), found.get("dew_point"))


@pytest.mark.parametrize(("told", "metres"), [("P6SM", 9656.06), ("M1/4SM", 402.34)])
def test_a_visibility_beyond_what_is_measured_is_that(told: str, metres: float) -> None:
    """More than six miles, or less than a quarter."""
    assert ("22T11:51", "visibility", metres) in values(
        read(f"METAR KORD 221151Z AUTO 27015KT {told} CLR 05/M01 A3012=".encode())
    )


def test_a_report_that_is_not_decoded_is_read_as_it_was_sent() -> None:
    """Some who keep reports of airports keep nothing else."""
    report = "METAR KPWM 270651Z 04015G24KT 9SM -RA 13/12 A2992"
    found = values(read([{"icaoId": "KPWM", "obsTime": 1790491860, "rawOb": report}]))

    assert ("27T06:51", "air_temperature", 13.0) in found
    assert ("27T06:51", "wind_gust", 12.35) in found


MADRID = {
    "idema": "3195",
    "lon": -3.678,
    "lat": 40.412,
    "alt": 667.0,
    "ubi": "MADRID RETIRO",
    "fint": "2026-11-20T14:00:00",
    "prec": 1.2,
    "ta": 0.1,
    "vv": 2.5,
    "pres": 929.9,
    "pres_nmar": 1009.9,
    "rviento": 132.0,
}


def test_what_a_station_of_aemet_measured_is_read() -> None:
    """Its hours are those of UTC, whether they say so or not."""
    later = MADRID | {"fint": "2026-11-20T15:00:00+0000", "prec": None, "vv": None, "pres": None}
    station, *rest = read(
        [
            MADRID,
            later,
            MADRID | {"fint": "soon"},
            MADRID | {"idema": ""},
            {"idema": "1", "fint": later["fint"]},
        ]
    )

    assert isinstance(station, Thing)
    assert ("3195", "MADRID RETIRO", -3.678, 40.412) == (
        station.external_id,
        station.name,
        station.lon,
        station.lat,
    )
    assert [
        ("20T14:00", "air_temperature", 0.1),
        ("20T14:00", "wind_speed", 2.5),
        ("20T14:00", "air_pressure", 929.9),
        ("20T14:00", "sea_level_pressure", 1009.9),
        ("20T14:00", "precipitation", 1.2),
        ("20T15:00", "air_temperature", 0.1),
        ("20T15:00", "sea_level_pressure", 1009.9),
    ] == values(rest)
    assert ["bad_time", "no_identity", "no_result"] == [
        one.reason for one in rest if isinstance(one, Rejected)
    ]


AEMET = "https://opendata.aemet.es/opendata/api/observacion/convencional/datos/estacion/3195"
ROWS = "https://opendata.aemet.es/opendata/sh/9a7c"


@pytest.mark.parametrize(
    ("datos", "found"), [(ROWS, 1), ("https://elsewhere.example/9a7c", 0), ("https://[", 0), (7, 0)]
)
def test_the_link_of_aemet_is_followed_within_its_site(datos: Any, found: int) -> None:
    """Its answer tells where the rows are, for some minutes."""
    answer = {"descripcion": "exito", "estado": 200, "datos": datos, "metadatos": f"{ROWS}m"}
    feed = source("weather", AEMET)
    driven = drive(
        connector("weather").plan(feed), {AEMET: orjson.dumps(answer), ROWS: orjson.dumps([MADRID])}
    )
    records = parse(feed, *driven.payloads)

    assert found == sum(isinstance(one, Observation) for one in records)
    assert 1 == sum(isinstance(one, Described) for one in records)


def test_a_failure_of_aemet_is_told_in_its_words() -> None:
    """A wrong key is not a quiet station."""
    with pytest.raises(Malformed, match="API key invalido"):
        read({"descripcion": "API key invalido", "estado": 401})


SYDNEY = {
    "wmo": 94768,
    "name": "Sydney",
    "aifstime_utc": "20261120010000",
    "lat": -33.9,
    "lon": 151.2,
    "air_temp": 22.5,
    "wind_spd_kmh": 36,
    "gust_kmh": None,
    "press_msl": 1015.1,
    "wind_dir": "SSE",
    "rain_trace": "0.0",
}


def test_what_a_station_of_the_australian_bureau_measured_is_read() -> None:
    """Each row is one record; a row without a time or a station is set aside."""
    rows = [SYDNEY, SYDNEY | {"aifstime_utc": "20261320010000"}, SYDNEY | {"wmo": None}, "none"]
    station, *rest = read({"observations": {"notice": [], "header": [], "data": rows}})

    assert isinstance(station, Thing)
    assert ("94768", "Sydney", 151.2, -33.9) == (station.external_id, station.name, station.lon, station.lat)
    assert [
        ("20T01:00", "air_temperature", 22.5),
        ("20T01:00", "wind_speed", 10.0),
        ("20T01:00", "sea_level_pressure", 1015.1),
    ] == values(rest)
    assert ["bad_time", "no_identity", "not_an_object"] == [
        one.reason for one in rest if isinstance(one, Rejected)
    ]


def test_the_forecasts_of_the_australian_bureau_are_read() -> None:
    """By the day and by the hour; what is still to come is named so, and what is null is none."""
    day = {
        "rain": {"amount": {"min": 3, "max": 7, "units": "mm"}, "chance": 90},
        "uv": {"category": "high", "max_index": 6},
        "date": "2026-11-29T13:00:00Z",
        "temp_max": 19,
        "temp_min": None,
    }
    hour = {
        "rain": {"amount": {"min": 0, "max": None, "units": "mm"}, "chance": 5},
        "temp": 16,
        "wind": {"speed_kilometre": 18, "direction": "NNW", "gust_speed_kilometre": 36},
        "uv": 0,
        "time": "2026-11-20T11:00:00Z",
    }
    records = read({"metadata": {"issue_time": "2026-11-20T11:20:44Z"}, "data": [day, hour]})

    assert {"payload#0", "payload#1"} == addresses(records)
    assert [
        ("29T13:00", "forecast_air_temperature_max", 19.0),
        ("29T13:00", "forecast_precipitation_probability", 90.0),
        ("29T13:00", "forecast_precipitation_max", 7.0),
        ("29T13:00", "forecast_uv_index", 6.0),
        ("20T11:00", "air_temperature", 16.0),
        ("20T11:00", "wind_speed", 5.0),
        ("20T11:00", "wind_gust", 10.0),
        ("20T11:00", "precipitation_probability", 5.0),
    ] == values(records)


def reports(text: str) -> list[tuple[str, str, str]]:
    """Read reports of airports: station, time and what is kept of each."""
    return [
        (one.external_id, f"{one.phenomenon_time:%Y-%m-%dT%H:%M}", one.properties["report"])
        for one in read(text.encode())
        if isinstance(one, Observation)
    ]


def test_a_small_airport_has_digits_in_its_name() -> None:
    """Its report is its own, and not the end of another's; what begins with a digit is no name."""
    yakima = "K1YT 221116Z AUTO 20003KT 10SM -RA OVC023 01/M01 A2992 RMK AO2"
    kelso = "KCLS 221115Z AUTO 19004KT 6SM 08/07 A2980"

    expected = [("KCLS", "2026-11-22T11:15", kelso), ("K1YT", "2026-11-22T11:16", yakima)]
    assert expected == reports(f"METAR\n{kelso}=\n{yakima}=\n1QQQ 221116Z 19004KT=\n")


@pytest.mark.parametrize(
    ("above", "told", "moment"),
    [
        ("2019/03/01 00:51", "KJFK 010051Z", "2019-03-01T00:51"),
        ("2019/03/01 00:00", "METAR KJFK 282355Z", "2019-02-28T23:55"),
        ("2026/11/22 11:51", "KJFK 221151Z", "2026-11-22T11:51"),
        ("2031/11/22 11:51", "KJFK 221151Z", "2026-11-22T11:51"),
        ("2019/13/01 00:51", "KJFK 010051Z", "2026-11-01T00:51"),
        ("", "KJFK 010051Z", "2026-11-01T00:51"),
    ],
    ids=["years ago", "the day before", "now", "to come", "no day", "none"],
)
def test_the_day_of_a_report_is_told_in_the_line_above_it(above: str, told: str, moment: str) -> None:
    """A station that fell silent years ago did not report this month."""
    said = "27015KT 10SM CLR 05/M01 A3012"
    other = "2026/11/22 11:51\nKBOS 221151Z 36010KT 10/05 A2992"

    first, second = reports(f"{above}\n{told} {said}\n\n{other}\n")

    assert ("KJFK", moment, f"{told.removeprefix('METAR ')} {said}") == first
    assert "2026-11-22T11:51" == second[1]


def test_a_table_of_several_cities_has_the_units_of_that_of_one() -> None:
    """As they are published beside each other."""
    table = (
        b"location,date,precipitation,temp_max,temp_min,wind,weather\n"
        b"Seattle,2012-01-02,10.9,10.6,2.8,4.5,rain\nNew York,2012-01-02,0.0,8.9,-3.3,7.2,sun\n"
    )
    seattle, new_york = (one for one in read(table) if isinstance(one, Observation))

    assert ("Seattle", "New York") == (seattle.external_id, new_york.external_id)
    assert ["mm", "Cel", "Cel", "m/s"] == [result.unit for result in new_york.results]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_that_is_parted_otherwise_has_decimal_commas(delimiter: str) -> None:
    """As the cities of Europe write it; what is parted by commas has points."""
    lines = ["Datum;Temperatur (\u00b0C);Wind (km/h)", "20.11.2026 10:00;-3,5;36", "20.11.2026 11:00;3.5;3,6"]
    found = values(read("\n".join(lines).replace(";", delimiter).encode()))

    assert [-3.5, 10.0, 3.5, 1.0] == [value for _, _, value in found]


def test_no_reports_of_airports_are_a_quiet_night() -> None:
    """The Aviation Weather Center answers with an empty list then."""
    assert [] == read([])


@pytest.mark.parametrize(
    ("wind", "speed"),
    [
        ("5 to 10 mph", 4.47),
        ({"unitCode": "wmoUnit:km_h-1", "value": 18}, 5.0),
        ({"unitCode": "wmoUnit:km_h-1", "value": None, "minValue": 9, "maxValue": 18}, 5.0),
    ],
)
def test_the_wind_of_a_forecast_is_read_as_words_or_as_a_quantity(wind: Any, speed: float) -> None:
    """The service writes the latter where its feature flags ask for it; of two the higher counts."""
    period = {"startTime": "2026-11-23T06:00:00-05:00", "windSpeed": wind}

    expected = [("23T11:00", "forecast_wind_speed", speed)]
    assert expected == values(read({"type": "Feature", "properties": {"periods": [period]}}))


def test_what_rained_within_an_hour_and_what_a_day_reached_have_the_names_of_all() -> None:
    """Whoever told it."""
    measured = {**MEASURED, "precipitationLastHour": {"unitCode": "wmoUnit:mm", "value": 1.5}}
    days = {"time": ["2026-11-20"], "temperature_2m_max": [5], "temperature_2m_min": [-1]}

    rain = values(read({"type": "Feature", "properties": measured}))
    assert ("20T01:00", "precipitation", 1.5) in rain
    assert ["air_temperature_max", "air_temperature_min"] == [
        name
        for _, name, _ in values(
            read({**PARIS, "daily": days, "daily_units": {"temperature_2m_max": "\u00b0C"}})
        )
    ]
