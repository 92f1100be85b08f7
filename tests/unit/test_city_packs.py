"""City packs: the ones we ship are sound, and a broken one is refused by file, field and rule."""

import copy
import json
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from shapely.geometry import Point, shape

from shared.cities.pack import AREAS, FACTS, CityPack, PackInvalid, Problem, load_pack, parse_pack

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
