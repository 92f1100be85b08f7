"""Drive connectors without a network: payloads from bytes or files, plans answered from a dict."""

import csv
import dataclasses
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import settings

from deploy.local.testing import ROOT
from shared.clock import rfc3339
from tasks.feeds.connector import Cursor, Payload, Plan, Record, Request, Source
from tasks.feeds.reading.reference import to_crs84
from tasks.feeds.registry import FOLDER, connector

# A deadline for an example would be a timed assertion.
settings.register_profile("citypulse", deadline=None)
settings.load_profile("citypulse")

FETCHED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOT_FOUND = 404

Bounds = tuple[float, float, float, float]
"""West, south, east, north."""
#: Points of each side of a box that are looked at when it is moved to another reference system.
SIDE_POINTS = 50


def payload(
    content: bytes | Path, name: str = "payload", *, url: str = "", status: int = 200, **rest: Any
) -> Payload:
    """Make the payload that a fetch of this content would give."""
    if isinstance(content, Path):
        path = content
        return _payload(
            name, lambda: path.open("rb"), url or path.as_uri(), status, path.stat().st_size, rest
        )
    body = content
    rest.setdefault("sha256", hashlib.sha256(body).hexdigest())
    return _payload(name, lambda: io.BytesIO(body), url, status, len(body), rest)


def _payload(name: str, opener: Any, url: str, status: int, size: int, rest: Mapping[str, Any]) -> Payload:
    return Payload(
        name=name,
        url=url or f"https://feeds.example/{name}",
        open=opener,
        status=status,
        size_bytes=size,
        **{"fetched_at": FETCHED_AT, **rest},
    )


