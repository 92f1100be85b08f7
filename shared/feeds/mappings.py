"""
[p] What a mapping of the connector `mapping` may be: judged when a feed is saved, and again before a row is read.

Source: https://jmespath.org/specification.html
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from shared.errors import FieldProblem
from shared.feeds.rules import FEATURE_KINDS

#: What `record` may be -> its kind unless `kind` says otherwise.
KINDS: Final = {"feature": "event", "thing": "place", "vehicle": "other"}
PARTS: Final = frozenset(
    (
        "external_id", "name", "title", "description", "status", "severity", "category", "address", "url", "label",
        "route", "trip_id", "lon", "lat", "geometry", "observed_at", "published_at", "starts_at", "ends_at", "bearing",
        "speed_mps",
    )
)  # fmt: skip
_LONGEST: Final = 500


def problems(options: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield what is wrong with a mapping, each with the name of the option or of the field in it."""
    record = options.get("record") or "feature"
    if not isinstance(record, str) or record not in KINDS:
        yield FieldProblem(
            "options.record", "unknown", f"{record!r:.40} is not one of {', '.join(sorted(KINDS))}"
        )
    for name in ("kind", "rows", "sheet"):
        if not isinstance(options.get(name) or "", str):
            yield FieldProblem(f"options.{name}", "type", "is no text")
    if record == "feature" and (kind := options.get("kind")) and kind not in FEATURE_KINDS:
        yield FieldProblem(
            "options.kind", "unknown", f"{kind!r:.40} is not one of {', '.join(FEATURE_KINDS)}"
        )
    if isinstance(rows := options.get("rows"), str) and rows:
        yield from _of_expression("options.rows", rows)
    for name in ("fields", "properties", "results"):
        table = options.get(name) or {}
        if isinstance(table, Mapping):
            yield from _of_table(name, table)
        else:
            yield FieldProblem(f"options.{name}", "type", "is no table of names and expressions")
    fields = options.get("fields") or {}
    if isinstance(fields, Mapping) and "external_id" not in fields:
        said = "needs an external_id: without it no record can be followed"
        yield FieldProblem("options.fields", "required", said)


def _of_table(name: str, table: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for part, said in table.items():
        place = f"options.{name}.{part}"[:200]
        if name == "fields" and part not in PARTS:
            yield FieldProblem(place, "unknown", f"is no part; known: {', '.join(sorted(PARTS))}")
            continue
        is_result = name == "results" and isinstance(said, Mapping)
        yield from _of_expression(place, said.get("value") if is_result else said)


def _of_expression(place: str, said: Any) -> Iterator[FieldProblem]:  # Any: an option is JSON.
    try:
        compiled(said)
    except ValueError as why:
        yield FieldProblem(place, "expression", str(why))


def compiled(expression: Any) -> Any:  # Any: an option is JSON; jmespath is untyped.
    """
    Compile an expression whose functions there are, and which gives each what it takes.

    Raises: ValueError that says why it is none.
    """
    if not isinstance(expression, str) or not expression.strip():
        raise ValueError(f"the expression is {expression!r:.40}, which is no text")
    if len(expression) > _LONGEST:
        raise ValueError(f"the expression is longer than {_LONGEST} characters")
    try:
        made = jmespath.compile(expression)
    except (JMESPathError, ValueError) as error:
        raise ValueError(f"the expression {expression!r:.100}: {error!s:.150}") from None
    except RecursionError:
        raise ValueError(f"the expression {expression!r:.40} is nested too deeply") from None
    for name, count in _calls(made.parsed):
        takes = Functions.FUNCTION_TABLE.get(name, {}).get("signature")
        if takes is None:
            raise ValueError(f"the expression {expression!r:.100}: there is no function {name!r:.40}")
        if count != len(takes) and not (count > len(takes) and takes and takes[-1].get("variadic")):
            raise ValueError(f"the expression {expression!r:.100}: {name} takes {len(takes)}, not {count}")
    return made


def _calls(tree: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the name of each function that is called, and with how many arguments."""
    left = [tree]
    while left:
        node = left.pop()
        children = [child for child in node.get("children", ()) if isinstance(child, Mapping)]
        if node.get("type") == "function_expression":
            yield str(node.get("value")), len(children)
        left += children
