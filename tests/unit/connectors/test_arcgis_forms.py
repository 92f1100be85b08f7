"""Forms of an ArcGIS answer that one city sends and another does not."""

import dataclasses
import gzip
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from shared.errors import Permanent
from tasks.feeds.connector import Described, Feature, Malformed, Record, Rejected
from tasks.feeds.connectors.arcgis import connector
from tasks.feeds.reading import long_json, long_lists
from tests.support.feeds import parse, payload, run, source
from tests.support.workbooks import packed

MERCATOR = {"x": -8_238_310.0, "y": 4_970_072.0}
TOWN_HALL = (-74.00600, 40.71280)


def read(document: Any, **options: Any) -> list[Record]:
    """Parse one answer of a service."""
    return parse(source("arcgis", timezone="America/New_York", **options), payload(orjson.dumps(document)))


def layer(*features: dict[str, Any], **told: Any) -> dict[str, Any]:
    """Make an answer in Esri's JSON."""
    fields = [
        {"name": "OBJECTID", "type": "esriFieldTypeOID"},
        {"name": "CreationDate", "type": "esriFieldTypeDate"},
    ]
    return {"fields": fields, "features": list(features), **told}


def geojson(*features: dict[str, Any], **told: Any) -> dict[str, Any]:
    """Make an answer in GeoJSON."""
    return {"type": "FeatureCollection", "features": list(features), **told}


def place(record: Record) -> tuple[float, ...]:
    """Return where a feature is, to about a metre."""
    assert isinstance(record, Feature)
    assert record.geometry is not None
    return tuple(round(number, 5) for number in record.geometry["coordinates"])


@pytest.mark.parametrize(
    "reference", [{"wkid": 102100}, {"wkid": "102100"}, {"wkid": 102100, "latestWkid": 3857}]
)
def test_a_reference_system_is_told_by_the_answer_or_by_the_geometry(reference: dict[str, Any]) -> None:
    """Answers of older services, and single geometries, carry the system beside the coordinates."""
    row = {"attributes": {"OBJECTID": 1}, "geometry": MERCATOR}
    own = {"attributes": {"OBJECTID": 1}, "geometry": {**MERCATOR, "spatialReference": reference}}

    assert [TOWN_HALL] == [place(one) for one in read(layer(row, spatialReference=reference))]
    assert [TOWN_HALL] == [place(one) for one in read(layer(own))]


@pytest.mark.parametrize("name", ["EPSG:3857", "urn:ogc:def:crs:EPSG::3857", "EPSG:102100"])
def test_geojson_with_a_reference_system_is_brought_to_degrees(name: str) -> None:
    """Before RFC 7946 a `crs` could be told, and some exports still do."""
    row = {"id": 1, "properties": {}, "geometry": {"type": "Point", "coordinates": list(MERCATOR.values())}}
    crs = {"type": "name", "properties": {"name": name}}

    assert [TOWN_HALL] == [place(one) for one in read(geojson(row, crs=crs))]


@pytest.mark.parametrize("name", ["EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84", ""])
def test_geojson_in_degrees_is_left_as_it_is(name: str) -> None:
    """The usual systems put longitude first, whatever EPSG says of the order of axes."""
    row = {"id": 1, "properties": {}, "geometry": {"type": "Point", "coordinates": list(TOWN_HALL)}}

    assert [TOWN_HALL] == [place(one) for one in read(geojson(row, crs={"properties": {"name": name}}))]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (1_700_000_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (86_400_000, datetime(1970, 1, 2, tzinfo=UTC)),
        (-2_208_988_800_000, datetime(1900, 1, 1, tzinfo=UTC)),
        (253_402_300_799_000, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (-2_209_161_600_000, None),
        (-2_209_132_800_000, None),
        (None, None),
    ],
)
def test_dates_are_milliseconds_however_small(sent: int | None, meant: datetime | None) -> None:
    """A day of 1970 in milliseconds is no second of 1972; the day 0 of spreadsheets, 30 December 1899, is none."""
    (record,) = read(layer({"attributes": {"OBJECTID": 1, "CreationDate": sent}}))

    assert isinstance(record, Feature)
    assert meant == record.starts_at


