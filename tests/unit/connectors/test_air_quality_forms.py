"""The forms of air quality that other cities and other versions of the services send."""

import gzip
from typing import Any

import orjson
import pytest

from tasks.feeds.connector import Described, Malformed, Observation, Record, Rejected, Thing
from tasks.feeds.connectors.air_quality import openaq
from tasks.feeds.registry import connector
from tests.support.feeds import addresses, drive, parse, payload, source

PLACE = {"coordinates": {"latitude": 40.7, "longitude": -74.0}}
OLD = {
    "location": "Quay",
    "parameter": "pm25",
    "value": 12.5,
    "unit": "µg/m³",
    "date": {"utc": "2026-11-20T01:00:00Z"},
}
PERIOD = {"datetimeFrom": {"utc": "2026-11-20T00:00:00Z"}, "datetimeTo": {"utc": "2026-11-20T01:00:00Z"}}
NEW = {
    "value": 5.1,
    "parameter": {"id": 2, "name": "pm25", "units": "µg/m³"},
    "period": PERIOD,
    "coordinates": None,
}


def read(document: Any, url: str = "") -> list[Record]:
    """Parse a document as the connector does."""
    content = document if isinstance(document, bytes) else orjson.dumps(document)
    return parse(source("air_quality"), payload(content, url=url))


def values(records: list[Record]) -> list[tuple[str, str, str, float]]:
    """Return thing, time, property and value of every result."""
    return [
        (record.external_id, f"{record.phenomenon_time:%dT%H:%M}", result.observed_property, result.value)
        for record in records
        if isinstance(record, Observation)
        for result in record.results
    ]


@pytest.mark.parametrize(
    ("row", "thing"),
    [
        ({**OLD, **PLACE, "country": "US", "city": "Port"}, "US/Port/Quay"),
        ({**OLD, **PLACE, "locationId": 7}, "7"),
        ({**OLD, "value": "12.5", "unit": "\u03bcg/m\u00b3"}, "//Quay"),
    ],
    ids=["version 1", "version 2", "text, another mu, no place"],
)
def test_a_measurement_of_a_place_is_stored(row: dict[str, Any], thing: str) -> None:
    """The rows of `/v1/measurements` and `/v2/measurements` hold one value each."""
    assert [(thing, "20T01:00", "pm2_5", 12.5)] == values(read({"results": [row]}))


@pytest.mark.parametrize(
    ("url", "thing"),
    [
        ("https://api.openaq.org/v3/sensors/93/measurements", "sensor-93"),
        ("https://cache.example/x", "sensor"),
    ],
)
def test_a_measurement_of_version_3_is_of_the_sensor_in_the_url_at_the_end_of_its_period(
    url: str, thing: str
) -> None:
    """The row names no sensor itself; the latest value of a sensor has the time at which its hour ended."""
    assert [(thing, "20T01:00", "pm2_5", 5.1)] == values(read({"results": [NEW]}, url))


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "code": "ID", "name": "Indonesia", "parameters": [{"id": 1}]},
        {"id": 2, "name": "pm25", "units": "µg/m³", "displayName": "PM2.5"},
        {"code": "US", "count": 1, "name": "United States"},
    ],
)
def test_what_a_catalogue_lists_is_no_station(row: dict[str, Any]) -> None:
    """A country does not measure."""
    (record,) = read({"results": [row]})

    assert isinstance(record, Described)


def test_a_place_without_a_number_is_known_by_its_names() -> None:
    """As the measurements of the same service name it."""
    (thing,) = read({"results": [{"location": "Quay", "city": "Port", "country": "US", **PLACE}]})

    assert isinstance(thing, Thing)
    assert ("US/Port/Quay", -74.0) == (thing.external_id, thing.lon)


FIELDS = {"data_time_stamp": 1666903200, "fields": ["sensor_index", "last_seen", "pm2.5_atm", "humidity"]}


