"""Lists of features, the last changed first: merged of what the indexes keep in that order, and never long in the making."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_, union_all
from sqlalchemy.orm import aliased

from shared.db import Transaction
from shared.features.models import FeatureRow
from shared.features.queries import features_json
from shared.feeds.models import Feed
from shared.feeds.paging import Page, cursor_after, read_cursor
from shared.feeds.rules import FEATURE_KINDS
from shared.geo import Box
from shared.places import in_box, in_strips

#: A page looks through so many features for what no index finds, then says where to go on.
SEARCHED = 30_000
_START: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True)
class FeatureFilter:
    """What to list: of one city, inside a box, of some kinds, changed since, holding words, of a status."""

    city: str
    bbox: Box | None = None
    kinds: Sequence[str] = ()
    since: datetime | None = None
    q: str = ""
    status: str | None = None

    @property
    def words(self) -> str:
        """What titles, descriptions and addresses are searched for."""
        return self.q.strip()

    def parts(self) -> list[ColumnElement[bool]]:
        """
        Return the parts of the list, each of which an index keeps in order.

        What was withdrawn is told only to those who ask for changes.
        """
        return [
            and_(FeatureRow.city == self.city, FeatureRow.kind == kind, *state)
            for kind in FEATURE_KINDS
            if not self.kinds or kind in self.kinds
            for state in self._states()
        ]

    def _states(self) -> Iterator[list[ColumnElement[bool]]]:
        is_listed = FeatureRow.withdrawn_at.is_(None)
        if self.since is not None:
            is_new = FeatureRow.updated_at >= self.since
            yield [is_listed, is_new]
            yield [FeatureRow.withdrawn_at.is_not(None), is_new]
        elif self.status and self._has_index():
            yield [is_listed, _has_status(FeatureRow, self.status)]
        else:
            yield [is_listed]

    def _has_index(self) -> bool:
        """Tell whether an index keeps what has this status, of what is listed; none keeps the closed, who are many."""
        return self.since is None and self.status is not None and self.status.lower() != "closed"

    def looked_for(self, row: type[FeatureRow]) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions for which each feature of the parts is looked at."""
        if self.status and not self._has_index():
            yield _has_status(row, self.status)
        if self.bbox is not None:
            yield in_box(row.point, self.bbox)
        if self.words:
            texts = func.concat_ws("\n", row.title, row.description, row.address)
            yield texts.ilike(f"%{_literal(self.words)}%")
            yield row.external_id != self.words  # those come before all others


def list_features(
    tx: Transaction, chosen: FeatureFilter, limit: int, cursor: str | None, now: datetime
) -> Page:
    """
    Return up to `limit` features, the last changed first; the one whose own id the words are comes before them.

    Words, and a box with much in it, are looked for in so many features at a time, however many there are:
    `searched` tells that a page ends, full or not, because so many were looked through.
    Raises: Invalid for a cursor that is none of ours.
    """
    parts = chosen.parts()
    if not parts:
        return Page([])
    after = read_cursor(cursor) if cursor else _START
    named = [] if cursor else _named(tx, chosen, parts, limit)
    room = limit - len(named)
    inside = None if chosen.bbox is None else in_strips(FeatureRow.point, chosen.bbox)
    if inside is not None and _holds_few(tx, inside):
        parts = [and_(or_(*parts), inside)]
    looked_at = tx.execute(_newest(chosen, parts, after, room + 1)).all()
    found = [row.FeatureRow for row in looked_at if row.is_wanted]
    page = features_json(tx, [*named, *found[:room]], now)
    if len(found) > room:
        return Page(page, cursor_after(*_place(found[room - 1]) if room else after))
    if looked_at and looked_at[-1].place == SEARCHED:
        return Page(page, cursor_after(*_place(looked_at[-1].FeatureRow)), SEARCHED)
    return Page(page)


def _newest(
    chosen: FeatureFilter, parts: Sequence[ColumnElement[bool]], after: tuple[datetime, UUID], most: int
) -> Select[tuple[FeatureRow, bool, int]]:
    """
    Select up to `most` features that are wanted, and the last one looked at if that many were.

    One statement does both: what changes between two would be counted twice, or left out.
    """
    place = tuple_(FeatureRow.updated_at, FeatureRow.id)
    order = (FeatureRow.updated_at.desc(), FeatureRow.id.desc())
    sorted_parts = (
        select(FeatureRow).where(part, place < after).order_by(*order).limit(SEARCHED) for part in parts
    )
    merged = union_all(*sorted_parts).subquery()
    order_merged = (merged.c.updated_at.desc(), merged.c.id.desc())
    number = func.row_number().over(order_by=order_merged).label("place")
    numbered = select(merged, number).order_by(*order_merged).limit(SEARCHED).subquery()
    row = aliased(FeatureRow, numbered, name="FeatureRow")
    is_wanted = and_(true(), *chosen.looked_for(row))
    return (
        select(row, is_wanted.label("is_wanted"), numbered.c.place)
        .where(or_(is_wanted, numbered.c.place == SEARCHED))
        .order_by(row.updated_at.desc(), row.id.desc())
        .limit(most)
    )


def _named(
    tx: Transaction, chosen: FeatureFilter, parts: Sequence[ColumnElement[bool]], most: int
) -> Sequence[FeatureRow]:
    """Return the features whose publisher's id the words are: people type the number of a request."""
    if not chosen.words:
        return []
    feeds = select(Feed.id).where(Feed.city == chosen.city)
    wanted = select(FeatureRow).where(
        or_(*parts), FeatureRow.feed_id.in_(feeds), FeatureRow.external_id == chosen.words
    )
    if chosen.status:
        wanted = wanted.where(_has_status(FeatureRow, chosen.status))
    if chosen.bbox is not None:
        wanted = wanted.where(in_box(FeatureRow.point, chosen.bbox))
    return tx.scalars(wanted.limit(most)).all()


def _holds_few(tx: Transaction, inside: ColumnElement[bool]) -> bool:
    """Tell whether all that lies in a box can be looked at; in a big box the newest features soon are found."""
    few = select(FeatureRow.point).where(inside).limit(SEARCHED).subquery()
    return tx.execute(select(func.count()).select_from(few)).scalar_one() < SEARCHED


def _has_status(row: type[FeatureRow], status: str) -> ColumnElement[bool]:
    return func.lower(row.status) == status.lower()


def _place(row: FeatureRow) -> tuple[datetime, UUID]:
    return row.updated_at, row.id


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
