"""City packs: the ones we ship are sound, and a broken one is refused by file, field and rule."""

import copy
import json
import struct
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from shapely.geometry import Point, box, shape

from deploy.cities.build_basemap import land_and_water
from deploy.cities.build_geometry import LINE_COLOURS, slug_of
from deploy.cities.routes import Segment, distance_m, find_routes
from shared.cities.pack import AREAS, FACTS, CityPack, PackInvalid, Problem, load_pack, parse_pack
from shared.feeds.kinds.gtfs_realtime import GtfsRealtimeOptions
from tasks.feeds.connectors.gtfs_realtime.modes import is_kind_told, kind_told

CITIES = Path(__file__).parents[2] / "deploy" / "cities"
SLUGS = ["chicago", "helsinki", "london", "new-york", "san-francisco"]


@pytest.fixture
def facts() -> dict[str, Any]:
    """Give the decoded facts of London, to be broken."""
    return tomllib.loads((CITIES / "london" / FACTS).read_text("utf-8"))


@pytest.fixture
def areas() -> dict[str, Any]:
    """Give the decoded areas of London, to be broken."""
    return cast("dict[str, Any]", json.loads((CITIES / "london" / AREAS).read_text("utf-8")))


def problems_of(facts: dict[str, Any], areas: object, folder: str = "london") -> list[tuple[str, str]]:
    """Parse a pack that must be refused and list the file and field of each problem."""
    with pytest.raises(PackInvalid) as refusal:
        parse_pack(facts, areas, folder=CITIES / folder)
    return [(problem.file, problem.field) for problem in refusal.value.problems]


def test_every_city_that_we_ship_has_a_folder_named_here() -> None:
    """A new city is added to the tests with its folder."""
    assert SLUGS == sorted(path.parent.name for path in CITIES.glob(f"*/{FACTS}"))


@pytest.mark.parametrize("slug", SLUGS)
class TestShippedPacks:
    """Each pack in the project."""

    @pytest.fixture
    def pack(self, slug: str) -> CityPack:
        """Load the pack."""
        return load_pack(CITIES / slug)

    def test_is_valid(self, slug: str, pack: CityPack) -> None:
        """Loading it finds no problem."""
        assert slug == pack.slug

    def test_names_no_feed_simulated_that_says_so_by_its_mark(self, slug: str, pack: CityPack) -> None:
        """Wherever the name is shown, the mark stands beside it."""
        assert [] == [feed.slug for feed in pack.feeds if feed.simulated and "simulated" in feed.name]

    def test_offers_about_a_dozen_categories_with_a_last_resort(self, slug: str, pack: CityPack) -> None:
        """A resident can always file something."""
        assert 12 <= len(pack.categories) <= 16
        assert "other" == pack.categories[-1].code

    def test_has_a_point_of_each_area_inside_it(self, slug: str, pack: CityPack) -> None:
        """Labels stand on their own area."""
        outside = [
            one.name
            for one in pack.areas
            if not shape(one.geometry).buffer(1e-5).contains(Point(one.centroid))
        ]

        assert [] == outside

    def test_credits_its_data_in_a_file(self, slug: str, pack: CityPack) -> None:
        """The licence travels with the data."""
        assert (CITIES / slug / "ATTRIBUTION.md").read_text("utf-8").startswith(f"# {pack.name}")

    def test_names_a_publisher_and_a_licence_for_each_feed(self, slug: str, pack: CityPack) -> None:
        """Attribution is shown beside every item, so it may not be missing."""
        assert all(feed.attribution and feed.license for feed in pack.feeds)
        assert pack.feeds

    def test_asks_no_public_server_more_often_than_every_ten_seconds(self, slug: str, pack: CityPack) -> None:
        """We are guests on these servers."""
        assert [] == [feed.slug for feed in pack.feeds if not feed.simulated and feed.interval_seconds < 10]


def test_the_cities_have_the_areas_their_publishers_count() -> None:
    """33 boroughs with the City, 195 tabulation areas, 77 community areas."""
    counts = {slug: len(load_pack(CITIES / slug).areas) for slug in ("london", "new-york", "chicago")}

    assert {"london": 33, "new-york": 195, "chicago": 77} == counts


