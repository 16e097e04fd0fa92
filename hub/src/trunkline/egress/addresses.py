"""Which addresses are out on the internet, and which are this machine's or its network's own."""

from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network
from typing import Final

# `ipaddress.is_global` is no guard: on Python 3.11 it takes multicast, 6to4 and NAT64 for global.
# https://www.iana.org/assignments/iana-ipv4-special-registry, read 2026-11-21, unless said.
_V4_CLOSED: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches this machine
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared between a carrier's customers; Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's agent in every virtual machine, though the range is public
        "169.254.0.0/16",  # link-local, with the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # automatic multicast tunnels
        "192.88.99.0/24",  # 6to4 relays, of former times
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved; broadcast
    )
)

# Only this part of IPv6 has been given out as global unicast. Outside it lie loopback, link- and
# site-local, unique local (with metadata of Amazon and Google), multicast, NAT64, and the forms
# that carry an IPv4 address: mapped and compatible.
# https://www.iana.org/assignments/ipv6-address-space, read 2026-11-21.
_V6_OPEN: Final = IPv6Network("2000::/3")
# https://www.iana.org/assignments/iana-ipv6-special-registry, read 2026-11-21.
_V6_CLOSED: Final = tuple(
    ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Tell whether an address is a host's on the internet; what is no address is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _V4_CLOSED)
    return (
        parsed in _V6_OPEN
        and parsed.scope_id is None  # an interface of this machine
        and not any(parsed in network for network in _V6_CLOSED)
    )