def test_dates_in_geojson_are_found_by_name_and_size() -> None:
    """GeoJSON of a service has no list of columns; its dates are milliseconds all the same."""
    rows = [
        {"id": at, "properties": {"created_date": 1_700_000_000_000, "date_code": 7}, "geometry": None}
        for at in (1, 2)
    ]
    records = read(geojson(*rows))

    for record in records:
        assert isinstance(record, Feature)
        assert datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC) == record.starts_at
        assert 7 == record.properties["date_code"]


def test_answers_without_rows_are_counted_as_what_they_tell() -> None:
    """A count, an extent or a folder is one record; ids are as many as there are, of which null is none."""
    told = [{"count": 5}, {"extent": {"xmin": 1}}, {"currentVersion": 10.9, "folders": [], "services": []}]

    assert [1, 1, 1] == [len(read(one)) for one in told]
    assert [3, 0] == [len(read({"objectIdFieldName": "FID", "objectIds": ids})) for ids in ([1, 2, 3], None)]
    assert all(isinstance(one, Described) for answer in told for one in read(answer))


def test_a_body_is_set_aside_and_its_neighbour_is_not() -> None:
    """Multipatches have no form in GeoJSON; the reason says so."""
    body = {"attributes": {"OBJECTID": 1}, "geometry": {"multipatch": []}}
    first, second = read(layer(body, {"attributes": {"OBJECTID": 2}}))

    assert isinstance(first, Rejected)
    assert "bad_geometry" == first.reason
    assert isinstance(second, Feature)


def shaped(shape: Any) -> Record:
    """Read one feature of a shape in Esri's JSON."""
    (record,) = read(layer({"attributes": {"OBJECTID": 1}, "geometry": shape}))
    return record


SQUARE = [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]


@pytest.mark.parametrize(
    ("shape", "kind", "positions"),
    [
        ({"curvePaths": [[[1, 1], {"c": [[3, 1], [2, 2]]}]]}, "MultiLineString", [[[1, 1], [2, 2], [3, 1]]]),
        ({"curvePaths": [[[1, 1], {"b": [[3, 1], [2, 2], [2, 2]]}]]}, "MultiLineString", [[[1, 1], [3, 1]]]),
        ({"paths": [[[1, 1]], [[1, 1], [2, 2]]]}, "MultiLineString", [[[1, 1], [2, 2]]]),
        ({"hasZ": True, "points": [[1, 1, 9]]}, "MultiPoint", [[1, 1]]),
    ],
)
def test_curves_heights_and_scraps_of_lines_are_drawn_as_lines(
    shape: dict[str, Any], kind: str, positions: list[Any]
) -> None:
    """A curve goes through the positions it tells."""
    record = shaped(shape)

    assert isinstance(record, Feature)
    assert {"type": kind, "coordinates": positions} == record.geometry


@pytest.mark.parametrize(
    "shape",
    [
        {"rings": [SQUARE, [[1, 1], [2, 2], [1, 1]]]},
        {"curveRings": [[*SQUARE[:3], {"a": [[2, 1], [2, 1.5], 0, 1]}, [1, 1]]]},
        {"xmin": 1, "ymin": 1, "xmax": 2, "ymax": 2},
    ],
    ids=["a scrap beside it", "curved", "envelope"],
)
def test_an_area_is_read_in_each_of_its_forms(shape: dict[str, Any]) -> None:
    """A ring of three positions encloses nothing and costs nothing."""
    record = shaped(shape)

    assert isinstance(record, Feature)
    assert record.geometry is not None
    assert {(1, 1), (1, 2), (2, 2), (2, 1)} == {tuple(at) for at in record.geometry["coordinates"][0]}


