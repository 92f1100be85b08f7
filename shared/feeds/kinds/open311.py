"""[p] What a feed of an Open311 server may be told."""

from typing import Annotated, Literal

from pydantic import Field

from shared.feeds.option_types import DAY_FIRST, Allowed, Count, Flag, Options, Texts


class Open311Options(Options):
    """Options of feeds of service requests."""

    format: Annotated[Literal["json", "xml"], Allowed("unknown", "json or xml")] = Field(
        "json", description="The form that the server is asked for."
    )
    query: Texts = Field({}, description="Parameters that are sent with each request.")
    page_size: Count = Field(0, le=100_000, description="Requests of a page; without it one answer is read.")
    max_pages: Count = Field(10, le=10_000, description="Where the server pages, a run reads so many pages.")
    day_first: Flag = Field(None, description=DAY_FIRST)