@pytest.mark.parametrize(
    "document",
    [
        {**FIELDS, "data": [[5, 1666903200, 4.5, 30]]},
        {
            "sensor_index": 5,
            "fields": ["time_stamp", "pm2.5_cf_1", "humidity_a"],
            "data": [[1666903200, 4.5, 30]],
        },
        {
            "mapVersion": "0.18",
            "results": [
                {"ID": 5, "Label": "Q", "LastSeen": 1666903200, "PM2_5Value": "4.5", "humidity": "30"}
            ],
        },
        {"sensor": {"sensor_index": 5, "last_seen": 1666903200, "stats": {"pm2.5": 4.5}, "humidity": 30}},
    ],
    ids=["estimate of the fields", "history", "before version 1", "statistics"],
)
def test_every_form_of_a_purpleair_sensor_is_read(document: dict[str, Any]) -> None:
    """Fields with a suffix are other estimates of the same; a history names its sensor above its rows."""
    expected = [("5", "27T20:40", "pm2_5", 4.5), ("5", "27T20:40", "relative_humidity", 30.0)]

    assert expected == values(read(document))


MONITOR = {"UTC": "2026-11-20T15:00", "Parameter": "PM2.5", "Unit": "UG/M3", "IntlAQSCode": "840060371103"}
HOURLY = b"11/20/26|15:00|840060371103|Main St|-8|PM2.5|UG/M3|12.5|Agency\r\n"


@pytest.mark.parametrize(
    "document", [[{**MONITOR, "Value": 12.5, "AQI": 52}], HOURLY], ids=["api", "hourly file"]
)
def test_the_monitors_of_airnow_are_stored_in_utc(document: Any) -> None:
    """Neither has a local hour."""
    assert [("840060371103", "20T15:00", "pm2_5", 12.5)] == values(read(document))


@pytest.mark.parametrize("broken", [{}, None, {"siteID": "1", "nowcastAQI": 3}])
def test_a_first_row_that_is_none_costs_no_other(broken: Any) -> None:
    """The others tell whose they are."""
    first, *others = read([broken, {**MONITOR, "Value": 12.5}])[::-1]

    assert {"Observation", "Rejected", "Thing"} == {type(one).__name__ for one in (first, *others)}


def test_a_value_of_no_location_is_set_aside() -> None:
    """An empty one names none."""
    latest = {"datetime": {"utc": "2026-11-20T01:00:00Z"}, "value": 5, "sensorsId": 7}
    records = read({"results": [{**latest, "locationsId": ""}, {**latest, "locationsId": 3}]})

    assert ["no_identity"] == [one.reason for one in records if isinstance(one, Rejected)]
    assert [("3", "20T01:00", "sensor_7", 5.0)] == values(records)


def test_a_broken_line_of_an_hourly_file_is_set_aside() -> None:
    """The other lines stay."""
    records = read(HOURLY + b"11/20/26|15:00|cut\n" + b"99/99/26|15:00|1|A|-8|PM2.5|UG/M3|1|B\n")

    assert 3 == len(addresses(records))
    assert {"not_an_object", "bad_time"} == {one.reason for one in records if isinstance(one, Rejected)}


def test_any_order_of_rows_ends_the_same() -> None:
    """Of two values of one moment, and of two places of one sensor, the same one is kept."""
    rows = [{**OLD, **PLACE, "value": 3}, {**OLD, "value": 9}, {**OLD, "value": 4, "location": "Quay "}]

    def kept(rows: list[dict[str, Any]]) -> list[object]:
        records = read({"results": rows})
        assert 3 == len(addresses(records))
        things = [(one.external_id, one.name, one.lon) for one in records if isinstance(one, Thing)]
        return sorted(map(repr, [*things, *values(records)]))

    assert kept(rows) == kept(rows[::-1])
    assert 9.0 in [value[3] for value in values(read({"results": rows}))]


