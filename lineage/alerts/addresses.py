"""Which addresses a webhook may be at. Pure: whoever connects asks here about the very address that it connects to.

What is refused is what leads back to the machine, to its neighbours on the wire, or to what gives machines of a cloud
their credentials. Sources: the IANA registries of special addresses for IPv4 and IPv6, and the documentation of the
metadata services of AWS, Google Cloud, Azure, Alibaba Cloud and Oracle Cloud.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

FORBIDDEN: Final[Sequence[Network]] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this machine, and this network
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, and with it 169.254.169.254
            "100.100.100.200/32",  # metadata of Alibaba Cloud
            "168.63.129.16/32",  # of Azure
            "192.0.0.192/32",  # of Oracle Cloud
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "::/128",
            "::1/128",
            "fe80::/10",
            "fec0::/10",  # site-local, as link-local was called where there were more links
            "ff00::/8",
            "fd00:ec2::254/128",  # metadata of AWS
            "fd20:ce::254/128",  # of Google Cloud
        ),
    )
)
_TRANSLATED: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
"""What carries an address of IPv4 in its last four bytes: NAT64, and what is compatible with IPv4."""


def is_allowed(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Say whether a webhook may be at an address, which is written in numbers. `allowed` are networks that somebody
    allows although they are forbidden.

    What is no address is not allowed. An address of IPv6 that stands for one of IPv4 is both.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    stands_for = [found, *_embedded(found)]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        stands_for = [found.ipv4_mapped]  # the same address, written at greater length
    return all(_is_in(one, allowed) or not _is_in(one, FORBIDDEN) for one in stands_for)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _embedded(address: Address) -> Iterator[IPv4Address]:
    """The addresses of IPv4 that packets to an address of IPv6 may end at."""
    if not isinstance(address, IPv6Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in _TRANSLATED) and int(address) > 1:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
