"""The name server is gone: nothing was sent and everybody knows it, and the first name that is found again mends it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters import registry
from hub.channel import Accepted, Channel, Deferred
from hub.clock import SystemClock
from hub.domain import Handle
from hub.settings import Channels
from tests.contracts.channels import outbound_to
from tests.walk.world import (
    MATRIX_PASSWORD,
    MATRIX_USER,
    NUMBER_ID,
    TELEGRAM_TOKEN,
    WHATSAPP_TOKEN,
    emulators,
    homeserver,
)

NAME = "provider.example"
PEOPLE = {"telegram": "700001", "whatsapp": "+31600000001", "matrix": "@anna:hub.test"}


class Names(AbstractResolver):
    """A name server that knows one name, while it is there."""

    def __init__(self) -> None:
        self.there = False
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        if not self.there or host != NAME:
            raise OSError(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@pytest_asyncio.fixture
async def world() -> AsyncIterator[tuple[Names, dict[str, Channel]]]:
    """The name server, and each channel speaking to its emulator by name."""
    async with AsyncExitStack() as stack:
        _, _, providers = await stack.enter_async_context(emulators("http://127.0.0.1:9"))
        matrix, home = await stack.enter_async_context(homeserver())
        matrix.account(PEOPLE["matrix"])
        providers, home = (url.replace("127.0.0.1", NAME) for url in (providers, home))
        settings = Channels.model_validate(
            {
                "telegram": {"token": TELEGRAM_TOKEN, "api_base": f"{providers}/telegram"},
                "whatsapp": {
                    "token": WHATSAPP_TOKEN,
                    "phone_number_id": NUMBER_ID,
                    "api_base": f"{providers}/whatsapp",
                },
                "matrix": {"homeserver": home, "user_id": MATRIX_USER, "password": MATRIX_PASSWORD},
            }
        )
        names = Names()
        connector = aiohttp.TCPConnector(resolver=names, ttl_dns_cache=300)  # as run.py's
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        found = registry.channels(settings, session, SystemClock(), "http://127.0.0.1:9")
        channels = {channel.name: channel for channel, _ in found}
        yield names, channels
        for channel in channels.values():
            await channel.close()


@pytest.mark.parametrize("name", PEOPLE)
async def test_a_send_surely_did_not_happen_and_the_next_one_goes(
    world: tuple[Names, dict[str, Channel]], name: str
) -> None:
    names, channels = world
    outbound = outbound_to(Handle(PEOPLE[name]))
    result = await channels[name].send(outbound)
    assert isinstance(result, Deferred), "not Uncertain: that would count a possible duplicate"
    assert (result.retry_after, result.whole_account) == (None, False), "it is for the breaker to judge"
    assert names.asked
    assert PEOPLE[name] not in result.reason
    names.there = True
    assert isinstance(await channels[name].send(outbound), Accepted)
