"""[p] The expressions of a mapping: JMESPath over one row, compiled once."""

from collections.abc import Mapping
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from shared.errors import Permanent, Rejection

_LONGEST: Final = 500


class Expressions:
    """Named expressions of a feed's options."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._compiled = {name: compiled(str(expression)) for name, expression in written.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._compiled

    def value(self, name: str, row: Any) -> Any:  # Any: JSON of a publisher.
        """
        Return what an expression finds in a row; an expression that is not there finds nothing.

        Raises: Rejection if the row does not bear the expression.
        """
        expression = self._compiled.get(name)
        if expression is None:
            return None
        try:
            return expression.search(row)
        except (JMESPathError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise Rejection("bad_value", f"{name}: {error!s:.150}") from None

    def text(self, name: str, row: Any) -> str | None:  # Any: as above.
        """Return what is found as text; blank, lists and objects are nothing."""
        value = self.value(name, row)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value).strip() or None
        return None


def compiled(expression: str) -> Any:  # Any: jmespath is untyped.
    """
    Compile an expression of a feed's options.

    Raises: Permanent that shows it if it is none.
    """
    try:
        return jmespath.compile(expression[:_LONGEST])
    except JMESPathError as error:
        raise Permanent(f"the expression {expression!r:.100} of the feed's options: {error!s:.150}") from None
