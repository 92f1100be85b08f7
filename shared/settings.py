"""One frozen `Settings`, the only reader of the environment."""

import socket
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_EXAMPLE_MARKS = ("change-me", "changeme", "example", "secret", "password", "default")
_MINIMUM_SECRET_LENGTH = 32


class Settings(BaseSettings):
    """What a process needs to know before it starts; refuses missing and default secrets in production."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    citypulse_env: Literal["local", "test", "production"] = "local"
    app_version: str = "dev"
    instance_id: str = Field(default_factory=socket.gethostname)

    database_url: str = "postgresql+psycopg2://citypulse@127.0.0.1:5432/citypulse"
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    public_url: str = "http://127.0.0.1:8000"
    storage_dir: Path = Path(".citypulse/storage")
    frontend_dist: Path | None = None
    #: Addresses asked for the status page: the page's server, the edge's counters; none: not asked.
    frontend_url: str | None = None
    nginx_status_url: str | None = None
    cities_dir: Path = Path(__file__).parent.parent / "deploy" / "cities"
    citypulse_city: str = "london"
    citypulse_simulator_url: str | None = None

    jwt_secret: SecretStr = SecretStr("")
    jwt_secret_previous: SecretStr | None = None
    args_key: SecretStr | None = None
    metrics_token: SecretStr | None = None

    google_client_id: str | None = None
    google_client_secret: SecretStr | None = None
    google_discovery_url: str = "https://accounts.google.com/.well-known/openid-configuration"

    #: Base address of a list of stolen passwords (https://api.pwnedpasswords.com); none: not asked.
    password_breach_url: str | None = None

    sendgrid_api_key: SecretStr | None = None
    sendgrid_api_url: str = "https://api.sendgrid.com"
    sendgrid_webhook_public_key: str | None = None
    email_from: str = "CityPulse <no-reply@city-pulse.app>"

    feeds_allowed_private_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    #: FEEDS_SECRETS: a JSON object; the keys that feeds name in their options.
    feeds_secrets: dict[str, SecretStr] = {}
    feeds_max_bytes: int = 64 * 1024 * 1024
    feeds_total_seconds: float = 60.0

    #: Shortens every wait of the job engine alike (leases, beats, backoff), so that faults can be rehearsed.
    jobs_time_scale: float = Field(default=1.0, gt=0, le=1)
    #: Acknowledge a message after its jobs instead of before; nothing of ours rests on either, and the tests try both.
    jobs_acks_late: bool = False

    live_max_sockets: int = 12_000
    live_max_sockets_per_address: int = 200
    live_max_sockets_per_user: int = 20

    log_format: Literal["json", "console"] = "json"
    log_level: str = "INFO"

    @field_validator("feeds_allowed_private_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, value: str) -> str:
        """Write the driver out: SQLAlchemy 2.1 reads a bare `postgresql://` as psycopg 3."""
        for bare in ("postgresql://", "postgres://"):
            if value.startswith(bare):
                return "postgresql+psycopg2://" + value.removeprefix(bare)
        return value

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        if self.citypulse_env != "production":
            return self
        problems = [
            f"{name.upper()} {why}"
            for name in ("jwt_secret", "metrics_token")
            if (why := _weakness(getattr(self, name)))
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def secure_cookies(self) -> bool:
        """Tell whether the site is served over HTTPS."""
        return self.public_url.startswith("https://")


def _weakness(secret: SecretStr | None) -> str | None:
    value = secret.get_secret_value() if secret else ""
    if not value:
        return "is missing"
    if len(value) < _MINIMUM_SECRET_LENGTH:
        return f"is shorter than {_MINIMUM_SECRET_LENGTH} characters"
    if any(mark in value.lower() for mark in _EXAMPLE_MARKS):
        return "is still the example value"
    return None


@cache
def get_settings() -> Settings:
    """Read the environment once; tests call `get_settings.cache_clear()` after they changed it."""
    return Settings()
