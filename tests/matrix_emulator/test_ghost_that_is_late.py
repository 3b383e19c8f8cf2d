"""A bridge hears nothing of what is written before its ghost is in the room: such a message must not seem sent."""

from __future__ import annotations

import aiohttp
import pytest
from pydantic import SecretStr

from adapters.matrix.channel import GHOST_SECONDS, MatrixChannel
from adapters.matrix.emulator import MatrixEmulator
from hub.channel import Accepted, Deferred, Outbound, Rejected, Wording
from hub.domain import Handle
from hub.settings import MatrixAccount
from tests.clock import FakeClock
from tests.walk.world import MATRIX_PASSWORD, MATRIX_USER, homeserver

GHOST = "@whatsapp_31612345678:hub.test"
WORDING = Wording("alert", "nl", "Inbraak", "Inbraak", {})


def outbound(handle: str = GHOST) -> Outbound:
    return Outbound(7, 1, Handle(handle), WORDING, ())


def channel(url: str, session: aiohttp.ClientSession, clock: FakeClock) -> MatrixChannel:
    account = MatrixAccount(homeserver=url, user_id=MATRIX_USER, password=SecretStr(MATRIX_PASSWORD))
    return MatrixChannel(account, session, clock)


def said(matrix: MatrixEmulator) -> list[str]:
    return [shown.text for shown in matrix.messages(GHOST) if not shown.mine]


async def test_it_waits_for_the_ghost_and_sends_once_it_is_there() -> None:
    async with homeserver() as (matrix, url), aiohttp.ClientSession() as session:
        matrix.person(GHOST, "Anna", accepts=False)
        hub = channel(url, session, FakeClock())
        first = await hub.send(outbound())
        assert isinstance(first, Deferred) and first.retry_after and not first.whole_account
        assert matrix.counts["send"] == 0
        matrix.accept(GHOST)
        assert isinstance(await hub.send(outbound()), Accepted)
        assert said(matrix) == ["Inbraak"]
        await hub.close()


async def test_a_bridge_that_stays_away_costs_half_a_minute_and_then_the_next_address_has_its_turn() -> None:
    async with homeserver() as (matrix, url), aiohttp.ClientSession() as session:
        matrix.person(GHOST, "Anna", accepts=False)
        clock = FakeClock()
        hub = channel(url, session, clock)
        assert isinstance(await hub.send(outbound()), Deferred)
        await clock.advance(GHOST_SECONDS)
        result = await hub.send(outbound())
        assert isinstance(result, Rejected) and not result.address_dead
        await hub.close()


async def test_a_person_need_not_have_joined() -> None:
    async with homeserver() as (matrix, url), aiohttp.ClientSession() as session:
        matrix.person("@anna:hub.test", "Anna", accepts=False)
        hub = channel(url, session, FakeClock())
        assert isinstance(await hub.send(outbound("@anna:hub.test")), Accepted)
        await hub.close()


@pytest.mark.parametrize("handle", ["", "anna", "+31612345678"])
async def test_a_handle_of_another_kind_is_refused_and_opens_no_breaker(handle: str) -> None:
    async with homeserver() as (_, url), aiohttp.ClientSession() as session:
        hub = channel(url, session, FakeClock())
        assert await hub.send(outbound(handle)) == Rejected("handle-malformed", address_dead=True)
        await hub.close()