@pytest.mark.parametrize(
    "shape",
    [
        {"rings": None},
        {"rings": [[[1, 1], [1, 2], [1, 1]]]},
        {"paths": [[[1, 1]]]},
        {"points": []},
        {"xmin": "NaN"},
    ],
)
def test_a_shape_without_an_extent_is_no_place(shape: dict[str, Any]) -> None:
    """And no reason to lose the row."""
    record = shaped(shape)

    assert isinstance(record, Feature)
    assert None is record.geometry


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (
            {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]},
            [1.0, 2.0],
        ),
        ({"type": "Polygon", "coordinates": [[]]}, None),
        ({"type": "MultiPolygon", "coordinates": [[[]]]}, None),
    ],
)
def test_geojson_that_holds_one_shape_or_none_is_read(shape: dict[str, Any], expected: Any) -> None:
    """Also of a feature whose properties are null, which is legal."""
    (record,) = read(geojson({"type": "Feature", "id": 7, "properties": None, "geometry": shape}))

    assert isinstance(record, Feature)
    assert ("7", expected) == (record.external_id, record.geometry and record.geometry["coordinates"])


def test_no_row_of_a_whole_service_is_lost_to_its_neighbour_in_another_layer() -> None:
    """Both layers have an object 1."""
    told = [{"id": number, **layer({"attributes": {"OBJECTID": 1}})} for number in (0, 3)]
    records = read({"layers": told})

    assert ["0/1", "3/1"] == [record.external_id for record in records if isinstance(record, Feature)]
    assert 2 == len({record.record for record in records})


def test_a_feature_collection_tells_its_columns_apart_from_its_rows() -> None:
    """As maps hold them."""
    rows = layer({"attributes": {"OBJECTID": 1, "CreationDate": 1795176000000}})
    held = {
        "layerDefinition": {"fields": rows["fields"], "objectIdField": "OBJECTID"},
        "featureSet": {"features": rows["features"]},
    }
    (record,) = read({"layers": [held]})

    assert isinstance(record, Feature)
    assert ("1", datetime(2026, 11, 20, 12, tzinfo=UTC)) == (record.external_id, record.starts_at)


def test_one_feature_alone_is_an_answer() -> None:
    """A layer gives it under its object's number."""
    (record,) = read({"feature": {"attributes": {"OBJECTID": 1}, "geometry": {"x": 1, "y": 2}}})

    assert ((1.0, 2.0), "1") == (place(record), getattr(record, "external_id", None))


def test_dates_that_are_text_show_which_is_the_day() -> None:
    """Layers of Europe have columns of text such as 24/11/2026."""
    rows = [
        {"attributes": {"OBJECTID": at, "created_date": day}}
        for at, day in enumerate(["05/11/2026", "24/11/2026"])
    ]
    found = parse(source("arcgis"), payload(orjson.dumps({"features": rows}), "p"))

    assert ["2026-11-05", "2026-11-24"] == [
        f"{one.starts_at:%Y-%m-%d}" for one in found if isinstance(one, Feature)
    ]


@pytest.mark.parametrize(
    "url", ["https://a.example/FeatureServer/0", "https://a.example/FeatureServer/0/?f=pjson"]
)
def test_a_layer_is_queried_however_its_address_was_copied(url: str) -> None:
    """From a browser it comes with the format of the page."""
    answer = orjson.dumps({"features": [{"attributes": {"OBJECTID": 1}, "geometry": {"x": 1, "y": 2}}]})
    records, _ = run(source("arcgis", url), {"https://a.example/FeatureServer/0/query": answer})

    assert ["1"] == [record.external_id for record in records]


