"""A real OpenID provider on this machine, and what a browser does there."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import authlib.deprecate
import requests

with warnings.catch_warnings():
    # The provider is written for Authlib's older half; ours is not.
    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    import oidc_provider_mock


@dataclass
class Provider:
    """The provider; `seen` are the queries of the sign-ins that came to it."""

    url: str
    seen: list[dict[str, str]] = field(default_factory=list)

    @property
    def discovery_url(self) -> str:
        """Return where its document is."""
        return f"{self.url}/.well-known/openid-configuration"

    def knows(self, subject: str, **claims: Any) -> None:
        """Give somebody an account there, or change it."""
        requests.put(f"{self.url}/users/{subject}", json=claims, timeout=5).raise_for_status()

    def consent(self, url: str, subject: str) -> str:
        """Say yes there; returns the address the browser is sent back to."""
        self.seen.append({name: values[0] for name, values in parse_qs(urlsplit(url).query).items()})
        answer = requests.post(url, data={"sub": subject}, allow_redirects=False, timeout=5)
        assert 302 == answer.status_code, answer.text
        return str(answer.headers["Location"])


@contextmanager
def running_provider() -> Iterator[str]:
    """Give the address of a provider that runs inside the block."""
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"
