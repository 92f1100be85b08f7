"""[p] What a feed of public warnings may be told."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.feeds.option_types import Allowed, Count, Language, Options, Text


class CapOptions(Options):
    """Options of feeds of CAP messages."""

    language: Language = Field(
        "", description="The language of the infos that are shown; English unless told."
    )
    area: Annotated[
        list[Text],
        BeforeValidator(lambda told: [told] if isinstance(told, str | int) else told),
        Allowed("type", "a text or a list of texts"),
    ] = Field([], description="Parts of the names of areas; warnings of other areas are left out.")
    max_messages: Count = Field(
        100, le=10_000, description="Of an index so many messages are read, the newest."
    )
