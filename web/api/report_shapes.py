"""What reports look like on the wire."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from flask_openapi.models.file import FileStorage
from pydantic import AwareDatetime, BaseModel, Field, field_validator
from typing_extensions import TypeAliasType

from web.params import DEFAULT_LIMIT, BoundingBox, Cursor, Limit, Line, Words, among, read_file

ReportStatus = TypeAliasType(
    "ReportStatus", Literal["received", "published", "in_progress", "resolved", "closed"]
)
_Degrees = Annotated[float | None, Field(allow_inf_nan=False)]


class ReportQuery(BaseModel):
    """Which reports to list."""

    city: Line | None = None
    bbox: BoundingBox = None
    status: Annotated[Words, among(get_args(ReportStatus.__value__))] = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class QueueQuery(BaseModel):
    """Which reports wait: filed at or after `since` and before `before`, in the order asked for."""

    city: Line
    status: Annotated[Words, among(get_args(ReportStatus.__value__))] = None
    category: Line | None = None
    since: AwareDatetime | None = None
    before: AwareDatetime | None = None
    order: Literal["oldest", "newest"] = "oldest"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class CategoryQuery(BaseModel):
    """Of which city."""

    city: Line


class LinkQuery(BaseModel):
    """`t` is the token of the reporter's link: it opens what only the reporter may see."""

    t: Annotated[str | None, Field(max_length=200)] = None


class ReportForm(BaseModel):
    """What a resident sends; the place by lon and lat, by address, or both."""

    city: str
    category: str = ""
    description: str = ""
    lon: _Degrees = None
    lat: _Degrees = None
    address: str = ""
    email: str = ""
    anonymous: bool = False
    language: str = "en"
    photo: list[FileStorage] = []

    @field_validator("photo")
    @classmethod
    def _are_files(cls, value: list[FileStorage]) -> list[FileStorage]:
        return [read_file(each) for each in value]


class ReportAccepted(BaseModel):
    """A received report: follow the job, or open the link; the token is shown this once."""

    id: UUID
    job_id: UUID
    token: str
    progress_url: str
    status: ReportStatus


class ReportCategory(BaseModel):
    """Something that can be reported."""

    code: str
    name: str
    description: str | None = None


class CategoryList(BaseModel):
    """All categories of a city."""

    items: list[ReportCategory]
    next: str | None


class PhotoSize(BaseModel):
    """One published size of a photo."""

    url: str
    width: int
    height: int


class Photo(BaseModel):
    """A photo; `sizes` is empty until it is ready, `reason` says why it was rejected."""

    id: UUID
    alt: str | None
    width: int | None
    height: int | None
    sizes: dict[str, PhotoSize]
    state: Literal["processing", "ready", "rejected"]
    reason: str | None


class AreaRef(BaseModel):
    """The area a report lies in."""

    id: UUID
    name: str


class ReportStep(BaseModel):
    """One step of the live stepper."""

    key: Literal["received", "photo", "located", "duplicates", "published", "mail"]
    state: Literal["done", "running", "waiting", "failed", "skipped"]
    at: datetime | None
    detail: str | None


class ReportHistory(BaseModel):
    """One entry of the status history."""

    at: datetime
    status: ReportStatus
    note: str | None


class Delivery(BaseModel):
    """A mail that a report caused; its address is not told."""

    id: UUID
    template: str
    state: str
    error: str | None
    created_at: datetime
    sent_at: datetime | None


class Report(BaseModel):
    """A report; its place is rounded where its category asks for that."""

    id: UUID
    city: str
    reference: str
    category: str
    title: str
    description: str
    status: ReportStatus
    lon: float | None
    lat: float | None
    address: str
    area: AreaRef | None
    created_at: datetime
    updated_at: datetime
    photos: list[Photo]
    steps: list[ReportStep]
    history: list[ReportHistory]
    supports: int
    emails: list[Delivery] = Field(default=[], description="for the reporter and staff only")

    moves: list[ReportStatus] = Field(default=[], description="where it may go from here, for staff only")


class ReportList(BaseModel):
    """A page of reports, newest first."""

    items: list[Report]
    next: str | None


class ReportCounts(BaseModel):
    """How many reports of each status there are, whatever statuses are listed."""

    by_status: dict[ReportStatus, int]
    oldest_open: datetime | None = Field(description="since when the oldest waits that is not done")


class ReportQueue(BaseModel):
    """A page of what staff handle."""

    items: list[Report]
    next: str | None
    counts: ReportCounts


class ReportUpdate(BaseModel):
    """The next status, and what to tell the reporter; refused when the report is no longer what it `was`."""

    status: ReportStatus
    was: ReportStatus | None = None
    note: Annotated[str, Field(max_length=2000)] = ""
