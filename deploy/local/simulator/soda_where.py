"""`$where` expressions of Socrata's query language: comparisons with literals, joined by words; pure."""

import re
from collections.abc import Callable, Iterator, Sequence

from deploy.local.simulator.requests311 import Row

NUMBERS = frozenset({"latitude", "longitude"})
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>:?[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),]))"
)
_SIGNS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}

Test = Callable[[Row], bool]


class QueryRefused(Exception):
    """Refuse a query with the service's own kind of code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def known(name: str, columns: Sequence[str]) -> str:
    """Return the column's name, or refuse one that is not there."""
    if name not in columns:
        raise QueryRefused("query.soql.no-such-column", f"No such column: {name}")
    return name


def _compare(column: str, value: str, literal: str) -> int:
    if column in NUMBERS:
        left, right = float(value), float(literal)
        return (left > right) - (left < right)
    if column.endswith(("_at", "_date")):
        value, literal = _time_text(value), _time_text(literal)
    return (value > literal) - (value < literal)


def _time_text(text: str) -> str:
    """Bring a timestamp to `YYYY-MM-DDTHH:MM:SS.mmm`, so that text sorts as time."""
    head, _, fraction = text.removesuffix("Z").replace(" ", "T").partition(".")
    return f"{(head + '1970-01-01T00:00:00'[len(head) :])}.{fraction:0<3.3}"


class Where:
    """A descent through one `$where` expression."""

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        self._columns = columns
        self._tokens = list(self._split(text))
        self._next = 0

    def parse(self) -> Test:
        """Return the test that the whole expression makes of a row."""
        test = self._either()
        if self._next < len(self._tokens):
            raise self._broken()
        return test

    def _split(self, text: str) -> Iterator[str]:
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if not match:
                raise QueryRefused(
                    "query.soql.invalid", f"Could not parse $where near {text[at : at + 20]!r}"
                )
            yield match[0].strip()
            at = match.end()

    def _broken(self) -> QueryRefused:
        near = " ".join(self._tokens[self._next : self._next + 3]) or "the end"
        return QueryRefused("query.soql.invalid", f"Could not parse $where near {near}")

    def _take(self, *words: str) -> str | None:
        if self._next < len(self._tokens) and self._tokens[self._next].lower() in words:
            self._next += 1
            return self._tokens[self._next - 1].lower()
        return None

    def _any(self) -> str:
        if self._next >= len(self._tokens):
            raise self._broken()
        self._next += 1
        return self._tokens[self._next - 1]

    def _need(self, *words: str) -> str:
        word = self._take(*words)
        if word is None:
            raise self._broken()
        return word

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            test = self._one()
            return lambda row: not test(row)
        if self._take("("):
            test = self._either()
            self._need(")")
            return test
        return self._comparison(known(self._any(), self._columns))

    def _comparison(self, column: str) -> Test:
        if self._take("is"):
            is_negated = self._take("not") is not None
            self._need("null")
            return lambda row: (row[column] is None) != is_negated
        if self._take("in"):
            return self._listed(column)
        if self._take("between"):
            low = self._literal()
            self._need("and")
            high = self._literal()
            return lambda row: _within(column, row[column], low, high)
        holds = _SIGNS[self._need(*_SIGNS)]
        literal = self._literal()
        return lambda row: row[column] is not None and holds(_compare(column, row[column] or "", literal))

    def _listed(self, column: str) -> Test:
        self._need("(")
        literals = [self._literal()]
        while self._take(","):
            literals.append(self._literal())
        self._need(")")
        return lambda row: row[column] in literals

    def _literal(self) -> str:
        token = self._any()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if not re.fullmatch(r"-?\d+(\.\d+)?", token):
            self._next -= 1
            raise self._broken()
        return token


def _within(column: str, value: str | None, low: str, high: str) -> bool:
    return value is not None and _compare(column, value, low) >= 0 >= _compare(column, value, high)
