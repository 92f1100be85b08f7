"""Where a fetch may go."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Transient
from tasks.feeds.fetching.addresses import (
    AddressRefused,
    Target,
    is_public,
    resolve,
    vet_url,
    vetted_addresses,
)

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.1.2.3",
    "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001:0:7f00:1::",
    "2001:10::1", "5f00::1", "not-an-address", "",
]  # fmt: skip
PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
]

REFUSED_URLS = [
    "file:///etc/passwd", "gopher://feeds.example/", "ftp://feeds.example/", "data:text/plain,x", "javascript:1",
    "//feeds.example/", "feeds.example", "", "http://", "http:///path", "https://:443/",
    "http://user@feeds.example/", "http://user:password@feeds.example/", "http://feeds.example@127.0.0.1/",
    "http://@feeds.example/",
    "http://feeds.example:6379/", "http://feeds.example:5432/", "http://feeds.example:22/", "http://feeds.example:8080/",
    "http://feeds.example:0/", "http://feeds.example:99999/", "http://feeds.example:x/",
    "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://0/",
    "http://017700000001/", "http://127.0.0.01/", "http://1.2.3.4.5/", "http://feeds.0x7f/",
    "http://feeds.example\\@127.0.0.1/", "http://feeds.example/\r\nHost: inner", "http://feeds .example/",
    "http://[::1", "http://feeds.example/" + "a" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_public(address: str) -> None:
    """Loopback, private, shared, link-local, reserved and every wrapping of them are refused."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    """The internet can be reached, through the wrappings too."""
    assert is_public(address)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_urls_no_publisher_needs_are_refused_as_text(url: str) -> None:
    """Schemes, userinfo, ports, numbers dressed up as names and control characters end before any look-up."""
    with pytest.raises(AddressRefused):
        vet_url(url)


def test_an_ordinary_url_is_taken_apart() -> None:
    """Host, scheme and port come out, the default ports filled in."""
    assert Target("https", "feeds.example", 443) == vet_url("https://feeds.example/gbfs.json?x=1")
    assert Target("http", "feeds.example", 80) == vet_url("HTTP://FEEDS.example:80/nyct%2Fgtfs")
    assert Target("https", "2606:4700::1111", 443) == vet_url("https://[2606:4700::1111]/")


@pytest.mark.parametrize(
    ("url", "allowed", "passes"),
    [
        ("http://simulator/x", {"simulator"}, True),
        ("http://simulator:8801/x", {"simulator"}, True),
        ("http://simulator:8801/x", {"simulator:8801"}, True),
        ("http://SIMULATOR.:8801/x", {"simulator:8801"}, True),
        ("http://simulator:8802/x", {"simulator:8801"}, False),
        ("http://127.0.0.1:8801/x", {"127.0.0.1:8801"}, True),
        ("http://[::1]:8801/x", {"[::1]:8801"}, True),
        ("http://2130706433:8801/x", {"127.0.0.1:8801"}, False),
        ("http://simulator.evil.example:8801/x", {"simulator:8801"}, False),
    ],
)
def test_a_private_host_is_allowed_by_its_exact_name(url: str, allowed: set[str], passes: bool) -> None:
    """The list holds host or host:port, compared as written, never by what they resolve to."""
    if passes:
        assert vet_url(url, allowed).host
        return
    with pytest.raises(AddressRefused):
        vet_url(url, allowed)


def to(*addresses: str) -> object:
    """Make a resolver that always gives these addresses."""

    def answer(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return answer


def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    """A name that points at both worlds is not a publisher's."""
    with pytest.raises(AddressRefused, match=r"resolves to 10\.0\.0\.7, which is not public"):
        vetted_addresses("feeds.example", 443, (), to("93.184.216.34", "10.0.0.7"))  # type: ignore[arg-type]


def test_an_allowed_host_may_be_private() -> None:
    """The simulator lives on this machine."""
    assert ("127.0.0.1",) == vetted_addresses("simulator", 8801, {"simulator:8801"}, to("127.0.0.1"))  # type: ignore[arg-type]


def test_a_host_without_addresses_is_a_passing_fault() -> None:
    """A resolver that answers nothing may answer later."""
    with pytest.raises(Transient, match="no address"):
        vetted_addresses("feeds.example", 443, (), to())  # type: ignore[arg-type]
    with pytest.raises(Transient, match="does not resolve"):
        resolve("feeds.invalid", 443)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    """No text raises anything but a refusal."""
    for url in (text, f"http://{text}/", f"https://feeds.example/{text}"):
        try:
            target = vet_url(url)
        except AddressRefused:
            continue
        assert target.port in (80, 443)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_a_wrapped_address_is_judged_by_what_is_inside(address: object) -> None:
    """Mapped, NAT64 and 6to4 forms of an address are as public as the address itself."""
    number = int(address)  # type: ignore[call-overload]  # an IPv4Address
    high, low = number >> 16, number & 0xFFFF
    expected = is_public(str(address))

    assert expected == is_public(f"::ffff:{address}")
    assert expected == is_public(f"64:ff9b::{high:x}:{low:x}")
    assert expected == is_public(f"2002:{high:x}:{low:x}::")
