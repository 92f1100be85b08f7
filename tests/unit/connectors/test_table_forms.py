"""The forms in which people export tables: one row reads the same from each, and what is none is called by its name."""

import io
import json
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import shapely
from pyproj import CRS

from tasks.feeds.connector import Feature, Malformed, Record, Rejected
from tests.support.feeds import parse, payload, source
from tests.support.workbooks import packed, workbook

ROWS = [
    {"case_id": f"A-{n}", "opened": f"2024-03-{n:02d}", "status": "Closed", "longitude": -87.63, "latitude": 41.88}
    for n in range(1, 6)
]  # fmt: skip
TEXT = "\n".join([",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS), ""])


def read(content: bytes, kind: str = "socrata") -> list[Record]:
    """Parse one table of a city."""
    return parse(source(kind, timezone="America/Chicago"), payload(content))


def features(content: bytes) -> list[tuple[Any, ...]]:
    """Return what the rows of a table say; each must be one that is kept."""
    rows = read(content)
    assert all(isinstance(row, Feature) for row in rows)
    return [(row.external_id, row.starts_at, row.status, row.geometry) for row in rows]  # type: ignore[union-attr]


def feature(row: dict[str, Any], **place: Any) -> dict[str, Any]:
    """Write a row as a feature of GeoJSON."""
    properties = {name: row[name] for name in ("case_id", "opened", "status")}
    point = {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]}
    return {"type": "Feature", "properties": properties, "geometry": place or point}


def lines(rows: list[dict[str, Any]], begin: str = "") -> bytes:
    """Write rows as lines of JSON."""
    return "".join(f"{begin}{json.dumps(row)}\n" for row in rows).encode()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace("Closed", "Clo\0sed").encode(),
        TEXT.encode() + bytes(512),
        json.dumps(ROWS).encode(),
        json.dumps(ROWS).encode("utf-16"),
        json.dumps(ROWS).encode("utf-16-le"),
        lines(ROWS),
        lines(ROWS, begin="\x1e"),
        lines([feature(row) for row in ROWS]),
        lines([feature(row) for row in ROWS], begin="\x1e"),
        json.dumps({"count": 5, "requests": ROWS}).encode(),
        json.dumps({"_links": {"self": {"href": "https://city.example"}}, "_embedded": {"requests": ROWS}}).encode(),
    ],
    ids=[
        "UTF-16", "UTF-16 LE without mark", "UTF-16 BE without mark", "a NUL in cells", "NULs at the end", "JSON",
        "JSON in UTF-16", "JSON in UTF-16 LE without mark", "lines", "JSON text sequence (RFC 7464)",
        "lines of features", "GeoJSON text sequence (RFC 8142)", "a list of any name", "HAL",
    ],
)  # fmt: skip
def test_a_row_is_the_same_in_every_form(content: bytes) -> None:
    """Encodings and wrappings are habits of programs, not content."""
    assert features(TEXT.encode()) == features(content)[: len(ROWS)]


def test_a_feature_alone_is_one_row() -> None:
    """Not every program puts a collection around it."""
    assert features(TEXT.encode())[:1] == features(json.dumps(feature(ROWS[0])).encode())


def test_an_object_alone_that_has_a_shape_is_one_row() -> None:
    """Amsterdam answers for a district so; an object without one is an answer of another kind."""
    place = {"type": "Point", "coordinates": [-87.63, 41.88]}
    row = {"_links": {"self": {"href": "https://city.example"}}, **ROWS[0], "geometrie": place}
    del row["longitude"], row["latitude"]

    assert features(TEXT.encode())[:1] == features(json.dumps(row).encode())
    with pytest.raises(Malformed, match="no rows"):
        read(json.dumps(ROWS[0]).encode())