@pytest.mark.parametrize("end", ["", "/", "/?f=pjson"])
def test_a_service_of_one_layer_is_that_layer(end: str) -> None:
    """So its address is copied from a portal; tables and layers count alike, groups of layers do not."""
    told = {"layers": [{"id": 2, "subLayerIds": [3]}, {"id": 3, "name": "Closures"}], "tables": []}
    answer = {"features": [{"attributes": {"OBJECTID": 1}, "geometry": {"x": 1, "y": 2}}]}
    known = {"https://a.example/FeatureServer": told, "https://a.example/FeatureServer/3/query": answer}
    records, _ = run(
        source("arcgis", f"https://a.example/FeatureServer{end}"),
        {url: orjson.dumps(said) for url, said in known.items()},
    )

    assert ["1"] == [record.external_id for record in records]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"layers": [{"id": 0, "name": "Closures"}, {"id": 1, "name": "Detours"}]}, "0 Closures, 1 Detours"),
        ({"layers": []}, "none"),
        ({"error": {"code": 499, "message": "Token Required"}}, "Token Required"),
    ],
)
def test_a_service_of_several_layers_names_them(told: dict[str, Any], said: str) -> None:
    """An admin adds the number of the one that is meant."""
    url = "https://a.example/MapServer"
    with pytest.raises(Permanent, match=said):
        run(source("arcgis", url), {url: orjson.dumps(told)})


LAYER = "https://a.example/MapServer/0"


def paged(described: dict[str, Any], answers: dict[str, Any], **options: Any) -> list[str]:
    """Run a layer that describes itself so; return the ids of its features."""
    known = {LAYER: orjson.dumps(described)} | {url: orjson.dumps(said) for url, said in answers.items()}
    records, _ = run(source("arcgis", LAYER, **options), known)
    assert all(isinstance(record, Feature) for record in records)
    return [str(getattr(record, "external_id", "")) for record in records]


def objects(*numbers: int, more: bool = False) -> dict[str, Any]:
    """Make an answer of objects of a layer whose numbers are called FID."""
    rows = [{"attributes": {"FID": number}} for number in numbers]
    fields = [{"name": "FID", "type": "esriFieldTypeOID"}]
    return {"objectIdFieldName": "FID", "fields": fields, "features": rows, "exceededTransferLimit": more}


def test_a_layer_that_knows_no_offset_is_asked_for_ranges_of_its_ids() -> None:
    """As servers before 10.3, which would send their first page for ever."""
    described = {
        "currentVersion": 10.11,
        "maxRecordCount": 2,
        "fields": objects()["fields"],
        "geometryType": "x",
    }
    asked = f"{LAYER}/query?where={{}}&outFields=%2A&outSR=4326&f=json"
    answers = {
        f"{LAYER}/query?where=1%3D1&returnIdsOnly=true&f=json": {"objectIds": [9, 3, 4]},
        asked.format("FID+%3E%3D+3+AND+FID+%3C%3D+4"): objects(3, 4, more=True),
        asked.format("FID+%3E%3D+9+AND+FID+%3C%3D+9"): objects(9),
    }

    assert ["3", "4", "9"] == paged(described, answers)


def test_a_layer_is_ordered_by_what_it_calls_its_numbers_and_asked_for_no_more_than_it_gives() -> None:
    """Not every one is called OBJECTID."""
    described = {
        "currentVersion": 11,
        "objectIdField": "FID",
        "maxRecordCount": 2,
        "advancedQueryCapabilities": {"supportsPagination": True},
    }
    asked = f"{LAYER}/query?where=1%3D1&outFields=%2A&outSR=4326&orderByFields=FID&resultOffset={{}}&resultRecordCount=2&f=json"
    answers = {asked.format(0): objects(3, 4, more=True), asked.format(2): objects(9)}

    assert ["3", "4", "9"] == paged(described, answers)


