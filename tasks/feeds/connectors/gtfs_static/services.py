"""[p] The days on which services run: a week's pattern between two dates, and dates that are other."""

import csv
import re
from collections.abc import Iterator, Mapping
from typing import Final

from tasks.feeds.connector import Service
from tasks.feeds.connectors.gtfs_static.numbers import whole
from tasks.feeds.connectors.gtfs_static.package import Package

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DATE: Final = re.compile(r"[12]\d{7}", re.ASCII)
_ADDED, _REMOVED = "1", "2"


def read(package: Package) -> dict[str, Service]:
    """Return the services of `calendar` and `calendar_dates`, either of which may be missing; bad rows say nothing."""
    changes: dict[tuple[str, str], list[str]] = {}
    for cells in _rows(package, "calendar_dates"):
        date = whole(cells.get("date", ""))
        if _DATE.fullmatch(date):
            key = cells.get("service_id", ""), whole(cells.get("exception_type", ""))
            changes.setdefault(key, []).append(date)
    patterns = {
        cells.get("service_id", ""): cells
        for cells in _rows(package, "calendar")
        if all(_DATE.fullmatch(whole(cells.get(name, ""))) for name in ("start_date", "end_date"))
    }
    return {
        service_id: _service(service_id, patterns.get(service_id, {}), changes)
        for service_id in sorted({*patterns, *(service_id for service_id, _ in changes)} - {""})
    }


def _rows(package: Package, name: str) -> Iterator[Mapping[str, str]]:
    for _, cells in package.table(name).records():
        if not isinstance(cells, csv.Error):
            yield cells


def _service(
    service_id: str, pattern: Mapping[str, str], changes: Mapping[tuple[str, str], list[str]]
) -> Service:
    return Service(
        service_id=service_id,
        weekdays="".join("1" if whole(pattern.get(day, "")) == "1" else "0" for day in _DAYS),
        start=whole(pattern.get("start_date", "")),
        end=whole(pattern.get("end_date", "")),
        added=tuple(sorted(changes.get((service_id, _ADDED), ()))),
        removed=tuple(sorted(changes.get((service_id, _REMOVED), ()))),
    )
