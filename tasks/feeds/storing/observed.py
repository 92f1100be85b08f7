"""Store the observations of a run's chunks; those whose thing is described later wait for it."""

from datetime import datetime
from typing import Final

from shared.db import Transaction
from shared.feeds.runs import Reject
from tasks.feeds.connector import Observation
from tasks.feeds.storing.gathered import Gathered
from tasks.feeds.storing.intake import Chunk, duplicate
from tasks.feeds.storing.observations import Stored, store_observations
from tasks.feeds.storing.table import Writing
from tasks.feeds.storing.tell import tell_observations

#: Observations that may wait for their things to come in a later chunk.
_MOST_WAITING: Final = 100_000


class WrittenObservations:
    """The observations that one run reads."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._waiting: list[Observation] = []

    def put(self, tx: Transaction, chunk: Chunk, is_last: bool) -> tuple[Stored, datetime | None]:
        """Store a chunk's; returns what became of them, and the newest time among them that has come."""
        batch = chunk.observations
        for observation in self._waiting:
            batch.add(observation)
        self._waiting = []
        if not len(batch):
            return Stored(), None
        told = batch.gathered()
        stored = store_observations(tx, self._writing, told)
        for number in stored.repeated:
            chunk.reject(duplicate(told.records[number], told.external_id(number)))
        for number in stored.valueless:
            chunk.reject(_set_aside(told, number, "no_result", "no result is a number"))
        if is_last or len(stored.unknown) > _MOST_WAITING:
            for number in stored.unknown:
                chunk.reject(
                    _set_aside(told, number, "unknown_thing", "nothing describes the thing observed")
                )
        else:
            self._waiting = told.restored(stored.unknown)
        tell_observations(tx, self._writing, stored.items)
        return stored, told.newest(self._writing.now)


def _set_aside(told: Gathered, number: int, reason: str, detail: str) -> Reject:
    return Reject(told.records[number], reason, detail, told.external_id(number))