@pytest.mark.parametrize(
    ("system", "x", "y"),
    [
        ("urn:ogc:def:crs:EPSG::28992", 121_000, 487_000),
        ("EPSG:3857", 544_500, 6_868_000),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4.89, 52.37),
    ],
)
def test_old_geojson_in_a_reference_system_of_its_own_is_placed_on_earth(
    system: str, x: float, y: float
) -> None:
    """Before RFC 7946 a member `crs` told it."""
    crs = {"type": "name", "properties": {"name": system}}
    features = [
        feature(ROWS[0], type="Point", coordinates=[x, y]),
        feature(ROWS[1], type="Curve", coordinates=[]),
    ]
    placed, none = read(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}).encode())

    assert isinstance(placed, Feature)
    assert [4.89, 52.37] == pytest.approx((placed.geometry or {})["coordinates"], abs=0.01)
    assert isinstance(none, Rejected)
    assert "bad_geometry" == none.reason


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, 0), "an OpenDocument sheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an Excel workbook that is old"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF document"),
        (b"SQLite format 3\0" + bytes(84), "a GeoPackage or another SQLite database"),
        (b"\xfd7zXZ\0\0\4", "packed by xz"),
        (bytes(range(256)) * 4, "no text"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(content: bytes, called: str) -> None:
    """Whoever sent it reads what we take instead."""
    with pytest.raises(Malformed, match=rf"{called}.*; a table is CSV, .*Parquet"):
        read(content)


WORDS = {
    "shift_jis": "東京都千代田区の公園にある街路灯が壊れています",
    "euc_jp": "東京都千代田区の公園にある街路灯が壊れています",
    "euc-kr": "서울특별시 종로구 가로등 고장 신고합니다 빠른 수리 부탁",
    "gb18030": "北京市朝阳区路灯坏了请尽快维修谢谢，道路积水严重",
    "big5": "台北市信義區路燈故障請儘速維修，道路積水嚴重",
    "cp1251": "Не работает уличный фонарь на улице Ленина",
    "koi8-r": "Не работает уличный фонарь на улице Ленина",
    "iso8859-5": "Не работает уличный фонарь на улице Ленина",
    "cp1253": "Δεν λειτουργεί ο φωτισμός στον δρόμο της πόλης",
    "cp1255": "פנס רחוב לא עובד ברחוב הרצל ליד בית הספר",
    "cp1250": "Nefunguje pouliční osvětlení v ulici Příčná; žluťoučký kůň",
    "iso8859-2": "Nie świeci się lampa; żółta łódź; gęś; ulica Mazowiecka",
    "cp1254": "Sokak lambası çalışmıyor; Şişli; yağmur suyu taştı",
    "cp1252": "L’éclairage public à l’été ne fonctionne plus; trottoir dégradé; où est-ce",
}
#: Texts of Western Europe whose letters others have other letters for.
WESTERN = (
    "Lunedì più buio: è così, però; lampione giù",
    "El año pasado; ¿dónde? la dirección del niño; avería",
    "Não há iluminação; lâmpadas; põe; três; avô",
    "Gatelys på hjørnet er ødelagt; færre lys; blå",
    "Gangstéttin er brotin; þörf á viðgerð; lýsing í götunni; ð",
    "Straßenlampe gestört; Überweg; Möbel; Fußgänger",
    "Tänavavalgustus ei põle; õhtul väga pime; öö",
    "August\u2019s lamps \u2013 \u201cbroken\u201d; it\u2019s the city\u2019s; don\u2019t; we\u2019ll; I\u2019m; you\u2019re; they\u2019ve",
)


def written(words: str, encoding: str) -> Any:
    """Read a table of ten rows that hold words of a language."""
    rows = "".join(
        f"{n};2024-03-{n:02d};{words.split(';')[n % (words.count(';') + 1)]}\n" for n in range(1, 11)
    )
    return read(f"case_id;opened;notes\n{rows}".encode(encoding))


@pytest.mark.parametrize(
    ("encoding", "words"), [*WORDS.items(), *(("cp1252", words) for words in WESTERN)], ids=str
)
def test_the_encoding_of_a_city_is_told_by_its_letters(encoding: str, words: str) -> None:
    """Cities write what their office programs write: no mark, and no UTF-8."""
    rows = written(words, encoding)

    assert [words.split(";")[n % (words.count(";") + 1)].strip() for n in range(1, 11)] == [
        row.properties["notes"].strip() for row in rows
    ]


@pytest.mark.parametrize(
    "opened",
    [pyarrow.array([2**60, 0], pyarrow.timestamp("us")), pyarrow.array([9_000_000, 0], pyarrow.date32())],
)
def test_a_moment_of_parquet_beyond_all_years_sets_its_row_aside(opened: Any) -> None:
    """The year 38505 is a typing error; the rows beside it are read."""
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"case_id": ["a", "b"], "created_date": opened}), out)
    far, whole = read(out.getvalue())

    assert isinstance(far, Rejected)
    assert ("bad_time", "b") == (far.reason, whole.external_id)


