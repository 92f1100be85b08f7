"""What feeds may be told."""

from contextlib import suppress
from typing import Any

import pytest

from shared.errors import Permanent
from shared.feeds.kinds.socrata import SocrataOptions
from shared.feeds.options import described, kinds, options_of, problems


@pytest.mark.parametrize(
    ("kind", "options", "field", "rule", "allowed"),
    [
        ("socrata", {"wherre": "1=1"}, "options.wherre", "unknown", "where"),
        ("socrata", {"page_size": 50_001}, "options.page_size", "number", "1 to 50,000"),
        ("socrata", {"page_size": True}, "options.page_size", "number", "whole number"),
        ("socrata", {"first_days": 10**12}, "options.first_days", "number", "1 to 36,500"),
        ("socrata", {"mode": "both"}, "options.mode", "unknown", "api or file"),
        ("socrata", {"fields": {"titel": "x"}}, "options.fields.titel", "unknown", "title"),
        ("socrata", {"fields": "title"}, "options.fields", "unknown", "title"),
        ("socrata", {"where": ["a"]}, "options.where", "type", "a text"),
        ("arcgis", {"day_first": "perhaps"}, "options.day_first", "type", "true or false"),
        ("news", {"hours": "at night"}, "options.hours", "pattern", "03:00-06:30"),
        ("news", {"timezone": "Europe/London"}, "options.timezone", "unknown", "feature_kind"),
        ("gbfs", {"files": ["station_informaton"]}, "options.files", "unknown", "station_information"),
        ("gtfs_realtime", {"urls": ["ftp://a.example"]}, "options.urls", "scheme", "https://"),
        ("gtfs_realtime", {"urls": "https://a.example"}, "options.urls", "scheme", "a list"),
        ("open311", {"format": "csv"}, "options.format", "unknown", "json or xml"),
        ("open311", {"query": {"status": ["open"]}}, "options.query.status", "type", "texts"),
        ("weather", {"stations": {"EGLL": [1]}}, "options.stations.EGLL", "type", "[longitude, latitude]"),
        ("mapping", {"record": "row", "fields": {}}, "options.record", "unknown", "feature, thing"),
        ("cap", {"language": "English, please"}, "options.language", "language", "en"),
    ],
)
def test_a_wrong_option_is_told_with_its_rule_and_what_is_allowed(
    kind: str, options: dict[str, Any], field: str, rule: str, allowed: str
) -> None:
    """Each is named once."""
    (wrong,) = problems(kind, options)

    assert (field, rule) == (wrong.field, wrong.rule)
    assert allowed in wrong.message


def test_what_is_null_or_empty_is_not_given() -> None:
    """Neither judged nor read."""
    empty: dict[str, Any] = {"where": "", "fields": {}, "feature_kind": None, "page_size": 0, "bbox": []}

    assert [] == list(problems("socrata", empty))
    assert SocrataOptions() == SocrataOptions.read(empty)


def test_a_feed_that_was_saved_before_goes_on_with_options_that_nobody_knows() -> None:
    """They are left out, and so is what is read where it is stored."""
    told = SocrataOptions.read({"modelled": True, "hours": "at night", "keep_days": "2", "page_size": "200"})

    assert 200 == told.page_size


@pytest.mark.parametrize(
    ("kind", "stored", "name", "read"),
    [
        ("socrata", {"page_size": 60_000}, "page_size", 50_000),
        ("arcgis", {"max_pages": "20000", "page_size": 7}, "max_pages", 10_000),
        ("gbfs", {"files": ["plans", "station_status", "plans_2"]}, "files", ["station_status"]),
        ("open311", {"query": {"extensions": True}}, "query", {"extensions": "True"}),
        ("weather", {"stations": {"EGLL": ["-0.45", 51.47]}}, "stations", {"EGLL": (-0.45, 51.47)}),
        ("socrata", {"fields": {"title": "a", "url": None}}, "fields", {"title": "a"}),
    ],
)
def test_a_feed_that_was_saved_before_is_read_as_it_was(
    kind: str, stored: dict[str, Any], name: str, read: Any
) -> None:
    """What is refused now when a feed is saved was taken then, and fails no run."""
    assert read == getattr(options_of(kind).read(stored), name)


def test_a_feed_that_runs_with_a_wrong_option_says_which() -> None:
    """It does not read something else instead."""
    with pytest.raises(Permanent, match=r"options\.where must be a text"):
        SocrataOptions.read({"where": ["a"]})


@pytest.mark.parametrize(
    "stored", [True, 1, 1e30, "a", [True, 1], [None], {"a": True}, {"a": {"b": [[]]}}, {"title": None}]
)
def test_no_stored_option_ends_a_run_without_a_word(stored: Any) -> None:
    """Whatever it is, of whichever kind and name: it is read, or named."""
    told = {"told": ""}
    for kind in kinds():
        for name in options_of(kind).model_fields:
            with suppress(Permanent):
                told |= options_of(kind).read({name: stored}).model_dump()

    assert {"told"} < told.keys()


def test_the_options_of_a_kind_are_told_with_those_of_all() -> None:
    """Its own come first."""
    own, *rest = described("gtfs_static")

    assert {
        "name": "package",
        "type": "string",
        "allowed": "a text",
        "default": None,
        "meaning": "The zip that is meant of several within the one that is fetched.",
        "of_this_kind": True,
    } == own
    assert ["bbox", "hours", "keep_days"] == [option["name"] for option in rest][:3]
