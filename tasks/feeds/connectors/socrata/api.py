"""[p] Read the SODA 2.1 API in the order rows were changed, a page at a time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from shared.errors import Rejection
from shared.feeds.kinds.socrata import SocrataOptions
from tasks.feeds.connector import Cursor, Malformed, Payload, Plan, Request, Source
from tasks.feeds.reading.documents import load_json
from tasks.feeds.reading.times import LocalTimes

#: The payload that only tells how new the data are.
NEWEST: Final = "newest"
_FORMS: Final = (".json", ".csv", ".geojson")
#: What makes one row of several, which has neither an id nor a time of change.
_SUMS: Final = frozenset(("$group", "$query"))
#: How many rows, and in which order, is for the paging to say.
_PAGING: Final = frozenset(("$limit", "$offset", "$order"))


def is_resource(url: str) -> bool:
    """Tell whether a URL, in whatever form it gives its rows, is one of the API that can be read page by page."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    return "/resource/" in parts.path and parts.path.endswith(_FORMS) and not _SUMS & asked.keys()


def plan(source: Source) -> Plan:
    """
    Fetch pages of what changed since the cursor, at most `max_pages`; the next run goes on from there.

    Pages are cut by the last row's `:updated_at` and `:id` and not by an offset: a row that is updated
    meanwhile moves to the end and would make an offset skip its neighbour.
    """
    told = SocrataOptions.read(source.options)
    size = told.page_size
    cursor: Cursor = source.cursor if source.cursor.get("updated_at") else (yield from _beginning(source))
    offset = 0
    for number in range(1, told.max_pages + 1):
        query = {"$limit": str(size), "$order": ":updated_at,:id"}
        page = yield _request(
            f"page-{number}", source, query | ({"$offset": str(offset)} if offset else {}), cursor
        )
        found = rows(page)
        last = found[-1] if found else {}
        if ":updated_at" in last and ":id" in last:
            cursor = {"updated_at": str(last[":updated_at"]), "id": str(last[":id"])}
        else:
            # A service without system fields can only be counted through.
            offset += len(found)
        if len(found) < size:
            break
    return cursor


def _beginning(source: Source) -> Plan:
    """Choose where a first run begins: the option `start`, or `first_days` before the newest change."""
    told = SocrataOptions.read(source.options)
    if told.start:
        return {"updated_at": told.start}
    newest = yield _request(NEWEST, source, {"$limit": "1", "$order": ":updated_at DESC"}, {})
    found = rows(newest)
    days = timedelta(days=told.first_days)
    try:
        moment = LocalTimes("UTC").parse(str(found[0].get(":updated_at", ""))) if found else None
    except Rejection:
        moment = None
    return (
        {"updated_at": (moment - days).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        if moment
        else {}
    )


def _request(name: str, source: Source, query: Mapping[str, str], cursor: Cursor) -> Request:
    told = SocrataOptions.read(source.options)
    url, asked = _asked(source.url)
    asked_for = (told.where, asked.pop("$where", None), _after(cursor))
    conditions = [condition for condition in asked_for if condition]
    where = {"$where": " AND ".join(f"({condition})" for condition in conditions)} if conditions else {}
    select = _with_system_fields(told.select or asked.pop("$select", "") or ":*,*")
    return Request(
        name,
        url,
        params={**asked, "$select": select, **where, **query},
        secret_headers={"X-App-Token": told.app_token} if told.app_token else {},
        # A page is asked for by what is in it: it never comes twice.
        conditional=False,
    )


def _asked(url: str) -> tuple[str, dict[str, str]]:
    """Return the address of the rows as JSON, and what else a URL asks of them."""
    base, _, query = url.partition("?")
    form = next((form for form in _FORMS if base.endswith(form)), "")
    asked = {name: value for name, value in parse_qsl(query) if name not in _PAGING}
    return f"{base.removesuffix(form)}.json" if form else base, asked


def _with_system_fields(select: str) -> str:
    """Return a selection with the columns that pages are cut by."""
    return select if ":" in select else f":id,:updated_at,{select}"


def _after(cursor: Cursor) -> str:
    moment, row = (str(cursor.get(key) or "").replace("'", "''") for key in ("updated_at", "id"))
    if not moment:
        return ""
    later = f":updated_at > '{moment}'"
    return f"{later} OR (:updated_at = '{moment}' AND :id > '{row}')" if row else later


def rows(page: Payload) -> list[dict[str, Any]]:
    """
    Return the rows of a page.

    Raises: Malformed, with the service's own words if it answered with an error.
    """
    document = load_json(page)
    if not isinstance(document, list):
        said = document.get("message") if isinstance(document, dict) else None
        raise Malformed(f"{page.name}: no list of rows{f': {said!s:.200}' if said else ''}")
    return [row if isinstance(row, dict) else {} for row in document]