@pytest.mark.parametrize(
    "opened",
    [
        pyarrow.array([[2**60]], pyarrow.list_(pyarrow.timestamp("us"))),
        pyarrow.array([0], pyarrow.timestamp("us", "Mars/Phobos")),
    ],
    ids=["a list beyond all years", "a zone that there is not"],
)
def test_moments_of_parquet_that_cannot_be_made_are_malformed(opened: Any) -> None:
    """The run says so, and what is stored stays."""
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"case_id": ["a"], "opened": opened}), out)
    with pytest.raises(Malformed, match="broken Parquet file"):
        read(out.getvalue())


def test_text_of_parquet_that_is_not_called_text_is_text() -> None:
    """Older writers store bytes and say no more."""
    out = io.BytesIO()
    table = {"case_id": [b"A-1"], "created_date": ["2024-03-01"], "raw": [b"\x01\x00"]}
    pyarrow.parquet.write_table(pyarrow.table(table), out)
    (row,) = read(out.getvalue())

    assert ("A-1", "0100") == (row.external_id, row.properties["raw"])  # type: ignore[union-attr]


WKB = [
    shapely.to_wkb(shape, hex=True, include_srid=True, byte_order=order)
    for shape in (shapely.Point(-87.63, 41.88), shapely.set_srid(shapely.Point(-87.63, 41.88), 4326))
    for order in (0, 1)
]


@pytest.mark.parametrize(
    "cell",
    [
        '"{""type"": ""Point"", ""coordinates"": [-87.63, 41.88]}"',
        "SRID=4326;POINT(-87.63 41.88)",
        *WKB,
        WKB[0].lower(),
    ],
)
@pytest.mark.parametrize("name", ["geometry", "geo_shape"])
def test_a_place_written_by_a_portal_or_a_database_is_read(cell: str, name: str) -> None:
    """Opendatasoft writes GeoJSON into a cell, PostGIS its reference system before the shape."""
    rows = "".join(f"A-{n},2024-03-{n:02d},{cell}\n" for n in range(1, 6))
    found = read(f"case_id,opened,{name}\n{rows}".encode())

    assert [{"type": "Point", "coordinates": [-87.63, 41.88]}] * 5 == [row.geometry for row in found]  # type: ignore[union-attr]


