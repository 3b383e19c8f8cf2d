"""What `doctor` says of a Matrix account."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.matrix.channel import MatrixChannel
from tests.clock import FakeClock
from tests.matrix import faulty
from tests.matrix.faulty import FaultyProxy

pytestmark = pytest.mark.xdist_group("synapse")


async def test_a_sound_account_is_told_with_its_device_its_homeserver_and_the_clock(channel: MatrixChannel) -> None:
    findings = await channel.examine()
    assert all(finding.works for finding in findings)
    told = "\n".join(finding.text for finding in findings)
    assert "Synapse/" in told and "device BUURTSEIN" in told and "clocks agree" in told and "encryption is off" in told
    assert "@" not in told


async def test_clocks_that_differ_are_told(make_channel: Callable[..., MatrixChannel]) -> None:
    findings = await make_channel(clock=FakeClock(0)).examine()
    [wrong] = [finding for finding in findings if not finding.works]
    assert "clocks differ" in wrong.text and "NTP" in wrong.text


@pytest.mark.parametrize("where", ["versions", "login", "whoami"])
@pytest.mark.parametrize("fault", [faulty.INTERNAL, faulty.BAD_GATEWAY, faulty.GARBAGE, faulty.DROPPED], ids=str)
async def test_whatever_breaks_it_is_told_and_never_raised(
    channel: MatrixChannel, proxy: FaultyProxy, fault: faulty.Fault, where: str
) -> None:
    proxy.break_down(fault, where)
    assert not (await channel.examine())[-1].works
