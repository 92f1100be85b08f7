"""Secret arguments: encrypted in the row, decrypted only in the worker that runs the job."""

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.errors import Permanent
from shared.messages import Message
from shared.settings import get_settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_MARK = "enc:"


@cache
def _cipher() -> "MultiFernet":
    # Imported here, as below: few jobs have secrets, and it costs each worker its memory.
    from cryptography.fernet import Fernet, MultiFernet

    settings = get_settings()
    keys = [settings.args_key or settings.jwt_secret, settings.jwt_secret_previous]
    return MultiFernet([Fernet(_derive(key.get_secret_value())) for key in keys if key is not None])


def _derive(secret: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"citypulse job arguments")
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))


def seal(message: Message) -> dict[str, Any]:
    """Return the message's arguments with its secret fields encrypted."""
    args = message.to_args()
    for name in message.route.secrets:
        if args[name]:
            args[name] = _MARK + encrypt(str(args[name]))
    return args


def unseal(cls: type[Message], args: dict[str, Any]) -> dict[str, Any]:
    """
    Return stored arguments with the secret fields readable.

    Raises: Permanent when a field cannot be decrypted with any key we hold.
    """
    opened = dict(args)
    for name in cls.route.secrets:
        value = opened.get(name)
        if isinstance(value, str) and value.startswith(_MARK):
            opened[name] = decrypt(value.removeprefix(_MARK), f"message {cls.route.name}: {name}")
    return opened


def encrypt(text: str) -> str:
    """Encrypt a text with today's key."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(token: str, what: str) -> str:
    """
    Return the text that was encrypted.

    Raises: Permanent, naming what it was, when it was encrypted with a key we no longer hold.
    """
    from cryptography.fernet import InvalidToken

    try:
        return _cipher().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise Permanent(f"{what} was encrypted with a key we no longer hold") from error
