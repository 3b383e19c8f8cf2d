"""A hub goes on accepting and reading while the command, a process of its own, gives its database a new key."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from pathlib import Path
from random import Random

from pydantic import SecretStr

from hub.clock import SystemClock
from hub.service import build_hub, running
from hub.settings import Database, Settings
from hub.store.database import open_store
from hub.store.sealing import SEALED, sealer
from tests.forked import Forked
from tests.relay.world import POLICE, posted
from tests.store.databases import column

CLOCK = SystemClock()


def with_two_keys(database: Database) -> Database:
    """As the operator gives them before: the new one first, and the one the database is sealed with. A file gets its own."""
    if not database.on_postgres:
        return database
    new = base64.b64encode(b"n" * 32).decode()
    return database.model_copy(update={"key": SecretStr(f"{new} {database.key.get_secret_value()}")})


def wrapped_by(database: Database) -> set[str]:
    """The ids of the keys that alerts' contents are sealed with now."""
    contents = column(database, "SELECT content FROM alert")
    assert all(one.startswith(SEALED) for one in contents)
    return {base64.b64decode(one[len(SEALED) :][:12])[1:7].hex() for one in contents}


async def test_a_hub_that_serves_goes_on_while_the_command_rotates_its_key(database: Database, tmp_path: Path) -> None:
    async with open_store(database, CLOCK):
        first = sealer().key_id  # as it was before there was a second key
    both = with_two_keys(database)
    given = {"HUB_DATABASE__URL": both.url.get_secret_value(), "HUB_DATABASE__KEY": both.key.get_secret_value()}
    async with open_store(both, CLOCK) as store:
        hub = build_hub(Settings(database=both), store, [], CLOCK, Random(1))
        async with running(hub):
            await hub.intake.accept(posted(identifier="before"), POLICE, allow_empty=True)
            assert wrapped_by(both) == {first}
            command = Forked(os.environ | given, tmp_path / "told", "--json", "rotate-key")
            command.start()
            rotating, accepted = asyncio.ensure_future(command.wait()), ["before"]
            try:
                while not rotating.done():
                    name = f"while-{len(accepted)}"
                    await hub.intake.accept(posted(identifier=name), POLICE, allow_empty=True)
                    accepted.append(name)
                    views = await store.alerts.page((2**63 - 1, ""), 1000)
                    assert {one.content["info"][0]["event"] for one in views} == {"Woninginbraak"}
                    assert sorted(one.identifier for one in views) == sorted(accepted)
                    await asyncio.wait([rotating], timeout=0.5)
            finally:
                command.kill()
            assert await rotating == 0
            new = json.loads((tmp_path / "told").read_text(encoding="utf-8").splitlines()[-1])["key"]
            assert sealer().key_id == new != first
            await hub.intake.accept(posted(identifier="after"), POLICE, allow_empty=True)
            assert wrapped_by(both) == {new}, "what was there before, and what came while it ran"
    async with open_store(both, CLOCK) as store:
        assert len(await store.alerts.page((2**63 - 1, ""), 1000)) == len(accepted) + 1
