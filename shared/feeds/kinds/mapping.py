"""[p] What a feed that is read by a mapping of its own may be told."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.errors import FieldProblem
from shared.feeds import mappings
from shared.feeds.option_types import DAY_FIRST, Allowed, Flag, Options, Text, Zone

_Table = Annotated[dict[str, Any], Allowed("type", "expressions, each with a name")]


class MappingOptions(Options):
    """Options of feeds of any table or JSON."""

    record: Annotated[
        Literal["feature", "thing", "vehicle"], Allowed("unknown", "feature, thing or vehicle")
    ] = Field("feature", description="What a row is.")
    kind: Text = Field("", description="Of which kind it is, such as road_work, parking or ferry.")
    rows: Text = Field("", description="The JMESPath expression that finds the rows in a JSON document.")
    sheet: Text = Field(
        "", description="The sheet of a workbook; its first visible one with a table otherwise."
    )
    fields: _Table = Field(
        {}, description="Part of a record -> JMESPath expression on a row; external_id is needed."
    )
    properties: _Table = Field({}, description="Property -> JMESPath expression on a row.")
    results: _Table = Field(
        {}, description="Observed property of a thing -> expression, or its value and unit."
    )
    timezone: Zone = Field("", description="Of times without a zone; the city's unless this says otherwise.")
    day_first: Flag = Field(None, description=DAY_FIRST)

    @classmethod
    def also(cls, options: Mapping[str, Any]) -> Iterator[FieldProblem]:
        """Yield what is wrong with the mapping."""
        yield from mappings.problems(options)
