"""What is impossible is set aside."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.feeds.connector import Described, Feature, Observation, Record, Rejected, Result, Thing, Vehicle
from tasks.feeds.quality import RANGES, Context, check, identity

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONDON = (-0.5, 51.3, 0.3, 51.7)


def bus(**fields: object) -> Vehicle:
    """Make a vehicle."""
    return Vehicle(**{"external_id": "v", "record": "m#0", "kind": "bus", "lon": -0.1, "lat": 51.5} | fields)  # type: ignore[arg-type]


def notice(geometry: dict[str, object] | None) -> Feature:
    """Make a feature with a geometry."""
    return Feature(external_id="f", record="m#0", kind="alert", title="Notice", geometry=geometry)


def seen(value: float, name: str = "bikes_available", unit: str = "1") -> Observation:
    """Make an observation with one result."""
    return Observation(
        external_id="s", record="m#0", phenomenon_time=NOW, results=[Result(name, value, unit)]
    )


def reason(record: Record, **context: object) -> str | None:
    """Return why a record is set aside."""
    rejected = check(record, Context(NOW, **context))  # type: ignore[arg-type]
    return rejected.reason if rejected else None


def test_what_was_observed_in_the_future_was_not_observed() -> None:
    """A clock may run ahead by an hour, not by a day."""
    assert reason(bus(observed_at=NOW + timedelta(minutes=59))) is None
    assert "in_future" == reason(bus(observed_at=NOW + timedelta(days=1)))
    assert "in_future" == reason(bus(observed_at=NOW + timedelta(minutes=2)), ahead=timedelta(minutes=1))


def test_a_forecast_may_speak_of_the_future() -> None:
    """Its phenomenon is to come, and it was not observed."""
    forecast = Observation(external_id="s", record="m#0", phenomenon_time=NOW + timedelta(days=3), results=())

    assert reason(forecast) is None


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (bus(), None),
        (bus(lon=-74.0, lat=40.7), "outside"),
        (bus(lon=None, lat=None), None),
        (Thing(external_id="t", record="m#0", kind="sensor", name="T", lon=10.0, lat=51.5), "outside"),
        (notice(None), None),
        (notice({"type": "Point", "coordinates": [-0.1, 51.5]}), None),
        (
            notice(
                {"type": "Polygon", "coordinates": [[[-9.0, 51.5], [-0.1, 51.5], [-9.0, 50.0], [-9.0, 51.5]]]}
            ),
            None,
        ),
        (notice({"type": "LineString", "coordinates": [[-9.0, 51.5], [-8.0, 51.5]]}), "outside"),
        (
            notice(
                {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [-0.1, 51.5]}]}
            ),
            None,
        ),
    ],
)
def test_what_lies_wholly_outside_the_city_is_set_aside_when_asked(
    record: Record, expected: str | None
) -> None:
    """A shape that touches the city stays; without a box nothing is outside."""
    assert expected == reason(record, bbox=LONDON)
    assert reason(record) is None


def test_a_box_may_cross_the_antimeridian() -> None:
    """Fiji lies on both sides."""
    assert reason(bus(lon=179.5, lat=-17.0), bbox=(177.0, -19.0, -178.0, -16.0)) is None
    assert "outside" == reason(bus(lon=0.0, lat=-17.0), bbox=(177.0, -19.0, -178.0, -16.0))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (seen(12), None),
        (seen(-1), "out_of_range"),
        (seen(4294967295), "out_of_range"),
        (seen(float("nan")), "bad_value"),
        (seen(float("inf"), "anything"), "bad_value"),
        (seen(20, "air_temperature", "Cel"), None),
        (seen(68, "air_temperature", "[degF]"), "bad_unit"),
        (seen(9999, "pm2_5", "ug/m3"), "out_of_range"),
        (seen(-1e9, "anything", "furlong"), None),
    ],
)
def test_values_the_world_does_not_have_are_set_aside(record: Record, expected: str | None) -> None:
    """Ranges and units are those of the observed property; unknown properties only have to be numbers."""
    assert expected == reason(record)


def test_a_feed_may_narrow_a_range() -> None:
    """A station of ten docks never has fifty bicycles."""
    assert "out_of_range" == reason(seen(50), ranges=dict(RANGES) | {"bikes_available": ("1", 0.0, 10.0)})


def test_what_is_no_record_of_ours_passes() -> None:
    """Rejected and descriptive records were judged already."""
    assert reason(Rejected(record="m#0", reason="x")) is None
    assert reason(Described(record="m#0")) is None
    assert identity(Described(record="m#0")) is None


def test_a_rejection_says_which_record_and_why() -> None:
    """An admin can find it in the archived payload."""
    rejected = check(seen(-1), Context(NOW))

    assert ("m#0", "s", "bikes_available is -1 1, beyond 0 to 10000") == (
        rejected and rejected.record,
        rejected and rejected.external_id,
        rejected and rejected.detail,
    )


def test_identity_is_by_type_and_an_observation_has_a_moment() -> None:
    """A vehicle and a thing may share an id."""
    assert ("Vehicle", "v") == identity(bus())
    assert ("Observation", "s", NOW.isoformat()) == identity(seen(1))