def test_shapes_of_databases_are_read_with_their_heights() -> None:
    """Bytes in digits, parts within parts; what is of another reference system is set aside by its number."""
    shapes = [
        shapely.Polygon([(0, 0, 5), (0, 1, 5), (1, 1, 5)]),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
        shapely.MultiLineString([[(0, 0), (1, 1)]]),
        shapely.GeometryCollection([shapely.MultiPoint([(0, 0, 1), (1, 1, 1)]), shapely.box(0, 0, 1, 1)]),
        shapely.set_srid(shapely.Point(1, 2), 2263),
    ]
    written = [
        *(shapely.to_wkb(shape, hex=True, include_srid=True) for shape in shapes),
        *(shapely.to_wkb(shape, hex=True, flavor="iso") for shape in shapes[:4]),
    ]
    content = [{"id": at, "the_geom": shape} for at, shape in enumerate(written)]
    found = read(json.dumps(content).encode())
    other = found.pop(4)

    assert ["Polygon", "MultiPolygon", "MultiLineString", "Polygon"] * 2 == [
        (row.geometry or {})["type"] for row in found if isinstance(row, Feature)
    ]
    assert isinstance(other, Rejected)
    assert "a place in the reference system 2263" == other.detail


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("POINT EMPTY", None),
        ("POLYGON EMPTY", None),
        (shapely.to_wkb(shapely.Point(), hex=True), None),
        ("CIRCULARSTRING(0 0, 1 1, 2 0)", "bad_geometry"),
        ("LINESTRING(0 0, 1 inf)", "bad_geometry"),
    ],
)
def test_an_empty_shape_is_no_place_and_curves_set_their_row_aside(text: str, reason: str | None) -> None:
    """The rows beside it are read."""
    rows = [{"id": at, "the_geom": "POINT (1 2)"} for at in range(5)]
    *others, row = read(json.dumps([*rows, {"id": 9, "the_geom": text}]).encode())

    assert all(isinstance(other, Feature) for other in others)
    assert reason == getattr(row, "reason", None)
    assert None is getattr(row, "geometry", None)


@pytest.mark.parametrize(
    "document",
    [
        {"fields": [{"type": "int", "id": "_id"}, {"id": "case_id"}, {"id": "opened"}], "records": [[1, "A-1", "2024-03-01"]]},
        {"success": True, "result": {"records": [[1, "A-1", "2024-03-01"]], "fields": [{"id": "_id"}, {"id": "case_id"}, {"id": "opened"}]}},
        {"columns": ["_id", "case_id", "opened"], "rows": [[1, "A-1", "2024-03-01"]]},
    ],
    ids=["a dump of CKAN", "CKAN's lists", "Datasette"],
)  # fmt: skip
def test_rows_without_names_have_those_that_are_told_beside(document: Any) -> None:
    """Lists are shorter."""
    (row,) = read(json.dumps(document).encode())

    assert isinstance(row, Feature)
    assert ("A-1", 2024) == (row.external_id, row.starts_at.year if row.starts_at else None)


def geoparquet(points: list[Any], **said: Any) -> bytes:
    """Write points as GeoParquet, with what the file says of their column."""
    out = io.BytesIO()
    geo = {"version": "1.1.0", "primary_column": "where", "columns": {"where": {"encoding": "WKB"} | said}}
    cells = [
        point if point is None or isinstance(point, bytes) else shapely.to_wkb(point) for point in points
    ]
    table = pyarrow.table({"case_id": [f"A-{n}" for n in range(len(points))], "where": cells})
    pyarrow.parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), out)
    return out.getvalue()


@pytest.mark.parametrize("system", [None, "OGC:CRS84", "EPSG:4326", "EPSG:28992", "EPSG:3857"])
def test_geometries_of_geoparquet_are_placed_on_earth(system: str | None) -> None:
    """They are WKB, lon first, in the system that the file tells as PROJJSON; without one it is lon, lat."""
    x, y = {"EPSG:28992": (121_000, 487_000), "EPSG:3857": (544_500, 6_868_000)}.get(
        system or "", (4.89, 52.37)
    )
    said = {"crs": CRS(system).to_json_dict()} if system else {}
    points = [*[shapely.Point(x, y)] * 10, None, b"\x01\x00\xff"]
    placed, *_, none, broken = read(geoparquet(points, **said))

    assert isinstance(placed, Feature)
    assert isinstance(none, Feature)
    assert [4.89, 52.37] == pytest.approx((placed.geometry or {})["coordinates"], abs=0.01)
    assert none.geometry is None
    assert isinstance(broken, Rejected)
    assert "bad_geometry" == broken.reason


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"crs": None}, "column where: its reference system is not told"),
        ({"crs": {"id": {"code": [28992]}}}, "column where: unknown reference system"),
        ({"crs": {"type": "GeographicCRS", "name": "Mars"}}, "column where: unknown reference system"),
        ({"encoding": "point"}, "column where: geometries are read from WKB, not from 'point'"),
    ],
)
def test_geometries_of_geoparquet_that_nobody_can_place_are_malformed(said: Any, why: str) -> None:
    """None is shown where it is not."""
    with pytest.raises(Malformed, match=why):
        read(geoparquet([shapely.Point(1, 2)], **said))


