"""
Decide where a fetch may go: public addresses on the web's ports, and nothing else.

A URL is vetted as text, and every address its host resolves to is vetted before one of them is dialled.
Source: OWASP SSRF prevention; IANA special-purpose address registries.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from shared.errors import Permanent, Transient

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Host and port to the addresses they resolve to.
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

SCHEMES: Final = {"http": 80, "https": 443}
_LONGEST_URL: Final = 4096
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
#: Global by the registry, yet never a publisher: NAT64 of one's own, IPv4-compatible, site-local.
_NEVER: Final = tuple(
    ipaddress.ip_network(block)
    for block in ("64:ff9b:1::/48", "::/96", "fec0::/10", "192.88.99.0/24", "5f00::/16")
)
#: A host whose last label is a number is an IPv4 address to every resolver (`2130706433`, `0x7f.1`).
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:\d+|0[xX][0-9a-fA-F]*)\.?", re.ASCII)


class AddressRefused(Permanent):
    """Say that a fetch was about to go where no feed lives; never retried."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points."""

    scheme: str
    host: str
    port: int


def vet_url(url: str, allowed: Collection[str] = ()) -> Target:
    """
    Take a URL apart and refuse what no publisher needs.

    `allowed` names private hosts that may be fetched from, as `host` (any port) or `host:port`.
    Raises: AddressRefused for other schemes, userinfo, odd ports, numbers dressed up as hosts.
    """
    if len(url) > _LONGEST_URL or any(character <= " " or character in "\\\x7f" for character in url):
        raise AddressRefused(f"the URL {url!r:.80} is too long or holds characters no URL has")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefused(f"the URL {url!r:.80} cannot be read: {error}") from None
    if parts.scheme not in SCHEMES:
        raise AddressRefused(f"the scheme {parts.scheme!r:.20} is not http or https")
    if "@" in parts.netloc:
        raise AddressRefused(f"the URL of {host!r:.80} holds a user name")
    target = Target(parts.scheme, host, SCHEMES[parts.scheme] if port is None else port)
    vet_host(target.host, target.port, allowed)
    return target


def vet_host(host: str, port: int, allowed: Collection[str] = ()) -> bool:
    """
    Refuse hosts and ports no publisher needs; tell whether this one is allowed to be private.

    Raises: AddressRefused.
    """
    if not host:
        raise AddressRefused("the URL names no host")
    if is_allowed(host, port, allowed):
        return True
    if port not in SCHEMES.values():
        raise AddressRefused(f"port {port} of {host!r:.80} is not 80 or 443")
    if _NUMERIC.fullmatch(host) and not _is_plain_ipv4(host):
        raise AddressRefused(f"the host {host!r:.80} is a number dressed up as a name")
    return False


def is_allowed(host: str, port: int, allowed: Collection[str]) -> bool:
    """Tell whether a host, or this port of it, is on the list of allowed private hosts."""
    name = host.lower().strip("[]").rstrip(".")
    return not {name, f"{name}:{port}", f"[{name}]:{port}", f"[{name}]"}.isdisjoint(allowed)


def _is_plain_ipv4(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Tell whether an address is a place on the public internet, whatever it is wrapped in."""
    try:
        return _is_public(ipaddress.ip_address(address))
    except ValueError:
        return False


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
        if address.scope_id is not None:
            return False
    return (
        address.is_global
        and not (address.is_private or address.is_multicast or address.is_reserved or address.is_unspecified)
        and not any(address in block for block in _NEVER if block.version == address.version)
    )


def vetted_addresses(host: str, port: int, allowed: Collection[str], resolve: Resolve) -> Sequence[str]:
    """
    Resolve a host once and vet every address; only what is returned may be dialled.

    Raises: AddressRefused if one of them is not public and the host is not allowed to be private;
    Transient if it does not resolve.
    """
    may_be_private = vet_host(host, port, allowed)
    addresses = resolve(host.strip("[]"), port)
    if not addresses:
        raise Transient(f"the host {host!r:.80} has no address")
    private = [address for address in addresses if not is_public(address)]
    if private and not may_be_private:
        raise AddressRefused(f"the host {host!r:.80} resolves to {private[0]}, which is not public")
    return addresses


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver for the addresses of a host, each once, in its order."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Transient(f"the host {host!r:.80} does not resolve: {error}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
