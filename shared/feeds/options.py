"""What can be told of a feed's options before anything was fetched, by what its kind declares."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from shared.errors import FieldProblem
from shared.feeds import kinds as declared
from shared.feeds.option_types import Options


@cache
def kinds() -> tuple[str, ...]:
    """Name the kinds of feeds there are, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(declared.__path__)))


@cache
def options_of(kind: str) -> type[Options]:
    """Return what a kind may be told; of one that there is not, what each kind may be."""
    if kind not in kinds():
        return Options
    module = importlib.import_module(f"{declared.__name__}.{kind}")
    return next(
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Options) and found.__module__ == module.__name__
    )


def unknown_kind(kind: Any) -> Iterator[FieldProblem]:  # Any: whatever was sent.
    """Yield the problem of a kind that there is not."""
    if kind not in kinds():
        yield FieldProblem("kind", "unknown", f"must be one of {', '.join(kinds())}, and not {kind!r:.40}")


def problems(kind: str, options: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield what is wrong with the options of a feed of a kind, each with its name."""
    yield from options_of(kind).problems(options)


def described(kind: str) -> list[dict[str, Any]]:
    """Return the options of a kind, those of its own first: name, type, what is allowed, default and meaning."""
    options = options_of(kind)
    schema = options.model_json_schema()["properties"]
    own = [name for name in options.model_fields if name not in Options.model_fields]
    return [
        {
            "name": name,
            "type": _type_of(schema[name]),
            "allowed": options.allowed(name).said,
            "default": options.model_fields[name].get_default(call_default_factory=True) or None,
            "meaning": options.model_fields[name].description,
            "of_this_kind": name in own,
        }
        for name in (*own, *Options.model_fields)
    ]


def _type_of(schema: Mapping[str, Any]) -> str:
    """Return the JSON type of an option, that of its value where it may be null."""
    forms = schema.get("anyOf", [schema])
    return str(next(form["type"] for form in forms if form.get("type") != "null"))
