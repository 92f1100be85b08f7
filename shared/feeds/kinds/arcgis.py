"""[p] What a feed of an ArcGIS feature service may be told."""

from pydantic import Field

from shared.feeds.option_types import Count, TableOptions, Text


class ArcgisOptions(TableOptions):
    """Options of feeds of ArcGIS layers."""

    where: Text = Field("1=1", description="A condition on the rows, as the layer's query takes it.")
    order: Text = Field("", description="The fields by which pages are ordered; the object id otherwise.")
    page_size: Count = Field(
        1_000, le=100_000, description="Rows of a page, fewer where the layer gives fewer."
    )
    max_pages: Count = Field(50, le=10_000, description="A run reads so many pages.")
