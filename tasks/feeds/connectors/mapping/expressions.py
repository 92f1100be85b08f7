"""[p] The expressions of a mapping: JMESPath over one row, compiled once."""

from collections.abc import Mapping
from typing import Any

from jmespath.exceptions import JMESPathError

from shared.errors import Rejection
from shared.feeds.mappings import compiled


class Expressions:
    """Named expressions of a feed's options, which were judged before."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._compiled = {name: compiled(expression) for name, expression in written.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._compiled

    def value(self, name: str, row: Any) -> Any:  # Any: JSON of a publisher.
        """
        Return what an expression finds in a row; an expression that is not there finds nothing.

        Raises: Rejection if the row does not bear the expression.
        """
        expression = self._compiled.get(name)
        return None if expression is None else found(name, expression, row)

    def text(self, name: str, row: Any) -> str | None:  # Any: as above.
        """Return what is found as text; blank, lists and objects are nothing."""
        value = self.value(name, row)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value).strip() or None
        return None


def found(name: str, expression: Any, document: Any) -> Any:  # Any: jmespath is untyped; JSON of a publisher.
    """Return what an expression finds; raises Rejection if the document does not bear it."""
    try:
        return expression.search(document)
    except (JMESPathError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise Rejection("bad_value", f"{name}: {error!s:.150}") from None
