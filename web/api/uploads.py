"""Files people send, and the photos made of them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from flask import Response, send_file
from flask_openapi.models.file import FileStorage
from pydantic import BaseModel, field_validator

from shared.accounts.rules import Permission
from shared.db import transaction
from shared.errors import NotFound
from shared.storage import storage
from shared.uploads import queries, service
from web.gate import holds, signed_in
from web.openapi import Answer, needs, noun
from web.paging import decode_id, encode_id
from web.params import DEFAULT_LIMIT, ById, Cursor, Limit, page, read_file

api = noun("uploads", "Files and photos")

_FOR_EVER = "public, max-age=31536000, immutable"
_FORM_BYTES = 64 * 1024


class UploadForm(BaseModel):
    """One file."""

    file: FileStorage

    _is_file = field_validator("file")(read_file)


class UploadAccepted(BaseModel):
    """The upload and the job that cleans it."""

    id: UUID
    job_id: UUID


class Upload(BaseModel):
    """How far a file's work is; where and when it was taken is told to its sender alone."""

    id: UUID
    filename: str
    size: int
    media_type: str
    state: Literal["received", "processing", "ready", "rejected"]
    error: str | None
    job_id: UUID | None
    created_at: datetime
    taken_at: datetime | None = None
    taken_point: list[float] | None = None


class UploadQuery(BaseModel):
    """Which page of them."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class UploadList(BaseModel):
    """A page of files, newest first."""

    items: list[Upload]
    next: str | None


class PhotoPath(BaseModel):
    """A photo and the size of it."""

    id: UUID
    size: str


@api.post("/uploads", responses={202: UploadAccepted})
@needs(Permission.SEND_FILES, max_bytes=service.MAX_PHOTO_BYTES + _FORM_BYTES)
def send_upload(form: UploadForm) -> Answer:
    """Take in a file; a job looks at what it really is."""
    received = service.receive(form.file.stream, form.file.filename or "", form.file.mimetype or "")
    with service.discarded_on_failure([received]), transaction() as tx:
        upload = service.add_photo(tx, received, owner_id=signed_in().user_id)
    return {"id": upload.id, "job_id": upload.job_id}, 202


@api.get("/uploads", responses={200: UploadList})
@needs(Permission.SIGNED_IN, by_key=Permission.SEND_FILES)
def list_uploads(query: UploadQuery) -> Answer:
    """List the files that you sent, and what became of each."""
    before = decode_id(query.cursor)
    with transaction() as tx:
        found, last = queries.list_uploads(tx, signed_in().user_id, query.limit, before)
        items = [queries.upload_json(each, for_sender=True) for each in found]
    return page(items, encode_id(last))


@api.get("/uploads/<uuid:id>", responses={200: Upload})
@needs(Permission.SIGNED_IN, by_key=Permission.SEND_FILES)
def get_upload(path: ById) -> Answer:
    """Show an upload to its sender, and to staff."""
    who = signed_in()
    with transaction() as tx:
        upload = queries.get_upload(tx, path.id)
    is_sender = upload.owner_id == who.user_id
    if not is_sender and not holds(Permission.HANDLE_REPORTS):
        raise NotFound("This upload is not here.")
    return queries.upload_json(upload, for_sender=is_sender)


@api.get("/photos/<uuid:id>/<string:size>.webp")
@needs(Permission.PUBLIC)
def get_photo(path: PhotoPath) -> Response:
    """Answer with one published size of a photo; it never changes."""
    with transaction() as tx:
        where = queries.photo_path(tx, path.id, path.size)
    try:
        stream = storage().open(where)
    except FileNotFoundError:
        raise NotFound("This photo is not here.") from None
    response = send_file(
        stream, mimetype="image/webp", etag=f"{path.id}-{path.size}", conditional=True, max_age=31536000
    )
    response.headers["Cache-Control"] = _FOR_EVER
    return response
