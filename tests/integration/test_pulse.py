"""The numbers of a city: what its feeds amount to, and what is not known of them."""

from typing import Any

from sqlalchemy import Engine

from shared.clock import utcnow
from shared.db import transaction
from shared.errors import Permanent
from shared.pulse.queries import pulse
from tests.integration.test_feeds_store import EVERYTHING, bus, request
from tests.support.feed_runs import CITY, GIVEN, Given, add_feed, add_given, run_given
from tests.support.web import Browser


def tiles() -> dict[str, dict[str, Any]]:
    """Return the city's tiles by their keys."""
    with transaction() as tx:
        return {tile["key"]: tile for tile in pulse(tx, CITY, utcnow())["tiles"]}


def told(key: str) -> tuple[float | None, str | None]:
    """Return the number of a tile and how fresh it is."""
    return tiles()[key]["value"], tiles()[key]["freshness"]


def test_the_pulse_sums_what_feeds_amount_to(db: Engine) -> None:
    """A tile an hour for a day, the last one now; hours of which nothing is known are null."""
    run_given(add_given(name="one"), Given(EVERYTHING))
    run_given(add_given(name="two"), Given([bus(8), bus(9)]))

    found = tiles()

    assert (7, 5, 10, 0) == tuple(
        found[key]["value"]
        for key in ("vehicles_live", "service_requests_open", "bikes_available", "reports_today")
    )
    series = [value for _, value in found["vehicles_live"]["series"]]
    assert ([None] * 23, 7) == (series[:23], series[23])
    assert "dead" == found["vehicles_live"]["freshness"]


def test_a_city_whose_feeds_have_not_run_has_no_numbers_yet(db: Engine) -> None:
    """Every tile is there and knows nothing; only our own reports are counted."""
    add_given()

    assert {
        "service_requests_open": (None, None),
        "vehicles_live": (None, None),
        "bikes_available": (None, None),
        "reports_today": (0, "fresh"),
    } == {key: told(key) for key in tiles()}


def test_a_sum_is_not_fresh_while_a_first_run_has_not_ended(db: Engine) -> None:
    """What some feeds amount to is told as no more than that."""
    run_given(add_given(name="one"), Given([bus(1, observed_at=utcnow())]))
    slow = add_given(name="two")

    assert (1, None) == told("vehicles_live")

    run_given(slow, Given([bus(2, observed_at=utcnow())]))

    assert (2, "fresh") == told("vehicles_live")


def test_nothing_is_not_told_as_none_before_every_feed_was_read(db: Engine) -> None:
    """Where one feed lists no open request there is not none while another that may list some fails."""
    run_given(add_given(name="works"), Given([request(1, kind="road_work")]))
    one, other = add_given(name="one"), add_given(name="other")
    assert (None, None) == told("service_requests_open")

    run_given(other, Given(Permanent("no")))
    run_given(one, Given([request(1, status="closed")]))
    assert (None, None) == told("service_requests_open")

    run_given(other, Given([request(1, status="closed")]))
    assert (0, "dead") == told("service_requests_open")


def test_a_feed_that_fails_from_its_first_run_on_ends_the_waiting(db: Engine) -> None:
    """What the others amount to is the number then, short of one source; what none of them can fill is left out."""
    run_given(add_given(name="one"), Given([bus(1, observed_at=utcnow())]))
    failing = add_given(name="two")
    assert 0 == tiles()["vehicles_live"]["unread"]

    run_given(failing, Given(Permanent("no")))
    assert (1, None) == told("vehicles_live")
    assert 1 == tiles()["vehicles_live"]["unread"]
    assert "service_requests_open" not in tiles()

    run_given(failing, Given([bus(2, observed_at=utcnow())]))
    assert (2, "fresh") == told("vehicles_live")
    assert 0 == tiles()["vehicles_live"]["unread"]


def test_a_feed_that_cannot_add_to_a_number_takes_nothing_from_it(db: Engine) -> None:
    """Vehicles are all told without the weather, whether that waits for its first run or fails."""
    run_given(add_given(name="one"), Given([bus(1, observed_at=utcnow())]))
    weather = add_feed("weather", GIVEN)
    assert (1, "fresh") == told("vehicles_live")

    run_given(weather, Given(Permanent("no")))

    assert (1, "fresh") == told("vehicles_live")
    assert {"vehicles_live", "reports_today"} == set(tiles())


def test_a_paused_feed_is_not_waited_for(db: Engine) -> None:
    """A feed that waits for an admin keeps no number back."""
    run_given(add_given(name="one"), Given([bus(1, observed_at=utcnow())]))
    add_given(name="two", paused=True)

    assert (1, "fresh") == told("vehicles_live")


def test_a_feed_that_has_not_run_is_not_counted_as_silent(db: Engine) -> None:
    """The status counts feeds by how fresh they are; of a new one nothing is known yet."""
    run_given(add_given(name="one"), Given([bus(1, observed_at=utcnow())]))
    failing = add_given(name="two")

    def counted() -> Any:
        return Browser().get("/api/v1/status").json["feeds"]

    assert {"fresh": 1, "late": 0, "stale": 0, "dead": 0} == counted()

    run_given(failing, Given(Permanent("no")))
    assert {"fresh": 1, "late": 0, "stale": 0, "dead": 1} == counted()
