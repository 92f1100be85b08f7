"""
[p] The contract between the feed pipeline and a connector: pure on both sides of the network.

A connector is a folder under `tasks/feeds/connectors/<kind>/` whose `connector.py` holds two functions:

`plan(source) -> Generator[Request, Payload, Cursor]` says what to fetch. It yields one `Request` at a
time and is sent the `Payload` that answered it, so that discovery (GBFS) and paging (Socrata) need no
network code. It returns the cursor to keep for the next run.

`parse(payloads, source) -> Iterator[Record]` turns what was fetched into records. It yields exactly
one record for each record the publisher sent, in the publisher's order; a bad one becomes `Rejected`.
It raises `Malformed` when a payload is not of the format at all. The same function serves live runs and
reprocessing from the archive.

`blocks(payloads, source) -> Iterator[Record | Block]` is for connectors of long tables: the same records in
blocks, which are read column by column, and of which what is stored already is not read at all.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Generator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO, Final, NamedTuple, TypeAlias

from shared.errors import Permanent

Cursor: TypeAlias = Mapping[str, Any]
GZIP: Final = b"\x1f\x8b"
#: The most that a payload which cannot be streamed may unpack to.
MOST_WHOLE_BYTES: Final = 256 * 1024 * 1024
#: Collections of shapes within collections: who reads them goes down each.
MOST_COLLECTIONS: Final = 10


class Malformed(Permanent):
    """Say that a payload is not of the connector's format; the run fails, nothing stored is touched."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A place that records name and do not draw; `geometry` is GeoJSON in CRS84, none while it is unknown."""

    name: str
    geometry: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a timetable."""

    name: str
    lon: float | None = None
    lat: float | None = None


class Start(NamedTuple):
    """Where trips of a route may begin: seconds after "noon minus 12 h" of a service day."""

    route_id: str
    seconds: int
    day: date


@dataclass(frozen=True, slots=True)
class Timetable:
    """What the timetable of the city says of the routes, trips and stops that payloads name, by their ids."""

    timezone: str
    routes: Mapping[str, "TransitRoute"] = field(default_factory=dict)
    trips: Mapping[str, "TransitTrip"] = field(default_factory=dict)
    stops: Mapping[str, Stop] = field(default_factory=dict)
    #: Trips by the last part of their ids, where payloads name no more of them; each on days of its own.
    endings: Mapping[str, Sequence["TransitTrip"]] = field(default_factory=dict)
    #: Trips by when they leave their first stop, where payloads name them so, or by ids that nobody knows.
    starts: Mapping[Start, Sequence["TransitTrip"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """
    Ids of a timetable that payloads name; `drawn` are the routes whose way is needed too, `ways` the trips.

    `starts`: when trips begin, by the id that is told of them, which may be blank.
    """

    routes: Set[str]
    trips: Set[str]
    stops: Set[str]
    drawn: Set[str]
    starts: Mapping[str, Set[Start]] = field(default_factory=dict)
    ways: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """
    What a connector knows of its feed; `timezone` is the city's IANA zone for naive times.

    `zones`: the outlines that are known of the places its payloads name, by their URLs.
    `timetable`: what the feed that the option `static` names has told, as far as its payloads refer to it.
    """

    feed_id: str
    city: str
    kind: str
    url: str
    timezone: str
    options: Mapping[str, Any] = field(default_factory=dict)
    cursor: Cursor = field(default_factory=dict)
    zones: Mapping[str, Outline] = field(default_factory=dict)
    timetable: Timetable | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """
    One GET to make.

    `name` labels the payload (`station_status`, `page-3`). `conditional` requests carry the stored ETag
    and Last-Modified. `optional` requests that fail with 404 are answered with an empty payload
    (`status` 404) instead of failing the run. `secret_headers` and `secret_params` map a header, or a
    query parameter, to the name of a secret.
    `max_age_seconds`: a payload of this URL younger than this, or than the publisher's ttl, is taken
    from the archive without asking.
    """

    name: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict)
    secret_params: Mapping[str, str] = field(default_factory=dict)
    conditional: bool = True
    optional: bool = False
    max_age_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Payload:
    """
    One answer of a publisher, whole and already decompressed; `open` reads it from its start.

    `unchanged` is true when it is byte for byte what the last run read (HTTP 304, same sha256, or still
    within its ttl).
    """

    name: str
    url: str
    open: Callable[[], BinaryIO]
    fetched_at: datetime
    status: int = 200
    media_type: str = ""
    sha256: str = ""
    size_bytes: int = 0
    unchanged: bool = False
    last_modified: datetime | None = None

    def read(self) -> bytes:
        """
        Return the whole content, unpacked when it is a gzip file; for formats that cannot be streamed.

        Raises: Malformed if it is a broken gzip file, or a bomb.
        """
        with self.open() as stream:
            content = stream.read()
        return _unpacked(content, self.name) if content.startswith(GZIP) else content


def _unpacked(content: bytes, name: str) -> bytes:
    try:
        whole = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MOST_WHOLE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"{name}: {error}") from None
    if len(whole) > MOST_WHOLE_BYTES:
        raise Malformed(f"{name}: larger than {MOST_WHOLE_BYTES:,} bytes when unpacked")
    return whole


@dataclass(slots=True, kw_only=True)
class _Sourced:
    """`record` is payload name and position (`station_status#12`), the address of a record in a run."""

    external_id: str
    record: str
    observed_at: datetime | None = None
    published_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Feature(_Sourced):
    """Something that happens; `geometry` is GeoJSON in CRS84 (lon, lat) or none; all times aware UTC."""

    kind: str
    title: str
    description: str | None = None
    status: str | None = None
    severity: str | None = None
    category: str | None = None
    address: str | None = None
    url: str | None = None
    geometry: Mapping[str, Any] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    #: The publisher cancelled it (CAP Cancel): withdraw at once.
    withdrawn: bool = False


@dataclass(slots=True, kw_only=True)
class Thing(_Sourced):
    """Something with a place that is observed: a station, a sensor."""

    kind: str
    name: str
    lon: float | None = None
    lat: float | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Result:
    """One observed property with its value; `unit` is a UCUM code, `1` for a count."""

    observed_property: str
    value: float
    unit: str = "1"


@dataclass(slots=True, kw_only=True)
class Observation(_Sourced):
    """Results for the thing `external_id` at `phenomenon_time`; the thing may come from another payload."""

    phenomenon_time: datetime
    results: Sequence[Result]
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Vehicle(_Sourced):
    """A vehicle now; no position is legal (subways), 0,0 is no position. Bearing in degrees, speed m/s."""

    kind: str
    lon: float | None = None
    lat: float | None = None
    label: str | None = None
    route: str | None = None
    trip_id: str | None = None
    bearing: float | None = None
    speed_mps: float | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class TripUpdate(_Sourced):
    """A prediction for one trip; `external_id` is what names it over time; stops as in `trip_updates.stops`."""

    trip_id: str
    start_date: str | None = None
    route: str | None = None
    vehicle: str | None = None
    delay_seconds: int | None = None
    stops: Sequence[Mapping[str, Any]] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """The days of a timetable's service: `weekdays` from Monday ("1111100") in [start, end], dates as YYYYMMDD."""

    service_id: str
    weekdays: str = "0000000"
    start: str = ""
    end: str = ""
    #: Dates on which it runs, or does not, whatever the weekday says.
    added: Sequence[str] = ()
    removed: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class TransitRoute:
    """A line of a timetable; colours are `RRGGBB`, `timezone` is that of its service days."""

    record: str
    route_id: str
    timezone: str
    route_type: int
    agency: str | None = None
    short_name: str | None = None
    long_name: str | None = None
    color: str | None = None
    text_color: str | None = None
    geometry: Mapping[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class TransitTrip:
    """
    A trip of a timetable with its calls, in parallel lists by their sequence.

    Times are seconds after "noon minus 12 h" of the service day; none are told between two that are known. A trip
    that `is_repeated` runs at a headway: its times only tell how far apart its calls are. Times of the calls at the
    places `approximate` are nobody's, but lie evenly between those that are told.
    """

    record: str
    trip_id: str
    route_id: str
    service: Service
    headsign: str | None = None
    direction_id: int | None = None
    shape_id: str | None = None
    stop_ids: Sequence[str] = ()
    sequences: Sequence[int] = ()
    arrivals: Sequence[int | None] = ()
    departures: Sequence[int | None] = ()
    approximate: Sequence[int] = ()
    is_repeated: bool = False


@dataclass(slots=True, kw_only=True)
class Rejected:
    """One record set aside: `reason` is a short code (`bad_time`), `detail` a sentence."""

    record: str
    reason: str
    detail: str = ""
    external_id: str | None = None
    excerpt: str = ""


#: The reason of a record that stands for what is behind the last that is read, however much that is.
NOT_READ: Final = "not_read"


def not_read(page: str, pages: int) -> Rejected:
    """Set aside, as one record, what a list has behind its last page that is read; `page` names the next one."""
    return Rejected(
        record=f"{page}#0",
        reason=NOT_READ,
        detail=f"the list goes on behind page {pages}, the last that is read",
    )


@dataclass(slots=True, kw_only=True)
class Described:
    """A record that describes the feed itself (system_information, a header); counted, not stored."""

    record: str
    properties: Mapping[str, Any] = field(default_factory=dict)


Scheduled: TypeAlias = TransitRoute | TransitTrip
"""What a timetable says: kept whole, and replaced whole."""

Record: TypeAlias = Feature | Thing | Observation | Vehicle | TripUpdate | Scheduled | Described | Rejected
Plan: TypeAlias = Generator[Request, Payload, Cursor]


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What `manifest.toml` says of a connector.

    `replaces`: the record types for which each run is the publisher's whole truth, so that what is
    missing has vanished (`vehicles`, `features`, `trip_updates`, `things`); incremental feeds leave it
    empty. `late_seconds`/`stale_seconds`/`dead_seconds`: ages of the newest entity that change a feed's
    freshness, with their source in the README beside it.
    """

    kind: str
    name: str
    parser_version: int
    standard: str
    replaces: frozenset[str]
    late_seconds: int
    stale_seconds: int
    dead_seconds: int
    min_interval_seconds: int = 1
