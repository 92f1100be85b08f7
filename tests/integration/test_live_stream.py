"""Reading the stream misses nothing and says nothing twice, whatever order transactions commit in."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from shared.db import transaction
from shared.events import FreshnessChanged
from shared.stream.position import START, Cursor, Position, can_resume, parse_cursor
from shared.stream.prune import prune_events
from shared.stream.publish import publish
from shared.stream.read import read_after, read_topics, stream_ends


def _say(session: Session, freshness: str, topic: str = "city:london") -> None:
    publish(session, FreshnessChanged("feed-1", "london", freshness), to=topic)


def _read_on(connection: Connection, place: Position) -> tuple[Position, list[str]]:
    """Read one round as the reader does; returns its place and what it saw."""
    events = read_after(connection, place, 100)
    seen = [event.data.split('"freshness": "')[1].split('"')[0] for event in events]
    return (events[-1].position if events else place), seen


@pytest.fixture
def reader(db: Engine) -> Iterator[Connection]:
    """A connection that sees each statement's own moment, as the live server's does."""
    with db.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def test_an_event_that_commits_late_is_not_stepped_over(db: Engine, reader: Connection) -> None:
    """The smaller id commits after the larger one was there to be read: `id > last` would never see it."""
    with Session(db) as slow, Session(db) as quick:
        _say(slow, "late")
        _say(quick, "stale")
        quick.commit()

        place, seen = _read_on(reader, START)
        assert [] == seen

        slow.commit()
    place, seen = _read_on(reader, place)

    assert ["late", "stale"] == seen
    assert (place, []) == _read_on(reader, place)


def test_an_older_transaction_that_writes_later_is_not_stepped_over(db: Engine, reader: Connection) -> None:
    """The larger id belongs to the smaller transaction: following ids alone skips it, following both does not."""
    with Session(db) as old, Session(db) as new:
        old.execute(text("SELECT pg_current_xact_id()"))
        _say(new, "stale")
        new.commit()
        place, seen = _read_on(reader, START)
        assert [] == seen

        _say(old, "late")
        old.commit()
    ids = [row.id for row in reader.execute(text("SELECT id FROM events ORDER BY xid, id"))]
    assert sorted(ids, reverse=True) == ids

    place, seen = _read_on(reader, place)

    assert ["late", "stale"] == seen
    assert (place, []) == _read_on(reader, place)


def test_a_smaller_id_of_a_larger_transaction_is_not_stepped_over(db: Engine, reader: Connection) -> None:
    """What was read ends with a larger id than what comes after it."""
    with Session(db) as old, Session(db) as new:
        old.execute(text("SELECT pg_current_xact_id()"))
        _say(new, "stale")
        _say(old, "late")
        old.commit()

        place, seen = _read_on(reader, START)
        assert ["late"] == seen

        new.commit()
    after = _read_on(reader, place)

    assert ["stale"] == after[1]
    assert after[0].id < place.id


def test_what_was_rolled_back_was_never_said(db: Engine, reader: Connection) -> None:
    """It holds nobody back either."""
    with Session(db) as session:
        _say(session, "late")
        session.rollback()

    assert [] == _read_on(reader, START)[1]


def test_a_page_is_of_some_topics_and_ends_where_it_is_told(reader: Connection) -> None:
    """What a client catches up on."""
    with transaction() as tx:
        for freshness, topic in (("fresh", "city:london"), ("late", "city:paris"), ("stale", "city:london")):
            _say(tx, freshness, topic)
    everything = read_after(reader, START, 100)

    page = read_topics(reader, START, everything[-1].position, ["city:london", "area:1"], 100)
    first = read_topics(reader, START, everything[1].position, ["city:london"], 100)

    assert [everything[0], everything[2]] == page
    assert [everything[0]] == first


def test_a_cursor_from_before_what_was_forgotten_cannot_resume(reader: Connection) -> None:
    """The reader is told to start afresh and not left with a gap."""
    with transaction() as tx:
        _say(tx, "fresh")
        _say(tx, "late")
    first, last = read_after(reader, START, 100)
    with transaction() as tx:
        prune_events(tx, 0, 1)

    ends = stream_ends(reader)

    assert not can_resume(Cursor(ends.epoch, START), ends)
    assert can_resume(Cursor(ends.epoch, first.position), ends)
    assert can_resume(Cursor(ends.epoch, last.position), ends)
    assert last.position == ends.newest


def test_a_cursor_of_another_epoch_or_of_the_future_cannot_resume(reader: Connection) -> None:
    """After a restore transaction ids begin anew: an old place means something else."""
    with transaction() as tx:
        _say(tx, "fresh")
    ends = stream_ends(reader)

    assert not can_resume(Cursor(ends.epoch + 1, ends.newest), ends)
    assert not can_resume(Cursor(ends.epoch, Position(ends.horizon, 1)), ends)
    assert not can_resume(None, ends)


def test_an_id_on_the_wire_is_read_back() -> None:
    """Epoch, transaction and number, each as large as Postgres makes them."""
    largest = Cursor(7, Position((1 << 64) - 1, (1 << 63) - 1))

    assert largest == parse_cursor(str(largest))


@pytest.mark.parametrize(
    "wire",
    [
        "",
        "1",
        "-1",
        "1.2",
        "1.2.3.4",
        "1.-2.3",
        f"1.{1 << 64}.1",
        f"1.1.{1 << 63}",
        "'; --",
        "1.2.x",
        "١.٢.٣",
        "1.2.3\n",
    ],
)
def test_what_is_no_id_is_none(wire: str) -> None:
    """Nothing a client sends reaches a statement unread."""
    assert parse_cursor(wire) is None