@pytest.mark.parametrize(
    ("more", "ids", "paging", "reasons"),
    [
        (True, [], True, ["not_read"]),
        (False, [], True, []),
        (False, [3, 4, 9], False, ["not_read"]),
        (False, [3, 4], False, []),
    ],
)
def test_a_layer_of_more_pages_than_are_read_says_so(
    more: bool, ids: list[int], paging: bool, reasons: list[str]
) -> None:
    """Nobody would miss its last rows otherwise."""
    described = {"currentVersion": 11, "maxRecordCount": 2, "supportsPagination": paging, **objects()}
    answers = {LAYER: described, f"{LAYER}/query": objects(3, 4, more=more)}
    if ids:
        answers[f"{LAYER}/query?where=1%3D1&returnIdsOnly=true&f=json"] = {"objectIds": ids}
    records, _ = run(
        source("arcgis", LAYER, max_pages=1), {url: orjson.dumps(said) for url, said in answers.items()}
    )

    assert ["3", "4"] == [one.external_id for one in records if isinstance(one, Feature)]
    assert reasons == [one.reason for one in records if isinstance(one, Rejected)]


def test_a_row_without_a_global_id_is_known_by_its_number() -> None:
    """Layers have the column and nothing in it, in some rows or in all of them."""
    rows = [
        {"attributes": {"OBJECTID": at, "GLOBALID": id_, "STATUS": "Open"}}
        for at, id_ in enumerate(["{A-1}", None, " "], start=1)
    ]
    fields = [
        {"name": "OBJECTID", "type": "esriFieldTypeOID"},
        {"name": "GLOBALID", "type": "esriFieldTypeGlobalID"},
    ]

    assert ["{A-1}", "2", "3"] == [
        one.external_id for one in read({"fields": fields, "features": rows}) if isinstance(one, Feature)
    ]


def test_a_table_without_shapes_has_its_places_in_columns() -> None:
    """Beside a shape they say nothing: they may be of another system."""
    said = {"OBJECTID": 1, "LATITUDE": 40.7128, "LONGITUDE": -74.006}
    bare = {"attributes": said, "geometry": None}
    shaped = {"attributes": said | {"OBJECTID": 2, "LATITUDE": 1.0}, "geometry": {"x": -74.0, "y": 40.5}}
    (alone,) = read(layer(bare))
    beside, other = read(layer(bare, shaped))

    assert (TOWN_HALL, (-74.0, 40.5)) == (place(alone), place(other))
    assert None is getattr(beside, "geometry", 0)


CODED = [
    {
        "name": "requesttype",
        "domain": {"type": "codedValue", "codedValues": [{"name": "Pothole", "code": 4}]},
    },
    {"name": "status", "domain": {"type": "codedValue", "codedValues": [{"name": "Closed", "code": "C"}]}},
]
STATUS = CODED[1:]


@pytest.mark.parametrize(
    ("described", "fields"),
    [
        ({}, CODED),
        ({"fields": CODED}, [{"name": "requesttype"}, {"name": "status"}]),
        ({"fields": CODED}, None),
        ({"typeIdField": "requesttype", "types": [{"id": "4", "name": "Pothole"}]}, STATUS),
        (
            {"subtypeField": "requesttype", "subtypes": [{"code": 4, "name": "Pothole"}], "fields": STATUS},
            None,
        ),
    ],
)
def test_codes_of_a_layer_are_what_they_stand_for(described: dict[str, Any], fields: Any) -> None:
    """A status of `C` would be open, and a request called 4; a code that nobody explains stays."""
    rows = [
        {"attributes": {"OBJECTID": at, "requesttype": code, "status": "C"}} for at, code in enumerate([4, 9])
    ]
    answer = {"fields": fields, "features": rows} if fields else {"features": rows}
    answers = {LAYER: described, f"{LAYER}/query": answer}
    records, _ = run(source("arcgis", LAYER), {url: orjson.dumps(said) for url, said in answers.items()})

    assert [("Pothole", "closed"), ("9", "closed")] == [
        (one.title, one.status) for one in records if isinstance(one, Feature)
    ]


