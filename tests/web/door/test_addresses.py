"""Where a request comes from: the connection's address, or what proxies of ours wrote; never what a client says of itself."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from typing import Any, cast

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from hub.web.door.addresses import Network, address_of, told_apart

OURS: list[Network] = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))


class Connection(asyncio.Transport):
    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 4711)})


def seen(peer: str, trusted: list[Network] = OURS, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = make_mocked_request("GET", "/", headers=cast(Any, named), transport=Connection(peer))
    return address_of(request, trusted)


def test_without_a_proxy_of_ours_no_header_is_believed() -> None:
    assert seen("8.8.8.8", X_Forwarded_For="9.9.9.9", Forwarded="for=9.9.9.9") == "8.8.8.8"
    assert seen("10.0.0.1", [], X_Forwarded_For="9.9.9.9") == "", (
        "a proxy that no setting names: nobody can be told apart"
    )


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("9.9.9.9", "9.9.9.9"),
        ("1.1.1.1, 9.9.9.9", "9.9.9.9"),  # the client wrote the first itself
        ("9.9.9.9, 10.2.3.4", "9.9.9.9"),  # two proxies of ours
        ("1.1.1.1, 9.9.9.9:55, 10.2.3.4", "9.9.9.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:3::4]:443", "2001:db8:1:2::/64"),
        ("::ffff:9.9.9.9", "9.9.9.9"),
        ("9.9.9.9, nonsense", "10.0.0.1"),  # who is behind that, nobody knows
        ("", "10.0.0.1"),
        ("10.9.9.9", "10.9.9.9"),
    ],
)
def test_behind_our_proxies_the_last_address_that_is_not_theirs_counts(chain: str, address: str) -> None:
    assert seen("10.0.0.1", X_Forwarded_For=chain) == address


def test_the_standard_header_counts_as_well_but_not_both_at_once() -> None:
    assert seen("fd00::1", Forwarded='for=1.1.1.1, for="[2001:db8::7]:80";proto=https, for=10.1.1.1') == "2001:db8::/64"
    assert seen("10.0.0.1", Forwarded="for=unknown") == "10.0.0.1"
    # A proxy writes one of them and passes the client's own other one on.
    assert seen("10.0.0.1", X_Forwarded_For="9.9.9.9", Forwarded="for=1.1.1.1") == "10.0.0.1"


def test_addresses_of_private_networks_are_nobody_s_own() -> None:
    assert [told_apart(one) for one in ("127.0.0.1", "192.168.1.9", "::1", "fe80::1%eth0", "", "@")] == [""] * 6
    assert told_apart("2a02:a44f::99") == told_apart("2a02:a44f::1") == "2a02:a44f::/64"


@given(TEXT, TEXT)
def test_no_header_breaks_it_and_none_reaches_past_our_proxy(chain: str, standard: str) -> None:
    seen("10.0.0.1", X_Forwarded_For=chain)
    seen("10.0.0.1", Forwarded=standard)
    assert seen("10.0.0.1", X_Forwarded_For=f"{chain}, 9.9.9.9") == "9.9.9.9"
