"""[p] Who counts as one client where clients are counted by where they come from."""

import ipaddress

_IPV6_SUBSCRIBER_BITS = 64


def network_of(address: str) -> str:
    """
    Return what stands for one subscriber: an IPv4 address, or the /64 that one is given of IPv6 (RFC 6177).

    What is no address stands for itself.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed, _IPV6_SUBSCRIBER_BITS), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)