def test_helsinki_shows_no_tram_as_a_bus() -> None:
    """One message has all that runs there: what its routes do not tell, the types of the timetable do."""
    feeds = {feed.slug: feed for feed in load_pack(CITIES / "helsinki").feeds}
    options = GtfsRealtimeOptions.read(feeds["hsl-vehicles"].options)

    assert "gtfs_static" == feeds[options.static].kind
    assert ["rail", "subway", "ferry"] == [kind_told(route, options) for route in ("3002U", "31M2B", "1019E")]
    assert not is_kind_told("1007", options)


def test_a_simulated_feed_gets_the_address_of_the_simulator() -> None:
    """Seeding fills in where the simulator answers."""
    feeds = {feed.slug: feed for feed in load_pack(CITIES / "london").feeds}

    assert "http://127.0.0.1:8099/gbfs/gbfs.json" == feeds["demo-bikes"].address("http://127.0.0.1:8099/")
    assert feeds["weather"].url == feeds["weather"].address("http://127.0.0.1:8099/")


def test_a_broken_field_is_named_with_its_place_and_its_rule(facts: dict[str, Any], areas: object) -> None:
    """An operator can mend the file from the message alone."""
    facts["feeds"][2]["interval_seconds"] = 1
    with pytest.raises(PackInvalid) as refusal:
        parse_pack(facts, areas, folder=CITIES / "london")

    expected = Problem(FACTS, "feeds[2].interval_seconds", "Input should be greater than or equal to 5")
    assert (expected,) == refusal.value.problems
    assert "city pack london: city.toml: feeds[2].interval_seconds: " in str(refusal.value)


def test_all_problems_are_told_at_once(facts: dict[str, Any], areas: object) -> None:
    """Mending a file takes one round, not one for each mistake."""
    del facts["timezone"]
    facts["zoom"] = "close"
    facts["colour"] = "red"

    assert {(FACTS, "timezone"), (FACTS, "zoom"), (FACTS, "colour")} == set(problems_of(facts, areas))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Europe/Londinium"),
        ("bounds", [0.3, 51.2, -0.5, 51.7]),
        ("center", [10.0, 51.5]),
        ("locale", "english"),
        ("reference_prefix", "ldn"),
        ("attribution", []),
        ("slug", "londres"),
        ("areas", []),
    ],
)
def test_a_fact_that_breaks_a_rule_is_refused(
    facts: dict[str, Any], areas: object, field: str, value: object
) -> None:
    """Each fact of the city has a rule."""
    facts[field] = value

    assert (FACTS, field) in [(file, name.split("[")[0]) for file, name in problems_of(facts, areas)]


@pytest.mark.parametrize(
    ("group", "name"), [("feeds", "feeds[1].slug"), ("categories", "categories[1].code")]
)
def test_a_repeated_name_is_refused(facts: dict[str, Any], areas: object, group: str, name: str) -> None:
    """Slugs and codes are keys in the database."""
    facts[group][1] = copy.deepcopy(facts[group][0])

    assert [(FACTS, name)] == problems_of(facts, areas)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "{simulator}/x", "example.org"])
def test_a_real_feed_needs_a_web_address(facts: dict[str, Any], areas: object, url: str) -> None:
    """Only simulated feeds may point at the simulator, and nothing but HTTP is fetched."""
    facts["feeds"][0]["url"] = url

    assert [(FACTS, "feeds[0].url")] == problems_of(facts, areas)


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {"type": "Point", "coordinates": [-0.1, 51.5]},
        {"type": "Polygon", "coordinates": [[[0, 51.5], [0.1, 51.6], [0.1, 51.5], [0, 51.6], [0, 51.5]]]},
        {"type": "Polygon"},
    ],
)
def test_an_area_without_a_sound_outline_is_refused(
    facts: dict[str, Any], areas: dict[str, Any], geometry: object
) -> None:
    """A report is placed by asking which outline holds it."""
    areas["features"][4]["geometry"] = geometry

    assert [(AREAS, "features[4].geometry")] == problems_of(facts, areas)


@pytest.mark.parametrize("collection", [None, [], {}, {"features": 3}, {"features": ["Camden"]}])
def test_a_file_without_areas_is_refused(facts: dict[str, Any], collection: object) -> None:
    """Whatever JSON stands there, the answer names the file."""
    assert {AREAS} == {file for file, _ in problems_of(facts, collection)}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """An empty folder is not a city."""
    with pytest.raises(PackInvalid, match=r"city\.toml: file: .*No such file"):
        load_pack(tmp_path)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    """A typing error in the file itself."""
    (tmp_path / FACTS).write_text("slug = ", "utf-8")

    with pytest.raises(PackInvalid, match=r"city\.toml: file: "):
        load_pack(tmp_path)


