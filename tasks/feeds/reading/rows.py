"""[p] One row of a table to one feature; the hot path of large loads."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Feature, Rejected
from tasks.feeds.reading.cells import BadRow, Row, plain
from tasks.feeds.reading.clocks import day_and_clock
from tasks.feeds.reading.columns import Chosen
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.locations import address_of, before_degrees
from tasks.feeds.reading.markup import plain as unmarked
from tasks.feeds.reading.place_cells import geometry
from tasks.feeds.reading.places import point
from tasks.feeds.reading.tables import Table
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.words import NOTHING, is_closed

_EXCERPT: Final = 500
_PUBLISHED: Final = ":updated_at"
#: Parts that people read: what cities write for web pages has markup in them.
PROSE: Final = ("title", "description", "category", "address")
_NONE: Final[Mapping[int, int]] = {}
#: The kind whose status is open or closed.
REQUEST: Final = "service_request"


class Reader:
    """Reads the rows of one table, whose columns were chosen."""

    def __init__(
        self, table: Table, chosen: Chosen, times: LocalTimes, kind: str, clocks: Mapping[int, int] = _NONE
    ) -> None:
        names = self.names = list(table.names)
        self.is_text = table.is_text
        self.times = times
        self.kind = kind
        #: Part -> place of its column.
        self.chosen = chosen
        #: Place of a column of days -> that of their clocks.
        self.clocks = clocks
        at = chosen.get
        self._id, self._title, self._description = at("external_id"), at("title"), at("description")
        self._status, self._category, self._address = at("status"), at("category"), at("address")
        self._created, self._closed, self._updated = at("created_at"), at("closed_at"), at("updated_at")
        self._starts, self._ends, self._url = at("starts_at"), at("ends_at"), at("url")
        self._lat, self._lon, self._geometry = at("latitude"), at("longitude"), at("geometry")
        self._severity = at("severity")
        self.is_place_in_address = self._address is not None and self._address == self._geometry
        self.published = next((place for place, name in enumerate(names) if name == _PUBLISHED), None)
        used = {*chosen.values(), *clocks.values()} - {self._status}
        rest = [place for place, name in enumerate(names) if place not in used and name[:1] != ":"]
        #: The columns that play no part, and their places: properties.
        self.rest = rest
        self.rest_names = [names[place] for place in rest]
        # itemgetter gives a tuple for two places or more.
        self._rest_cells = itemgetter(*rest) if len(rest) > 1 else lambda row: [row[place] for place in rest]
        self.fallback = kind.replace("_", " ").capitalize()

    @property
    def told(self) -> Any:  # Any: JSON.
        """Tell how rows are read, so that two readings can be told apart."""
        zone, day_first = self.times.zone.key, self.times.day_first
        return [self.names, self.chosen, self.kind, zone, day_first, sorted(self.clocks.items())]

    def read(self, row: Row, record: str) -> Feature | Rejected:
        """Read one row; what cannot be read sets the row aside."""
        if isinstance(row, BadRow):
            return Rejected(record=record, reason=row.reason, detail=row.detail, excerpt=row.excerpt)
        try:
            return self._feature(row, record)
        except Rejection as why:
            return Rejected(
                record=record,
                reason=why.reason,
                detail=why.detail,
                external_id=self._text(row, self._id),
                excerpt="|".join("" if cell is None else str(cell) for cell in row)[:_EXCERPT],
            )

    def _feature(self, row: Sequence[Any], record: str) -> Feature:
        created, closed = self._time(row, self._created), self._time(row, self._closed)
        updated, published = self._time(row, self._updated), self._time(row, self.published)
        written = self._text(row, self._status)
        # Works and events may end next year: only a request that is closed was seen so.
        observed = (created, updated, closed if self.kind == REQUEST else None)
        return Feature(
            external_id=self._identity(row),
            record=record,
            observed_at=max((moment for moment in observed if moment), default=published),
            published_at=published,
            kind=self.kind,
            title=self._prose(row, self._title) or self.fallback,
            description=self._prose(row, self._description),
            status=self._status_of(written, closed),
            severity=self._text(row, self._severity),
            category=self._prose(row, self._category),
            address=self._address_told(row) or self._address_of_place(row),
            url=None if self._url is None else web_link(row[self._url]),
            geometry=self._place(row),
            starts_at=self._time(row, self._starts) or created,
            ends_at=self._end(row) or closed,
            properties=self._properties(row),
        )

    def _identity(self, row: Sequence[Any]) -> str:
        if (written := self._text(row, self._id)) and written not in NOTHING:
            return written
        if self._id is not None:
            raise Rejection("no_identity", "the row's identifier is empty")
        said = "\x1f".join(row) if self.is_text else self._said(row)
        if not said or all(cell is None or not str(cell).strip() for cell in row):
            raise Rejection("empty_row", "no cell of the row says anything")
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def _said(self, row: Sequence[Any]) -> str:
        """
        Write what a row says, blank if that is nothing.

        Which columns a document has, and in which order, other rows have a say in; the system's own change with each
        release of the whole.
        """
        told = {
            name: cell
            for name, cell in zip(self.names, row, strict=True)
            if cell is not None and name[:1] != ":"
        }
        return json.dumps(told, default=str, sort_keys=True) if told else ""

    def _text(self, row: Sequence[Any], place: int | None) -> str | None:
        if place is None:
            return None
        cell = row[place]
        if cell.__class__ is not str:
            if cell is None:
                return None
            cell = str(cell)
        return cell.strip() or None

    def _prose(self, row: Sequence[Any], place: int | None) -> str | None:
        text = self._text(row, place)
        if text is None or ("<" not in text and "&" not in text):
            return text
        return unmarked(text).strip() or None

    def _time(self, row: Sequence[Any], place: int | None) -> datetime | None:
        if place is None:
            return None
        cell = row[place]
        if not cell:
            return None
        if self.clocks and place in self.clocks:
            return day_and_clock(cell, row[self.clocks[place]], self.times)
        if cell.__class__ is str:
            return self.times.parse(cell)
        if isinstance(cell, datetime):
            return self.times.to_utc(cell)
        if isinstance(cell, date):
            return self.times.to_utc(datetime.combine(cell, datetime.min.time()))
        return self.times.parse(str(cell))

    def _end(self, row: Sequence[Any]) -> datetime | None:
        """Read an end; works may last until further notice, in words."""
        try:
            return self._time(row, self._ends)
        except Rejection:
            return None

    def _status_of(self, written: str | None, closed: datetime | None) -> str | None:
        if self.kind != REQUEST:
            return written
        if written is None:
            return "closed" if closed else "open"
        return "closed" if is_closed(written) else "open"

    def _place(self, row: Sequence[Any]) -> Mapping[str, Any] | None:
        if self._lat is not None and self._lon is not None:
            found = point(row[self._lon], row[self._lat])
            if found is not None or self._geometry is None:
                return found
        return geometry(row[self._geometry]) if self._geometry is not None else None

    def _address_told(self, row: Sequence[Any]) -> str | None:
        told = self._prose(row, self._address)
        return before_degrees(told) or None if told and self.is_place_in_address else told

    def _address_of_place(self, row: Sequence[Any]) -> str | None:
        return address_of(row[self._geometry]) if self._geometry is not None and not self.is_text else None

    def _properties(self, row: Sequence[Any]) -> dict[str, Any]:
        cells = zip(self.rest_names, self._rest_cells(row), strict=True)
        if self.is_text:
            return {name: cell for name, cell in cells if cell and not cell.isspace()}
        return {name: plain(cell) for name, cell in cells if cell is not None and str(cell).strip()}
