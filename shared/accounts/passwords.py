"""Passwords: argon2id, and the same work for an account that is not there."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import FieldProblem, Invalid

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 256

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """
    Return the argon2id hash to keep.

    Raises: Invalid when the password is too short or too long.
    """
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        rule = f"from {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters"
        raise Invalid("this password cannot be used", FieldProblem("password", "length", rule))
    return _hasher.hash(password)


def verify_password(kept: str | None, password: str) -> bool:
    """Tell whether a password is the one that was hashed; none kept takes as long as a wrong one."""
    try:
        return _hasher.verify(kept or _nobody(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobody() -> str:
    return _hasher.hash("the password of nobody")
