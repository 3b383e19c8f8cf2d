"""A key that ends, ends everywhere: calls, sessions and live streams, also where the command line revokes it beside the hub."""

from __future__ import annotations

import asyncio
import os
import sys
import time

import pytest

from hub.domain import Role
from hub.settings import ROOT
from hub.trust.keys import hash_secret
from tests.web.proofs import BEARER, SECRET, put_key, session_of
from tests.web.world import API, World, an_alert

FORGED = an_alert({"headline": "Vals"})


async def test_a_key_revoked_from_the_command_line_posts_nothing_more_and_hears_nothing_more(world: World) -> None:
    """SQLite: the command is another process on the same file, while the hub answers."""
    await put_key(world)
    accepted = await world.call("POST", f"{API}/alerts", None, body=an_alert(), headers=BEARER)
    number = (await accepted.json())["id"]
    session = await session_of(world, SECRET)
    streams = [
        *[await world.get(f"{API}/alerts/{number}/events", None, headers=BEARER) for _ in range(8)],
        await world.get(f"{API}/alerts/{number}/events", None, headers=session),
        await world.get("/console/events", None, headers=session),
        await world.get(f"/console/alerts/{number}/events", None, headers=BEARER),
    ]
    another = await world.get(f"{API}/alerts/{number}/events", Role.AUDITOR)
    assert [one.status for one in (*streams, another)] == [200] * 12
    revoking = await asyncio.create_subprocess_exec(
        *(sys.executable, "run.py", "key", "revoke", "system"),
        cwd=ROOT,
        env=os.environ | {"HUB_DATABASE__URL": f"sqlite://{world.database}"},
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await revoking.wait() == 0
    began = time.monotonic()
    assert (await world.call("POST", f"{API}/alerts", None, body=FORGED, headers=BEARER)).status == 401
    assert (await world.get("/console", None, headers=session)).status == 401
    assert time.monotonic() - began < 1
    async with asyncio.timeout(4):
        for stream in streams:
            await stream.content.read()
    assert not another.content.at_eof(), "nobody else's"
    another.close()
    assert world.rows("SELECT COUNT(*) FROM alert") == [(1,)]


@pytest.mark.parametrize("path", ["/api/v1/alerts", "/console"])
async def test_a_rotated_out_secret_ends_with_its_overlap_and_its_sessions_with_it(world: World, path: str) -> None:
    await put_key(world)
    hour = 3_600_000
    await world.hub.store.keys.rotate("system", hash_secret("new"), world.clock.now() + hour)
    session = await session_of(world, SECRET)
    for headers in (BEARER, {"Authorization": "Bearer new"}, session):
        assert (await world.get(path, None, headers=headers)).status == 200
    world.clock.turn(3601)
    assert (await world.get(path, None, headers=BEARER)).status == 401
    assert (await world.get(path, None, headers={"Authorization": "Bearer new"})).status == 200
    assert (await world.get(path, None, headers=session)).status == 401, "opened with the old one"


async def test_unknown_revoked_expired_and_rotated_out_are_answered_alike(world: World) -> None:
    keys, now = world.hub.store.keys, world.clock.now()

    async def put(name: str, expires_at: int | None = None) -> None:
        await keys.put(
            name, name=name, role=Role.POLICE, sender="", hash=hash_secret(name), now=now, expires_at=expires_at
        )

    await put("revoked")
    await keys.revoke("revoked", now)
    await put("expired", now)
    await put("rotated")
    await keys.rotate("rotated", hash_secret("new"), now)
    answers = {
        await (await world.get(f"{API}/alerts", None, headers={"Authorization": f"Bearer {one}"})).text()
        for one in ("unknown", "revoked", "expired", "rotated")
    }
    assert len(answers) == 1 and '"status":401' in answers.pop()
