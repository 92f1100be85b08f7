"""[p] What a feed of news may be told."""

from pydantic import Field

from shared.feeds.option_types import DAY_FIRST, FeatureKindOption, Flag, Options


class NewsOptions(Options):
    """Options of feeds of RSS, Atom and JSON Feed."""

    feature_kind: FeatureKindOption = Field(
        "", description="What the entries are; news, or what each tells, otherwise."
    )
    day_first: Flag = Field(None, description=DAY_FIRST)
