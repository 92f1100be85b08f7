"""[p] Who may do what: one table, read by the API, the live server and the tests."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What a person is to the platform."""

    RESIDENT = "resident"
    PARTNER = "partner"
    STAFF = "staff"
    ADMIN = "admin"
    OPS = "ops"


class Permission(StrEnum):
    """What a route or a topic asks of whoever uses it; every route names exactly one."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    SEND_FILES = "send files"
    HANDLE_REPORTS = "handle reports"
    READ_RUNS = "read runs"
    MANAGE_FEEDS = "manage feeds"
    READ_JOBS = "read jobs"
    MANAGE_JOBS = "manage jobs"
    READ_AUDIT = "read audit"
    READ_MAILBOX = "read mailbox"
    FOLLOW_OPS = "follow ops"
    METRICS = "metrics token"
    SIGNATURE = "signed by the sender"


_EVERYBODY: Final = frozenset(Role)
_GRANTS: Final[Mapping[Permission, frozenset[Role]]] = MappingProxyType(
    {
        Permission.PUBLIC: _EVERYBODY,
        Permission.SIGNED_IN: _EVERYBODY,
        Permission.SEND_FILES: frozenset({Role.PARTNER, Role.STAFF, Role.ADMIN}),
        Permission.HANDLE_REPORTS: frozenset({Role.STAFF, Role.ADMIN}),
        Permission.READ_RUNS: frozenset({Role.STAFF, Role.ADMIN, Role.OPS}),
        Permission.MANAGE_FEEDS: frozenset({Role.ADMIN}),
        Permission.READ_JOBS: frozenset({Role.ADMIN, Role.OPS}),
        Permission.MANAGE_JOBS: frozenset({Role.ADMIN}),
        Permission.READ_AUDIT: frozenset({Role.ADMIN}),
        Permission.READ_MAILBOX: frozenset({Role.ADMIN}),
        Permission.FOLLOW_OPS: frozenset({Role.ADMIN, Role.OPS}),
        # These two are proved by the request itself and belong to no person.
        Permission.METRICS: frozenset(),
        Permission.SIGNATURE: frozenset(),
    }
)


def allows(role: Role | None, permission: Permission) -> bool:
    """Tell whether a person of this role, or nobody in particular, holds the permission."""
    if permission is Permission.PUBLIC:
        return True
    return role is not None and role in _GRANTS[permission]
