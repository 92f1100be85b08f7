"""The simulator's road works, weather, events and news: in their formats, marked, and changing with time."""

import json
from calendar import timegm
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import icalendar
import pytest
from shapely.geometry import shape

from deploy.local.simulator.city import SimulatedCity, load_city
from deploy.local.simulator.papers import events_at, news_at
from deploy.local.simulator.site import PAGES, Question, answer
from deploy.local.simulator.sky import warnings_at, weather_at
from deploy.local.simulator.works import works_at

MOMENT = 1_763_800_003.2
NOW = datetime.fromtimestamp(MOMENT, UTC)
HOUR = 3_600


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    """Give simulated London."""
    return load_city("london")


@pytest.mark.parametrize("path", sorted(PAGES))
def test_every_page_answers_the_same_twice(city: SimulatedCity, path: str) -> None:
    """No page reads a clock or a dice of its own."""
    question = Question(path, MOMENT, base="http://h")

    assert 200 == answer(city, question).status
    assert answer(city, question) == answer(city, question)


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_city_without_rails_still_answers(path: str) -> None:
    """Its transit and its stations are empty lists, not errors."""
    assert 200 == answer(load_city("helsinki"), Question(path, MOMENT)).status


class TestWorks:
    """Road works."""

    def test_works_are_planned_begun_and_finished(self, city: SimulatedCity) -> None:
        """One permit, followed for three days, goes through all three in order and is then gone."""
        permit = works_at(city, MOMENT)[-1]["permit_id"]
        steps = [
            row["status"]
            for hour in range(72)
            for row in works_at(city, MOMENT + HOUR * hour)
            if row["permit_id"] == permit
        ]

        assert ["Planned", "Active", "Finished"] == list(dict.fromkeys(steps))
        assert len(steps) < 72

    def test_works_say_when_they_last_changed(self, city: SimulatedCity) -> None:
        """A client that asks for newer rows gets each step."""
        for row in works_at(city, MOMENT):
            assert (row[":updated_at"] or "") >= (row[":created_at"] or "")
            assert (row[":updated_at"] or "") <= f"{NOW:%Y-%m-%dT%H:%M:%S.%f}"


class TestWarnings:
    """Weather warnings."""

    def test_a_warning_is_in_force_and_lies_on_a_borough(self, city: SimulatedCity) -> None:
        """With everything a reader of the NWS service looks for."""
        collection = warnings_at(city, MOMENT)
        assert collection["features"]
        for feature in collection["features"]:
            facts = feature["properties"]
            assert datetime.fromisoformat(facts["sent"]) <= NOW < datetime.fromisoformat(facts["ends"])
            assert shape(feature["geometry"]).equals(dict(city.areas)[facts["areaDesc"]])
            assert ("Actual", "Alert") == (facts["status"], facts["messageType"])
            assert "(simulated)" in facts["headline"]

    def test_warnings_come_and_go(self, city: SimulatedCity) -> None:
        """Half a day later all are others."""
        now, later = (
            {feature["id"] for feature in warnings_at(city, at)["features"]}
            for at in (MOMENT, MOMENT + 12 * HOUR)
        )

        assert not now & later


def test_the_weather_of_a_year_is_plausible(city: SimulatedCity) -> None:
    """No value that a quality check would refuse, and some rain."""
    hours = [weather_at(city, MOMENT + HOUR * hour)["current"] for hour in range(0, 24 * 365, 7)]

    assert all(-15 < hour["temperature_2m"] < 40 for hour in hours)
    assert all(0 <= hour["relative_humidity_2m"] <= 100 for hour in hours)
    assert all(0 <= hour["wind_speed_10m"] < hour["wind_gusts_10m"] < 150 for hour in hours)
    assert 0 < sum(hour["precipitation"] > 0 for hour in hours) < len(hours)


def test_the_weather_has_a_unit_for_each_value(city: SimulatedCity) -> None:
    """As the real service gives them."""
    document = weather_at(city, MOMENT)

    assert document["current"].keys() == document["current_units"].keys()
    assert "2025-11-22T08:15" == document["current"]["time"]


def events_of(city: SimulatedCity, moment: float) -> list[Any]:
    """Read the calendar; what its values are is known only at run time."""
    return list(icalendar.Calendar.from_ical(events_at(city, moment)).walk("VEVENT"))


class TestEvents:
    """The calendar."""

    def test_the_calendar_holds_what_is_on_around_now(self, city: SimulatedCity) -> None:
        """Each with an id, a place, an end after its start, and the mark."""
        events = events_of(city, MOMENT)
        starts = [event.start for event in events]

        assert len(events) == len({event["UID"] for event in events})
        assert min(starts) < NOW < max(starts)
        assert all(event.start < event.end for event in events)
        assert all("(simulated)" in event["SUMMARY"] for event in events)
        assert all(city.holds((event["GEO"].longitude, event["GEO"].latitude)) for event in events)

    def test_an_event_may_be_cancelled_at_short_notice(self, city: SimulatedCity) -> None:
        """It was confirmed before, and its sequence number rises."""
        cancelled = {
            event["UID"]
            for event in events_of(city, MOMENT)
            if event["STATUS"] == "CANCELLED" and event["SEQUENCE"] == 1
        }
        before = events_of(city, MOMENT - 3 * 24 * HOUR)

        assert cancelled
        assert ("CONFIRMED", 0) in {
            (event["STATUS"], event["SEQUENCE"]) for event in before if event["UID"] in cancelled
        }

    def test_no_line_is_longer_than_the_standard_allows(self, city: SimulatedCity) -> None:
        """75 octets, though a title has letters that take two."""
        assert max(map(len, events_at(city, MOMENT).split(b"\r\n"))) <= 75


def test_the_news_are_dated_placed_and_marked(city: SimulatedCity) -> None:
    """Newest first, and well-formed XML."""
    feed = feedparser.parse(news_at(city, MOMENT))
    times = [datetime.fromtimestamp(timegm(item.published_parsed), UTC) for item in feed.entries]

    assert not feed.bozo
    assert timedelta(0) <= NOW - times[0] < timedelta(minutes=20)
    assert times == sorted(times, reverse=True)
    assert all("(simulated)" in item.title and item.where["type"] == "Point" for item in feed.entries)


def test_the_works_can_be_asked_for_by_query(city: SimulatedCity) -> None:
    """The same language as for the requests."""
    question = Question("/resource/sim-works.json", MOMENT, {"$where": "status = 'Active'", "$limit": "5"})

    assert ["Active"] * 5 == [row["status"] for row in json.loads(answer(city, question).body)]
