"""Alerts as GeoJSON of other offices, whose words are not those of the weather service."""

from typing import Any

import orjson
import pytest

from tasks.feeds.connector import Feature, Record, Rejected
from tests.support.feeds import parse, payload, source

AREA = {"type": "Polygon", "coordinates": [[[10.0, 50.0], [11.0, 50.0], [11.0, 51.0], [10.0, 50.0]]]}
POINT = {"type": "Point", "coordinates": [10.5, 50.5, 12.0]}


def read(*rows: dict[str, Any], zone: str = "Europe/Berlin") -> list[Record]:
    """Parse a collection of features."""
    document = {"type": "FeatureCollection", "features": [{"type": "Feature", **row} for row in rows]}
    return parse(source("nws_alerts", timezone=zone), payload(orjson.dumps(document)))


def alert(
    said: dict[str, Any], shape: dict[str, Any] | None = AREA, zone: str = "UTC", **row: Any
) -> Feature:
    """Read one alert."""
    (record,) = read({"properties": said, "geometry": shape, **row}, zone=zone)
    assert isinstance(record, Feature), record
    return record


def test_names_may_be_written_in_capitals() -> None:
    """As Germany's map server writes those of CAP; its numbers of features are new with each answer."""
    said = {
        "IDENTIFIER": "2.49.0.0.276.0.DWD.1", "SENT": "2026-11-20T12:00:00Z", "STATUS": "Actual", "MSGTYPE": "Alert",
        "EVENT": "FROST", "SEVERITY": "Minor", "ONSET": "2026-11-20T18:00:00Z", "EXPIRES": "2026-11-21T08:00:00Z",
        "HEADLINE": "Amtliche WARNUNG vor FROST", "DESCRIPTION": "Es tritt Frost auf.<br/>Bis -5", "AREADESC": "Stadt",
    }  # fmt: skip
    found, again = (alert(said, id=f"Warnungen_Gemeinden.fid-{number}") for number in (1, 2))

    assert found.external_id == again.external_id
    assert (
        found.external_id != alert({**said, "AREADESC": "Land"}, id="Warnungen_Gemeinden.fid-3").external_id
    )
    assert ("Amtliche WARNUNG vor FROST", "FROST", "minor") == (found.title, found.category, found.severity)
    assert ("Es tritt Frost auf.\nBis -5", "Stadt") == (found.description, found.address)
    assert "20T18 21T08" == f"{found.starts_at:%dT%H} {found.ends_at:%dT%H}"


def test_an_earthquake_is_an_alert() -> None:
    """Its state is of its review, and its times are numbers; neither makes it a test."""
    said = {
        "mag": 2.1, "place": "9 km N of Town", "time": 1795176000000, "updated": 1795179600000, "url": "https://e.example/1",
        "status": "reviewed", "type": "earthquake", "title": "M 2.1 - 9 km N of Town",
    }  # fmt: skip
    found = alert(said, POINT, id="us1")

    assert ("us1", "M 2.1 - 9 km N of Town", "https://e.example/1") == (
        found.external_id,
        found.title,
        found.url,
    )
    assert ("20T12", "20T13") == (f"{found.starts_at:%dT%H}", f"{found.published_at:%dT%H}")
    assert "reviewed" == found.properties["status"]


def test_an_interval_beside_the_properties_is_when_it_holds() -> None:
    """So Norway's office tells it."""
    when = {"interval": ["2026-11-20T12:00:00+00:00", "2026-11-21T12:00:00+00:00"]}
    found = alert(
        {"id": "2.49", "event": "gale", "title": "Gale, Oslo", "type": "Alert", "area": "Oslo"}, when=when
    )

    assert ("Gale, Oslo", "gale", "Oslo") == (found.title, found.category, found.address)
    assert "20T12 21T12" == f"{found.starts_at:%dT%H} {found.ends_at:%dT%H}"


