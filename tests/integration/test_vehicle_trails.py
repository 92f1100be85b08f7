"""Where vehicles were before: a short line behind each, and none behind what somebody rents."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from shared.clock import rfc3339
from shared.db import transaction
from shared.errors import NotFound
from shared.observations.trails import trail_of_vehicle
from tasks.feeds.storing.trail import MOST
from tests.integration.test_feeds_store import NOON, bus
from tests.support.feed_runs import Given, add_given, run_given
from tests.support.web import Browser, assert_problem

NOBODY = "0190a1b2-0000-7000-8000-000000000000"


def seen(feed: UUID, *places: tuple[float, float], **values: Any) -> list[list[float]]:
    """Let a bus be seen at each latitude, so many minutes after noon; returns its trail as minutes and latitudes."""
    for minutes, lat in places:
        one = bus(1, lat=lat, observed_at=NOON + timedelta(minutes=minutes), **values)
        run_given(feed, Given([one], replaces=("vehicles",)))
    return trail()


def trail() -> list[list[float]]:
    """Return the trail of the one vehicle that there is."""
    with transaction() as tx:
        found = trail_of_vehicle(tx, the_vehicle(), NOON)
    since = {rfc3339(NOON + timedelta(minutes=minute)): float(minute) for minute in range(90)}
    return [[since[item["observed_at"]], item["lat"]] for item in found["items"]]


def the_vehicle() -> UUID:
    """Return the id of the one vehicle that there is."""
    with transaction() as tx:
        found: UUID = tx.execute(text("SELECT id FROM vehicles")).scalar_one()
        return found


def test_a_vehicle_keeps_where_it_was(db: Engine) -> None:
    """The oldest place first, and last where it is now."""
    assert [[0, 51.5], [1, 51.6], [2, 51.7]] == seen(add_given(), (0, 51.5), (1, 51.6), (2, 51.7))


def test_a_vehicle_that_stands_is_at_one_place(db: Engine) -> None:
    """What else changes of it moves nothing."""
    feed = add_given()
    seen(feed, (0, 51.5), (1, 51.6))

    assert [[0, 51.5], [3, 51.6]] == seen(feed, (2, 51.6), (3, 51.6), label="7")


def test_a_position_that_comes_late_is_none_of_the_trail(db: Engine) -> None:
    """The newest observation wins."""
    feed = add_given()
    seen(feed, (0, 51.5), (2, 51.7))

    assert [[0, 51.5], [2, 51.7]] == seen(feed, (1, 51.6))


def test_a_place_that_is_corrected_is_none_of_the_trail(db: Engine) -> None:
    """The vehicle never was where it was first said to be."""
    feed = add_given()
    seen(feed, (0, 51.5), (1, 51.6))

    assert [[0, 51.5], [1, 51.9]] == seen(feed, (1, 51.9))


def test_a_trail_begins_anew_after_a_silence(db: Engine) -> None:
    """Nobody knows which way it took."""
    assert [[20, 51.8], [21, 51.9]] == seen(add_given(), (0, 51.5), (1, 51.6), (20, 51.8), (21, 51.9))


def test_a_trail_begins_anew_when_the_vehicle_was_gone(db: Engine) -> None:
    """Its publisher did not list it in between."""
    feed = add_given()
    seen(feed, (0, 51.5), (1, 51.6))
    run_given(feed, Given([bus(2), bus(3)], replaces=("vehicles",)))
    with transaction() as tx:
        tx.execute(text("DELETE FROM vehicles WHERE external_id <> 'b1'"))

    assert [[2, 51.7]] == seen(feed, (2, 51.7))


def test_a_trail_is_short(db: Engine) -> None:
    """Its oldest places go."""
    places: Sequence[tuple[float, float]] = [(minute, 51 + minute / 100) for minute in range(MOST + 3)]

    found = seen(add_given(), *places)

    assert [list(place) for place in places[-MOST - 1 :]] == found


@pytest.mark.parametrize("kind", ["bicycle", "scooter"])
def test_what_is_rented_leaves_no_trail(db: Engine, kind: str) -> None:
    """Where it went is for its rider to tell."""
    assert [[1, 51.6]] == seen(add_given(), (0, 51.5), (1, 51.6), kind=kind)


def test_a_trail_is_served(db: Engine) -> None:
    """Everybody may see it, with its age and source; of an unknown vehicle there is none."""
    seen(add_given(), (0, 51.5), (1, 51.6))

    browser = Browser()
    found = browser.get(f"/api/v1/vehicles/{the_vehicle()}/trail").json

    assert [51.5, 51.6] == [item["lat"] for item in found["items"]]
    assert {"vehicle_id", "items", "times", "freshness", "source"} == found.keys()
    assert_problem(browser.get(f"/api/v1/vehicles/{NOBODY}/trail"), 404)
    with transaction() as tx, pytest.raises(NotFound, match="no vehicle"):
        trail_of_vehicle(tx, UUID(NOBODY), NOON)
