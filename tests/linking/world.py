"""Two admins and a hub that hears them: messages go in as they were typed, what is said back and stored comes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.directory.linking import make_link
from hub.domain import Address, Admin, Group, Handle
from hub.relay.commands import Commands, Understood
from hub.store.database import Store
from tests.clock import FakeClock

CHANNELS = ("telegram", "whatsapp", "matrix")
ANNA_WHATSAPP, ANNA_TELEGRAM, BRAM_TELEGRAM, STRANGER = "+31612340001", "700001", "700002", "700009"


@dataclass
class Town:
    """Anna: WhatsApp, then Telegram, both verified, groups Noord and Zuid. Bram: Telegram, in English, group Noord."""

    store: Store
    clock: FakeClock
    database: Path
    commands: Commands
    anna: int
    bram: int

    @classmethod
    async def made(cls, store: Store, clock: FakeClock, database: Path) -> Town:
        noord, zuid = [
            await store.directory.put_group(Group(0, name, "whatsapp", 50, (code,)))
            for name, code in (("Noord", "BU1"), ("Zuid", "BU2"))
        ]
        anna = Admin(
            0, "Anna", "nl", (way("whatsapp", ANNA_WHATSAPP, 1), way("telegram", ANNA_TELEGRAM, 2)), (noord, zuid)
        )
        bram = Admin(0, "Bram", "en", (way("telegram", BRAM_TELEGRAM, 1),), (noord,))
        ids = [await store.directory.put_admin(one) for one in (anna, bram)]
        return cls(store, clock, database, Commands(store.linking, clock), *ids)

    async def link(self, admin: int, channel: str = "telegram") -> str:
        """A new link's token."""
        made = await make_link(self.store, CHANNELS, admin, channel, "https://hub.example/", self.clock.now())
        assert made.url.startswith("https://hub.example/link/")
        return made.url.rpartition("/")[2]

    async def understood(self, handle: str, text: str, channel: str = "telegram") -> Understood | None:
        return await self.commands.understand(channel, "main", Handle(handle), text)

    async def hear(self, handle: str, text: str, channel: str = "telegram") -> str | None:
        """What the person is told; None if the text is nothing to us. What it means is stored."""
        understood = await self.understood(handle, text, channel)
        if understood is None:
            return None
        await self.store.receipts.apply(understood.statements, [])
        return understood.say

    async def stop(self, handle: str, channel: str = "telegram") -> None:
        await self.store.receipts.apply(self.store.receipts.stop(channel, Handle(handle)), [])

    async def ways(self, admin: int) -> list[tuple[str, str, str]]:
        """(channel, handle, state) of an admin's addresses, the first by rank first; the ranks are all different."""
        (found,) = await self.store.directory.admins([admin])
        assert len({one.rank for one in found.addresses}) == len(found.addresses)
        return [(one.channel, one.handle.value, one.state) for one in found.addresses]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read by another connection: only what is committed."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()

    def change(self, sql: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.database)) as db, db:
            db.execute(sql, values)

    def everything(self) -> Sequence[object]:
        """All that linking may touch, to see that nothing changed."""
        tables = ("admin", "address", "address_alias", "link_token", "group_chat")
        return [self.rows(f"SELECT * FROM {name} ORDER BY 1") for name in tables]


def way(channel: str, handle: str, rank: int, state: str = "verified") -> Address:
    return Address(channel, Handle(handle), rank, state)
