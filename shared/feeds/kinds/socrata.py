"""[p] What a feed of a Socrata portal may be told."""

from typing import Annotated, Literal

from pydantic import Field

from shared.feeds.option_types import Allowed, Count, Name, TableOptions, Text


class SocrataOptions(TableOptions):
    """Options of feeds of rows of a portal, by its API or as a file."""

    mode: Annotated[Literal["", "api", "file"], Allowed("unknown", "api or file")] = Field(
        "", description="How the address is read; it tells it otherwise."
    )
    select: Text = Field("", description="The columns, as SoQL writes them; all of them otherwise.")
    where: Text = Field("", description="A condition on the rows in SoQL.")
    start: Text = Field("", description="The time of change from which the first run reads.")
    first_days: Count = Field(
        14, le=36_500, description="The first run reads so many days before the newest change."
    )
    page_size: Count = Field(5_000, le=50_000, description="Rows of a page.")
    max_pages: Count = Field(
        20, le=10_000, description="A run reads so many pages; the next one goes on from there."
    )
    app_token: Name = Field("", description="What the secret is called that is sent as X-App-Token.")
