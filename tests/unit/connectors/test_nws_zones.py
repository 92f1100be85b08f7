"""Zones of weather alerts: where they are asked for, how one is read, and several drawn together."""

import math
from typing import Any

import orjson
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tasks.feeds.connector import Feature, Malformed, Outline
from tasks.feeds.connectors.nws_alerts import zones
from tests.support.feeds import Recording, parse, payload, recordings, source

BASE = "https://api.weather.gov/alerts/active?area=WA"


def square(lon: float, lat: float, side: float = 1.0) -> dict[str, Any]:
    """Draw a square by its south-western corner, in degrees."""
    ring = [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


def document(geometry: Any, name: Any = "Eastside") -> bytes:
    """Write what the service answers for one zone."""
    return orjson.dumps({"type": "Feature", "geometry": geometry, "properties": {"id": "WAZ1", "name": name}})


def test_zones_are_asked_for_at_the_feeds_own_host() -> None:
    """A list of alerts cannot send us to another server, or to another page of this one."""
    said = {
        "affectedZones": [
            "https://api.weather.gov/zones/forecast/WAZ001",
            "http://169.254.169.254/zones/county/WAC033",
            "https://api.weather.gov/zones/forecast/WAZ001",
            "https://api.weather.gov/zones/forecast/../../admin",
            "https://api.weather.gov/zones/forecast/WAZ001?x=1",
            "https://api.weather.gov/zones/other/WAZ001",
            7,
        ]
    }

    assert [
        "https://api.weather.gov/zones/forecast/WAZ001",
        "https://api.weather.gov/zones/county/WAC033",
    ] == zones.addresses(said, BASE)


def test_codes_stand_in_for_addresses_that_are_not_there() -> None:
    """Z is a forecast zone, C a county (NWSI 10-1702); addresses say more and come first."""
    codes = {"UGC": ["WAZ001", "WAC033", "WAX001", None]}

    assert [
        "https://api.weather.gov/zones/forecast/WAZ001",
        "https://api.weather.gov/zones/county/WAC033",
    ] == zones.addresses({"geocode": codes}, BASE)
    assert ["https://api.weather.gov/zones/fire/WAZ001"] == zones.addresses(
        {"geocode": codes, "affectedZones": ["https://api.weather.gov/zones/fire/WAZ001"]}, BASE
    )


@pytest.mark.parametrize("recording", recordings("alerts-geojson"))
def test_every_recorded_alert_without_a_shape_names_zones_we_can_ask_for(recording: Recording) -> None:
    """No code is without its address."""
    if recording.fails or "nws" not in recording.path.name or "e2e" in recording.path.name:
        pytest.skip("no alerts of the National Weather Service, or codes and addresses edited apart")
    rows = orjson.loads(recording.path.read_bytes())["features"]
    said = [row["properties"] for row in rows if row.get("geometry") is None]
    named = zones.named([payload(recording.path)], source("nws_alerts", BASE))

    both = [one for one in said if one.get("affectedZones") and one.get("geocode", {}).get("UGC")]
    for one in both:
        found = {url.rsplit("/", 1)[-1] for url in zones.addresses(one, BASE)}
        assert set(one["geocode"]["UGC"]) <= found
    assert {url for one in said for url in zones.addresses(one, BASE)} == set(named)
    assert len(named) == len(set(named))


def test_a_coast_is_drawn_with_few_vertices_and_hardly_another_area() -> None:
    """Some ten thousand vertices become some hundreds."""
    round_about = (2 * math.pi * step / 10_000 for step in range(10_000))
    rough = [[-122 + (1 + 0.002 * math.sin(400 * a)) * math.cos(a), 47 + math.sin(a)] for a in round_about]
    ring = [*rough, rough[0]]

    drawn = shapely.from_geojson(
        orjson.dumps(zones.read(document({"type": "Polygon", "coordinates": [ring]})).geometry)
    )

    assert shapely.get_num_coordinates(drawn) <= 400
    assert abs(shapely.area(drawn) - math.pi) < 0.02
    assert shapely.is_valid(drawn)


def test_a_collection_of_islands_is_drawn_without_its_lines() -> None:
    """Coastal zones come as collections; a bow tie is made valid."""
    tie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    line = {"type": "LineString", "coordinates": [[5, 5], [6, 6]]}
    outline = zones.read(
        document({"type": "GeometryCollection", "geometries": [tie, line, square(3, 3)]}, " Islands ")
    )

    drawn = shapely.from_geojson(orjson.dumps(outline.geometry))
    assert ("Islands", "MultiPolygon", 1.5) == (outline.name, drawn.geom_type, round(shapely.area(drawn), 3))


def test_a_small_zone_does_not_vanish() -> None:
    """What is smaller than the map's detail keeps its form."""
    outline = zones.read(document(square(-122, 47, 0.00005)))

    assert outline.geometry is not None
    assert shapely.area(shapely.from_geojson(orjson.dumps(outline.geometry))) > 0


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"[]",
        b"null",
        document(None),
        document({"type": "Point", "coordinates": [1, 2]}),
        document(square(179.5, 89.5)),
        document({"type": "Polygon", "coordinates": [[[0, 0], [1, "x"]]]}),
        document({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}),
        document({"type": "GeometryCollection"}),
    ],
)
def test_what_is_no_zone_is_malformed(content: bytes) -> None:
    """A page, a point, a place off the Earth, a ring of two."""
    with pytest.raises(Malformed, match="zone"):
        zones.read(content)


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(repr).map(str.encode)
)
def test_arbitrary_bytes_are_malformed_and_nothing_else(content: bytes) -> None:
    """The one error that a run knows to survive."""
    with pytest.raises(Malformed):
        zones.read(content)