def test_a_repeated_row_without_a_value_is_not_lost() -> None:
    """The store sets it aside as a duplicate."""
    assert 3 == len(addresses(read({"fields": ["sensor_index"], "data": [[1], [2], [1]]})))


@pytest.mark.parametrize(
    "content", [b"\xff|\xfe", b"|", b"11/20/26|15:00|a", b'[{"Message":"Invalid API key"}]']
)
def test_what_is_none_of_the_forms_is_malformed(content: bytes) -> None:
    """Also what looks like a file of AirNow at first."""
    with pytest.raises(Malformed):
        read(content)


FORECAST = {
    "DateIssue": "2026-11-22 ",
    "DateForecast": "2026-11-23 ",
    "ReportingArea": "Boston",
    "Latitude": 42.3,
    "Longitude": -71.0,
    "ParameterName": "O3",
    "AQI": 45,
    "Category": {"Number": 1, "Name": "Good"},
}


def test_a_forecast_of_airnow_is_never_a_measurement() -> None:
    """It is of the city's day, by a name of its own, and nobody observed it."""
    content = payload(orjson.dumps([FORECAST, {**FORECAST, "ParameterName": "PM2.5", "AQI": -1}]))
    thing, told, unknown = parse(source("air_quality", timezone="America/New_York"), content)

    assert isinstance(thing, Thing)
    assert isinstance(told, Observation)
    assert ("Boston", None, "2026-11-23T05:00:00+00:00", "forecast_aqi_ozone") == (
        told.external_id,
        told.observed_at,
        told.phenomenon_time.isoformat(),
        told.results[0].observed_property,
    )
    assert isinstance(unknown, Rejected)
    assert "sentinel" == unknown.reason


V3 = (
    '"location_id","sensors_id","location","datetime","lat","lon","parameter","units","value"\n'
    '"2178","3916","Del Norte-2178","2026-11-20T01:00:00-07:00","35.1353","-106.5847","no2","ppm","0.006"\n'
    '"2178","3917","Del Norte-2178","2026-11-20T01:00:00-07:00","35.1353","-106.5847","pm10","\u00b5g/m\u00b3","-999"\n'
)
V1 = (
    "location,city,country,utc,local,parameter,value,unit,latitude,longitude,attribution\n"
    "Quay,Town,US,2026-11-20T08:00:00.000Z,2026-11-20T01:00:00-07:00,no2,0.006,ppm,35.1353,-106.5847,[]\n"
)
LINE = orjson.dumps(
    {**OLD, "parameter": "no2", "value": 0.006, "unit": "ppm", "date": {"utc": "2026-11-20T08:00:00Z"}}
)


@pytest.mark.parametrize(
    ("content", "thing"),
    [
        (V3.encode(), "2178"),
        (gzip.compress(V3.encode()), "2178"),
        (V1.encode(), "US/Town/Quay"),
        (LINE, "//Quay"),
        (LINE + b"\n" + LINE, "//Quay"),
    ],
    ids=["3", "3-packed", "1-table", "1-line", "1-lines"],
)
def test_an_archive_of_openaq_is_read_line_by_line(content: bytes, thing: str) -> None:
    """Tables of version 3 and 1, packed too, and lines of JSON; what means no value is set aside."""
    records = read(content)

    assert [(thing, "20T08:00", "nitrogen_dioxide", 11.2827)] == values(records)
    if b"-999" in content:
        assert ["sentinel"] == [record.reason for record in records if isinstance(record, Rejected)]
        assert [(-106.5847, 35.1353)] == [(one.lon, one.lat) for one in records if isinstance(one, Thing)]


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"<html><body>busy</body></html>", b""])
def test_what_is_no_archive_is_malformed(content: bytes) -> None:
    """Another table, a page, nothing."""
    with pytest.raises(Malformed, match=r"not JSON|an HTML page"):
        read(content)