@pytest.mark.parametrize(("unknown", "hour"), [(True, 15), (False, 10), (None, 10)])
def test_dates_of_a_layer_that_knows_no_zone_are_the_citys(unknown: bool | None, hour: int) -> None:
    """Such a layer counts to what its clock showed."""
    row = {"attributes": {"OBJECTID": 1, "CreationDate": 1_795_168_800_000, "EditDate": 1_795_168_800_000}}
    answers = {LAYER: {"datesInUnknownTimezone": unknown}, f"{LAYER}/query": layer(row)}
    feed = dataclasses.replace(source("arcgis", LAYER), timezone="America/New_York")
    (found,), _ = run(feed, {url: orjson.dumps(said) for url, said in answers.items()})

    assert isinstance(found, Feature)
    assert datetime(2026, 11, 20, hour, tzinfo=UTC) == found.starts_at


@pytest.mark.parametrize(
    "domain",
    [
        None,
        "x",
        {"codedValues": None},
        {"codedValues": [1, {"code": []}, {"name": "A"}]},
        {"type": "range", "range": [1, 9]},
    ],
)
def test_a_domain_without_codes_says_nothing(domain: Any) -> None:
    """Most columns have none."""
    row = {"attributes": {"OBJECTID": 1, "type": 4, "note": [4]}}
    (record,) = read({"fields": [{"name": "type", "domain": domain}], "types": domain, "features": [row]})

    assert isinstance(record, Feature)
    assert "4" == record.title


@pytest.mark.parametrize(
    ("count", "said"),
    [
        ({"count": 1234}, "the layer has 1,234 rows, of which 2 are read"),
        ({"error": {"code": 400}}, "the layer goes on behind page 1, the last that is read"),
    ],
)
def test_of_a_layer_that_goes_on_it_is_told_how_many_rows_it_has(count: dict[str, Any], said: str) -> None:
    """So that an admin knows what is missing; a layer that cannot count is read all the same."""
    described = {"currentVersion": 11, "maxRecordCount": 2, "supportsPagination": True}
    answers = {
        LAYER: described,
        f"{LAYER}/query": objects(3, 4, more=True),
        f"{LAYER}/query?where=1%3D1&returnCountOnly=true&f=json": count,
    }
    records, _ = run(
        source("arcgis", LAYER, max_pages=1), {url: orjson.dumps(told) for url, told in answers.items()}
    )

    assert [None, None, said] == [getattr(one, "detail", None) for one in records]


@pytest.mark.parametrize("described", [{}, {"error": {"code": 499}}])
def test_a_service_that_sends_the_same_page_again_ends_the_run(described: dict[str, Any]) -> None:
    """It knows no offset, and did not say so."""
    assert ["3", "4", "3", "4"] == paged(described, {f"{LAYER}/query": objects(3, 4, more=True)})


@pytest.mark.parametrize("reference", [{"latestWkid": 3857}, {"wkt2": "EPSG:3857"}])
def test_a_reference_system_may_be_told_in_its_newest_form_only(reference: dict[str, Any]) -> None:
    """Positions of metres are no degrees."""
    row = {"attributes": {"OBJECTID": 1}, "geometry": MERCATOR}

    assert [TOWN_HALL] == [place(one) for one in read(layer(row, spatialReference=reference))]


GRID = {"scale": [0.01, 0.02], "translate": [-87.0, 42.0]}


@pytest.mark.parametrize(
    ("transform", "shape", "places"),
    [
        (GRID, {"x": 100, "y": 50}, [-86.0, 41.0]),
        ({**GRID, "originPosition": "lowerLeft"}, {"x": 100, "y": 50}, [-86.0, 43.0]),
        (GRID, {"paths": [[[0, 0], [100, 0], [0, 50]]]}, [[[-87.0, 42.0], [-86.0, 42.0], [-86.0, 41.0]]]),
        (GRID, {"points": [[100, 50], [100, 0]]}, [[-86.0, 41.0], [-85.0, 41.0]]),
    ],
)
def test_counts_of_a_grid_are_places(
    transform: dict[str, Any], shape: dict[str, Any], places: list[Any]
) -> None:
    """From its upper left corner, unless it says otherwise; of a line all but the first count from the one before."""
    (record,) = read(layer({"attributes": {"OBJECTID": 1}, "geometry": shape}, transform=transform))

    assert isinstance(record, Feature)
    assert record.geometry is not None
    assert places == record.geometry["coordinates"]