def test_neighbours_are_drawn_as_one() -> None:
    """Without the border between them; the order in which they are named does not matter."""
    shapes = zones.Shapes({"a": Outline("A", square(0, 0)), "b": Outline("B", square(1, 0))})

    drawn = shapes.of(["b", "a"])

    assert drawn is not None
    assert drawn == shapes.of(["a", "b"])
    found = shapely.from_geojson(orjson.dumps(drawn))
    assert ("Polygon", 2.0) == (found.geom_type, float(shapely.area(found)))
    assert 5 == int(shapely.get_num_coordinates(found))


def test_a_part_of_the_zones_is_no_shape() -> None:
    """A warning that looks smaller than it is is worse than one without a place; its names stay."""
    shapes = zones.Shapes({"a": Outline("A", square(0, 0)), "b": Outline("B", None)})

    assert [None, None, None] == [shapes.of(["a", "b"]), shapes.of(["a", "c"]), shapes.of([])]
    assert ["B", "A"] == shapes.names(["b", "c", "a"])


def test_an_alert_without_a_shape_has_that_of_its_zones() -> None:
    """One with a shape of its own keeps it."""
    own, zone = square(5, 5, 0.1), "https://api.weather.gov/zones/forecast/WAZ001"
    rows = [
        {"geometry": geometry, "properties": {"id": name, "affectedZones": [zone]}}
        for name, geometry in (("drawn", own), ("named", None))
    ]
    feed = source("nws_alerts", BASE)
    sent = payload(orjson.dumps({"features": rows}))

    bare = parse(feed, sent)
    object.__setattr__(feed, "zones", {zone: Outline("Eastside", square(0, 0))})
    drawn, named = parse(feed, sent)

    assert [own, None] == [one.geometry for one in bare if isinstance(one, Feature)]
    assert isinstance(drawn, Feature)
    assert isinstance(named, Feature)
    assert (own, square(0, 0)) == (drawn.geometry, named.geometry)
    assert (["Eastside"], ["WAZ001"]) == (named.properties["zone_names"], named.properties["zones"])
    assert "zone_names" not in drawn.properties
