"""Passwords: what may be one, argon2id, and the same work for an account that is not there."""

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from secrets import token_bytes

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from shared.accounts.breaches import is_breached
from shared.errors import FieldProblem, Invalid
from shared.settings import get_settings

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 256
#: Fewer guesses than this, and our own limits (40 an hour) are all that stands before the account.
MINIMUM_GUESSES = 10**8
#: The estimate's work grows faster than the length; what follows the first 72 characters only adds strength.
_ESTIMATED_LENGTH = 72
_OUR_WORDS = ("citypulse", "city", "pulse")

_hasher = PasswordHasher()


def hash_new_password(password: str, about: Iterable[str], *, field: str = "password") -> str:
    """
    Return the argon2id hash of a password that somebody chose; asks the list of breaches where one is set.

    Args: what is known of the person (address, name), which makes a poor password; the field to name.
    Raises: Invalid, with the rule it broke: length, personal, common or breached.
    """
    check_password_rules(password, about, field=field)
    if (url := get_settings().password_breach_url) and is_breached(password, url):
        raise _refused(field, "breached", "this password is in lists of stolen ones: choose another")
    return _hasher.hash(password)


def check_password_rules(password: str, about: Iterable[str], *, field: str = "password") -> None:
    """
    Refuse a password that is short, or that is guessed soon by who knows people, and this person.

    Raises: Invalid, as `hash_new_password`.
    """
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise _refused(field, "length", f"from {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters")
    # A second of dictionaries that only who sets a password needs.
    from zxcvbn import zxcvbn

    told = zxcvbn(password[:_ESTIMATED_LENGTH], user_inputs=_words(about))
    if told["guesses"] >= MINIMUM_GUESSES:
        return
    if any(match.get("dictionary_name") == "user_inputs" for match in told["sequence"]):
        raise _refused(field, "personal", "not made of your name, your address or ours")
    raise _refused(field, "common", "too easy to guess: several words that do not belong together are good")


def verify_password(kept: str | None, password: str) -> bool:
    """Tell whether a password is the one that was hashed; none kept takes as long as a wrong one."""
    try:
        return _hasher.verify(kept or _nobody(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def hash_password(password: str) -> str:
    """
    Return the argon2id hash of a password by today's parameters; only its length is looked at.

    Raises: Invalid when it is too short or too long.
    """
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise _refused("password", "length", f"from {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters")
    return _hasher.hash(password)


def is_outdated(kept: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _words(about: Iterable[str]) -> list[str]:
    """Return what is known of a person, whole and in words."""
    words = {text.lower() for text in about if text}
    for text in list(words):
        words |= {word for word in re.split(r"[\W_]+", text) if len(word) > 2}
    return [*_OUR_WORDS, *sorted(words)]


def _refused(field: str, rule: str, message: str) -> Invalid:
    return Invalid("this password cannot be used", FieldProblem(field, rule, message))


@cache
def _nobody() -> str:
    """Return a hash of today's parameters that no password has; to make it costs no hashing."""
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    salt, digest = (
        b64encode(token_bytes(length)).rstrip(b"=").decode()
        for length in (_hasher.salt_len, _hasher.hash_len)
    )
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"