def test_an_archive_is_read_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A station is told once; its readings of a moment are joined among the rows that are held."""
    monkeypatch.setattr(openaq, "_ROWS_TOGETHER", 2)
    line = '"7","1","Quay","{}","35.1","-106.5","{}","µg/m³","{}"\n'
    rows = [
        ("2026-11-20T01:00:00Z", "pm25", 1),
        ("2026-11-20T01:00:00Z", "pm10", 2),
        ("2026-11-20T02:00:00Z", "pm25", 3),
    ]

    records = read((V3.splitlines()[0] + "\n" + "".join(line.format(*row) for row in rows)).encode())

    assert ["Thing", "Observation", "Described", "Observation"] == [
        type(record).__name__ for record in records
    ]


def test_sensors_of_citizens_are_read() -> None:
    """Sensor.Community: times are UTC, values are text, and some are words."""
    place = {"id": 2, "latitude": "52.5", "longitude": "13.4", "country": "DE"}
    values = [
        ("P1", "5.1"),
        ("P2", "2.1"),
        ("pressure", "101325"),
        ("temperature", "unavailable"),
        ("x", "1"),
    ]
    row = {
        "id": 1, "timestamp": "2026-11-20 12:00:00", "location": place, "sensor": {"id": 3},
        "sensordatavalues": [{"value_type": name, "value": value} for name, value in values],
    }  # fmt: skip
    rows = [
        row,
        {**row, "timestamp": "2026-11-20 12:02:30"},
        {**row, "sensordatavalues": []},
        {**row, "sensor": None},
        3,
    ]
    records = parse(source("air_quality", timezone="Europe/Berlin"), payload(orjson.dumps(rows)))

    assert 5 == len({record.record for record in records})
    assert ["no_result", "no_identity", "not_an_object"] == [
        one.reason for one in records if isinstance(one, Rejected)
    ]
    (thing,) = (one for one in records if isinstance(one, Thing))
    assert ("3", 13.4, 52.5) == (thing.external_id, thing.lon, thing.lat)
    first, second = (one for one in records if isinstance(one, Observation))
    assert "20T12:00 20T12:02" == f"{first.phenomenon_time:%dT%H:%M} {second.phenomenon_time:%dT%H:%M}"
    assert [("pm10", 5.1, "ug/m3"), ("pm2_5", 2.1, "ug/m3"), ("air_pressure", 1013.25, "hPa")] == [
        (one.observed_property, one.value, one.unit) for one in first.results
    ]


@pytest.mark.parametrize("fault", ["999.90", "1999.9"])
def test_the_fault_of_a_citizens_sensor_is_no_dust(fault: str) -> None:
    """Sensor.Community passes on what its sensor of dust writes when its fan stands still or its tube is blocked."""
    values = [{"value_type": "P1", "value": "1999.90"}, {"value_type": "P2", "value": fault}]
    row = {"timestamp": "2026-11-20 12:00:00", "sensor": {"id": 3}, "sensordatavalues": values}
    (rejected,) = read([row])

    assert isinstance(rejected, Rejected)
    assert "no_result" == rejected.reason


def test_the_locations_of_version_2_tell_their_last_values() -> None:
    """Each with its own time; a sentinel costs itself alone."""
    last = {"parameter": "pm25", "unit": "µg/m³", "lastValue": 10, "lastUpdated": "2026-11-22T10:00:00+00:00"}
    row = {
        **PLACE,
        "id": 1,
        "name": "North",
        "parameters": [last, {**last, "parameter": "o3", "lastValue": -999}],
    }
    thing, observation, rejected = read({"results": [row]})

    assert isinstance(thing, Thing)
    assert isinstance(observation, Observation)
    assert (("pm2_5", 10.0),) == tuple((one.observed_property, one.value) for one in observation.results)
    assert isinstance(rejected, Rejected)
    assert "sentinel" == rejected.reason


def test_the_locations_of_version_1_name_what_they_measure() -> None:
    """A name is no value that could be lost."""
    (thing,) = read({"results": [{**PLACE, "id": "AD942", "location": "AD942", "parameters": ["co", "no2"]}]})

    assert isinstance(thing, Thing)
    assert "AD942" == thing.external_id


STATION = {
    "aqi": 56,
    "idx": 5724,
    "city": {"geo": [51.5, -0.12], "name": "London"},
    "iaqi": {"pm25": {"v": 56}, "t": {"v": 9.5}, "wg": {"v": 3}},
    "time": {"s": "2026-11-22 19:00:00", "tz": "+09:00", "v": 1795345200, "iso": "2026-11-22T19:00:00+09:00"},
}


@pytest.mark.parametrize("time", [STATION["time"], {"s": "2026-11-22 19:00:00", "tz": "+09:00"}])
def test_a_station_of_the_index_tells_indices_and_the_weather(time: dict[str, Any]) -> None:
    """By the clock of its own place."""
    thing, observation = read({"status": "ok", "data": {**STATION, "time": time}})

    assert isinstance(thing, Thing)
    assert ("5724", "London", -0.12, 51.5) == (thing.external_id, thing.name, thing.lon, thing.lat)
    assert isinstance(observation, Observation)
    assert "2026-11-22T10:00:00+00:00" == observation.phenomenon_time.isoformat()
    assert {("aqi_all", 56.0, "1"), ("aqi_pm2_5", 56.0, "1"), ("air_temperature", 9.5, "Cel")} == {
        (one.observed_property, one.value, one.unit) for one in observation.results
    }


def test_the_stations_within_bounds_are_read_one_by_one() -> None:
    """One that is silent is set aside, though it is where it is."""
    told = {"name": "London", "time": "2026-11-22T19:00:00+09:00"}
    rows = [
        {"lat": 51.5, "lon": -0.1, "uid": 1, "aqi": "56", "station": told},
        {"lat": 51.6, "lon": -0.1, "uid": 2, "aqi": "-", "station": told},
        {"lat": 51.6},
    ]
    records = read({"status": "ok", "data": rows})

    assert ["1", "2"] == [one.external_id for one in records if isinstance(one, Thing)]
    assert ["1"] == [one.external_id for one in records if isinstance(one, Observation)]
    assert ["no_result", "no_identity"] == [one.reason for one in records if isinstance(one, Rejected)]


@pytest.mark.parametrize("offset", ["+09:00", "+0900"])
def test_the_stations_that_a_search_finds_are_read(offset: str) -> None:
    """Which tells their hours under a name of its own, and their places as texts."""
    row = {
        "uid": 1, "aqi": "56", "station": {"name": "North", "geo": ["51.5", "-0.12"]},
        "time": {"tz": offset, "stime": "2026-11-22 19:00:00", "vtime": 1795341600},
    }  # fmt: skip
    thing, observation = read({"status": "ok", "data": [row]})

    assert isinstance(thing, Thing)
    assert ("1", -0.12, 51.5) == (thing.external_id, thing.lon, thing.lat)
    assert isinstance(observation, Observation)
    assert "2026-11-22T10:00:00+00:00" == observation.phenomenon_time.isoformat()


def test_what_the_index_refuses_is_told_in_its_words() -> None:
    """Such as a key that it does not know."""
    with pytest.raises(Malformed, match="Invalid key"):
        read({"status": "error", "data": "Invalid key"})


@pytest.mark.parametrize(
    "document",
    [
        [
            {
                "timestamp": "2026-11-22 10:00:00",
                "location": {"latitude": "52.5", "longitude": "13.4", "indoor": 1},
                "sensor": {"id": 7},
                "sensordatavalues": [{"value": "12.5", "value_type": "P1"}],
            }
        ],
        {
            "data_time_stamp": 1795345150,
            "fields": ["sensor_index", "location_type", "pm2.5"],
            "data": [[1, 1, 8.1]],
        },
    ],
)
def test_what_is_measured_in_a_room_is_not_the_citys_air(document: Any) -> None:
    """The networks tell which sensors are within buildings."""
    (record,) = read(document)

    assert isinstance(record, Rejected)
    assert "indoor" == record.reason


@pytest.mark.parametrize("number", ["", " ", None, {"id": 1}])
@pytest.mark.parametrize("network", ["waqi", "purpleair"])
def test_a_station_without_a_number_is_set_aside(network: str, number: Any) -> None:
    """All that have none would be one."""
    station = {"aqi": 56, "idx": number, "time": {"iso": "2026-11-20T10:00:00Z"}}
    sensors = {"time_stamp": 1795200000, "fields": ["sensor_index", "pm2.5"], "data": [[number, 3.4]]}
    (record,) = read({"status": "ok", "data": station} if network == "waqi" else sensors)

    assert isinstance(record, Rejected)
    assert "no_identity" == record.reason


@pytest.mark.parametrize("aqi", [29, "-"])
def test_a_station_of_the_index_is_read_without_its_wrapper(aqi: Any) -> None:
    """Readers of the service keep its data alone; a station that has no index still tells the weather."""
    station = {
        "aqi": aqi,
        "idx": 4584,
        "iaqi": {"h": {"v": 80}},
        "time": {"iso": "2026-11-20T17:00:00+02:00"},
    }
    wrapped = read({"status": "ok", "data": station})

    assert wrapped == read(station)
    (observation,) = [one for one in wrapped if isinstance(one, Observation)]
    assert "2026-11-20T15:00" == f"{observation.phenomenon_time:%FT%H:%M}"


IQAIR: dict[str, Any] = {
    "city": "Edgewater",
    "state": "Colorado",
    "country": "USA",
    "location": {"type": "Point", "coordinates": [-105.06, 39.75]},
    "current": {
        "weather": {"ts": "2026-11-20T21:00:00.000Z", "tp": 23, "pr": 999, "hu": 45, "ws": 0.5, "wd": 252},
        "pollution": {"ts": "2026-11-21T00:00:00.000Z", "aqius": 52, "mainus": "p2"},
    },
}


def test_a_city_of_iqair_is_read() -> None:
    """Its index and its weather are of moments of their own."""
    thing, *observations = read({"status": "success", "data": IQAIR})

    assert isinstance(thing, Thing)
    assert ("USA/Colorado/Edgewater", "Edgewater", -105.06) == (thing.external_id, thing.name, thing.lon)
    assert {
        "2026-11-21T00": {"aqi_all": (52, "1")},
        "2026-11-20T21": {
            "air_temperature": (23, "Cel"),
            "relative_humidity": (45, "%"),
            "air_pressure": (999, "hPa"),
            "wind_speed": (0.5, "m/s"),
            "wind_direction": (252, "deg"),
        },
    } == {
        f"{one.phenomenon_time:%FT%H}": {
            each.observed_property: (each.value, each.unit) for each in one.results
        }
        for one in observations
        if isinstance(one, Observation)
    }


def test_a_city_of_iqair_without_a_time_is_set_aside() -> None:
    """Nobody knows of when its index is."""
    found = read({"status": "success", "data": IQAIR | {"current": {"pollution": {"aqius": 52}}}})

    assert ["bad_time"] == [one.reason for one in found if isinstance(one, Rejected)]


def test_a_city_without_a_name_is_none_of_iqair() -> None:
    """It would have no identity."""
    with pytest.raises(Malformed, match="no air quality"):
        read({"status": "success", "data": {"city": None, "current": {}}})


def test_a_failure_of_iqair_is_told_in_its_words() -> None:
    """A wrong key is not a city without air."""
    with pytest.raises(Malformed, match="incorrect_api_key"):
        read({"status": "fail", "data": {"message": "incorrect_api_key"}})


OPENAQ = "https://api.openaq.org/v3/locations"
LOCATION = {
    "id": 2178,
    "name": "North",
    "coordinates": {"latitude": 35.1, "longitude": -106.5},
    "sensors": [{"id": 3917, "parameter": {"id": 10, "name": "o3", "units": "ppm"}}],
}
LATEST = {"datetime": {"utc": "2026-11-22T10:00:00Z"}, "value": 0.04, "sensorsId": 3917, "locationsId": 2178}


@pytest.mark.parametrize("path", ["?bbox=1,2,3,4", "/2178", "/2178/latest"])
def test_a_location_and_its_latest_values_are_one_whichever_is_asked_for(path: str) -> None:
    """The values tell neither what was measured nor where."""
    answers = {
        f"{OPENAQ}{path}": {"results": [LOCATION]},
        f"{OPENAQ}/2178": {"results": [LOCATION]},
        f"{OPENAQ}/2178/latest": {"results": [LATEST]},
    }
    feed = source("air_quality", f"{OPENAQ}{path}")
    driven = drive(
        connector("air_quality").plan(feed), {url: orjson.dumps(said) for url, said in answers.items()}
    )
    records = parse(feed, *driven.payloads)

    assert [("2178", 35.1)] == [(one.external_id, one.lat) for one in records if isinstance(one, Thing)]
    assert [("2178", "22T10:00", "ozone", 78.4749)] == values(records)


SITES = (
    '"AQSID","SiteName","Latitude","Longitude","ValidDate","ValidTime","OZONE_AQI","PM25_AQI","PM25","PM25_Unit",'
    '"OZONE","OZONE_Unit"\n'
    '"000060421","Montr\u00e9al, rue A","45.5","-73.6","11/20/2026","15:00","18","","1.2","UG/M3","20","PPB"\n'
    '"000060422","Laval","0.000000","0.000000","11/20/2026","15:00","","","-999.0","UG/M3","",""\n'
    '"000060423","cut"\n'
    '"000060424","Dorval","45.4","-73.7","11/20/2026","25:00","","7","","","",""\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_file_of_the_sites_of_airnow_is_read(encoding: str) -> None:
    """A site a row, at its place: what it measured within the hour that begins, and the indices of it."""
    records = read(SITES.encode(encoding))
    things = {one.external_id: (one.name, one.lon) for one in records if isinstance(one, Thing)}
    aside = {one.record[-1]: one.reason for one in records if isinstance(one, Rejected)}

    assert 4 == len(addresses(records))
    assert ("Montr\u00e9al, rue A", -73.6) == things["000060421"]
    assert ("Laval", None) == things["000060422"]
    assert {"1": "sentinel", "2": "bad_width", "3": "bad_time"} == aside
    assert [
        ("000060421", "20T15:00", "pm2_5", 1.2),
        ("000060421", "20T15:00", "ozone", 39.2374),
        ("000060421", "20T15:00", "aqi_ozone", 18.0),
    ] == values(records)


def test_the_air_of_a_model_is_read_as_a_feed_of_weather_reads_it() -> None:
    """Each hour of each place is a record, and nothing that is to come was measured."""
    columns = {"time": ["2026-11-22T12:00", "2026-11-22T14:00", "2026-11-22T15:00"], "pm10": [5.1, 6, None]}
    berlin = {
        "latitude": 52.5, "longitude": 13.4, "utc_offset_seconds": 3600, "hourly": columns,
        "hourly_units": {"time": "iso8601", "pm10": "\u03bcg/m\u00b3"},
    }  # fmt: skip
    place, *records = read([berlin, {**berlin, "latitude": 48.1}])

    assert isinstance(place, Thing)
    assert ("weather_model", 13.4) == (place.kind, place.lon)
    assert 6 == len(addresses([place, *records]))
    found = [(at, name, value) for _, at, name, value in values(records)]
    assert [("22T11:00", "pm10", 5.1), ("22T13:00", "forecast_pm10", 6.0)] * 2 == found
