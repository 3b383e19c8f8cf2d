"""Signing in where addresses cannot be told apart: behind a proxy that nobody named, or in one's own network."""

from __future__ import annotations

from hub.domain import Role
from tests.web.staff import PASSPHRASE, Browser, code_of, somebody
from tests.web.test_staff_accounts import sign_in
from tests.web.world import World


async def test_strangers_keep_nobody_waiting_for_long(world: World) -> None:
    person = await somebody(world, Role.POLICE)
    for _ in range(40):
        while await sign_in(Browser(world, address=""), "verkeerd", "") == 429:
            world.clock.turn(10)
    world.clock.turn(30)
    code = code_of(person.totp, world.clock.now())
    assert await sign_in(Browser(world, address=""), PASSPHRASE, code) == 303