def source(
    kind: str,
    url: str = "https://feeds.example/",
    *,
    timezone: str = "UTC",
    cursor: Cursor | None = None,
    **options: Any,
) -> Source:
    """Make a feed of a kind; keyword arguments are the connector's options."""
    return Source(
        feed_id="feed-1",
        city="testville",
        kind=kind,
        url=url,
        timezone=timezone,
        options=options,
        cursor=cursor or {},
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Driven:
    """What a plan asked for, what it was given, and the cursor it returned."""

    requests: Sequence[Request]
    payloads: Sequence[Payload]
    cursor: Cursor


def full_url(request: Request) -> str:
    """Write the URL that a request asks for, its parameters included."""
    if not request.params:
        return request.url
    return request.url + ("&" if "?" in request.url else "?") + urlencode(request.params)


def drive(plan: Plan, answers: Mapping[str, bytes | Path]) -> Driven:
    """
    Run a plan to its end, answering by full URL, else by URL without parameters.

    Raises: AssertionError when a request that is not optional has no answer.
    """
    requests: list[Request] = []
    payloads: list[Payload] = []
    try:
        request = next(plan)
        while True:
            requests.append(request)
            payloads.append(_answer(request, answers))
            request = plan.send(payloads[-1])
    except StopIteration as end:
        return Driven(requests, payloads, end.value)


def _answer(request: Request, answers: Mapping[str, bytes | Path]) -> Payload:
    content = answers.get(full_url(request), answers.get(request.url))
    if content is None:
        assert request.optional, f"the plan asked for {full_url(request)}, which has no answer"
        return payload(b"", request.name, url=request.url, status=NOT_FOUND)
    return payload(content, request.name, url=request.url)


def run(feed: Source, answers: Mapping[str, bytes | Path]) -> tuple[list[Record], Cursor]:
    """Plan, fetch from the answers and parse: the records and the cursor of one run."""
    found = connector(feed.kind)
    driven = drive(found.plan(feed), answers)
    return list(found.parse(driven.payloads, feed)), driven.cursor


def parse(feed: Source, *payloads: Payload) -> list[Record]:
    """Parse payloads with the feed's connector."""
    return list(connector(feed.kind).parse(payloads, feed))


def as_json(record: Record) -> dict[str, Any]:
    """Write a record as JSON values, its type first, what it leaves out left out."""
    return {"type": type(record).__name__, **dict(_fields(record))}


def _fields(record: Any) -> Iterator[tuple[str, Any]]:
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if value is not None and value is not False and value != "" and value != {} and value != ():
            yield field.name, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if dataclasses.is_dataclass(value):
        return dict(_fields(value))
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """One file of the recorded city data and what its manifest says of it; `name` is its path there."""

    name: str
    path: Path
    kind: str
    records: int
    facts: str
    note: str

    @property
    def fails(self) -> bool:
        """Tell whether the manifest says that the file is not of its format at all."""
        said = "FAILS" in self.facts or "IsInitialized() is False" in self.facts
        # What a common parser refuses may still hold records that can be recovered.
        return said and self.records == 0

    @property
    def ends_badly(self) -> bool:
        """Tell whether the run of the file must fail: it is not of its format, or says itself why it has no data."""
        return self.fails or self.facts.startswith(("error body", "root <error"))

    @property
    def bbox(self) -> Bounds | None:
        """
        Return the box of the positions in the file in degrees, when the manifest knows it.

        It has them as they stand in the file, which may be in metres or feet of a reference system.
        """
        number = r"(-?\d+(?:\.\d+)?)"
        found = re.search(rf"bbox {number},{number},{number},{number}", self.facts)
        if found is None:
            return None
        west, south, east, north = map(float, found.groups())
        if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
            return west, south, east, north
        system = re.search(r"wkid (\d+)|EPSG:+(\d+)", self.facts)
        return _in_degrees((west, south, east, north), int(system[1] or system[2])) if system else None


def _in_degrees(box: Bounds, system: int) -> Bounds:
    """Return the box of a box of a reference system, whose sides are no straight lines in degrees."""
    west, south, east, north = box
    steps = [at / SIDE_POINTS for at in range(SIDE_POINTS + 1)]
    across = [west + (east - west) * step for step in steps]
    up = [south + (north - south) * step for step in steps]
    sides = [*((x, y) for x in across for y in (south, north)), *((x, y) for x in (west, east) for y in up)]
    place = to_crs84({"wkid": system}, "the manifest")
    lons, lats = zip(*(place(x, y) for x, y in sides), strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def recordings(*kinds: str) -> list[Any]:
    """Return a pytest parameter for each recorded file of the kinds; one that skips when there is no data."""
    folder = Path(os.environ.get("CITYPULSE_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "MANIFEST.tsv").exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"no recorded city data in {folder}"))]
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [pytest.param(_recording(folder, row), id=row["path"]) for row in rows if row["kind"] in kinds]


def _recording(folder: Path, row: Mapping[str, str]) -> Recording:
    return Recording(
        row["path"], folder / row["path"], row["kind"], int(row["records"]), row["facts"], row["note"]
    )


def workbooks() -> list[Any]:
    """Return the recorded workbooks, as `recordings` does."""
    return [
        one for one in recordings("bulk") if one.values[0] is None or one.values[0].path.suffix == ".xlsx"
    ]


def most_rows(recording: Recording) -> int:
    """Return the rows below the header of a workbook's first sheet of two columns, blank ones and titles counted."""
    sheets = re.findall(r"(\d+)x(\d+)(?:[,;]|$)", recording.facts)
    return next(int(height) - 1 for height, width in sheets if int(width) > 1)


def addresses(records: Sequence[Record]) -> set[str]:
    """Return the publisher's records that these came from; one may give two of ours."""
    return {record.record for record in records}


def positions(records: Sequence[Record]) -> Iterator[tuple[float, float]]:
    """Yield lon, lat of every position in the records, each vertex of a geometry included."""
    for record in records:
        lon, lat = getattr(record, "lon", None), getattr(record, "lat", None)
        if lon is not None and lat is not None:
            yield lon, lat
        geometry = getattr(record, "geometry", None)
        if geometry:
            yield from _vertices(geometry.get("coordinates", geometry.get("geometries", ())))


def _vertices(nested: Any) -> Iterator[tuple[float, float]]:
    if isinstance(nested, Mapping):
        yield from _vertices(nested.get("coordinates", ()))
    elif len(nested) >= 2 and isinstance(nested[0], int | float):
        yield nested[0], nested[1]
    else:
        for inner in nested:
            yield from _vertices(inner)


def moments(records: Sequence[Record]) -> Iterator[datetime]:
    """Yield every time in the records."""
    for record in records:
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            if isinstance(value, datetime):
                yield value


def check_recording(recording: Recording, records: Sequence[Record]) -> None:
    """Assert what must hold for every recorded file: all accounted for, times in UTC, places inside the bounds."""
    assert recording.records == len(addresses(records))
    assert [UTC] * len(list(moments(records))) == [moment.tzinfo for moment in moments(records)]
    if recording.bbox:
        west, south, east, north = recording.bbox
        margin = 0.0001
        outside = [
            (lon, lat)
            for lon, lat in positions(records)
            if not (west - margin <= lon <= east + margin and south - margin <= lat <= north + margin)
        ]
        assert [] == outside


def feed_of(kind: str, case: Mapping[str, Any]) -> Source:
    """Make the feed that a case of `expected.json` describes."""
    feed = source(kind, case["url"], timezone=case.get("timezone", "UTC"), cursor=case.get("cursor"))
    return dataclasses.replace(feed, options=case.get("options", {}))


def run_case(kind: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """Run one case of a connector's `expected.json` on its samples; return the case with what came out."""
    samples = FOLDER / kind / "samples"
    feed = feed_of(kind, case)
    records, cursor = run(feed, {url: samples / name for url, name in case["answers"].items()})
    given = {key: value for key, value in case.items() if key not in ("cursor_after", "records")}
    return given | {"cursor_after": _plain(cursor), "records": [as_json(record) for record in records]}


def cases(kind: str) -> list[dict[str, Any]]:
    """Read the cases of a connector's `expected.json`."""
    read: list[dict[str, Any]] = json.loads((FOLDER / kind / "expected.json").read_text(encoding="utf-8"))
    return read


def write_expected(kind: str) -> None:
    """Write what comes out of a connector's samples into its `expected.json`, for a person to read and check."""
    text = json.dumps([run_case(kind, case) for case in cases(kind)], indent=1, ensure_ascii=False)
    (FOLDER / kind / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    for named in sys.argv[1:]:
        write_expected(named)
