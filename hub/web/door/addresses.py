"""Where a request comes from, behind proxies too: the last address in the chain that is not one of ours.

Without `trusted_proxies` no header is believed, for anybody can send one. An IPv6 address counts by its /64: one household or
server has all of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from aiohttp import web

Network = IPv4Network | IPv6Network
CHAIN: Final = "X-Forwarded-For"
STANDARD: Final = "Forwarded"


def address_of(request: web.Request, trusted: Sequence[Network]) -> str:
    """The address, or '' where callers cannot be told apart: a proxy that no setting names, or a program on this machine."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    direct = peer[0] if isinstance(peer, tuple) else ""
    address = read_address(direct)
    if address is None or not is_one_of(address, trusted):
        return told_apart(direct)
    for hop in reversed(_chain(request)):
        found = read_address(hop)
        if found is None:  # `unknown`, or a name that hides one: nobody knows who is behind it
            break
        address = found
        if not is_one_of(address, trusted):
            break
    return _counted(address)


@lru_cache(4096)
def told_apart(direct: str) -> str:
    """The address of a connection, as far as it is somebody's own: '' for those of private networks, where proxies are."""
    address = read_address(direct)
    return "" if address is None or not address.is_global else _counted(address)


def _chain(request: web.Request) -> list[str]:
    """The addresses that proxies wrote down, nearest last.

    A proxy writes one of the two headers and passes the other on as the client sent it: where both came, neither is believed.
    """
    chain, standard = request.headers.getall(CHAIN, []), request.headers.getall(STANDARD, [])
    if chain and standard:
        return []
    if standard:
        return [_without_port(hop.get("for", "")) for hop in request.forwarded]
    return [_without_port(hop.strip()) for line in chain for hop in line.split(",")]


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


@lru_cache(4096)
def read_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def is_one_of(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _counted(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address.packed, 64), strict=False))
    return str(address)
