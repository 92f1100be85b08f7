"""Points in boxes: what Postgres finds is what lies there, and what moves costs no index."""

import random
from collections.abc import Sequence
from typing import Final

import pytest
from sqlalchemy import Connection, Engine, event, func, select, text

from shared.db import engine, transaction
from shared.features.models import FeatureRow
from shared.geo import Box, Position
from shared.places import MOST_STRIPS, STRIPS, in_box, in_strips
from tasks.feeds.connector import Record, Vehicle
from tests.support.feed_runs import CITY, Given, add_feed, add_given, run_given

MANY: Final = 30
#: On the edges of boxes and a bit beside them, and at the ends of the world.
LATITUDES: Final = (-90.0, -51.5, -1e-7, 0.0, 0.002, 51.5, 51.5 + 1e-12, 51.5 + 0.002, 51.501, 89.9999, 90.0)
LONGITUDES: Final = (-180.0, -179.5, -0.12, -1e-9, 0.0, 7.0, 7.0 + 1e-12, 179.5, 180.0)
BOXES: Final = [
    Box(-180, -90, 180, 90),
    Box(0, 0, 0, 0),
    Box(7, 51.5, 7, 51.5),
    Box(7, 51.5, 7.01, 51.5 + 0.002),
    Box(-1, 51.4999, 8, 51.5),
    Box(-1e-9, -1e-7, 0, 0.002),
    Box(179, -60, -179, 52),
    Box(179.5, 51.5, -179.5, 51.5),
    Box(-180, 89, 180, 90),
    Box(6.95, 50.0, 7.05, 51.99),
    Box(6.95, 49.0, 7.05, 51.99),
    Box(6.98, 51.48, 7.01, 51.53),
]


@pytest.fixture
def places(db: Engine) -> Sequence[Position]:
    """Features in all of these places, and in many between and around them."""
    chance = random.Random(9)
    found = [(lon, lat) for lon in LONGITUDES for lat in LATITUDES]
    found += [(chance.uniform(-180, 180), chance.uniform(-90, 90)) for _ in range(1000)]
    found += [(7 + chance.uniform(-0.1, 0.1), 51.5 + chance.uniform(-0.1, 0.1)) for _ in range(1000)]
    add = text(
        "INSERT INTO features (id, city, feed_id, external_id, kind, title, point, fetched_at, updated_at,"
        " content_hash, run_id) SELECT gen_random_uuid(), :city, :feed, n::text, 'news', '', point(lon, lat),"
        " now(), now(), '', gen_random_uuid()"
        " FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS given (lon, lat, n)"
    )
    lons, lats = map(list, zip(*found, strict=True))
    feed = add_feed("open311")
    with transaction() as tx:
        tx.execute(add, {"city": CITY, "feed": feed, "lons": lons, "lats": lats})
        tx.execute(text("ANALYZE features"))
    return found


@pytest.mark.parametrize("way", ["enable_seqscan", "enable_indexscan"])
@pytest.mark.parametrize("box", BOXES)
def test_what_lies_in_a_box_is_found(places: Sequence[Position], box: Box, way: str) -> None:
    """On its edges too, by the index and without it; of a very high box the index is not asked."""
    expected = sorted(place for place in places if holds(box, place))
    inside = in_strips(FeatureRow.point, box)

    assert (box.north - box.south) * STRIPS > MOST_STRIPS if inside is None else True
    for condition in (in_box(FeatureRow.point, box), inside):
        if condition is not None:
            with transaction() as tx:
                tx.execute(text(f"SET LOCAL {way} = off"))
                found = tx.scalars(select(FeatureRow.point).where(condition)).all()
            assert expected == sorted(point for point in found if point)


@pytest.mark.parametrize("box", [Box(6.98, 51.48, 7.01, 51.53), Box(179.5, 51.5, -179.5, 51.5)])
def test_a_box_is_found_by_the_index_alone(places: Sequence[Position], box: Box) -> None:
    """It bounds the longitudes of each strip, and what is counted is not looked up in the table."""
    inside = in_strips(FeatureRow.point, box)
    assert inside is not None
    with transaction() as tx:
        tx.execute(text("SET LOCAL enable_seqscan = off"))
        counted = select(FeatureRow.point).where(inside).subquery()
        asked = (
            select(func.count())
            .select_from(counted)
            .compile(tx.get_bind(), compile_kwargs={"literal_binds": True})
        )
        plan = "\n".join(tx.execute(text(f"EXPLAIN {asked}")).scalars())

    assert "ix_features_strip" in plan
    assert "Filter" not in plan


def holds(box: Box, place: Position) -> bool:
    """Tell whether a box holds a place."""
    lon, lat = place
    spans = box.west <= lon <= box.east if box.west <= box.east else lon >= box.west or lon <= box.east
    return spans and box.south <= lat <= box.north


def test_vehicles_that_move_cost_no_index(db: Engine) -> None:
    """A new position takes the room that its page has left, and no index learns of it."""
    feed = add_given()
    run_given(feed, Given(buses(at=0.0)))
    found: list[int] = []

    def note(connection: Connection) -> None:
        rows = connection.exec_driver_sql(
            "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'vehicles'"
        )
        found.append(rows.scalar_one())

    event.listen(engine(), "commit", note)
    try:
        run_given(feed, Given(buses(at=0.001)))
    finally:
        event.remove(engine(), "commit", note)
    assert max(found) > MANY / 2


def buses(at: float) -> list[Record]:
    """Buses at a longitude."""
    return [
        Vehicle(external_id=f"b{number}", record="", kind="bus", lon=at, lat=51.5) for number in range(MANY)
    ]