def test_an_area_on_a_grid_is_where_it_is() -> None:
    """In the reference system of the answer."""
    ring = [[0, 0], [10, 0], [0, 10], [-10, 0], [0, -10]]
    told = {"scale": [10_000, 10_000, 0, 0], "translate": [-9_760_000, 5_140_000, 0, 0]}
    row = {"attributes": {"OBJECTID": 1}, "geometry": {"rings": [ring]}}
    (record,) = read(layer(row, transform=told, spatialReference={"wkid": 102100}))

    assert isinstance(record, Feature)
    assert record.geometry is not None
    (outline,) = record.geometry["coordinates"]
    assert {(-87.67557, 41.86), (-86.77726, 41.19)} <= {
        (round(lon, 5), round(lat, 2)) for lon, lat in outline
    }


@pytest.mark.parametrize(
    "transform", [{"scale": [0, 1]}, {"scale": [1, 1], "translate": ["a", 1]}, [1], "grid"]
)
def test_a_grid_that_is_not_told_is_malformed(transform: Any) -> None:
    """Its counts are nowhere."""
    with pytest.raises(Malformed, match="grid"):
        read(layer({"attributes": {"OBJECTID": 1}, "geometry": {"x": 1, "y": 1}}, transform=transform))


@pytest.mark.parametrize(
    "shape", [{"paths": [[["a", 1]]]}, {"paths": [[3]]}, {"x": "a", "y": 1}, {"rings": 4}]
)
def test_a_place_that_is_no_count_is_set_aside_or_none(shape: dict[str, Any]) -> None:
    """Beside others that are."""
    good = {"attributes": {"OBJECTID": 1}, "geometry": {"x": 100, "y": 50}}
    bad, whole = read(layer({"attributes": {"OBJECTID": 2}, "geometry": shape}, good, transform=GRID))

    assert isinstance(bad, Rejected) or (isinstance(bad, Feature) and bad.geometry is None)
    assert isinstance(whole, Feature)


@pytest.mark.parametrize("kind", ["arcgis", "socrata"])
def test_of_a_collection_of_shapes_the_areas_are_drawn(kind: str) -> None:
    """Neighbourhoods come with a label's point beside their outline."""
    square = [[[-87.0, 41.0], [-87.0, 42.0], [-86.0, 42.0], [-87.0, 41.0]]]
    parts = [{"type": "Point", "coordinates": [-87.0, 41.0]}, {"type": "Polygon", "coordinates": square}]
    shape = {"type": "GeometryCollection", "geometries": parts}
    document = geojson({"type": "Feature", "properties": {"name": "Loop"}, "geometry": shape})
    (record,) = parse(source(kind), payload(orjson.dumps(document)))

    assert isinstance(record, Feature)
    assert {"type": "Polygon", "coordinates": square} == record.geometry


HUB = "X,Y,OBJECTID,ADDDATE,SERVICECODEDESCRIPTION,STATUS\n-74.006,40.7128,7,2024/03/01 10:00:00+00,Pothole,Open\n"


@pytest.mark.parametrize(
    "content",
    [HUB.encode(), b"\xef\xbb\xbf" + HUB.encode(), packed({"a.csv": HUB}), gzip.compress(HUB.encode())],
    ids=["CSV", "CSV with its mark", "a zip", "a CSV in gzip"],
)
def test_a_table_of_a_hubs_download_is_read(content: bytes) -> None:
    """The same link gives GeoJSON or a table; which one is told by the content."""
    (record,) = parse(source("arcgis", timezone="America/New_York"), payload(content))

    assert isinstance(record, Feature)
    assert ("7", "Pothole", datetime(2024, 3, 1, 10, tzinfo=UTC)) == (
        record.external_id,
        record.title,
        record.starts_at,
    )
    assert TOWN_HALL == place(record)


