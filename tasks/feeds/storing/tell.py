"""Tell browsers what a run changed, in events of a size that a page can draw at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from shared.db import Transaction
from shared.events import FeaturesChanged, ObservationsAdded, VehiclesMoved
from shared.features.queries import features_by_id
from shared.observations.queries import moved_vehicles
from shared.stream.publish import publish
from tasks.feeds.storing.table import Writing

FEATURES_AN_EVENT: Final = 50
ITEMS_AN_EVENT: Final = 500

T = TypeVar("T")


def tell_features(
    tx: Transaction,
    writing: Writing,
    changed: Sequence[tuple[str, str]],
    withdrawn: Sequence[tuple[str, str]] = (),
    more: int = 0,
) -> None:
    """
    Publish one event a kind; it counts what changed and shows the last 50; withdrawn ids are all told.

    `more` changed of one kind than those given, of which then there are the last 50.
    """
    kinds = dict.fromkeys(kind for _, kind in (*changed, *withdrawn))
    for kind in kinds:
        ids = [id_ for id_, of in changed if of == kind]
        gone = [id_ for id_, of in withdrawn if of == kind]
        items = features_by_id(tx, [UUID(id_) for id_ in ids[-FEATURES_AN_EVENT:]], writing.now)
        for number, part in enumerate(_parts(gone, ITEMS_AN_EVENT) if gone else [[]]):
            told = (len(ids) + more, items) if number == 0 else (0, [])
            _publish(tx, writing, FeaturesChanged(str(writing.feed_id), writing.city, kind, *told, part))


def tell_many(tx: Transaction, writing: Writing, counts: Mapping[str, int]) -> None:
    """Publish how many features of each kind are new; who shows features reads those it shows again."""
    for kind, count in counts.items():
        _publish(tx, writing, FeaturesChanged(str(writing.feed_id), writing.city, kind, count))


def tell_vehicles(tx: Transaction, writing: Writing, ids: Sequence[str], gone: Sequence[str] = ()) -> None:
    """Publish where vehicles are now, and which are no longer listed."""
    for part in _parts(ids, ITEMS_AN_EVENT):
        if items := moved_vehicles(tx, [UUID(id_) for id_ in part]):
            _publish(tx, writing, VehiclesMoved(str(writing.feed_id), writing.city, items))
    for part in _parts(gone, ITEMS_AN_EVENT):
        _publish(tx, writing, VehiclesMoved(str(writing.feed_id), writing.city, [], part))


def tell_observations(tx: Transaction, writing: Writing, items: Sequence[dict[str, Any]]) -> None:
    """Publish latest results that moved."""
    for part in _parts(items, ITEMS_AN_EVENT):
        _publish(tx, writing, ObservationsAdded(str(writing.feed_id), writing.city, part))


def _publish(
    tx: Transaction, writing: Writing, event: FeaturesChanged | VehiclesMoved | ObservationsAdded
) -> None:
    publish(tx, event, to=f"city:{writing.city}")


def _parts(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