def twice_named() -> list[bytes]:
    """Write a table in which two columns have one name and one has none, as each form has it."""
    names, cells = ["case_id", "Note", "Note", "", "note 2"], ["A-1", "first", "second", "third", "fourth"]
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays([[cell] for cell in cells], names), out)
    text = "\n".join([",".join(names), ",".join(cells), ""])
    lists = json.dumps({"range": "S!A1:E2", "values": [names, cells]}).encode()
    return [text.encode(), out.getvalue(), workbook([[name or None for name in names], cells]), lists]


@pytest.mark.parametrize("content", twice_named(), ids=["CSV", "Parquet", "XLSX", "lists of JSON"])
def test_no_column_is_lost_to_another_of_its_name(content: bytes) -> None:
    """The second has its number, and one without a name its letter, whatever the form."""
    (record,) = read(content)

    assert isinstance(record, Feature)
    assert {"Note": "first", "Note 2": "second", "D": "third", "note 2": "fourth"} == record.properties


def test_a_mapping_finds_the_first_column_of_a_name_by_it() -> None:
    """And the second by its number."""
    fields = {"external_id": "case_id", "title": "Note", "description": '"Note 2"'}
    (record,) = parse(source("mapping", fields=fields), payload(twice_named()[0]))

    assert isinstance(record, Feature)
    assert ("first", "second") == (record.title, record.description)


@pytest.mark.parametrize("blank", [",,", " , ,\t", "\xa0,,"])
def test_a_row_without_a_word_is_no_feature(blank: str) -> None:
    """Spreadsheets write such rows below their last by the thousand, and between two parts of a table."""
    table = f"street,opened,remark\nElm St,2024-03-01,lamp\n{blank}\nOak St,2024-03-02,\n{blank}\n"
    kept, empty, other, last = read(table.encode())

    assert (True, True) == (isinstance(kept, Feature), isinstance(other, Feature))
    assert ["empty_row", "empty_row"] == [getattr(row, "reason", None) for row in (empty, last)]


def test_an_answer_whose_row_says_nothing_has_no_feature() -> None:
    """As of a layer of ArcGIS that was asked for the least and the greatest of no rows; a place alone says where."""
    columns = [
        {"name": "low", "type": "esriFieldTypeDouble"},
        {"name": "high", "type": "esriFieldTypeDouble"},
    ]
    rows = [{"attributes": {"low": None, "high": None}}, {"attributes": {}, "geometry": {"x": 1, "y": 2}}]
    empty, placed = read(json.dumps({"fields": columns, "features": rows}).encode(), "arcgis")

    assert isinstance(empty, Rejected)
    assert "empty_row" == empty.reason
    assert isinstance(placed, Feature)


@pytest.mark.parametrize("kind", ["socrata", "arcgis"])
def test_markup_of_a_web_page_is_no_part_of_what_people_read(kind: str) -> None:
    """Works and events are described for the city's site; what only looks like markup stays, and so does what is kept."""
    row = {
        "case_id": "7", "title": "Trees &amp; parks", "description": "<p>Closed.<br>See <a href='/x'>why</a></p>",
        "address": "Oak & 5th <rear", "site": "<b>raw</b>",
    }  # fmt: skip
    (found,) = read(
        json.dumps([row] if kind == "socrata" else {"features": [{"attributes": row}]}).encode(), kind
    )

    assert isinstance(found, Feature)
    assert ("Trees & parks", "Closed.\nSee why", "Oak & 5th <rear") == (
        found.title,
        found.description,
        found.address,
    )
    assert "<b>raw</b>" == found.properties["site"]
