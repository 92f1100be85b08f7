"""
The part of Socrata's query language (SODA 2.1) that a client which follows changes asks for; pure.

`$select` lists columns, `*`, `:*` or `count(*)`; `$where` compares columns with literals, joined by `and`,
`or`, `not` and brackets; `$order`, `$limit`, `$offset`; and `column=value` beside them.
Source: https://dev.socrata.com/docs/queries/
"""

import csv
import io
from collections.abc import Mapping, Sequence
from functools import partial

from deploy.local.simulator.requests311 import Row
from deploy.local.simulator.soda_where import NUMBERS, QueryRefused, Test, Where, known

LIMIT_DEFAULT, LIMIT_MOST = 1_000, 50_000
_OPTIONS = {"$select", "$where", "$order", "$limit", "$offset"}


def run_query(rows: Sequence[Row], query: Mapping[str, str]) -> list[Row]:
    """
    Return the rows and columns that the query asks for, in its order.

    Raises: QueryRefused for an unknown column, a broken expression or a number out of range.
    """
    columns = list(rows[0]) if rows else []
    tests = [_filter(columns, name, value) for name, value in query.items() if not name.startswith("$")]
    if unknown := [name for name in query if name.startswith("$") and name not in _OPTIONS | {"$$app_token"}]:
        raise QueryRefused("query.soql.invalid", f"Unrecognized option {unknown[0]}")
    if "$where" in query:
        tests.append(Where(query["$where"], columns).parse())
    kept = [row for row in rows if all(test(row) for test in tests)]
    if query.get("$select", "").replace(" ", "").lower() == "count(*)":
        return [{"count": str(len(kept))}]
    for column, is_descending in _ordering(query.get("$order", ""), columns)[::-1]:
        kept.sort(key=partial(_rank, column), reverse=is_descending)
    limit, offset = _number(query, "$limit", LIMIT_DEFAULT), _number(query, "$offset", 0)
    names = _selection(query.get("$select", "*"), columns)
    return [{name: row[name] for name in names} for row in kept[offset : offset + min(limit, LIMIT_MOST)]]


def without_nulls(rows: Sequence[Row]) -> list[Row]:
    """Leave out empty values, as the service's JSON does."""
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def to_csv(rows: Sequence[Row]) -> str:
    """Write rows as the service's CSV: everything in quotes, null as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows([value or "" for value in row.values()] for row in rows)
    return text.getvalue()


def _rank(column: str, row: Row) -> tuple[bool, float, str]:
    """Return a key that sorts nulls last, numbers as numbers and times as text."""
    value = row[column]
    if value is None:
        return True, 0.0, ""
    return (False, float(value), "") if column in NUMBERS else (False, 0.0, value)


def _filter(columns: Sequence[str], name: str, value: str) -> Test:
    column = known(name, columns)
    return lambda row: row[column] == value


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise QueryRefused("query.soql.invalid", f"{name} must be a whole number, not {text}")
    return int(text)


def _selection(text: str, columns: Sequence[str]) -> list[str]:
    names: list[str] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        if part in ("*", ":*"):
            names += [one for one in columns if one.startswith(":") == (part == ":*")]
        else:
            names.append(known(part, columns))
    return list(dict.fromkeys(names))


def _ordering(text: str, columns: Sequence[str]) -> list[tuple[str, bool]]:
    terms = [part.split() for part in text.split(",") if part.strip()]
    return [(known(term[0], columns), term[-1].lower() == "desc") for term in terms]