def test_of_a_collection_of_shapes_the_areas_count() -> None:
    """A fire of New South Wales is a point and its outlines; the day stands first there."""
    shape = {
        "type": "GeometryCollection",
        "geometries": [POINT, {"type": "GeometryCollection", "geometries": [AREA]}],
    }
    said = {
        "title": "Fire",
        "guid": "https://i.example/1",
        "pubDate": "20/11/2026 1:30:00 AM",
        "link": "https://x.example",
    }
    found = alert({**said, "description": "LEVEL: Advice <br />SIZE: 1 ha"}, shape, zone="Australia/Sydney")

    assert found.geometry is not None
    assert ("Polygon", "https://i.example/1") == (found.geometry["type"], found.external_id)
    assert ("Fire", "LEVEL: Advice \nSIZE: 1 ha") == (found.title, found.description)
    assert "2026-11-19T14:30" == f"{found.published_at:%Y-%m-%dT%H:%M}"


def test_alerts_without_an_id_are_told_apart() -> None:
    """By a number, by the number of their event, or by what they say."""
    numbered = read(*({"id": number, "properties": {"name": "Fire"}, "geometry": None} for number in (9, 10)))
    events = read(
        *({"properties": {"eventtype": kind, "eventid": 7}, "geometry": None} for kind in ("EQ", "TC")),
    )
    others = read(*({"properties": {"text": text}, "geometry": AREA} for text in ("a", "b")))

    assert ["9", "10"] == [getattr(one, "external_id", None) for one in numbered]
    assert ["EQ7", "TC7"] == [getattr(one, "external_id", None) for one in events]
    assert 2 == len({getattr(one, "external_id", None) for one in others})


@pytest.mark.parametrize("status", ["Test", "exercise", "SYSTEM", "Draft"])
def test_a_test_is_set_aside_under_any_name(status: str) -> None:
    """The words are those of CAP."""
    (record,) = read({"id": "1", "properties": {"STATUS": status, "EVENT": "x"}, "geometry": None})

    assert isinstance(record, Rejected)
    assert "not_actual" == record.reason


def test_a_time_of_another_name_that_cannot_be_read_costs_no_alert() -> None:
    """It may be something else."""
    found = alert({"id": "1", "name": "Fire", "updated": "just now", "time": "noon", "url": 3})

    assert (None, None, None) == (found.published_at, found.starts_at, found.url)


@pytest.mark.parametrize(("kind", "withdrawn"), [("Cancel", True), ("Update", False), ("Alert", False)])
def test_norway_tells_under_type_what_a_message_is(kind: str, withdrawn: bool) -> None:
    """Where others tell what shook."""
    said = {
        "id": "2.49.0.1.578.0.1",
        "event": "gale",
        "severity": "Moderate",
        "title": "Kuling",
        "type": kind,
    }

    assert withdrawn == alert(said).withdrawn


@pytest.mark.parametrize("language", ["en", "fr"])
def test_canada_ends_a_warning_in_every_language(language: str) -> None:
    """Whichever of them the feed shows."""
    said = {
        "alert_name_en": "wind warning",
        "alert_name_fr": "vent",
        "status_en": "ended",
        "status_fr": "terminé",
    }
    content = orjson.dumps({"type": "Feature", "id": "1", "properties": said, "geometry": AREA})
    (record,) = parse(source("nws_alerts", language=language), payload(content))

    assert isinstance(record, Feature)
    assert record.withdrawn


def test_an_alert_that_tells_what_replaced_it_is_not_shown() -> None:
    """Lists of a day hold both, and those of a page only the older one."""
    said = {
        "id": "urn:oid:1",
        "event": "Wind",
        "sent": "2026-11-20T01:00:00Z",
        "replacedBy": "https://e.example/alerts/2",
    }
    (record,) = read({"properties": said, "geometry": AREA})

    assert isinstance(record, Rejected)
    assert "superseded" == record.reason
