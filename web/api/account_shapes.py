"""What accounts look like on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from shared.accounts.rules import Role

Language = Literal["en", "fr"]


def _plain(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable characters")
    return value


Email = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_plain)]
#: Its real limits are told by name: length, common, personal, breached.
Password = Annotated[str, Field(min_length=1, max_length=1024)]
PersonName = Annotated[str, Field(max_length=100), AfterValidator(_plain)]
LinkToken = Annotated[str, Field(min_length=1, max_length=200)]


class User(BaseModel):
    """A person with an account, as they see themselves."""

    id: UUID
    email: str
    name: str
    role: Role
    language: Language
    has_password: bool
    created_at: datetime
    erase_at: datetime | None


class Session(BaseModel):
    """An access token, how many seconds it is good for, and whose it is."""

    access_token: str
    expires_in: int
    user: User


class Credentials(BaseModel):
    """An address and its password."""

    email: Annotated[str, Field(min_length=3, max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class SignedIn(BaseModel):
    """One session: where and when it was begun and last used, and whether it is the one that asks."""

    id: UUID
    user_agent: str
    address: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


class SignedInList(BaseModel):
    """A person's sessions, the last used first."""

    items: list[SignedIn]
    next: str | None


class NewAccount(BaseModel):
    """What somebody registers with."""

    email: Email
    password: Password
    name: PersonName = ""
    language: Language = "en"


class Told(BaseModel):
    """A sentence about what happens next."""

    detail: str


class Address(BaseModel):
    """An email address."""

    email: Email


class MailedLink(BaseModel):
    """The token of a link we mailed."""

    token: LinkToken


class NewPasswordByLink(MailedLink):
    """The token of a link we mailed, and the password chosen."""

    password: Password


class PasswordChange(BaseModel):
    """The password there is, and the one to be."""

    current_password: Annotated[str, Field(min_length=1, max_length=1024)]
    new_password: Password


class AddressChange(Address):
    """The address to be, and the password; who has none must have signed in a moment ago."""

    password: Annotated[str | None, Field(max_length=1024)] = None


class ProfileChange(BaseModel):
    """What is given is changed."""

    name: PersonName | None = None
    language: Language | None = None