def test_what_is_neither_an_answer_nor_a_table_is_malformed() -> None:
    """A gateway's page is none of a city's data."""
    for content in (
        b"",
        b"<html>down</html>",
        b"Service unavailable",
        b"\x1f\x8b",
        b"\x1f\x8bno package at all",
    ):
        with pytest.raises(Malformed):
            parse(source("arcgis"), payload(content))


PARKS = layer(
    {"attributes": {"OBJECTID": 1, "PARKNAME": "Elm Park", "STREETNAME": "Elm St", "ZONE": "W"}},
    {"attributes": {"OBJECTID": 2, "PARKNAME": " ", "STREETNAME": "Oak St", "ZONE": "E"}},
)


@pytest.mark.parametrize(
    ("told", "titles"),
    [
        ({"displayFieldName": "PARKNAME"}, ["Elm Park", "Service request"]),
        ({"displayField": "STREETNAME"}, ["Elm St", "Oak St"]),
        ({"displayFieldName": "ZONE"}, ["Service request", "Service request"]),
        ({"displayFieldName": "GONE_NAME"}, ["Service request", "Service request"]),
        ({}, ["Service request", "Service request"]),
    ],
)
def test_rows_are_called_as_their_layer_shows_them(told: dict[str, Any], titles: list[str]) -> None:
    """If that is by a name: unless a publisher chose, a server shows the first column of text there is."""
    assert titles == [row.title for row in read(PARKS | told)]  # type: ignore[union-attr]


def test_a_title_of_its_own_is_a_row_better_than_what_its_layer_shows() -> None:
    """What cities call the kind of a request, and what the feed's options say."""
    typed = layer({"attributes": {"OBJECTID": 1, "PARKNAME": "Elm Park", "REQUESTTYPE": "Tree"}})
    (row,) = read(typed | {"displayFieldName": "PARKNAME"})
    (other,) = read(PARKS | {"displayFieldName": "PARKNAME"}, fields={"title": "ZONE"})[:1]

    assert ("Tree", "W") == (row.title, other.title)  # type: ignore[union-attr]


def test_a_description_of_the_layer_tells_what_it_shows_where_its_answers_do_not() -> None:
    """Feature services name the column only there."""
    described = {"displayField": "PARKNAME", "maxRecordCount": 1000}
    address = "https://gis.example/arcgis/rest/services/Parks/FeatureServer/0"
    answers = {address: orjson.dumps(described), f"{address}/query": orjson.dumps(PARKS)}
    records, _ = run(source("arcgis", address), answers)

    assert "Elm Park" in [getattr(record, "title", None) for record in records]


@pytest.mark.parametrize("kind", ["Esri's JSON", "GeoJSON", "old GeoJSON"])
def test_a_long_download_is_not_held_and_says_what_a_short_one_says(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub gives a layer of any size in one file; columns that come late, and rows that are none, too."""
    said = [
        {"OBJECTID": n, "CreationDate": 1_700_000_000_000 + n, "latitude": 1, "longitude": 2}
        for n in range(80)
    ]
    said[70]["Late"] = "a column"
    if kind == "Esri's JSON":
        rows: list[Any] = [{"attributes": row, "geometry": MERCATOR} for row in said]
        document = layer(*rows, None, {"geometry": {}}, spatialReference={"wkid": 102100})
    else:
        point = {"type": "Point", "coordinates": [-74, 40]}
        rows = [{"type": "Feature", "properties": row, "geometry": point} for row in said]
        document = geojson(*rows, None, {"type": "Feature", "properties": {}, "geometry": {"type": "Curve"}})
    if kind == "old GeoJSON":
        document["crs"] = {"type": "name", "properties": {"name": "EPSG:4326"}}
    held = read(document)
    monkeypatch.setattr(long_json, "MOST_HELD_BYTES", 1000)
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 512)
    monkeypatch.setattr(connector, "load_json", lambda payload: pytest.fail("it was held"))

    assert held == read(document)
    assert {Feature, Rejected} == set(map(type, held))