class TestLondonOnTheMap:
    """The committed basemap and railway routes."""

    def test_the_basemap_is_a_small_vector_archive_of_london(self) -> None:
        """PMTiles 3: bytes 8 to 126 of the header are offsets, types, zooms and bounds (spec v3, section 3)."""
        archive = (CITIES / "london" / "basemap.pmtiles").read_bytes()
        tile_type, least_zoom, most_zoom = archive[99], archive[100], archive[101]
        west, south, east, north = (degrees / 1e7 for degrees in struct.unpack("<4i", archive[102:118]))

        assert b"PMTiles\x03" == archive[:8]
        assert len(archive) < 400_000
        assert (1, 8, 13) == (tile_type, least_zoom, most_zoom)
        assert west < -0.51 < 0.33 < east
        assert south < 51.29 < 51.69 < north

    def test_a_pack_with_a_basemap_says_where_it_is(self) -> None:
        """Others say that there is none."""
        assert CITIES / "london" / "basemap.pmtiles" == load_pack(CITIES / "london").basemap
        assert load_pack(CITIES / "chicago").basemap is None

    def test_the_routes_are_whole_lines_with_stations_at_both_ends(self) -> None:
        """No teleporting between two vertices, and every line by its colour."""
        features = json.loads((CITIES / "london" / "lines.geojson").read_text("utf-8"))["features"]
        for feature in features:
            points, facts = feature["geometry"]["coordinates"], feature["properties"]
            assert [0, len(points) - 1] == [facts["stations"][0], facts["stations"][-1]]
            assert facts["stations"] == sorted(set(facts["stations"]))
            assert max(distance_m(a, b) for a, b in pairwise(points)) < 3_000
            assert facts["colour"] == LINE_COLOURS[facts["line"]]


def test_a_forked_line_becomes_two_routes() -> None:
    """Both branches are covered; the shared trunk belongs to both, and ends that nearly meet are joined."""
    trunk = Segment(((0.0, 0.0), (0.1, 0.0)))
    north = Segment(((0.1001, 0.0), (0.15, 0.05), (0.2, 0.1)))
    south = Segment(((0.2, -0.1), (0.1, 0.0001)))

    routes = find_routes([trunk, north, south])
    ends = {frozenset((route.points[0], route.points[-1])) for route in routes}

    assert 2 == len(routes)
    assert {(0.0, 0.0), (0.2, 0.1), (0.2, -0.1)} == {end for pair in ends for end in pair}
    assert all(3 == len(route.stations) for route in routes)


def test_a_loop_has_no_terminus_and_no_route() -> None:
    """A train could not turn round; the line is drawn but not run."""
    corners = ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1))
    sides = [Segment((a, b)) for a, b in zip(corners, (*corners[1:], corners[0]), strict=True)]

    assert [] == find_routes(sides)


def test_the_gap_between_two_banks_is_water_and_a_notch_of_the_edge_is_not() -> None:
    """Metres on a plane: two banks 400 m apart, the left one with a notch as wide far from the river."""
    left = box(0, 0, 10_000, 4_000).difference(box(4_800, -1, 5_200, 1_500))
    right = box(0, 4_400, 10_000, 8_000)

    land, water = land_and_water([left, right])

    assert water.contains(Point(5_000, 4_200))
    assert not water.intersects(Point(5_000, 500))
    assert land.contains(Point(5_000, 4_200))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Hammersmith & City", "hammersmith-city"),
        ("O'Hare", "o-hare"),
        ("Töölö", "toolo"),
        ("Soho-TriBeCa ", "soho-tribeca"),
    ],
)
def test_a_slug_is_plain_words_with_hyphens(name: str, slug: str) -> None:
    """It stands in addresses."""
    assert slug == slug_of(name)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_timetable_that_a_feed_names_stands_before_it(slug: str) -> None:
    """Feeds are added in their order, and one that names a timetable of nobody's is refused."""
    seen: set[str] = set()
    for feed in load_pack(CITIES / slug).feeds:
        assert feed.options.get("static") in {None, *seen}, feed.slug
        if feed.kind == "gtfs_static":
            seen.add(feed.slug)
