"""Which trip update speaks of a vehicle's trip: one agency's, and never another's of the same name."""

from uuid import UUID

import pytest

from shared.observations.trip_matching import Kinship, Publisher, Told, kinship, rank

POSITIONS = Publisher(UUID(int=1), "timetable", "a.example")
VEHICLE = Told("t1", "20260101", "08:00:00", "r7", "bus-1")


@pytest.mark.parametrize(
    ("expected", "other"),
    [
        (Kinship.FEED, POSITIONS),
        (Kinship.TIMETABLE, Publisher(UUID(int=2), "timetable", "b.example")),
        (Kinship.HOST, Publisher(UUID(int=2), None, "a.example")),
        (Kinship.NONE, Publisher(UUID(int=2), "another", "a.example")),
        (Kinship.NONE, Publisher(UUID(int=2), None, "b.example")),
    ],
)
def test_feeds_are_of_one_agency_by_their_timetable_or_else_their_host(
    expected: Kinship, other: Publisher
) -> None:
    """Two timetables are two agencies, also on one host."""
    assert (expected, expected) == (kinship(POSITIONS, other), kinship(other, POSITIONS))


def test_feeds_without_a_host_have_none_in_common() -> None:
    """An address that names none says nothing of whose it is."""
    assert Kinship.NONE is kinship(Publisher(UUID(int=1), None, None), Publisher(UUID(int=2), None, None))


@pytest.mark.parametrize("kin", [Kinship.TIMETABLE, Kinship.FEED])
def test_a_trip_is_known_by_its_id_among_feeds_of_one_timetable(kin: Kinship) -> None:
    """Whatever else is told: a vehicle may have been changed between two messages."""
    assert rank(Told("t1"), VEHICLE, kin)
    assert rank(Told("t1", vehicle="bus-2"), VEHICLE, kin)
    assert rank(Told("t2", "20260101", "08:00:00", "r7", "bus-1"), VEHICLE, kin) is None


@pytest.mark.parametrize("kin", [Kinship.HOST, Kinship.TIMETABLE, Kinship.FEED])
@pytest.mark.parametrize("change", [{"start_date": "20260102"}, {"start_time": "09:00:00"}])
def test_a_trip_of_another_day_or_start_is_another_trip(kin: Kinship, change: dict[str, str]) -> None:
    """Where both tell it; what one does not tell differs from nothing."""
    assert rank(VEHICLE._replace(**change), VEHICLE, kin) is None
    assert rank(VEHICLE._replace(**dict.fromkeys(change)), VEHICLE, kin)


@pytest.mark.parametrize(
    ("update", "is_same"),
    [
        (Told("t1", route="r7"), True),
        (Told("t1", vehicle="bus-1"), True),
        (Told("t1"), False),
        (Told("t1", route="r7", vehicle="bus-2"), False),
        (Told("t1", route="r8", vehicle="bus-1"), False),
    ],
)
def test_on_a_common_host_the_id_of_a_trip_needs_a_second_word(update: Told, is_same: bool) -> None:
    """A host may carry several agencies, whose trips have the same ids."""
    assert is_same is (rank(update, VEHICLE, Kinship.HOST) is not None)


def test_feeds_of_two_agencies_are_never_joined() -> None:
    """Not even if everything they tell agrees."""
    assert rank(VEHICLE, VEHICLE, Kinship.NONE) is None


@pytest.mark.parametrize(
    ("kin", "is_same"), [(Kinship.HOST, False), (Kinship.TIMETABLE, True), (Kinship.FEED, True)]
)
def test_a_vehicle_that_tells_no_trip_is_found_by_its_own_id(kin: Kinship, is_same: bool) -> None:
    """On a host alone the number of a bus may be that of another agency's."""
    silent = Told(None, vehicle="bus-1")

    assert is_same is (rank(VEHICLE, silent, kin) is not None)
    assert rank(VEHICLE._replace(vehicle="bus-2"), silent, kin) is None
    assert rank(VEHICLE._replace(vehicle=None), silent, kin) is None


def test_of_several_updates_the_surest_fits_best() -> None:
    """By whose feed it is, then by its day, then by its vehicle."""
    ranks = [
        rank(Told("t1", route="r7"), VEHICLE, Kinship.HOST),
        rank(Told("t1"), VEHICLE, Kinship.TIMETABLE),
        rank(Told("t1", vehicle="bus-1"), VEHICLE, Kinship.TIMETABLE),
        rank(Told("t1", "20260101"), VEHICLE, Kinship.TIMETABLE),
        rank(Told("t1"), VEHICLE, Kinship.FEED),
    ]

    assert (ranks, 5) == (sorted(found for found in ranks if found), len(set(ranks)))
